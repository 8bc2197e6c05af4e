"""From a load's params and its hours to what the engine is asked: steps, late runs, and what the horizon cuts."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from custom_components.ems.adapters.load_asks import asks_of
from custom_components.ems.adapters.load_record import LoadRecord, load_record
from custom_components.ems.adapters.loads import LoadAsk, LoadNow, load_state, make_load
from custom_components.ems.engine.flexible_load import LoadKind, LoadTask
from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps
from custom_components.ems.site_device import SiteDevice

VIENNA = ZoneInfo("Europe/Vienna")
ALL_DAY = {"window_from": "00:00:00", "window_until": "00:00:00"}
NIGHT = {"window_from": "22:00:00", "window_until": "06:00:00"}
PUMP = {"kind": "interruptible", "demand": "daily", "power_w": 1000, "energy_kwh": 4.0, **ALL_DAY}
OVEN = {"kind": "block", "demand": "on_request", "power_w": 2000, "energy_kwh": 3.0, **ALL_DAY}
WASH = {"kind": "programme", "demand": "on_request", "profile_w": [2000, 100, 100, 400], **ALL_DAY}


def at_s(text: str) -> float:
    """Return a local time of Vienna."""
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA).timestamp()


def device(**params: Any) -> SiteDevice:
    """Return a load that is nothing but its params."""
    return SiteDevice(
        subentry_id="load", role="load", name="Load", source={}, params=params, coordinator=None
    )


def asked(params: dict[str, Any], record: LoadRecord, now: str) -> tuple[LoadAsk, ...]:
    """Return what is asked at a time."""
    load = make_load(device(**params))
    wish = params.get("energy_kwh", load.run_kwh if load.kind is LoadKind.PROGRAMME else 0.0)
    return asks_of(device(**params), record, wish, at_s(now), VIENNA)


def tasks(
    params: dict[str, Any], record: LoadRecord, now: str, steps: Steps | None = None
) -> tuple[LoadTask, ...]:
    """Return the engine's tasks on the live steps."""
    asks = asked(params, record, now)
    return load_state(LoadNow(asks=asks), steps or tiered_steps(at_s(now)), 2.0).tasks


def hours_of(task: LoadTask, steps: Steps) -> float:
    """Return for how long it may run."""
    return float(steps.hours[task.allowed].sum())


def spans_of(task: LoadTask, steps: Steps) -> tuple[str, str]:
    """Return when it may begin and when it has to end, on Vienna's clock."""
    (index,) = np.nonzero(task.allowed)
    ends = steps.edges_s[index[0]], steps.edges_s[index[-1] + 1]
    first, last = (datetime.fromtimestamp(edge, VIENNA).strftime("%a %H:%M") for edge in ends)
    return first, last


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-06-15", 24), ("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-28", 24)]
)
def test_today_and_tomorrow_are_two_tasks_on_days_of_any_length(day: str, hours: float) -> None:
    """From midnight on, and what lies behind the horizon on a long day is not missed."""
    now = f"{day}T00:00:00"
    steps = tiered_steps(at_s(now))
    today, tomorrow = tasks(PUMP, LoadRecord(), now)
    assert (today.energy_kwh, tomorrow.energy_kwh) == (4, 4)
    assert hours_of(today, steps) == hours
    assert not (today.allowed & tomorrow.allowed).any()
    left = (steps.edges_s[-1] - at_s(now)) / 3600 - hours
    assert hours_of(tomorrow, steps) == pytest.approx(min(24 if day != "2026-03-28" else 23, left))


def test_what_was_used_today_is_taken_off_today_alone() -> None:
    """Tomorrow is a day of its own."""
    now = "2026-06-15T12:00:00"
    used = LoadRecord(day="2026-06-15", delivered_kwh=2.5)
    assert [task.energy_kwh for task in tasks(PUMP, used, now)] == [1.5, 4.0]
    done = LoadRecord(day="2026-06-15", delivered_kwh=3.99)
    (tomorrow,) = tasks(PUMP, done, now)
    assert spans_of(tomorrow, tiered_steps(at_s(now)))[0] == "Tue 00:00"


def test_a_night_is_one_task_before_and_after_midnight() -> None:
    """At one o'clock the rest of this night is today's, and the coming evening tomorrow's."""
    for now, first in (("2026-06-15T20:00:00", "Mon 22:00"), ("2026-06-16T01:00:00", "Tue 01:00")):
        steps = tiered_steps(at_s(now))
        tonight, next_night = tasks({**PUMP, **NIGHT}, LoadRecord(), now)
        assert spans_of(tonight, steps) == (first, "Tue 06:00")
        assert spans_of(next_night, steps) == ("Tue 22:00", "Wed 06:00")


def test_between_two_windows_only_the_next_one_is_asked_for() -> None:
    """What this day missed nobody can make up for any more."""
    now = "2026-06-15T18:00:00"
    noon = {"window_from": "10:00:00", "window_until": "16:00:00"}
    first, *_ = tasks({**PUMP, **noon}, LoadRecord(), now)
    assert spans_of(first, tiered_steps(at_s(now))) == ("Tue 10:00", "Tue 16:00")


def test_hours_off_the_quarter_count_where_half_a_step_is_in_them() -> None:
    """12:10 to 12:50 on steps of a quarter of an hour is 12:15 to 12:45."""
    odd = {"window_from": "12:10:00", "window_until": "12:50:00", "energy_kwh": 0.5}
    now = "2026-06-15T09:00:00"
    first, *_ = tasks({**PUMP, **odd}, LoadRecord(), now)
    assert spans_of(first, tiered_steps(at_s(now))) == ("Mon 12:15", "Mon 12:45")


def test_a_window_that_the_horizon_cuts_is_left_for_a_later_plan() -> None:
    """Six hours of a day of twenty-four would be filled at any price."""
    now = "2026-06-15T12:00:00"
    short = even_steps(at_s(now), 18, 15)
    (today,) = tasks(PUMP, LoadRecord(), now, short)
    assert spans_of(today, short)[1] == "Tue 00:00"


def test_a_longer_plan_is_asked_for_more_days() -> None:
    """Every window that ends within it, and none that it cuts."""
    now = "2026-06-15T20:00:00"
    for hours, nights in ((20, 1), (48, 2), (72, 3), (96, 4)):
        assert len(tasks({**PUMP, **NIGHT}, LoadRecord(), now, even_steps(at_s(now), hours, 60))) == nights


def test_a_run_is_done_by_its_time() -> None:
    """Armed in the evening, for the morning, in the quiet of nobody's hours but its own."""
    now = "2026-06-15T21:00:00"
    steps = tiered_steps(at_s(now))
    armed = LoadRecord(ready_at_s=at_s("2026-06-16T07:00:00"))
    (task,) = tasks(OVEN, armed, now)
    assert spans_of(task, steps) == ("Mon 21:00", "Tue 07:00")
    (task,) = tasks({**OVEN, **NIGHT}, armed, now)
    assert spans_of(task, steps) == ("Mon 22:00", "Tue 06:00")


@pytest.mark.parametrize("params", [OVEN, {**WASH, "profile_w": [2000] * 6}, {**PUMP, "energy_kwh": 1.5}])
def test_a_late_run_is_done_as_soon_as_it_can_be(params: dict[str, Any]) -> None:
    """An hour and a half until six no longer fit at five: it ends at half past six, not the next day."""
    now = "2026-06-15T05:00:00"
    armed = LoadRecord(ready_at_s=at_s("2026-06-15T06:00:00"))
    (task,) = tasks({**params, "demand": "on_request"}, armed, now)
    assert spans_of(task, tiered_steps(at_s(now))) == ("Mon 05:00", "Mon 06:30")


def test_a_late_run_keeps_to_its_hours() -> None:
    """Whoever wants quiet from six to ten wants it then, too."""
    now = "2026-06-15T05:00:00"
    armed = LoadRecord(ready_at_s=at_s("2026-06-15T05:30:00"))
    (task,) = tasks({**OVEN, **NIGHT}, armed, now)
    steps = tiered_steps(at_s(now))
    assert spans_of(task, steps) == ("Mon 05:00", "Mon 23:30")
    gap = (steps.starts_s >= at_s("2026-06-15T06:00")) & (steps.starts_s < at_s("2026-06-15T22:00"))
    assert not task.allowed[gap].any()


def test_a_programme_that_runs_may_go_on_to_its_end() -> None:
    """Whatever its hours say: 40 of 60 minutes are left, and nobody asks any more whether it is worth it."""
    now = "2026-06-15T05:50:00"
    armed = LoadRecord(
        is_on=True, programme_since_s=at_s("2026-06-15T05:30:00"), ready_at_s=at_s("2026-06-15T06:00:00")
    )
    (ask,) = asked({**WASH, **NIGHT, "reward": 0.2}, armed, now)
    assert (ask.goes_on, ask.reward, ask.run_h) == (True, None, pytest.approx(2 / 3))
    (task,) = tasks({**WASH, **NIGHT}, armed, now)
    steps = tiered_steps(at_s(now))
    until = spans_of(task, steps)[1]
    assert task.allowed[: steps.index_at(at_s("2026-06-15T06:29"))].all()
    assert until >= "Mon 06:30"


def test_a_block_that_runs_needs_what_is_left_of_it() -> None:
    """It began on its own time, and its energy says how long it still takes."""
    now = "2026-06-15T05:00:00"
    running = LoadRecord(is_on=True, since_s=at_s(now) - 3600, run_kwh=2.0, ready_at_s=at_s(now) + 1800)
    (ask,) = asked(OVEN, running, now)
    assert (ask.goes_on, ask.energy_kwh, ask.run_h) == (True, 1.0, 0.5)


def test_half_of_the_work_is_worth_half_of_it() -> None:
    """What was done already has been paid for."""
    half = LoadRecord(day="2026-06-15", delivered_kwh=2.0)
    today, tomorrow, *_ = asked({**PUMP, "reward": 1.0}, half, "2026-06-15T12:00:00")
    assert (today.reward, tomorrow.reward) == (0.5, 1.0)


def test_a_load_of_which_nothing_is_wanted_has_no_task() -> None:
    """0 kWh is an answer, and no division by it."""
    assert tasks({**PUMP, "energy_kwh": 0.0, "reward": 1.0}, LoadRecord(), "2026-06-15T12:00:00") == ()


def test_watts_and_minutes_become_the_engines_units() -> None:
    """A continuous load has a least power, an interruptible one its shortest times, a programme its profile."""
    rod = make_load(device(**PUMP | {"kind": "continuous", "power_w": 3000, "power_min_w": 500}))
    assert (rod.kind, rod.power_kw, rod.power_min_kw) == (LoadKind.CONTINUOUS, 3.0, 0.5)
    pump = make_load(device(**PUMP, min_on_min=15, min_off_min=30))
    assert (pump.power_kw, pump.min_on_h, pump.min_off_h) == (1.0, 0.25, 0.5)
    wash = make_load(device(**WASH))
    assert (wash.profile_kw, wash.run_h, wash.run_kwh) == ((2.0, 0.1, 0.1, 0.4), 1.0, 0.65)


def test_what_is_unavailable_is_said_to_be() -> None:
    """The engine plans around it."""
    state = load_state(
        LoadNow(is_on=True, since_h=0.5, available=False), tiered_steps(at_s("2026-06-15T12:00")), 2.0
    )
    assert (state.is_on, state.since_h, state.available, state.tasks) == (True, 0.5, False, ())


def test_a_record_of_another_version_is_read_as_far_as_it_goes() -> None:
    """An update must not forget what a load has used today, nor stumble over what it does not know."""
    record = LoadRecord(day="2026-06-15", delivered_kwh=2.5, ready_at_s=1.0)
    assert load_record({**record.as_dict(), "colour": "red"}) == record
    assert load_record({}) == LoadRecord()


def test_days_go_on_for_as_long_as_a_load_waits() -> None:
    """Over both changes of the clock, every hour of a fortnight asks for a day's energy that fits."""
    for start in ("2026-03-22T00:30:00", "2026-10-18T00:30:00"):
        for hours in range(0, 14 * 24, 5):
            moment = datetime.fromtimestamp(at_s(start) + timedelta(hours=hours).total_seconds(), VIENNA)
            now = moment.replace(tzinfo=None).isoformat()
            steps = tiered_steps(at_s(now))
            for task in tasks({**PUMP, **NIGHT}, LoadRecord(), now)[1:]:
                assert hours_of(task, steps) >= task.energy_kwh
