"""The time axis: instants, aligned to the clock, fine now and coarse later."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
import pytest

from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps

VIENNA = ZoneInfo("Europe/Vienna")
NOON_S = datetime(2026, 5, 12, 12, 0, tzinfo=UTC).timestamp()


def test_live_axis_is_fine_for_an_hour_then_quarters_then_hours():
    steps = tiered_steps(NOON_S)
    minutes = np.round(steps.hours * 60)
    assert_array_equal(minutes[:12], 5)
    assert_array_equal(minutes[12 : 12 + 92], 15)
    assert_array_equal(minutes[104:], 60)
    assert len(steps) == 12 + 92 + 24
    assert steps.hours.sum() == 48


@settings(max_examples=50)
@given(st.integers(0, 2_000_000_000))
def test_live_axis_begins_with_the_running_step_and_every_step_begins_on_a_multiple_of_its_width(now_s):
    steps = tiered_steps(now_s)
    width = np.diff(steps.edges_s)
    assert steps.edges_s[0] <= now_s < steps.edges_s[1]
    assert_allclose(steps.starts_s % width, 0)
    assert np.all(np.diff(width) >= 0)
    assert steps.hours.sum() >= 48 - 5 / 60
    assert steps.index_at(now_s) == 0


@pytest.mark.parametrize(
    ("day", "quarters"),
    [
        (datetime(2026, 3, 29, tzinfo=VIENNA), 92),  # the clocks go forward
        (datetime(2026, 10, 25, tzinfo=VIENNA), 100),  # and back
        (datetime(2026, 5, 12, tzinfo=VIENNA), 96),
    ],
)
def test_local_days_have_as_many_quarters_as_they_have(day, quarters):
    """Time is instants: a day that is 23 or 25 hours long is so many steps, and none is named twice."""
    midnight, after = day.timestamp(), day.replace(day=day.day + 1).timestamp()
    steps = even_steps(midnight, (after - midnight) / 3600, 15)
    assert len(steps) == quarters
    assert steps.end.timestamp() == after
    assert len(set(steps.starts)) == quarters
    assert all(start.tzinfo is UTC for start in steps.starts)


@pytest.mark.parametrize("edges", [[], [1.0], [1.0, 1.0], [2.0, 1.0], [1.0, np.nan], [[1.0, 2.0]]])
def test_axis_that_does_not_run_forward_is_refused(edges):
    with pytest.raises(ValueError, match="edges_s"):
        Steps(edges_s=np.array(edges))


def test_axis_is_frozen():
    steps = even_steps(NOON_S, 1, 15)
    with pytest.raises(ValueError, match="read-only"):
        steps.edges_s[0] = 0


@pytest.mark.parametrize(("minutes", "index"), [(-99, 0), (0, 0), (14.9, 0), (15, 1), (59, 3), (99, 3)])
def test_instant_belongs_to_the_step_that_it_starts_or_falls_in(minutes, index):
    assert even_steps(NOON_S, 1, 15).index_at(NOON_S + minutes * 60) == index


def test_mean_of_weighs_by_time():
    """Two thirds of the hour at 3 and one third at 6 are 4."""
    steps = Steps(edges_s=np.array([0.0, 3600.0]))
    assert_allclose(steps.mean_of(np.array([0.0, 2400.0]), np.array([3.0, 6.0])), [4])


def test_mean_of_keeps_gaps_as_gaps():
    """Before the first start nothing is known, and a NaN spoils exactly the steps it touches."""
    steps = even_steps(0, 1, 15)
    starts = np.array([900.0, 2000.0, 2400.0])
    values = np.array([1.0, np.nan, 2.0])
    assert_allclose(steps.mean_of(starts, values), [np.nan, 1, np.nan, 2])
    assert_allclose(steps.mean_of(np.array([0.0, 1800.0]), np.array([1.0, np.nan])), [1, 1, np.nan, np.nan])


@settings(max_examples=30)
@given(st.lists(st.floats(-5, 5), min_size=8, max_size=8), st.sampled_from([5, 7.5, 30]))
def test_mean_of_keeps_the_integral(values, minutes):
    """Energy is the same on any axis that covers the source."""
    source = even_steps(0, 4, 30)
    steps = even_steps(0, 4, minutes)
    means = steps.mean_of(source.starts_s, np.array(values))
    assert means @ steps.hours == pytest.approx(np.array(values) @ source.hours)
