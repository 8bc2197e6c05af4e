"""Runs that somebody asks for: armed, started, followed to their end, and forgotten."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.loads import (
    GRID,
    Planner,
    active_home,
    always,
    asked,
    between,
    channel,
    never,
    record,
    replan,
    state,
    turn,
)
from tests.ha.sites import WASH_PARAMS, home_of_entities, load_device

SWITCH, READY = "switch.pump", "switch.dishwasher_ready_to_run"
WASH = load_device("Dishwasher", WASH_PARAMS, switch_entity=SWITCH)
OVEN = {
    "kind": "block",
    "demand": "on_request",
    "ready_by": "07:00:00",
    "power_w": 2000,
    "energy_kwh": 1.0,
}


def ready_at(hass: HomeAssistant) -> str | None:
    """Return when the run is to be done, on Vienna's clock."""
    at = hass.states.get(READY).attributes["ready_at"]
    return None if at is None else dt_util.as_local(at).strftime("%a %H:%M")


async def test_nobody_touches_a_machine_that_nobody_armed(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """People must be able to open it and choose a programme, whatever a plan would like."""
    planner.wish = always
    foreign.pump.turn_by_hand(on=True)
    await add_site(active_home(WASH))
    await clock.live(hass, 600, step_s=60)
    assert foreign.heard == []
    assert asked(planner).tasks == ()
    assert asked(planner).is_on is False
    assert state(hass, "binary_sensor.dishwasher_should_run_now") == "off"
    assert state(hass, READY) == "off"


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-06-15T21:00:00+02:00", "Tue 07:00"),
        ("2026-06-16T05:30:00+02:00", "Tue 07:00"),
        ("2026-06-16T06:30:00+02:00", "Wed 07:00"),  # an hour does not fit into half of one
        ("2026-10-24T21:00:00+02:00", "Sun 07:00"),
    ],
)
async def test_an_armed_run_is_due_at_the_next_ready_by_that_leaves_it_time(
    hass: HomeAssistant,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
    now: str,
    until: str,
) -> None:
    """Armed after breakfast it means tomorrow morning."""
    await clock.move_to(hass, now)
    await add_site(active_home(WASH))
    await turn(hass, READY, on=True)
    assert ready_at(hass) == until
    (task,) = asked(planner).tasks
    last = planner.problem.steps.edges_s[1:][task.allowed][-1]
    assert dt_util.as_local(dt_util.utc_from_timestamp(last)).strftime("%a %H:%M") == until
    assert task.energy_kwh == pytest.approx(0.65)
    await turn(hass, READY, on=False)
    assert ready_at(hass) is None
    assert asked(planner).tasks == ()


async def test_another_ready_by_holds_for_a_run_that_is_armed_already(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """And arms none that is not."""
    await add_site(active_home(WASH))

    async def set_time(value: str) -> None:
        data = {"entity_id": "time.dishwasher_ready_by", "time": value}
        await hass.services.async_call("time", "set_value", data, blocking=True)
        await settle(hass)

    await set_time("20:00:00")
    assert state(hass, READY) == "off"
    await turn(hass, READY, on=True)
    assert ready_at(hass) == "Mon 20:00"
    await turn(hass, READY, on=True)
    await set_time("05:30:00")
    assert ready_at(hass) == "Tue 05:30"


async def test_a_programme_is_followed_from_its_start_to_its_end(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Armed with its power on it is made to wait; begun, it is let run; through, it keeps its power."""
    foreign.pump.turn_by_hand(on=True)
    planner.wish = between(0.5, 1.5)
    entry = await add_site(active_home(WASH))
    await turn(hass, READY, on=True)
    await clock.live(hass, 10)
    assert foreign.heard == [(SWITCH, "off")]
    planner.wish = always
    await replan(hass, entry)
    assert foreign.heard == [(SWITCH, "off"), (SWITCH, "on")]
    await clock.live(hass, 1800, step_s=30)
    assert (asked(planner).is_on, asked(planner).since_h) == (True, pytest.approx(0.5, abs=0.1))
    await clock.live(hass, 1900, step_s=30)
    assert state(hass, READY) == "off"
    assert asked(planner).tasks == ()
    assert foreign.heard == [(SWITCH, "off"), (SWITCH, "on")]
    assert state(hass, SWITCH) == "on"
    assert float(state(hass, "sensor.dishwasher_energy_today")) == pytest.approx(0.65, abs=0.02)


async def test_a_machine_whose_power_is_on_begins_when_the_plan_says_so(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Nothing is switched then, and still it is the start."""
    foreign.pump.turn_by_hand(on=True)
    planner.wish = always
    entry = await add_site(active_home(WASH))
    assert record(entry).programme_since_s is None
    await turn(hass, READY, on=True)
    assert foreign.heard == []
    assert record(entry).programme_since_s == pytest.approx(dt_util.utcnow().timestamp(), abs=1)


async def test_a_machine_that_waits_with_its_power_on_has_not_begun(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Only being switched on after it was asked for is a start, or being told to run."""
    foreign.pump.turn_by_hand(on=True)
    entry = await add_site(home_of_entities(GRID, WASH))
    await turn(hass, READY, on=True)
    await clock.live(hass, 90, step_s=30)
    assert record(entry).programme_since_s is None
    assert asked(planner).is_on is False


async def test_unloading_leaves_a_programme_alone_and_a_restart_takes_it_up(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Breaking it off would cost more than any price could save."""
    planner.wish = always
    entry = await add_site(active_home(WASH))
    await turn(hass, READY, on=True)
    began_s = record(entry).programme_since_s
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert foreign.heard == [(SWITCH, "on")]
    await clock.tick(hass, 900)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert record(entry).programme_since_s == began_s
    assert asked(planner).is_on
    assert asked(planner).since_h == pytest.approx(0.25, abs=0.01)
    await clock.live(hass, 2760, step_s=30)
    assert state(hass, READY) == "off"


@pytest.mark.parametrize(("minutes", "armed"), [(30, "on"), (57, "off")])
async def test_a_programme_that_is_switched_off_is_asked_for_again_unless_it_was_all_but_through(
    hass: HomeAssistant,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
    minutes: int,
    armed: str,
) -> None:
    """The last tenth is idle time."""
    entry = await add_site(home_of_entities(GRID, WASH))
    await turn(hass, READY, on=True)
    foreign.pump.turn_by_hand(on=True)
    await clock.live(hass, minutes * 60, step_s=30)
    foreign.pump.turn_by_hand(on=False)
    await settle(hass)
    assert record(entry).programme_since_s is None
    assert state(hass, READY) == armed
    assert len(asked(planner).tasks) == (armed == "on")


async def test_a_run_that_is_called_off_is_left_to_itself(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Whoever disarms a machine that runs may finish it or stop it."""
    planner.wish = always
    await add_site(active_home(WASH))
    await turn(hass, READY, on=True)
    await turn(hass, READY, on=False)
    planner.wish = never
    await clock.live(hass, 330, step_s=30)
    assert foreign.heard == [(SWITCH, "on")]
    assert state(hass, "switch.dishwasher_run") == "unknown"


async def test_a_block_is_switched_off_when_it_has_its_energy(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Half an hour at 2 kW, and nobody has to wait for the next plan."""
    planner.wish = always
    entry = await add_site(active_home(load_device("Dishwasher", OVEN, switch_entity=SWITCH)))
    await turn(hass, READY, on=True)
    assert foreign.heard == [(SWITCH, "on")]
    await clock.live(hass, 1740, step_s=30)
    assert asked(planner).tasks[0].energy_kwh < 0.2
    await clock.live(hass, 90, step_s=30)
    assert state(hass, READY) == "off"
    assert foreign.heard == [(SWITCH, "on"), (SWITCH, "off")]
    assert record(entry).delivered_kwh == pytest.approx(1.0, abs=0.03)
    assert channel(entry).accepted is None


async def test_a_run_that_may_be_left_out_is_forgotten_when_its_time_is_over(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """One that has to be done stays asked for."""
    optional = {**OVEN, "reward": 0.1}
    must = load_device("Oven", OVEN)
    await clock.move_to(hass, "2026-06-16T06:20:00+02:00")
    await add_site(active_home(load_device("Dishwasher", optional, switch_entity=SWITCH), must))
    for name in ("dishwasher", "oven"):
        await turn(hass, f"switch.{name}_ready_to_run", on=True)
    await clock.live(hass, 39 * 60, step_s=60)
    assert state(hass, READY) == "on"
    await clock.live(hass, 120, step_s=30)
    assert state(hass, READY) == "off"
    assert state(hass, "switch.oven_ready_to_run") == "on"


async def test_a_load_that_nothing_shows_is_believed_to_follow_the_plan(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Somebody presses the button when EMS says so; otherwise it would be asked for for ever."""
    planner.wish = between(0, 1)
    await add_site(home_of_entities(GRID, load_device("Dishwasher", OVEN)))
    await turn(hass, READY, on=True)
    assert state(hass, "binary_sensor.dishwasher_should_run_now") == "on"
    await clock.live(hass, 900, step_s=30)
    assert asked(planner).is_on
    assert float(state(hass, "sensor.dishwasher_energy_today")) == pytest.approx(0.5, abs=0.04)
    await clock.live(hass, 1000, step_s=30)
    assert state(hass, READY) == "off"
    assert state(hass, "binary_sensor.dishwasher_should_run_now") == "off"


async def test_a_power_sensor_shows_when_a_machine_began_and_its_pauses_do_not_end_it(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Between heating and spinning it draws next to nothing."""
    set_sensor(hass, "sensor.machine", 2, "W")
    entry = await add_site(
        home_of_entities(GRID, load_device("Dishwasher", WASH_PARAMS, power_entity="sensor.machine"))
    )
    await turn(hass, READY, on=True)
    assert record(entry).programme_since_s is None
    set_sensor(hass, "sensor.machine", 1900, "W")
    await clock.live(hass, 900, step_s=30)
    set_sensor(hass, "sensor.machine", 2, "W")
    await clock.live(hass, 900, step_s=30)
    assert (asked(planner).is_on, state(hass, READY)) == (True, "on")
    await clock.live(hass, 1860, step_s=30)
    assert state(hass, READY) == "off"
    assert record(entry).delivered_kwh == pytest.approx(0.48, abs=0.02)


async def test_a_daily_programme_runs_once_a_day(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Off after it, so that tomorrow's start is one; and asked for again from midnight on."""
    daily: dict[str, Any] = {**WASH_PARAMS, "demand": "daily"}
    planner.wish = between(0, 0.5)
    entry = await add_site(active_home(load_device("Dishwasher", daily, switch_entity=SWITCH)))
    assert foreign.heard == [(SWITCH, "on")]
    planner.wish = always
    await clock.live(hass, 3500, step_s=60)
    assert len(asked(planner).tasks) == 2
    planner.wish = never
    await clock.live(hass, 200, step_s=20)
    assert record(entry).has_run
    assert foreign.heard == [(SWITCH, "on"), (SWITCH, "off")]
    (task,) = asked(planner).tasks
    first = planner.problem.steps.starts_s[task.allowed][0]
    assert dt_util.as_local(dt_util.utc_from_timestamp(first)).isoformat() == "2026-06-16T00:00:00+02:00"
    await clock.move_to(hass, "2026-06-16T00:00:30+02:00")
    await clock.tick(hass, 31)
    await replan(hass, entry)
    assert len(asked(planner).tasks) == 2


async def test_a_programme_that_runs_over_midnight_was_yesterdays(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Today's is still asked for."""
    daily: dict[str, Any] = {**WASH_PARAMS, "demand": "daily"}
    await clock.move_to(hass, "2026-06-15T23:30:30+02:00")
    entry = await add_site(home_of_entities(GRID, load_device("Dishwasher", daily, switch_entity=SWITCH)))
    foreign.pump.turn_by_hand(on=True)
    await clock.live(hass, 3660, step_s=30)
    assert record(entry).programme_since_s is None
    assert record(entry).has_run is False
    assert len(asked(planner).tasks) == 2
