"""Gaps, spikes, quality and anomalies: by hand, and what holds for any series."""

from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from custom_components.ems.engine.insight.anomalies import (
    ANOMALOUS_HOURS,
    Direction,
    consumption_anomaly,
    freshness,
    gaps,
    series_quality,
    spikes,
)

HOUR_S = 3600.0
DAY_S = 86400.0


def series(values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return hourly values from the epoch on."""
    return HOUR_S * np.arange(len(values)), np.array(values)


def test_gaps_at_both_ends_and_in_the_middle() -> None:
    """Hours 2, 3 and 6 of eight are known."""
    starts, values = series([np.nan, np.nan, 1, 1, np.nan, np.nan, 1, np.nan])
    found = [
        (gap.start_s / HOUR_S, gap.end_s / HOUR_S) for gap in gaps(starts, values, HOUR_S, 0.0, 8 * HOUR_S)
    ]
    assert found == [(0, 2), (4, 6), (7, 8)]
    assert gaps(*series([1.0, 1, 1]), HOUR_S, 0.0, 3 * HOUR_S) == []
    # Rows that are missing are gaps like values that are.
    assert len(gaps(HOUR_S * np.array([0.0, 5]), np.ones(2), HOUR_S, 0.0, 6 * HOUR_S)) == 1
    assert gaps(np.zeros(0), np.zeros(0), HOUR_S, 0.0, HOUR_S)[0].hours == 1.0


@given(known=arrays(np.bool_, 48))
def test_gaps_and_what_is_known_make_the_whole(known: np.ndarray) -> None:
    """Nothing is counted twice and nothing forgotten."""
    starts, values = series(np.where(known, 1.0, np.nan).tolist())
    found = gaps(starts, values, HOUR_S, 0.0, 48 * HOUR_S)
    assert sum(gap.hours for gap in found) + known.sum() == pytest.approx(48)


def test_a_kettle_is_no_spike_and_nonsense_is() -> None:
    """2 kW among 200 W with some life in it is a household; 400 kW is a meter."""
    rng = np.random.default_rng(1)
    values = 0.3 + rng.gamma(2, 0.15, 24 * 7)
    values[50] = 2.0
    assert not spikes(values).any()
    values[60] = 400.0
    assert np.flatnonzero(spikes(values)).tolist() == [60]
    # A load that never moves has no scale: what differs from it is not judged.
    assert not spikes(np.where(np.arange(48) == 20, 1.0, 0.2)).any()
    assert not spikes(np.full(48, np.nan)).any()
    assert not spikes(np.array([1.0, 100.0])).any()


def test_quality_by_hand() -> None:
    """Eighteen of twenty-four hours, on time: 75 %. The last six missing: half of the trust is gone as well."""
    middle = np.where((np.arange(24) >= 6) & (np.arange(24) < 12), np.nan, 1.0).tolist()
    found = series_quality(*series(middle), HOUR_S, 0.0, DAY_S, patience_s=10 * HOUR_S)
    assert found is not None
    assert found.score_pct == pytest.approx(75)
    assert (found.gaps, found.longest_gap_h) == (1, 6.0)
    late = np.where(np.arange(24) >= 18, np.nan, 1.0).tolist()
    found = series_quality(*series(late), HOUR_S, 0.0, DAY_S, patience_s=10 * HOUR_S)
    assert found is not None
    assert (found.known, found.fresh) == (pytest.approx(0.75), pytest.approx(0.5))
    assert found.score_pct == pytest.approx(37.5)


def test_quality_of_nothing() -> None:
    """A source that never spoke has none; one that was just set up is not judged."""
    found = series_quality(np.zeros(0), np.zeros(0), HOUR_S, 0.0, DAY_S, patience_s=10 * HOUR_S)
    assert found is not None
    assert found.score_pct == 0
    assert series_quality(np.zeros(0), np.zeros(0), HOUR_S, 0.0, 60.0, patience_s=10 * HOUR_S) is None


@given(arrays(np.float64, 40, elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
def test_quality_is_a_percentage(values: np.ndarray) -> None:
    """Whatever comes."""
    found = series_quality(HOUR_S * np.arange(40), values, HOUR_S, 0.0, 40 * HOUR_S, patience_s=DAY_S)
    assert found is not None
    assert 0 <= found.score_pct <= 100 + 1e-9


def test_freshness_falls_in_a_straight_line() -> None:
    """On time, half-way, too old."""
    assert [freshness(age, on_time_s=1, patience_s=3) for age in (0, 1, 2, 3, 9)] == [1, 1, 0.5, 0, 0]


def odd(truth: list[float]) -> tuple[Direction, int] | None:
    """Return what is odd about hours of which 0.5 to 2 kW around 1 kW were expected."""
    n = len(truth)
    found = consumption_anomaly(np.array(truth), np.full(n, 0.5), np.full(n, 1.0), np.full(n, 2.0))
    return None if found is None else (found.direction, found.hours)


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        ([1, 3, 3, 3], (Direction.HIGH, 3)),  # twice as far as the band's end, for three hours
        ([1, 1, 3, 3], None),  # two hours are a roast
        ([3, 3, 3, 1], None),  # over
        ([1, 2.1, 2.1, 2.1], None),  # hardly beyond the band
        ([3, 3, 1, 3, 3], None),  # not in a row
        ([0.1, 0.1, 0.1, 0.1], (Direction.LOW, 4)),  # the freezer has died
        ([3, 3, np.nan, 3, 3], None),  # what was not measured is not odd
        ([], None),
    ],
)
def test_an_anomaly_is_far_and_lasts(truth: list[float], expected: tuple[Direction, int] | None) -> None:
    """One hour in five lies outside of a good band, and nobody wants to be told."""
    assert odd(truth) == expected


def test_a_calibrated_band_is_rarely_odd() -> None:
    """Independent hours with a band that holds 80 %: less than one false alarm in a month."""
    rng = np.random.default_rng(2)
    truth = rng.lognormal(0, 0.8, 24 * 300)
    p10, p50, p90 = (np.full(len(truth), np.quantile(truth, q)) for q in (0.1, 0.5, 0.9))
    found = [
        consumption_anomaly(truth[i - 6 : i], p10[:6], p50[:6], p90[:6]) is not None
        for i in range(6, len(truth))
    ]
    assert sum(found) <= 10
    assert ANOMALOUS_HOURS == 3
