"""A command that nobody renewed has run out: the dispatcher knows, entities say so, and it is sent anew."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.demo import DemoHome, Fault
from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from custom_components.ems.dispatcher import Channel, Command, Source
from custom_components.ems.lease import lease_of
from tests.ha.clock import Clock
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.test_dispatcher import MODE as FOREIGN_MODE, battery, foreign, override, plan
from tests.ha.test_setpoints import CHARGING, CURRENT, MODE, POWER, call, channel, set_mode, set_power, state
from tests.ha.wires import PV_AND_GRID, Wires

__all__ = ["battery", "foreign"]  # fixtures

LEASE_S = 60


@pytest.fixture
def leased(battery: Channel) -> Channel:
    """A battery behind entities that takes them for orders of a minute, except for a hold."""
    actuator = battery.device.actuator
    assert actuator is not None
    actuator.lease_s, actuator.renew_s, actuator.keeps = LEASE_S, 25, {"hold"}
    return battery


@pytest.mark.parametrize(
    ("keeps", "mode", "lease_s"),
    [
        (set(), None, LEASE_S),
        ({"hold"}, None, LEASE_S),
        ({"hold"}, "charge", LEASE_S),
        ({"hold"}, "hold", None),
        ({"automatic", "hold", "charge", "discharge"}, None, None),
    ],
)
async def test_a_lease_is_that_of_the_mode(
    battery: Channel, keeps: set[str], mode: str | None, lease_s: float | None
) -> None:
    """All of a GoodWe's commands stay, though its profile has a lease: it is one of those that are flagged."""
    actuator = battery.device.actuator
    assert actuator is not None
    actuator.lease_s, actuator.keeps = LEASE_S, keeps
    assert lease_of(actuator, mode) == lease_s


async def test_a_persons_setpoint_is_shown_as_run_out_while_the_meter_is_silent(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Blind, the inverter is told to do by itself, once; an entity that said so for ever would lie."""
    await set_power(hass, -1500)
    home.faults.set("meter", Fault.REFUSE)
    await clock.live(hass, 30)
    assert (state(hass, MODE), state(hass, POWER)) == ("automatic", "0.0")
    assert hass.states.get(MODE).attributes["lapsed_at"] is None
    await clock.live(hass, 70)
    assert home.truth()["inverter"]["mode"] == "self_consumption"
    assert (state(hass, MODE), state(hass, POWER)) == ("unknown", "unknown")
    told = hass.states.get(MODE).attributes
    assert told["lapsed_at"] == channel(entry, "battery").sent_at + timedelta(seconds=LEASE_S)
    assert told["on_expiry"] == "The inverter returns to the default mode, self-consumption."
    assert told["source"] is None
    home.faults.clear()
    await clock.live(hass, 60)
    assert home.truth()["inverter"]["mode"] == "pv_and_ac"
    assert (state(hass, MODE), state(hass, POWER)) == ("charge", "-1500.0")
    assert hass.states.get(MODE).attributes["lapsed_at"] is None


async def test_the_plans_command_runs_out_and_is_sent_anew(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, wires: Wires, clock: Clock
) -> None:
    """The plan has wanted the same all along, and that is what comes back."""
    entry.runtime_data.plan.async_replan = lambda: None
    await clock.live(hass, 65)  # a mode is kept for a minute
    wanted = Command(mode="charge", power_w=3000, expires_at=dt_util.utcnow() + timedelta(minutes=15))
    await entry.runtime_data.dispatcher.async_apply(channel(entry, "battery").device.subentry_id, wanted)
    assert wanted.is_same_as(channel(entry, "battery").accepted)
    home.faults.set("meter", Fault.REFUSE)
    await clock.live(hass, 100)
    assert channel(entry, "battery").accepted is None
    home.faults.clear()
    await clock.live(hass, 60)
    assert wanted.is_same_as(channel(entry, "battery").accepted)
    assert await wires.battery_mode() == PV_AND_GRID


async def test_a_charger_whose_lease_ran_out_is_not_said_to_charge(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """The station holds the current that its installer set, which nobody here knows."""
    await call(hass, "number", "set_value", CURRENT, value=12)
    assert state(hass, CHARGING) == "on"
    home.faults.set("meter", Fault.REFUSE)
    await clock.live(hass, 100)
    assert home.truth()["charger"]["applied_a"] == 6
    assert (state(hass, CURRENT), state(hass, CHARGING)) == ("unknown", "unknown")
    assert "falls back to the safe current" in hass.states.get(CURRENT).attributes["on_expiry"]


async def test_a_mode_that_is_kept_does_not_run_out(
    hass: HomeAssistant, foreign: Foreign, leased: Channel, clock: Clock
) -> None:
    """The inverter goes on holding, however long nobody speaks."""
    await override(leased, mode="hold")
    hass.states.async_set("sensor.grid", "unavailable")
    await clock.live(hass, 300)
    assert leased.accepted is not None
    assert leased.lapsed_at is None
    assert state(hass, "select.cells_mode") == "hold"
    assert hass.states.get("select.cells_mode").attributes["lease_s"] is None


@pytest.mark.parametrize("source", [Source.PLAN, Source.OVERRIDE])
async def test_what_has_run_out_is_not_sent_anew_while_ems_is_blind(
    hass: HomeAssistant, foreign: Foreign, leased: Channel, clock: Clock, source: Source
) -> None:
    """Otherwise a person's word would be renewed blind, once per lease."""
    await plan(leased, mode="charge", power_w=3000, source=source)
    foreign.heard.clear()
    heard: list[Command | None] = []
    leased.dispatcher.async_add_listener(lambda: heard.append(leased.accepted))
    hass.states.async_set("sensor.grid", "unavailable")
    await clock.live(hass, LEASE_S - 10)
    assert leased.accepted is not None
    await clock.live(hass, 120)
    assert leased.accepted is None
    assert heard == [None]
    assert foreign.heard == []
    set_sensor(hass, "sensor.grid", 500, "W")
    await clock.live(hass, 10)
    assert leased.accepted is not None
    assert (leased.accepted.power_w, leased.accepted.source) == (3000, source)
    assert leased.lapsed_at is None


async def test_a_new_word_of_a_person_goes_out_although_the_last_has_run_out(
    hass: HomeAssistant, foreign: Foreign, leased: Channel, clock: Clock
) -> None:
    """Who turns a knob by hand looks at the device, not at the meter."""
    await override(leased, mode="charge", power_w=3000)
    hass.states.async_set("sensor.grid", "unavailable")
    await clock.live(hass, 100)
    foreign.heard.clear()
    await override(leased, mode="discharge", power_w=3000)
    assert foreign.heard == [(FOREIGN_MODE, "force_discharge")]
    assert leased.lapsed_at is None
    assert leased.accepted is not None


async def test_what_a_hand_did_to_the_device_itself_has_no_lease(
    hass: HomeAssistant, foreign: Foreign, leased: Channel, clock: Clock
) -> None:
    """It was never sent: the age of what was sent before says nothing about it."""
    await override(leased, mode="charge", power_w=3000)
    hass.states.async_set("sensor.grid", "unavailable")
    await clock.live(hass, LEASE_S - 10)
    leased.dispatcher.async_note_hand(leased.device.subentry_id, "discharge")
    await clock.live(hass, 60)
    assert leased.accepted is not None
    assert leased.accepted.mode == "discharge"


async def test_a_device_without_a_lease_is_flagged(
    hass: HomeAssistant, foreign: Foreign, battery: Channel
) -> None:
    """Nothing would end its command if Home Assistant died: people and bug reports can see that."""
    told = hass.states.get("select.cells_mode").attributes
    assert (told["lease_s"], told["on_expiry"]) == (None, "What was written last stays.")
    (entry,) = hass.config_entries.async_entries("ems")
    found = (await async_get_config_entry_diagnostics(hass, entry))["commands"]
    (said,) = found.values()
    assert (said["lease_s"], said["on_expiry"]) == (None, "What was written last stays.")


async def test_a_device_with_a_lease_says_how_long_it_goes_on(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A hold of this inverter stays, and has therefore none."""
    await set_mode(hass, "discharge")
    assert hass.states.get(MODE).attributes["lease_s"] == LEASE_S
    await set_mode(hass, "hold")
    assert hass.states.get(MODE).attributes["lease_s"] is None
