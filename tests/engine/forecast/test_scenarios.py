"""Ways the next two days may go, made from past ones."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from custom_components.ems.engine.forecast.load import LoadForecaster
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.forecast.scenarios import day_ranks, make_scenarios, sun_by_rank
from custom_components.ems.engine.local_time import DAY_S, local_day_and_second
from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps

ZONE = ZoneInfo("Europe/Vienna")
NOW_S = 1_778_580_000.0  # 2026-05-12 10:00 UTC
# Four weeks before and after the clock changes of March and October too.
SPRING_S, AUTUMN_S = 1_774_764_000.0, 1_792_908_000.0


def learned(now_s: float, days: int, *, seed: int = 1) -> LoadForecaster:
    """Return a forecaster that knows so many days of a noisy home."""
    starts = np.arange(now_s - days * DAY_S, now_s, 900.0)
    kw = (
        0.6
        + 0.3 * np.sin(starts / DAY_S * 2 * np.pi)
        + np.random.default_rng(seed).gamma(1, 0.2, len(starts))
    )
    load = LoadForecaster(ZONE)
    load.learn(starts, kw)
    return load


def sunny(steps: Steps) -> Forecast:
    sun = 4 * np.clip(np.sin((steps.starts_s % DAY_S / 3600 - 6) / 12 * np.pi), 0, None)
    return Forecast(
        issued_at_s=0.0, steps=steps, mean=0.7 * sun, p10=0.3 * sun, p50=0.7 * sun, p90=sun, basis="x"
    )


def made(now_s: float = NOW_S, days: int = 40):
    steps, load = tiered_steps(now_s), learned(now_s, days)
    mean = load.forecast(now_s, steps).mean
    return steps, mean, make_scenarios(now_s, steps, load, mean, {"roof": sunny(steps)}, {}, ZONE)


@pytest.mark.parametrize("now_s", [NOW_S, SPRING_S, AUTUMN_S])
def test_scenarios_lie_around_the_forecast(now_s: float) -> None:
    steps, mean, found = made(now_s)
    assert len(found) == 14
    loads = np.stack([one.load_kw for one in found])
    suns = np.stack([one.pv_available_kw["roof"] for one in found])
    assert np.all(loads >= 0)
    np.testing.assert_allclose(loads.mean(axis=0), mean, atol=0.05)
    np.testing.assert_allclose(suns.mean(axis=0), sunny(steps).mean, atol=1e-9)
    assert loads.std(axis=0).mean() > 0.1
    assert np.all(suns[:, sunny(steps).p90 <= 0] == 0)


def test_an_error_of_the_past_is_what_was_measured_less_what_was_expected() -> None:
    """A day 1 kW above all others shows as that, in the stretch that holds it."""
    starts = np.arange(NOW_S - 30 * DAY_S, NOW_S, 900.0)
    kw = np.full(len(starts), 0.5)
    odd = local_day_and_second(starts, ZONE)[0] == local_day_and_second(np.array([NOW_S]), ZONE)[0][0] - 3
    kw[odd] += 1.0
    load = LoadForecaster(ZONE)
    load.learn(starts, kw)
    error = load.past_error(NOW_S, even_steps(NOW_S, 24, 60), 3)
    assert abs(error[0] - 1.0) < 0.02
    assert abs(error[-1]) < 0.35  # the day after expects some of it again
    assert np.all(np.isnan(load.past_error(NOW_S, even_steps(NOW_S, 24, 60), 40)))


@pytest.mark.parametrize("days", [0, 3])
def test_a_home_that_is_hardly_known_has_no_scenarios(days: int) -> None:
    """The plan then stands on the mean."""
    assert made(days=days)[2] == ()


def test_brighter_days_take_higher_places() -> None:
    steps = even_steps(NOW_S, 24, 60)
    today = int(local_day_and_second(np.array([NOW_S]), ZONE)[0][0])
    ranks = day_ranks(steps, np.array([2, 3]), {today - 3: 1.0, today - 2: 9.0, today - 1: 5.0}, ZONE)
    assert ranks[1, 0] == pytest.approx(0.5 / 3)
    assert ranks[0, 0] == pytest.approx(2.5 / 3)
    assert ranks[0, -1] == pytest.approx(1.5 / 3)  # the day after the oldest of both


def test_sun_by_rank_meets_the_band() -> None:
    """With ranks that spread evenly the mean needs no correction, and p10 is what rank 0.1 gives."""
    steps = even_steps(NOW_S, 4, 60)
    even = replace(
        sunny(steps), mean=np.full(4, 2.0), p10=np.full(4, 1.0), p50=np.full(4, 2.0), p90=np.full(4, 3.0)
    )
    drawn = sun_by_rank(even, np.array([[0.1], [0.5], [0.9]]) * np.ones(4))
    np.testing.assert_allclose(drawn[:, 0], [1.0, 2.0, 3.0])
