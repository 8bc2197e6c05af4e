"""As yesterday: the yardstick, and what is left when a forecaster loses to it."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from custom_components.ems.engine.forecast.persistence import PersistenceForecaster
from custom_components.ems.engine.steps import even_steps

VIENNA = ZoneInfo("Europe/Vienna")


def hours(start: str, count: int) -> np.ndarray:
    """Return starts of hours. [s since epoch]."""
    return 3600.0 * (int(np.datetime64(start, "h").astype(int)) + np.arange(count))


def test_tomorrow_is_as_yesterday_hour_by_hour() -> None:
    """By hand: a day of 0 … 23 kW comes again, the second day ahead too."""
    starts = hours("2026-05-01T00", 24)
    forecaster = PersistenceForecaster(VIENNA, starts, np.arange(24.0))
    issued_s = starts[-1] + 3600
    found = forecaster.forecast(issued_s, even_steps(issued_s, 48, 60))
    assert found.mean.tolist() == [*range(24), *range(24)]
    assert found.basis == "persistence"


def test_a_hole_is_filled_from_the_day_before() -> None:
    """Better an older day than nothing."""
    starts, values = hours("2026-05-01T00", 48), np.concatenate([np.full(24, 1.0), np.full(24, 2.0)])
    values[30] = np.nan
    issued_s = starts[-1] + 3600
    found = PersistenceForecaster(VIENNA, starts, values).forecast(issued_s, even_steps(issued_s, 24, 60))
    assert np.flatnonzero(found.mean == 1.0).tolist() == [6]


def test_the_future_is_not_looked_at() -> None:
    """Truth that came after the issue changes nothing."""
    starts = hours("2026-05-01T00", 24 * 10)
    values = np.random.default_rng(1).uniform(0, 2, len(starts))
    issued_s = starts[24 * 8]
    steps = even_steps(issued_s, 48, 15)
    whole = PersistenceForecaster(VIENNA, starts, values).forecast(issued_s, steps)
    known = PersistenceForecaster(VIENNA, starts[: 24 * 8], values[: 24 * 8]).forecast(issued_s, steps)
    for name in ("mean", "p10", "p50", "p90"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(known, name))


def test_the_band_holds_about_four_days_of_five() -> None:
    """It is made of how days differ from the day before them."""
    rng = np.random.default_rng(4)
    starts = hours("2026-02-01T00", 24 * 60)
    values = 1 + rng.gamma(2, 0.3, len(starts))
    forecaster = PersistenceForecaster(VIENNA, starts, values)
    inside = []
    for day in range(35, 59):
        found = forecaster.forecast(starts[24 * day], even_steps(starts[24 * day], 24, 60))
        truth = values[24 * day : 24 * day + 24]
        inside += ((truth >= found.p10) & (truth <= found.p90)).tolist()
        assert np.all((found.p10 <= found.mean) & (found.mean <= found.p90) & (found.p10 >= 0))
    assert 0.74 <= np.mean(inside) <= 0.86


def test_breakfast_stays_at_breakfast_when_the_clocks_change() -> None:
    """Two kettles at seven by the local clock, before and after the night of the change."""
    starts = hours("2026-03-25T00", 24 * 3 + 23)  # to midnight before the change, and beyond
    local = (np.array(starts) + 3600) % 86400 // 3600  # winter time
    issued_s = hours("2026-03-28T23", 1)[0]  # midnight in Vienna
    forecaster = PersistenceForecaster(VIENNA, starts, np.where(local == 7, 2.0, 0.2))
    found = forecaster.forecast(issued_s, even_steps(issued_s, 24, 60))
    assert np.flatnonzero(found.mean == 2.0).tolist() == [6]  # seven o'clock is the seventh hour of that day


def test_an_empty_history_is_refused() -> None:
    """There is no yesterday."""
    steps = even_steps(hours("2026-05-01T00", 1)[0], 24, 60)
    with pytest.raises(ValueError, match="too little is known"):
        PersistenceForecaster(VIENNA, [], []).forecast(steps.edges_s[0], steps)


def test_past_errors_are_day_against_day() -> None:
    """Scenarios lie around a forecast by these."""
    starts = hours("2026-05-01T00", 24 * 4)
    values = np.repeat([1.0, 2.0, 5.0, 4.0], 24)
    forecaster = PersistenceForecaster(VIENNA, starts, values)
    issued_s = starts[-1] + 3600
    steps = even_steps(issued_s, 24, 60)
    assert forecaster.past_error(issued_s, steps, 1).tolist() == [-1.0] * 24
    assert forecaster.past_error(issued_s, steps, 2).tolist() == [3.0] * 24
    assert np.isnan(forecaster.past_error(issued_s, steps, 4)).all()
