"""When a car is to be ready: the next time the local clock shows it, over both clock changes."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from homeassistant.util import dt as dt_util
import pytest

from custom_components.ems.adapters.departure import next_departure, next_local

VIENNA = ZoneInfo("Europe/Vienna")


@pytest.fixture(autouse=True)
def vienna():
    """Read the clock in Vienna, and put the old one back."""
    before = dt_util.get_default_time_zone()
    dt_util.set_default_time_zone(VIENNA)
    yield
    dt_util.set_default_time_zone(before)


@pytest.mark.parametrize(
    ("now", "at", "then"),
    [
        ("2026-06-15T06:59:00+02:00", "07:00", "2026-06-15T07:00:00+02:00"),
        # At seven sharp it is too late for today.
        ("2026-06-15T07:00:00+02:00", "07:00", "2026-06-16T07:00:00+02:00"),
        ("2026-06-15T23:00:00+02:00", "07:00", "2026-06-16T07:00:00+02:00"),
        # 25 hours: the night has two hours between two and three.
        ("2026-10-24T22:00:00+02:00", "07:00", "2026-10-25T07:00:00+01:00"),
        ("2026-10-24T07:30:00+02:00", "07:00", "2026-10-25T07:00:00+01:00"),
        # 23 hours.
        ("2026-03-28T22:00:00+01:00", "07:00", "2026-03-29T07:00:00+02:00"),
        ("2026-03-28T07:30:00+01:00", "07:00", "2026-03-29T07:00:00+02:00"),
        # Within the hour that comes twice: 02:15 has been, and comes again.
        ("2026-10-25T02:10:00+02:00", "02:15", "2026-10-25T02:15:00+02:00"),
        ("2026-10-25T02:30:00+02:00", "02:15", "2026-10-25T02:15:00+01:00"),
        ("2026-10-25T02:30:00+02:00", "02:45", "2026-10-25T02:45:00+02:00"),
        ("2026-10-25T02:30:00+01:00", "02:15", "2026-10-26T02:15:00+01:00"),
        ("2026-10-25T02:30:00+01:00", "02:45", "2026-10-25T02:45:00+01:00"),
        ("2026-10-25T01:00:00+02:00", "02:30", "2026-10-25T02:30:00+02:00"),
        # An hour that does not come: 02:30 would have been when it is 03:30.
        ("2026-03-29T01:00:00+01:00", "02:30", "2026-03-29T03:30:00+02:00"),
        ("2026-03-29T03:10:00+02:00", "02:30", "2026-03-29T03:30:00+02:00"),
        ("2026-03-28T12:00:00+01:00", "02:30", "2026-03-29T03:30:00+02:00"),
    ],
)
def test_the_next_time_the_clock_shows_it(now: str, at: str, then: str) -> None:
    """In instants, so that 23 and 25 hours are told apart."""
    found = next_local(time.fromisoformat(at), datetime.fromisoformat(now))
    assert found.timestamp() == datetime.fromisoformat(then).timestamp()


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24", "2026-06-15"])
def test_it_is_always_ahead_and_never_further_than_a_day_of_that_length(day: str) -> None:
    """Every quarter-hour of two days, for every quarter-hour of the clock."""
    begin = datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=VIENNA).timestamp()
    for quarter in range(0, 2 * 96, 3):
        now = dt_util.utc_from_timestamp(begin + quarter * 900)
        for hour in range(24):
            ahead_h = (next_local(time(hour, 30), now).timestamp() - now.timestamp()) / 3600
            assert 0 < ahead_h <= 25


WEEK = {0: time(7), 4: time(6, 30)}  # Mondays and Fridays


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-06-15T06:59:00+02:00", "2026-06-15T07:00:00+02:00"),  # a Monday
        ("2026-06-15T07:00:00+02:00", "2026-06-19T06:30:00+02:00"),
        ("2026-06-19T12:00:00+02:00", "2026-06-22T07:00:00+02:00"),  # nobody leaves at the weekend
        ("2026-10-23T07:00:00+02:00", "2026-10-26T07:00:00+01:00"),  # three days and an hour
    ],
)
def test_a_weekday_without_a_time_is_a_day_without_a_departure(now: str, then: str) -> None:
    """Also where the clock changes in between."""
    found = next_departure(WEEK, datetime.fromisoformat(now))
    assert found.timestamp() == datetime.fromisoformat(then).timestamp()


def test_a_single_day_a_week_is_at_most_a_week_away() -> None:
    """At seven sharp on a Monday, next Monday is meant."""
    now = datetime.fromisoformat("2026-06-15T07:00:00+02:00")
    assert next_departure({0: time(7)}, now) - now == timedelta(days=7)
