"""What holds at which hour: by hand, on the days of 23 and 25 hours, and for any list of windows."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ems.engine.control.schedule import EVERY_DAY, Schedule, running
from custom_components.ems.engine.errors import PlanError

VIENNA = ZoneInfo("Europe/Vienna")
ZONES = [VIENNA, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")]
# 21 November 2026 is a Saturday. The clock changes on 29 March (02:00 → 03:00) and on 25 October (03:00 → 02:00).
SATURDAY, SUNDAY, MONDAY = 5, 6, 0


def window(start: str, end: str, *days: int, mode: str = "now", **amounts: float) -> Schedule:
    """Return a schedule; on every day where none is named."""
    return Schedule(
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        weekdays=frozenset(days) or EVERY_DAY,
        mode=mode,
        **amounts,
    )


def clock(text: str, fold: int = 0) -> datetime:
    """Return an instant by Vienna's clock; `fold` 1 is the second time that it shows a time."""
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA, fold=fold)


CASES = {
    "inside": (window("13:00", "15:00"), "2026-11-21T14:00", "2026-11-21T15:00"),
    "its first second": (window("13:00", "15:00"), "2026-11-21T13:00", "2026-11-21T15:00"),
    "its end is no longer in it": (window("13:00", "15:00"), "2026-11-21T15:00", None),
    "before it": (window("13:00", "15:00"), "2026-11-21T12:59", None),
    "not on this weekday": (window("13:00", "15:00", SUNDAY), "2026-11-21T14:00", None),
    "in the evening of one that goes over midnight": (
        window("22:00", "06:00"),
        "2026-11-21T23:00",
        "2026-11-22T06:00",
    ),
    "in the morning of it": (window("22:00", "06:00"), "2026-11-22T05:59", "2026-11-22T06:00"),
    "it belongs to the evening": (
        window("22:00", "06:00", SATURDAY),
        "2026-11-22T05:00",
        "2026-11-22T06:00",
    ),
    "and not to the morning": (window("22:00", "06:00", SUNDAY), "2026-11-22T05:00", None),
    "until midnight": (window("20:00", "00:00"), "2026-11-21T23:59:59", "2026-11-22T00:00"),
    "round the clock": (window("07:00", "07:00", SATURDAY), "2026-11-22T06:59", "2026-11-22T07:00"),
    "round the clock, and no further": (window("07:00", "07:00", SATURDAY), "2026-11-22T07:00", None),
}


@pytest.mark.parametrize(("schedule", "now", "until"), CASES.values(), ids=CASES)
def test_window_holds(schedule, now, until):
    """A line per case: Vienna's clock."""
    found = running([schedule], clock(now), VIENNA)
    assert (found and found.until_s) == (until and clock(until).timestamp())


CHANGES = {
    "a night of 7 hours": (window("22:00", "06:00"), "2026-03-28T22:00", 7.0),
    "a night of 9 hours": (window("22:00", "06:00"), "2026-10-24T22:00", 9.0),
    "a day of 23 hours": (window("00:00", "00:00"), "2026-03-29T00:00", 23.0),
    "a day of 25 hours": (window("00:00", "00:00"), "2026-10-25T00:00", 25.0),
    "an hour that comes twice": (window("02:00", "03:00"), "2026-10-25T02:00", 2.0),
    "half of it, the first time": (window("02:00", "02:30"), "2026-10-25T02:00", 0.5),
    "a half-hour that the clock skips": (window("02:15", "02:45"), "2026-03-29T03:15", 0.5),
}


@pytest.mark.parametrize(("schedule", "begin", "hours"), CHANGES.values(), ids=CHANGES)
def test_window_over_a_change_of_the_clock_lasts(schedule, begin, hours):
    """Its hours are those of the clock, so its length is what lies between them."""
    at = clock(begin)
    before = datetime.fromtimestamp(at.timestamp() - 1, UTC)
    holds_before = running([schedule], before, VIENNA)
    assert holds_before is None or holds_before.until_s == at.timestamp()
    found = running([schedule], at, VIENNA)
    assert (found.until_s - at.timestamp()) / 3600 == hours
    after = running([schedule], datetime.fromtimestamp(found.until_s, UTC), VIENNA)
    assert after is None or after.until_s > found.until_s


def test_half_hour_that_comes_again_is_not_held_again():
    """Somebody who wants half an hour of charging does not want it twice."""
    half = window("02:00", "02:30")
    assert running([half], clock("2026-10-25T02:10", fold=0), VIENNA) is not None
    assert running([half], clock("2026-10-25T02:10", fold=1), VIENNA) is None


def test_window_that_ends_where_the_clock_jumps_to_is_skipped():
    """From 02:30, which does not come, until 03:00, which comes at once: there is nothing in between."""
    gone = window("02:30", "03:00")
    hours = [clock("2026-03-29T00:00").timestamp() + 600 * k for k in range(6 * 24)]
    assert all(running([gone], datetime.fromtimestamp(at, UTC), VIENNA) is None for at in hours)


def test_window_that_is_skipped_ends_no_other():
    """It would begin at 03:30, had it not ended at three: the night goes on over it."""
    gone, night = window("02:30", "03:00", mode="off"), window("22:00", "06:00")
    found = running([gone, night], clock("2026-03-29T01:00"), VIENNA)
    assert (found.schedule, found.until_s) == (night, clock("2026-03-29T06:00").timestamp())


def test_first_in_the_list_wins_and_the_next_ends_where_it_begins():
    """Off from 17:00, in a window that would go on until 22:00: what is shown has to end when it ends."""
    off, long = window("17:00", "19:00", mode="off"), window("08:00", "22:00", mode="surplus")
    found = running([off, long], clock("2026-11-21T16:00"), VIENNA)
    assert (found.schedule.mode, found.until_s) == ("surplus", clock("2026-11-21T17:00").timestamp())
    found = running([off, long], clock("2026-11-21T18:00"), VIENNA)
    assert (found.schedule.mode, found.until_s) == ("off", clock("2026-11-21T19:00").timestamp())
    found = running([long, off], clock("2026-11-21T18:00"), VIENNA)
    assert (found.schedule.mode, found.until_s) == ("surplus", clock("2026-11-21T22:00").timestamp())


def test_no_schedules_and_none_that_holds_are_nothing():
    assert running([], clock("2026-11-21T12:00"), VIENNA) is None
    assert running([window("08:00", "09:00", MONDAY)], clock("2026-11-21T08:30"), VIENNA) is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"weekdays": frozenset()}, "weekdays"),
        ({"weekdays": frozenset({7})}, "weekdays"),
        ({"current_a": 0.0}, "current_a"),
        ({"power_kw": -2.0}, "power_kw"),
        ({"power_kw": float("nan")}, "power_kw"),
        ({"current_a": 10.0, "power_kw": 2.0}, "power_kw"),
        ({"start": time(7, tzinfo=UTC)}, "start"),
        ({"end": time(7, tzinfo=VIENNA)}, "end"),
    ],
)
def test_schedule_that_means_nothing_is_refused_by_name(wrong: dict[str, Any], field):
    """What would never hold, or hold without meaning anything, is a typing error."""
    with pytest.raises(PlanError, match=field):
        Schedule(**{"start": time(7), "end": time(9), "mode": "now", "name": "schedules[1]", **wrong})


TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
SCHEDULES = st.builds(
    Schedule,
    start=TIMES,
    end=TIMES,
    mode=st.sampled_from(["off", "now"]),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
)
# Around both changes of every zone, and anywhere else.
INSTANTS = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001  # made aware below
    *(
        st.datetimes(day - timedelta(hours=30), day + timedelta(hours=30))
        for day in (datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 4, 5))  # noqa: DTZ001
    ),
)


@given(
    schedules=st.lists(SCHEDULES, max_size=4), at=INSTANTS, zone=st.sampled_from(ZONES), share=st.floats(0, 1)
)
@settings(max_examples=150, deadline=None)
def test_what_holds_goes_on_until_it_says(schedules, at, zone, share):
    """For any list, at any instant: the same window all the time up to its end, and no longer."""
    now = at.replace(tzinfo=UTC)
    found = running(schedules, now, zone)
    if found is None:
        return
    left_s = found.until_s - now.timestamp()
    assert 0 < left_s <= 25 * 3600
    between = datetime.fromtimestamp(min(now.timestamp() + share * left_s, found.until_s - 1e-3), UTC)
    assert running(schedules, between, zone) == found
    after = running(schedules, datetime.fromtimestamp(found.until_s, UTC), zone)
    assert after is None or after.until_s > found.until_s


@given(schedule=SCHEDULES, at=INSTANTS, zone=st.sampled_from(ZONES))
@settings(max_examples=150, deadline=None)
def test_away_from_changes_of_the_clock_the_wall_clock_decides(schedule, at, zone):
    """By the plain rule, without any arithmetic of instants: what does the clock show, and what day is it."""
    now = at.replace(tzinfo=UTC)
    local = now.astimezone(zone)
    near = [(now + timedelta(hours=ahead)).astimezone(zone).utcoffset() for ahead in (-26, 0, 26)]
    if len(set(near)) > 1:
        return
    shown, today = local.time(), local.date()
    over_midnight = schedule.end <= schedule.start

    def begins(day: date) -> bool:
        return day.weekday() in schedule.weekdays

    evening = begins(today) and shown >= schedule.start and (over_midnight or shown < schedule.end)
    morning = begins(today - timedelta(days=1)) and over_midnight and shown < schedule.end
    assert (running([schedule], now, zone) is not None) == (evening or morning)
