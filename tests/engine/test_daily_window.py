"""The hours in which a load may run, and the day its energy is counted in: days of 23 and 25 hours included."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from custom_components.ems.engine.daily_window import DailyWindow

VIENNA = ZoneInfo("Europe/Vienna")
ALL_DAY = DailyWindow(start=time(), end=time())
NIGHT = DailyWindow(start=time(22), end=time(6))
NOON = DailyWindow(start=time(10), end=time(16))


def at_s(text: str) -> float:
    """Return a local time of Vienna."""
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA).timestamp()


def hours(window: DailyWindow, day: str) -> float:
    """Return how long a day's window lasts."""
    begin_s, end_s = window.span_s(date.fromisoformat(day), VIENNA)
    return (end_s - begin_s) / 3600


@pytest.mark.parametrize(
    ("window", "usual", "spring", "autumn"), [(ALL_DAY, 24, 23, 25), (NIGHT, 8, 7, 9), (NOON, 6, 6, 6)]
)
def test_a_window_follows_the_clock_over_both_changes(
    window: DailyWindow, usual: float, spring: float, autumn: float
) -> None:
    """The night before the change is the one that is shorter or longer; its window begins on the day before."""
    night = window is NIGHT
    assert hours(window, "2026-06-15") == usual
    assert hours(window, "2026-03-28" if night else "2026-03-29") == spring
    assert hours(window, "2026-10-24" if night else "2026-10-25") == autumn


@pytest.mark.parametrize(
    ("window", "now", "day"),
    [
        (ALL_DAY, "2026-06-15T00:00", "2026-06-15"),
        (ALL_DAY, "2026-06-14T23:59", "2026-06-14"),
        (NOON, "2026-06-15T00:00", "2026-06-15"),
        (NOON, "2026-06-15T20:00", "2026-06-15"),
        (NIGHT, "2026-06-15T23:00", "2026-06-15"),
        (NIGHT, "2026-06-16T05:59", "2026-06-15"),
        (NIGHT, "2026-06-16T06:00", "2026-06-16"),
        (NIGHT, "2026-03-29T05:00", "2026-03-28"),
        (ALL_DAY, "2026-10-25T23:30", "2026-10-25"),
    ],
)
def test_every_day_of_a_load_holds_one_whole_window(window: DailyWindow, now: str, day: str) -> None:
    """A night's energy is one night's, not two halves of two dates."""
    assert window.day_of(at_s(now), VIENNA).isoformat() == day


def test_hours_until_a_deadline_are_those_of_every_night_between() -> None:
    """What is over is cut off, and so is what lies behind the deadline."""
    spans = NIGHT.spans_until(at_s("2026-06-15T23:00"), at_s("2026-06-16T23:30"), VIENNA)
    assert spans == (
        (at_s("2026-06-15T23:00"), at_s("2026-06-16T06:00")),
        (at_s("2026-06-16T22:00"), at_s("2026-06-16T23:30")),
    )


def test_hours_that_are_over_for_today_are_none() -> None:
    """The next ones are tomorrow's."""
    spans = NOON.spans_until(at_s("2026-06-15T18:00"), at_s("2026-06-16T12:00"), VIENNA)
    assert spans == ((at_s("2026-06-16T10:00"), at_s("2026-06-16T12:00")),)


def test_a_whole_day_that_begins_at_eight_is_round_the_clock() -> None:
    """Equal times mean that any hour will do."""
    window = DailyWindow(start=time(8), end=time(8))
    assert hours(window, "2026-06-15") == 24
    assert window.day_of(at_s("2026-06-15T07:59"), VIENNA) == date(2026, 6, 14)
