"""What an electrician asks of the guard: that nothing odd stops it, delays it or makes it trust what it must not."""

# ruff: noqa: F811  # fixtures of another file are named twice

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ems.adapters.circuit_flows import meter_word
from custom_components.ems.adapters.guard_memory import as_found, untold
from custom_components.ems.channel import Channel, Command, Guarded, Source
from custom_components.ems.coordinators import guard as guard_module
from custom_components.ems.coordinators.plan import PlanCoordinator
from custom_components.ems.devices.reading import Quality, Reading, Value
from custom_components.ems.engine.control.charger import ChargerNow, ChargerSpec
from custom_components.ems.engine.control.circuit import Circuit
from custom_components.ems.engine.control.phase_switch import PhaseState, Stage
from custom_components.ems.engine.control.snapshot import ChargerState
from custom_components.ems.site_device import SiteDevice
from custom_components.ems.turns import is_early, may_send_guarded, may_try
from tests.ha.clock import Clock, settle
from tests.ha.foreign import Foreign
from tests.ha.sites import subentry_id
from tests.ha.test_dispatcher import CURRENT, ENABLE
from tests.ha.test_guard import (
    BATTERY,
    CHARGER,
    Begin,
    House,
    begin,  # noqa: F401  # a fixture
    charging,
    decision,
    house,  # noqa: F401  # a fixture
    plan,
)


def broken(*_: Any, **__: Any) -> Any:
    raise KeyError("a part of a device that nobody foresaw")


async def no_plan(coordinator: PlanCoordinator, *_: Any) -> Any:
    return coordinator.data


async def test_a_device_that_cannot_be_looked_at_is_released_and_the_rest_is_guarded(
    hass: HomeAssistant,
    foreign: Foreign,
    house: House,
    clock: Clock,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One battery's oddity is said once, and slows no car down less."""
    entry = await begin(CHARGER, BATTERY)
    channel = await charging(hass, clock, entry)
    monkeypatch.setattr(guard_module, "battery_seen", broken)
    house.base_w = 10_000
    await clock.live(hass, 40)
    assert channel.accepted.current_a == 10
    assert caplog.text.count("Cells failed, all else goes on") == 1
    monkeypatch.undo()
    await clock.live(hass, 70)
    assert decision(entry, "battery").reason.key != "battery_blind"


async def test_a_charger_that_cannot_be_looked_at_goes_to_its_safe_current(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last word lives for 15 seconds."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    monkeypatch.setattr(guard_module, "charger_seen", broken)
    await clock.live(hass, 25)
    assert foreign.heard[-1] == (CURRENT, 6)
    assert not entry.runtime_data.dispatcher.channels[subentry_id(entry, "charger")].is_touched


async def test_a_look_that_fails_as_a_whole_releases_devices_and_breaks_nobody_else(
    hass: HomeAssistant,
    foreign: Foreign,
    house: House,
    clock: Clock,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who tells the guard of a meter tells its sensors, too: they must not go without."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    entry.runtime_data.guard.async_look()
    monkeypatch.setattr(guard_module, "decide", broken)
    entry.runtime_data.guard.async_look()
    house.base_w = 700
    await clock.live(hass, 30)
    assert foreign.heard[-1] == (CURRENT, 6)
    assert caplog.text.count("a look failed, all else goes on") == 1
    assert hass.states.get("sensor.grid_power").state not in ("unavailable", "unknown")


async def test_a_sensor_that_cannot_show_a_decision_does_not_keep_it_from_the_device(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """The fuse comes before the screen."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    stop = entry.runtime_data.guard.async_add_listener(broken)
    house.base_w = 10_000
    await clock.tick(hass, 2)
    assert foreign.heard[-1] == (CURRENT, 10)
    stop()


# How soon a word goes out.


def word(channel: Channel, source: Source = Source.PROTECTION, **command: Any) -> Command:
    """Let the guard say something that was urgent when it was said first, and is not new any more."""
    found = Command(source=source, **command)
    channel.guarded = Guarded(command=found, until=dt_util.utcnow() + timedelta(seconds=15))
    return found


async def test_a_clock_that_was_set_back_holds_no_reduction_up(
    hass: HomeAssistant, clock: Clock, begin: Begin
) -> None:
    """An hour back after a refusal: the next try is in seconds, not in an hour; renewals go on, too."""
    channel = await charging(hass, clock, await begin(CHARGER))
    now = dt_util.utcnow()
    channel.failed_at = now + timedelta(hours=1)
    assert may_try(channel)
    assert may_send_guarded(channel, word(channel, mode="charge", current_a=8))
    actuator = channel.device.actuator
    actuator.lease_s, actuator.renew_s = 60, 25
    channel.failed_at, channel.sent_at = None, now + timedelta(hours=1)
    await clock.live(hass, 10)
    assert channel.sent_at <= dt_util.utcnow()


async def test_a_reduction_that_was_refused_waits_for_nobody_s_patience(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """The wallbox wants a minute between two changes; a fuse does not give it one."""
    channel = await charging(hass, clock, await begin(CHARGER))
    channel.device.actuator.min_write_interval_s = 600.0
    foreign.current.refuses = True
    house.base_w = 10_000
    await clock.tick(hass, 2)
    assert channel.error is not None
    foreign.current.refuses = False
    await clock.live(hass, 10)
    assert channel.accepted.current_a == 10


async def test_a_stop_that_was_refused_is_tried_again_although_nobody_hears_the_charger(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """Its power sensor is gone, its switch is not."""
    channel = await charging(hass, clock, await begin(CHARGER))
    clock.followers.append(lambda: hass.states.async_set("sensor.wallbox", "unavailable"))
    foreign.enable.refuses = True
    house.base_w = 16_000
    await clock.live(hass, 10)
    assert hass.states.get(ENABLE).state == "on"
    foreign.enable.refuses = False
    await clock.live(hass, 15)
    assert hass.states.get(ENABLE).state == "off"
    assert channel.accepted.mode == "off"


async def test_a_battery_that_helps_a_fuse_does_not_wait_for_its_memory(
    hass: HomeAssistant, begin: Begin
) -> None:
    """Every other change of it waits as long as its profile says."""
    entry = await begin(BATTERY)
    channel = await plan(entry, "battery", mode="hold")
    channel.device.actuator.min_write_interval_s = 600.0
    channel.changed_at = dt_util.utcnow()
    assert not is_early(channel, Command(mode="discharge", power_w=2000, source=Source.PROTECTION))
    assert is_early(channel, Command(mode="discharge", power_w=2000, source=Source.PLAN))


async def test_what_a_limit_takes_away_is_told_though_it_is_little(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin
) -> None:
    """Half an ampere is worth no write, unless it is over a limit."""
    entry = await begin(CHARGER)
    channel = await charging(hass, clock, entry)
    for current_a in (10.4, 10.0):
        word(channel, Source.PLAN, mode="charge", current_a=current_a)
        await entry.runtime_data.dispatcher.async_tick()
    assert channel.accepted.current_a == pytest.approx(10.4)
    word(channel, mode="charge", current_a=10.0)
    await entry.runtime_data.dispatcher.async_tick()
    assert channel.accepted.current_a == 10
    assert foreign.heard[-1] == (CURRENT, 10)


# Who may start, and what goes on, while nobody knows what flows.


async def test_a_stop_is_renewed_while_the_meter_is_silent(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """A wallbox whose lease runs out charges with its own safe current, and that may be more than the fuse bears."""
    entry = await begin(CHARGER)
    channel = await plan(entry, "charger", mode="off")
    await clock.live(hass, 10)
    actuator = channel.device.actuator
    actuator.lease_s, actuator.renew_s = 60, 25
    entry.runtime_data.settings.set_device(subentry_id(entry, "charger"), "ev_mode", "off")
    house.meter_works = False
    await clock.live(hass, 200)
    assert entry.runtime_data.guard.data.trusts["connection"] == "stale"
    assert channel.accepted is not None
    assert dt_util.utcnow() - channel.sent_at < timedelta(seconds=60)


async def test_a_person_is_not_obeyed_past_a_guard_that_has_stopped(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has looked at the fuse since."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry, 10)
    monkeypatch.setattr(guard_module, "decide", broken)
    await clock.live(hass, 30)
    foreign.heard.clear()
    wish = Command(mode="charge", current_a=16, source=Source.OVERRIDE)
    await entry.runtime_data.dispatcher.async_apply(subentry_id(entry, "charger"), wish)
    assert foreign.heard == []


async def test_what_was_decided_for_a_refused_wish_is_not_tried_again(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin
) -> None:
    """The person was told no; the guard has to forget it with them."""
    entry = await begin(CHARGER)
    channel = await charging(hass, clock, entry, 10)
    foreign.enable.refuses = True
    with pytest.raises(HomeAssistantError):
        await entry.runtime_data.dispatcher.async_apply(
            subentry_id(entry, "charger"), Command(mode="off", source=Source.OVERRIDE)
        )
    assert channel.guarded.command.source is not Source.OVERRIDE


# Beginning, and beginning again.


async def test_a_car_that_charges_is_not_stopped_by_a_restart(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was left with its safe current, and goes on with it until there is a plan."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    monkeypatch.setattr(PlanCoordinator, "async_plan", no_plan)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    await clock.live(hass, 120)
    assert (ENABLE, "off") not in foreign.heard
    assert foreign.heard[-1] == (CURRENT, 6)
    await plan(entry, "charger", mode="charge", current_a=16)
    await clock.live(hass, 30)
    assert foreign.heard[-1] == (CURRENT, 16)
    assert (ENABLE, "off") not in foreign.heard


async def test_a_battery_that_nobody_commands_is_not_written_to_because_it_is_silent(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """In the first seconds its own integration may not be up yet: nothing is owed to it, so nothing is said."""
    hass.states.async_set("sensor.cells", "unavailable")
    clock.followers[:] = [lambda: hass.states.async_set("sensor.cells", "unavailable")]
    entry = await begin(BATTERY)
    await clock.live(hass, 20)
    channel = entry.runtime_data.dispatcher.channels[subentry_id(entry, "battery")]
    assert decision(entry, "battery").reason.key == "battery_blind"
    assert (foreign.heard, channel.is_touched, channel.accepted) == ([], False, None)


SWITCHING = ChargerSpec(key="car", name="Car", circuit="connection", switches_phases=True)


def test_advisory_operation_changes_no_phases_in_its_mind() -> None:
    """Told to be on one phase by nobody, a car on three would be switched under load with the first real order."""
    thought = PhaseState(phases=1, stage=Stage.PAUSING, stage_at_s=1.0, target=3, day="2026-06-15", changes=2)
    found = untold(SWITCHING, ChargerNow(drawn_a=(10.0, 10.0, 10.0)), ChargerState(phases=thought)).phases
    assert (found.phases, found.stage, found.target, found.changes) == (3, Stage.NONE, 0, 2)
    told = untold(SWITCHING, ChargerNow(phases_in_use=1), ChargerState()).phases
    assert told.phases == 1


def test_a_charger_that_is_found_on_three_phases_is_not_taken_for_one_on_one() -> None:
    """The last run left it on one; somebody has changed that since."""
    left = ChargerState(phases=PhaseState(phases=1, day="2026-06-15", changes=1))
    found = as_found(SWITCHING, ChargerNow(drawn_a=(12.0, 12.0, 12.0)), left)
    assert (found.phases.phases, found.offer.amps, found.sun.is_on) == (3, 12.0, True)
    assert as_found(SWITCHING, ChargerNow(drawn_a=(0.0, 0.0, 0.0)), left) is left


# What is counted.


async def test_a_car_on_one_phase_keeps_its_current_where_only_its_power_is_known(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """3.7 kW on a wallbox of three phases may be 5 A on each, or 16 on one: it is not starved to 6."""
    car_w = house.car_w
    house.car_w = lambda: car_w() / 3  # type: ignore[method-assign]
    channel = await charging(hass, clock, await begin(CHARGER))
    await clock.live(hass, 180)
    assert channel.accepted.current_a == 16


async def test_a_mistake_in_writing_to_one_device_is_its_refusal_and_nobody_elses(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """It is tried again like any other, not with every look; and the home can still be taken down."""
    entry = await begin(CHARGER, BATTERY)
    channel = await charging(hass, clock, entry)
    battery = entry.runtime_data.dispatcher.channels[subentry_id(entry, "battery")]
    tries: list[Any] = []

    async def odd(*args: Any, **_: Any) -> Any:
        tries.append(args)
        raise TypeError("a library that nobody foresaw")

    battery.device.actuator.async_command = battery.device.actuator.async_release = odd
    battery.accepted, battery.is_touched = None, True
    house.base_w = 10_000
    await clock.live(hass, 40)
    assert channel.accepted.current_a == 10
    assert battery.error == "a library that nobody foresaw"
    assert len(tries) == 1
    await entry.runtime_data.dispatcher.async_stop()
    assert foreign.heard[-1] == (CURRENT, 6)


async def test_what_cannot_be_shown_was_written_all_the_same(
    hass: HomeAssistant, clock: Clock, begin: Begin
) -> None:
    """Who only listens must not make a device look as if it had refused."""
    entry = await begin(CHARGER)
    stop = entry.runtime_data.dispatcher.async_add_listener(broken)
    channel = await charging(hass, clock, entry)
    assert (channel.accepted.current_a, channel.error) == (16, None)
    stop()


def test_a_block_that_is_silent_once_makes_a_meter_older_and_not_unknown() -> None:
    """One lost telegram led every car to 6 A, where a whole meter has fifteen seconds."""
    values = {f"power_l{phase}": Value(value=690.0, quality=Quality.GOOD, at_s=100.0) for phase in (1, 2, 3)}
    values["power_l3"] = Value(value=460.0, quality=Quality.STALE, at_s=98.0)
    values["current_l1"] = Value(value=3.0, quality=Quality.STALE, at_s=50.0)
    coordinator: Any = SimpleNamespace(data=Reading(at_s=100.0, roles={"meter": values}))
    meter = SiteDevice(subentry_id="m", role="meter", name="M", source={}, params={}, coordinator=coordinator)
    found = meter_word(Circuit(key="connection", name="House", limit_a=25.0), meter)
    assert found.at_s == 98.0
    assert found.flows[3] is not None
    assert found.flows[3].active_a == 2.0
    assert 3.0 not in found.values, "what is silent for long does not make the rest old"


async def test_from_active_to_advisory_and_back_a_car_is_left_safe_and_taken_up_where_it_is(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin
) -> None:
    """In between nothing is written, and it is not stopped to begin again."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    foreign.heard.clear()
    for operation in ("advisory", "active"):
        await hass.services.async_call("ems", "set_operation", {"operation": operation}, blocking=True)
        await plan(entry, "charger", mode="charge", current_a=16)
        await clock.live(hass, 60)
        if operation == "advisory":
            assert foreign.heard == [(CURRENT, 6)]
    assert (ENABLE, "off") not in foreign.heard
    assert foreign.heard[-1] == (CURRENT, 16)
