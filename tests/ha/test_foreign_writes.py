"""Somebody else steers a battery or charger: it is heeded, and what only looks like it is not."""

from typing import Any

from homeassistant.core import Context, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.demo import DemoHome, Fault
from custom_components.ems.dispatcher import Channel, Command, Source
from custom_components.ems.foreign_writes import GRACE
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign
from tests.ha.test_dispatcher import CURRENT, ENABLE, MODE, POWER, add_charger, battery, foreign, plan
from tests.ha.test_setpoints import channel

__all__ = ["battery", "foreign"]  # fixtures

GRACE_S = GRACE.total_seconds() + 5


@pytest.fixture
def cells(hass: HomeAssistant, battery: Channel) -> Channel:
    """A battery behind entities that is watched."""
    return battery


@pytest.fixture
async def wallbox(hass: HomeAssistant, foreign: Foreign, add_site: AddSite) -> Channel:
    """A charger behind entities that is watched."""
    return await add_charger(hass, foreign, add_site, current_number=CURRENT, enable_switch=ENABLE)


async def by_user(hass: HomeAssistant, domain: str, service: str, entity_id: str, **data: Any) -> None:
    """Call a service as an automation does; a person who is logged in is told by a user instead of a parent."""
    given = {"entity_id": entity_id, **data}
    await hass.services.async_call(domain, service, given, blocking=True, context=Context(parent_id="why"))
    await settle(hass)


async def at_device(hass: HomeAssistant, entity: Any, **attributes: Any) -> None:
    """Change something at the device: Home Assistant only sees that it changed."""
    entity.async_set_context(Context())
    for name, value in attributes.items():
        setattr(entity, f"_attr_{name}", value)
    entity.async_write_ha_state()
    await settle(hass)


def override_of(told: Channel) -> tuple[str, float | None, float | None] | None:
    """Return what somebody wants, as the dispatcher knows it."""
    held = told.override
    return None if held is None else (held.mode, held.power_w, held.current_a)


async def test_a_person_who_changes_the_batterys_power_is_heeded_at_once(
    hass: HomeAssistant, foreign: Foreign, cells: Channel, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """For an hour nothing is written over it; then EMS has the word again, and gives it back as the plan is old."""
    await plan(cells, mode="charge", power_w=3000)
    await clock.live(hass, 10)
    await by_user(hass, "number", "set_value", POWER, value=1000)
    assert override_of(cells) == ("charge", 1000, None)
    assert "Cells was set by somebody else (charge, 1000 W)" in caplog.text
    foreign.heard.clear()
    await clock.live(hass, 300)
    await plan(cells, mode="charge", power_w=2000)
    assert foreign.heard == []
    await clock.live(hass, 3400, step_s=20)
    assert cells.override is None
    assert foreign.heard == [(MODE, "auto")]


async def test_a_mode_chosen_by_a_person_is_heeded(
    hass: HomeAssistant, foreign: Foreign, cells: Channel, clock: Clock
) -> None:
    await plan(cells, mode="charge", power_w=3000)
    await by_user(hass, "select", "select_option", MODE, option="idle")
    assert override_of(cells) == ("hold", None, None)


async def test_a_mode_that_is_none_of_ours_leaves_the_battery_to_itself(
    hass: HomeAssistant, foreign: Foreign, cells: Channel, clock: Clock
) -> None:
    foreign.mode._attr_options = [*foreign.mode._attr_options, "storm_watch"]
    await plan(cells, mode="charge", power_w=3000)
    foreign.heard.clear()
    await by_user(hass, "select", "select_option", MODE, option="storm_watch")
    assert override_of(cells) == ("automatic", None, None)
    await clock.live(hass, 200)
    assert foreign.heard == [(MODE, "storm_watch")]


async def test_a_charger_turned_down_at_its_own_app_is_heeded_once_no_echo_can_be(
    hass: HomeAssistant, foreign: Foreign, wallbox: Channel, clock: Clock
) -> None:
    """Long after our own word it is believed at once; soon after it only when it stands."""
    await plan(wallbox, mode="charge", current_a=16)
    await clock.live(hass, GRACE_S)
    await at_device(hass, foreign.current, native_value=8)
    assert override_of(wallbox) == ("charge", None, 8)


async def test_what_is_turned_soon_after_our_own_word_is_heeded_when_it_stands(
    hass: HomeAssistant, foreign: Foreign, wallbox: Channel, clock: Clock
) -> None:
    await plan(wallbox, mode="charge", current_a=16)
    await clock.live(hass, 20)
    await at_device(hass, foreign.enable, is_on=False)
    assert override_of(wallbox) is None
    await clock.live(hass, GRACE_S)
    assert override_of(wallbox) == ("off", None, None)


async def test_a_late_echo_of_what_was_before_is_no_hand(
    hass: HomeAssistant, foreign: Foreign, wallbox: Channel, clock: Clock
) -> None:
    """A cloud polls, and shows the old current for half a minute."""
    await plan(wallbox, mode="charge", current_a=10)
    await clock.live(hass, 20)
    await at_device(hass, foreign.current, native_value=32)
    await clock.live(hass, 30)
    await at_device(hass, foreign.current, native_value=10)
    await clock.live(hass, 2 * GRACE_S)
    assert override_of(wallbox) is None


async def test_what_a_device_rounds_is_no_hand(
    hass: HomeAssistant, foreign: Foreign, cells: Channel, clock: Clock
) -> None:
    await plan(cells, mode="charge", power_w=3000)
    await clock.live(hass, GRACE_S)
    await at_device(hass, foreign.power, native_value=2901)
    await at_device(hass, foreign.power, native_value=3099)
    assert override_of(cells) is None
    await at_device(hass, foreign.power, native_value=2850)
    assert override_of(cells) == ("charge", 2850, None)


async def test_more_than_a_number_can_hold_is_no_hand(
    hass: HomeAssistant, foreign: Foreign, cells: Channel, clock: Clock
) -> None:
    """We asked for 9 kW, and its highest is 5."""
    await plan(cells, mode="charge", power_w=9000)
    await clock.live(hass, GRACE_S)
    foreign.power.async_set_context(Context())
    await at_device(hass, foreign.power, native_value=4999)
    assert override_of(cells) is None


async def test_a_device_that_came_back_with_its_defaults_is_told_anew(
    hass: HomeAssistant, foreign: Foreign, wallbox: Channel, clock: Clock
) -> None:
    await plan(wallbox, mode="charge", current_a=10)
    await clock.live(hass, GRACE_S)
    await at_device(hass, foreign.current, available=False)
    await clock.live(hass, 60)
    foreign.heard.clear()
    await at_device(hass, foreign.current, available=True, native_value=32)
    await clock.live(hass, 10)
    assert override_of(wallbox) is None
    assert (CURRENT, 10) in foreign.heard


async def test_nobody_is_heeded_while_ems_commands_nothing(
    hass: HomeAssistant, foreign: Foreign, wallbox: Channel, clock: Clock
) -> None:
    await by_user(hass, "number", "set_value", CURRENT, value=8)
    await at_device(hass, foreign.enable, is_on=False)
    await clock.live(hass, 2 * GRACE_S)
    assert override_of(wallbox) is None


async def test_our_own_words_are_no_hand(
    hass: HomeAssistant, foreign: Foreign, wallbox: Channel, clock: Clock
) -> None:
    for amps in (6, 10, 16, 8):
        await plan(wallbox, mode="charge", current_a=amps)
        await clock.live(hass, GRACE_S)
    await plan(wallbox, mode="off")
    await clock.live(hass, 2 * GRACE_S)
    assert override_of(wallbox) is None


# Devices that EMS reaches itself: the demo home's inverter and charger, whose commands are leases of a minute.


@pytest.fixture
async def watched(hass: HomeAssistant, entry: MockConfigEntry, clock: Clock) -> MockConfigEntry:
    """A demo home without a planner, whose devices are watched."""
    entry.runtime_data.plan.async_replan = lambda: None
    await entry.runtime_data.dispatcher.async_set_plan({})
    await clock.live(hass, 10)
    return entry


async def told(entry: MockConfigEntry, role: str, **command: Any) -> Channel:
    """Let the plan want something, for as long as the test goes on."""
    found = channel(entry, role)
    await entry.runtime_data.dispatcher.async_apply(found.device.subentry_id, Command(**command))
    return found


async def test_a_hand_in_the_inverter_is_heeded_and_renewed(
    hass: HomeAssistant, watched: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Our renewals would write over it within half a minute: it is given back, and then renewed itself."""
    cells = await told(watched, "battery", mode="charge", power_w=3000)
    await clock.live(hass, 3 * GRACE_S)
    assert override_of(cells) is None
    home.home.inverter.settings.charge_limit_w = 1200.0
    await clock.live(hass, 65)
    assert override_of(cells) == ("charge", 1200, None)
    assert home.home.inverter.settings.charge_limit_w == 1200
    await clock.live(hass, 130)
    assert home.home.inverter.settings.charge_limit_w == 1200
    assert cells.override is not None
    assert cells.override.source is Source.OVERRIDE


async def test_an_inverter_that_restarted_is_told_anew(
    hass: HomeAssistant, watched: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    cells = await told(watched, "battery", mode="charge", power_w=3000)
    await clock.live(hass, 3 * GRACE_S)
    home.faults.set("inverter", Fault.REFUSE)
    await clock.live(hass, 20)
    home.home.inverter.settings.charge_limit_w = 5000.0
    home.faults.clear()
    await clock.live(hass, 200)
    assert override_of(cells) is None
    assert home.home.inverter.settings.charge_limit_w == 3000


async def test_a_lease_that_ran_out_is_no_hand(
    hass: HomeAssistant, watched: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Nobody renewed while the meter was silent, and the inverter went back to its own rule."""
    cells = await told(watched, "battery", mode="charge", power_w=3000)
    await clock.live(hass, 3 * GRACE_S)
    home.faults.set("meter", Fault.REFUSE)
    await clock.live(hass, 200)
    home.home.inverter.settings.charge_limit_w = 5000.0
    home.faults.clear()
    await clock.live(hass, 200)
    assert override_of(cells) is None
    assert home.home.inverter.settings.charge_limit_w == 3000


async def test_changing_commands_of_our_own_are_no_hand(
    hass: HomeAssistant, watched: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Also where other registers count from now on."""
    cells = channel(watched, "battery")
    for command in (
        {"mode": "charge", "power_w": 3000},
        {"mode": "hold"},
        {"mode": "discharge", "power_w": 800},
        {"mode": "charge", "power_w": 500},
        {"mode": "automatic"},
    ):
        await told(watched, "battery", **command)
        await clock.live(hass, 2 * GRACE_S)
        assert override_of(cells) is None


async def test_a_hand_that_only_a_renewal_sees_is_given_back(
    hass: HomeAssistant, watched: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Settings are read once a minute, and leases renewed every 25 s: mostly the renewal comes first."""
    cells = await told(watched, "battery", mode="charge", power_w=3000)
    await clock.live(hass, 3 * GRACE_S)
    assert cells.device.settings is not None
    cells.device.settings.update_interval = None
    cells.device.settings._unschedule_refresh()
    home.home.inverter.settings.charge_limit_w = 1200.0
    await clock.live(hass, 40)
    assert override_of(cells) == ("charge", 1200, None)
    assert home.home.inverter.settings.charge_limit_w == 1200


async def test_a_hand_at_the_charging_station_is_heeded(
    hass: HomeAssistant, watched: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Less than the station can is off."""
    home.home.charger.connected = True
    car = await told(watched, "charger", mode="charge", current_a=14)
    await clock.live(hass, 3 * GRACE_S)
    assert override_of(car) is None
    home.home.charger.setpoint_a = 9.0
    await clock.live(hass, 65)
    assert override_of(car) == ("charge", None, 9)
    await clock.live(hass, 3 * GRACE_S)
    assert override_of(car) == ("charge", None, 9)
    assert 6 <= home.home.charger.setpoint_a <= 9  # no car is there: the guard leaves it less
    home.home.charger.setpoint_a = 0.0
    await clock.live(hass, 65)
    assert override_of(car) == ("off", None, None)
