"""Recorded history as it comes, and what is left of it."""

from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np

from custom_components.ems.engine.forecast.cleaning import clean_power

VIENNA = ZoneInfo("Europe/Vienna")
LIMIT_KW = 20.0


def starts(count: int) -> np.ndarray:
    """Return whole hours. [s since epoch]."""
    return 3600.0 * (494_000 + np.arange(count))


def test_a_clean_history_stays_as_it_is() -> None:
    """Nothing is smoothed and nothing is filled."""
    kw = np.array([0.3, 2.0, 0.0, 19.9])
    found = clean_power(starts(4), kw, LIMIT_KW)
    assert found.kw.tolist() == kw.tolist()
    assert (found.rescaled, found.resets, found.spikes, found.missing) == (0, 0, 0, 0)


def test_watts_that_were_sold_as_kilowatts_are_recognised() -> None:
    """300 kW in a home with a fuse of 17 kW are 300 W; its quiet nights of 8 W too."""
    rng = np.random.default_rng(1)
    watts = np.where(np.arange(240) % 24 < 6, 8.0, rng.uniform(200, 3000, 240))
    found = clean_power(starts(240), watts, LIMIT_KW)
    np.testing.assert_allclose(found.kw, watts / 1000)
    assert found.rescaled == 240


def test_a_unit_that_changed_on_the_way_is_recognised_by_the_day() -> None:
    """A template sensor was mended one day."""
    hour = np.arange(24 * 20)
    kw = np.full(len(hour), 0.5)
    watts_days = (starts(len(hour)) // 86400 - starts(1)[0] // 86400) < 4
    found = clean_power(starts(len(hour)), np.where(watts_days, 500.0, kw), LIMIT_KW)
    np.testing.assert_allclose(found.kw, 0.5)
    assert found.rescaled == watts_days.sum()


def test_a_spike_a_reset_and_a_hole_are_unknown_and_counted() -> None:
    """Not zero, and not what was recorded."""
    kw = np.array([0.5, 5000.0, 0.5, -812.0, np.nan, -0.01, 0.5])
    at = starts(10)[[0, 1, 2, 3, 4, 5, 9]]
    found = clean_power(at, kw, LIMIT_KW)
    assert np.isnan(found.kw).tolist() == [False, True, False, True, True, False, False]
    assert found.kw[5] == 0.0
    assert (found.rescaled, found.resets, found.spikes, found.missing) == (0, 1, 1, 4)


def test_days_are_counted_where_most_of_them_is_known() -> None:
    """Ten hours are no day."""
    kw = np.full(48, 1.0)
    kw[:14] = np.nan
    at = 3600.0 * (int(np.datetime64("2026-05-01T22", "h").astype(int)) + np.arange(48))
    assert clean_power(at, kw, LIMIT_KW).days_known(VIENNA) == 1
    assert clean_power(np.zeros(0), np.zeros(0), LIMIT_KW).days_known(VIENNA) == 0


@given(arrays(np.float64, 60, elements=st.floats(-1e9, 1e9) | st.just(np.nan)))
def test_whatever_comes_what_is_left_is_possible(kw: np.ndarray) -> None:
    """Between nothing and the limit, or unknown."""
    found = clean_power(starts(60), kw, LIMIT_KW)
    left = found.kw[found.known]
    assert np.all((left >= 0) & (left <= LIMIT_KW))
    assert found.known.sum() + found.resets + found.spikes + np.isnan(kw).sum() == 60
