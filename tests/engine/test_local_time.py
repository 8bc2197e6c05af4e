"""Local clock time, vectorised, against the standard library one instant at a time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.local_time import (
    DAY_S,
    local_day_and_second,
    utc_offsets_s,
    weekday_of,
)

ZONES = [
    "Europe/Vienna",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "UTC",
]


@pytest.mark.parametrize("name", ZONES)
def test_offsets_are_those_of_the_standard_library(name):
    """Two years of odd-minute instants, clock changes included."""
    zone = ZoneInfo(name)
    at = np.arange(
        datetime(2024, 1, 1, tzinfo=UTC).timestamp(), datetime(2026, 1, 1, tzinfo=UTC).timestamp(), 25_140
    )
    one_by_one = [datetime.fromtimestamp(s, zone).utcoffset().total_seconds() for s in at]
    assert np.array_equal(utc_offsets_s(at, zone), one_by_one)


@given(at=st.lists(st.integers(0, 2**31), min_size=1, max_size=3), name=st.sampled_from(ZONES))
@settings(deadline=None, max_examples=30)
def test_order_and_spread_of_instants_do_not_matter(at, name):
    zone = ZoneInfo(name)
    day, second = local_day_and_second(np.array(at), zone)
    for s, d, seconds in zip(at, day, second, strict=True):
        clock = datetime.fromtimestamp(s, zone)
        assert (clock.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days == d
        assert clock.hour * 3600 + clock.minute * 60 + clock.second == seconds
        assert clock.weekday() == weekday_of(np.array([d]))[0]


@pytest.mark.parametrize(("day", "quarters"), [("2025-03-30", 92), ("2025-10-26", 100), ("2025-06-01", 96)])
def test_a_day_has_the_quarters_the_clock_gives_it(day, quarters):
    zone = ZoneInfo("Europe/Vienna")
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone).timestamp()
    local_day, _ = local_day_and_second(midnight + 900 * np.arange(-200, 200), zone)
    assert np.sum(local_day == (midnight + 7200) // DAY_S) == quarters


def test_no_instants_have_no_offsets():
    assert utc_offsets_s(np.array([]), ZoneInfo("Europe/Vienna")).shape == (0,)
