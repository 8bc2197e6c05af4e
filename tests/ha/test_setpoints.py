"""From an entity or the plan to the device's registers, read there by an independent client."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.demo import DemoHome, Fault
from custom_components.ems.dispatcher import Channel, Command, Source
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.sites import Site, subentry_id
from tests.ha.wires import (
    CHARGE_LIMIT,
    DISCHARGE_LIMIT,
    MAXIMISE_EXPORT,
    PV_AND_GRID,
    SELF_CONSUMPTION,
    Wires,
)

MODE, POWER = "select.battery_mode", "number.battery_power_setpoint"
CURRENT, CHARGING = "number.garage_current_limit", "switch.garage_charging"
OPERATION = "select.demo_home_operation"


async def call(hass: HomeAssistant, domain: str, service: str, entity_id: str, **data: Any) -> None:
    """Call a service as a person or an automation would."""
    await hass.services.async_call(domain, service, {"entity_id": entity_id, **data}, blocking=True)


async def set_power(hass: HomeAssistant, value: float) -> None:
    """Turn the battery's setpoint."""
    await call(hass, "number", "set_value", POWER, value=value)


async def set_mode(hass: HomeAssistant, option: str) -> None:
    """Choose the battery's mode."""
    await call(hass, "select", "select_option", MODE, option=option)


def channel(entry: MockConfigEntry, role: str) -> Channel:
    """Return what the dispatcher knows of a device."""
    return entry.runtime_data.dispatcher.channels[subentry_id(entry, role)]


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


@pytest.fixture
async def advisory(demo_site: Site, add_site: AddSite) -> MockConfigEntry:
    """A demo home that only shows what it would do."""
    demo_site.options = {"operation": "advisory"}
    return await add_site(demo_site)


@pytest.mark.parametrize(
    ("power_w", "mode", "register", "limit_w"),
    [
        (-3000, PV_AND_GRID, CHARGE_LIMIT, 3000),
        (2500, MAXIMISE_EXPORT, DISCHARGE_LIMIT, 2500),
        (0, SELF_CONSUMPTION, DISCHARGE_LIMIT, 0),
    ],
)
async def test_a_batterys_power_arrives_in_the_inverter(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    wires: Wires,
    power_w: int,
    mode: int,
    register: int,
    limit_w: float,
) -> None:
    """Positive discharges, negative charges, 0 holds."""
    await set_power(hass, power_w)
    assert await wires.battery_mode() == mode
    assert await wires.battery_limit_w(register) == limit_w
    assert float(state(hass, POWER)) == power_w
    attributes = hass.states.get(POWER).attributes
    assert attributes["source"] == "override"
    written = {
        write.register.partition("@")[0]: write.read_back for write in channel(entry, "battery").writes
    }
    assert written["charge_limit" if register == CHARGE_LIMIT else "discharge_limit"] == limit_w
    assert written.get("command_mode", SELF_CONSUMPTION) == mode, "it stood there already, or it was written"


@pytest.mark.parametrize(
    ("mode", "code", "power"),
    [
        ("charge", PV_AND_GRID, "-5000.0"),
        ("discharge", MAXIMISE_EXPORT, "5000.0"),
        ("hold", SELF_CONSUMPTION, "0.0"),  # with a discharge limit of 0
        ("automatic", SELF_CONSUMPTION, "0.0"),
    ],
)
async def test_a_batterys_mode_arrives_in_the_inverter(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires, mode: str, code: int, power: str
) -> None:
    """Charging and discharging go at full power unless a setpoint says otherwise."""
    await set_mode(hass, mode)
    assert await wires.battery_mode() == code
    assert state(hass, MODE) == mode
    assert state(hass, POWER) == power
    assert channel(entry, "battery").override is not None


async def test_a_setpoint_names_the_entity_that_shows_it(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """So that every write can be found in the history."""
    await set_power(hass, -3000)
    shown = {write.register.partition("@")[0]: write.entity_id for write in channel(entry, "battery").writes}
    assert shown["charge_limit"] == POWER
    assert shown["command_mode"] == MODE
    await call(hass, "number", "set_value", CURRENT, value=10)
    assert channel(entry, "charger").writes[-1].entity_id == CURRENT


async def test_a_chargers_current_arrives_in_the_station(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires
) -> None:
    """Below the smallest current that a car can use is a pause."""
    await call(hass, "number", "set_value", CURRENT, value=12.5)
    assert await wires.current_a() == 12.5
    assert (state(hass, CURRENT), state(hass, CHARGING)) == ("12.5", "on")
    await call(hass, "number", "set_value", CURRENT, value=3)
    assert await wires.current_a() == 0
    assert (state(hass, CURRENT), state(hass, CHARGING)) == ("0.0", "off")
    assert entry.runtime_data.plan.data.outlook is not None


async def test_a_chargers_switch_arrives_in_the_station(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires
) -> None:
    """On charges with all that the cable may carry."""
    await call(hass, "switch", "turn_on", CHARGING)
    assert await wires.current_a() == 16
    assert state(hass, CHARGING) == "on"
    await call(hass, "switch", "turn_off", CHARGING)
    assert await wires.current_a() == 0
    assert channel(entry, "charger").override is not None


@pytest.mark.parametrize(("value", "entity_id"), [(5001, POWER), (-5001, POWER), (17, CURRENT)])
async def test_a_setpoint_beyond_the_devices_limits_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires, value: float, entity_id: str
) -> None:
    """Before anything is sent."""
    before = await wires.battery_limit_w(CHARGE_LIMIT), await wires.current_a()
    with pytest.raises(ServiceValidationError):
        await call(hass, "number", "set_value", entity_id, value=value)
    assert (await wires.battery_limit_w(CHARGE_LIMIT), await wires.current_a()) == before
    assert all(found.override is None for found in entry.runtime_data.dispatcher.channels.values())


async def test_a_hand_holds_for_an_hour_and_then_the_plan_is_back(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires, clock: Clock
) -> None:
    """Design §10: an override lasts 60 minutes, through new plans and renewed leases."""
    planned = channel(entry, "battery").planned
    assert planned is not None
    assert planned.mode == "automatic"
    entry.runtime_data.settings.set("meter_silent_max_s", 60)  # time goes on in long steps here
    await set_power(hass, -1000)
    until = hass.states.get(POWER).attributes["until"]
    for minute in range(0, 58, 2):
        await clock.live(hass, 120, step_s=20)
        assert await wires.battery_mode() == PV_AND_GRID, minute
    assert hass.states.get(POWER).attributes["until"] == until
    await clock.live(hass, 150, step_s=10)
    assert await wires.battery_mode() != PV_AND_GRID
    assert hass.states.get(MODE).attributes["source"] == "plan"


async def test_a_hand_can_be_taken_off_before(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires, clock: Clock
) -> None:
    """The button gives the device back to the plan, at most one write per five seconds."""
    await set_mode(hass, "discharge")
    await clock.tick(hass, 6)
    await call(hass, "button", "press", "button.battery_follow_the_plan")
    assert await wires.battery_mode() == SELF_CONSUMPTION
    assert hass.states.get(MODE).attributes["source"] == "plan"
    assert channel(entry, "battery").override is None


async def test_advisory_writes_nothing(
    hass: HomeAssistant, advisory: MockConfigEntry, wires: Wires, home: DemoHome, clock: Clock
) -> None:
    """It plans and shows; the wires stay quiet."""
    await clock.live(hass, 330, step_s=30)
    assert advisory.runtime_data.plan.data.outlook is not None
    assert home.home.inverter.commanded_s is None
    assert home.home.charger.written_s is None
    assert state(hass, MODE) == "unknown"
    assert state(hass, POWER) == "unknown"
    assert state(hass, CURRENT) == "unknown"
    assert state(hass, CHARGING) == "unknown"
    assert await wires.current_a() == 16


async def test_a_hand_works_in_advisory_too(
    hass: HomeAssistant, advisory: MockConfigEntry, wires: Wires, clock: Clock
) -> None:
    """Advisory silences the plan, not the person; after the hour the device is left to itself."""
    await set_power(hass, -2000)
    assert await wires.battery_mode() == PV_AND_GRID
    await clock.tick(hass, 6)
    await call(hass, "button", "press", "button.battery_follow_the_plan")
    assert await wires.battery_mode() == SELF_CONSUMPTION
    assert state(hass, MODE) == "unknown"
    assert channel(advisory, "battery").accepted is None


async def test_going_active_sends_and_going_advisory_releases(
    hass: HomeAssistant, advisory: MockConfigEntry, wires: Wires, home: DemoHome, clock: Clock
) -> None:
    """The documented safe state is written at once, not at the next plan."""
    await call(hass, "select", "select_option", OPERATION, option="active")
    await settle(hass)
    assert channel(advisory, "battery").accepted is not None
    assert home.home.inverter.settings.control_mode == 4
    battery = subentry_id(advisory, "battery")
    await clock.live(hass, 65)  # a mode is kept for a minute
    planned = Command(mode="charge", power_w=3000, source=Source.PLAN)
    await advisory.runtime_data.dispatcher.async_apply(battery, planned)
    assert await wires.battery_mode() == PV_AND_GRID
    await call(hass, "select", "select_option", OPERATION, option="advisory")
    await settle(hass)
    assert await wires.battery_mode() == SELF_CONSUMPTION
    assert state(hass, MODE) == "unknown"


async def test_a_real_home_can_be_made_active(
    hass: HomeAssistant, add_site: AddSite, demo_site: Site
) -> None:
    """It begins advisory; the guard that active has to be earned by is there."""
    demo_site.data["kind"] = "home"
    demo_site.options = {}
    entry = await add_site(demo_site)
    assert state(hass, OPERATION) == "advisory"
    await call(hass, "select", "select_option", OPERATION, option="active")
    assert state(hass, OPERATION) == "active"
    assert channel(entry, "battery").accepted is not None


async def test_a_lease_is_renewed_while_the_inputs_are_fresh(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Nothing changes for ten minutes, and the inverter still obeys."""
    await set_power(hass, -1500)
    for _ in range(20):
        await clock.live(hass, 30)
        assert home.truth()["inverter"]["lease_remaining_s"] > 20
        assert home.truth()["inverter"]["mode"] == "pv_and_ac"
    assert channel(entry, "battery").error is None


async def test_a_lease_runs_out_when_the_meter_is_silent(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Blind, EMS stops renewing: the device's own fail-safe takes over, and gives way once the meter is back."""
    await set_power(hass, -1500)
    home.faults.set("meter", Fault.REFUSE)
    await clock.live(hass, 90)
    assert home.truth()["inverter"]["lease_remaining_s"] == 0
    assert home.truth()["inverter"]["mode"] == "self_consumption"
    home.faults.clear()
    await clock.live(hass, 60)
    assert home.truth()["inverter"]["mode"] == "pv_and_ac"
    assert channel(entry, "battery").override is not None


async def test_the_plan_sends_nothing_new_while_the_meter_is_silent(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires, home: DemoHome, clock: Clock
) -> None:
    """A new command starts a new lease; blind, that is no better than renewing the old one."""
    home.faults.set("meter", Fault.REFUSE)
    await clock.live(hass, 90)
    battery = subentry_id(entry, "battery")
    planned = Command(mode="charge", power_w=3000, source=Source.PLAN)
    await entry.runtime_data.dispatcher.async_apply(battery, planned)
    await clock.live(hass, 10)
    assert await wires.battery_mode() == SELF_CONSUMPTION
    home.faults.clear()
    await clock.live(hass, 40)
    assert await wires.battery_mode() == PV_AND_GRID


async def test_a_plan_that_is_too_old_is_not_followed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    wires: Wires,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After fifteen minutes without a new one its first steps no longer describe this hour."""
    battery, dispatcher = subentry_id(entry, "battery"), entry.runtime_data.dispatcher
    monkeypatch.setattr(entry.runtime_data.plan, "async_replan", lambda: None)
    expires_at = channel(entry, "battery").planned.expires_at
    created_s = entry.runtime_data.plan.data.outlook.plan.created_at_s
    assert expires_at.timestamp() - created_s == 15 * 60
    await clock.live(hass, 65)  # a mode is kept for a minute
    entry.runtime_data.settings.set("meter_silent_max_s", 60)  # time goes on in long steps here
    command = Command(mode="charge", power_w=3000, expires_at=expires_at, source=Source.PLAN)
    await dispatcher.async_apply(battery, command)
    await clock.live(hass, 13 * 60 - 60, step_s=20)
    assert await wires.battery_mode() == PV_AND_GRID
    await clock.live(hass, 120, step_s=20)
    assert await wires.battery_mode() == SELF_CONSUMPTION
    assert channel(entry, "battery").accepted is None
    assert entry.runtime_data.plan.current is None


async def test_unloading_leaves_every_device_safe(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires, home: DemoHome, clock: Clock
) -> None:
    """The battery goes back to self-consumption at once; the charger's lease lapses, as its maker wants."""
    await set_mode(hass, "discharge")
    await call(hass, "number", "set_value", CURRENT, value=16)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await wires.battery_mode() == SELF_CONSUMPTION
    clock.move(61)
    assert home.truth()["charger"]["applied_a"] == 6


async def test_stopping_home_assistant_leaves_every_device_safe(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires
) -> None:
    """Entries are not unloaded on a stop; the stop event does it."""
    await set_mode(hass, "discharge")
    assert await wires.battery_mode() == MAXIMISE_EXPORT
    await hass.async_stop(force=True)
    assert await wires.battery_mode() == SELF_CONSUMPTION
    assert entry.runtime_data.dispatcher._stopped


async def test_a_refused_write_says_so_and_the_rest_goes_on(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires, home: DemoHome
) -> None:
    """A translated error for the person; the other devices obey as before; nothing is tried behind people's backs."""
    home.faults.set("inverter", Fault.EXCEPTION)
    with pytest.raises(HomeAssistantError) as refused:
        await set_power(hass, -3000)
    assert refused.value.translation_key == "write_failed"
    assert "SolarEdge" in str(refused.value)
    assert channel(entry, "battery").override is None
    await call(hass, "number", "set_value", CURRENT, value=8)
    assert await wires.current_a() == 8
    home.faults.clear()


async def test_the_plans_refused_write_is_logged_once_and_tried_again_after_a_minute(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    home: DemoHome,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not every five seconds: a device in trouble needs peace, and the log too."""
    battery, dispatcher = subentry_id(entry, "battery"), entry.runtime_data.dispatcher
    entry.runtime_data.plan.async_replan = lambda: None
    await clock.live(hass, 65)  # a mode is kept for a minute
    asked: list[int] = []
    actuator = dispatcher.channels[battery].device.actuator
    original = actuator.async_command

    async def refusing(command: Any, *, renew: bool = False) -> Any:
        asked.append(1)
        if len(asked) < 3:
            raise HomeAssistantError("busy")
        return await original(command, renew=renew)

    actuator.async_command = refusing
    await dispatcher.async_apply(battery, Command(mode="charge", power_w=3000))
    assert channel(entry, "battery").error == "busy"
    assert hass.states.get(MODE).attributes["error"] == "busy"
    await clock.live(hass, 50)
    assert len(asked) == 1
    await clock.live(hass, 15)
    assert len(asked) == 2
    await clock.live(hass, 65)
    assert len(asked) >= 3
    assert channel(entry, "battery").error is None
    assert home.truth()["inverter"]["mode"] == "pv_and_ac"
    assert caplog.text.count("did not take its setpoint") == 1


async def test_setpoints_are_unavailable_while_their_device_is_silent(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """A hand on a dead wire would only seem to work."""
    home.faults.set("charger", Fault.REFUSE)
    await clock.tick(hass, 6)
    assert state(hass, CURRENT) == "unavailable"
    assert state(hass, CHARGING) == "unavailable"
    assert state(hass, MODE) != "unavailable"
    home.faults.clear()
    await clock.live(hass, 30)
    assert state(hass, CURRENT) != "unavailable"
    assert entry.runtime_data.devices[subentry_id(entry, "charger")].is_fresh


async def test_a_release_that_fails_keeps_nothing_from_ending(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Unload goes through; the lease ends what could not be taken back."""
    await set_mode(hass, "discharge")
    home.faults.set("inverter", Fault.REFUSE)
    assert await hass.config_entries.async_unload(entry.entry_id)
    clock.move(61)
    assert home.truth()["inverter"]["mode"] == "self_consumption"


async def test_overrides_outlive_a_plan_without_the_device(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires
) -> None:
    """The plan may leave a device out; the person's word stays."""
    await set_power(hass, -1200)
    await entry.runtime_data.dispatcher.async_set_plan({})
    assert await wires.battery_mode() == PV_AND_GRID
    assert channel(entry, "charger").accepted.mode == "off", "no car, no plan: the guard keeps it off"


async def test_limits_and_wishes_are_read_live(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Turning them plans anew and reloads nothing."""
    loaded = entry.runtime_data
    await call(hass, "number", "set_value", "number.demo_home_import_limit", value=3)
    await call(hass, "number", "set_value", "number.battery_minimum_state_of_charge", value=20)
    await call(hass, "number", "set_value", "number.battery_reserve", value=30)
    await call(hass, "number", "set_value", "number.garage_energy_needed", value=7.5)
    await call(hass, "time", "set_value", "time.garage_ready_by", time="06:30:00")
    await call(hass, "select", "select_option", "select.demo_home_strategy", option="self_consumption")
    await call(hass, "select", "select_option", "select.demo_home_preference", option="comfort")
    await settle(hass)
    assert entry.runtime_data is loaded
    site = loaded.plan.data.outlook.problem.site
    assert site.grid.import_max_kw == 3
    assert site.batteries[0].soc_min == 0.20
    assert site.batteries[0].reserve_soc == 0.30
    assert (site.strategy, site.preference) == ("self_consumption", "comfort")
    assert state(hass, "number.garage_energy_needed") == "7.5"
    assert state(hass, "time.garage_ready_by") == "06:30:00"
    assert entry.options["devices"][subentry_id(entry, "charger")] == {
        "energy_needed_kwh": 7.5,
        "ready_by": "06:30:00",
    }
    assert loaded.plan.data.outlook.plan.created_at_s > 0
