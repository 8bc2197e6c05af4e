"""Past days that never were: by how much each missed its forecast, load and sun of the same day together.

A dull day brings less sun than expected from morning to evening and a little more light and heat in the house;
cookers and kettles come when they like. Every day is drawn whole, so that what belongs together stays together.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.homes import clear_sky_kw, clock_hours
from custom_components.ems.engine.problem import Problem, Scenario
from custom_components.ems.engine.steps import Floats, Steps, even_steps

_SEED: Final = 20260401
_MINUTES: Final = 5.0
_HOUR: Final = round(60 / _MINUTES)
_DAY: Final = 24 * _HOUR
# No home draws less: router, fridge, standby. [kW]
_LEAST_LOAD_KW: Final = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class PastDays:
    """Truth less forecast for the two days after each issue, shape (days, n)."""

    load_kw: Floats
    sun_share: Floats  # of the clear sky's power


def with_past_days(problem: Problem, days: int, *, risk_weight: float = 0.0) -> Problem:
    """Return a problem that may go as any of some past days went: its forecast plus that day's miss."""
    base = even_steps(float(problem.steps.edges_s[0]), float(problem.steps.hours.sum()), _MINUTES)
    past = past_days(days, base)
    scenarios = tuple(
        _scenario(problem, base, load, share)
        for load, share in zip(past.load_kw, past.sun_share, strict=True)
    )
    return replace(problem, scenarios=scenarios, site=replace(problem.site, risk_weight=risk_weight))


def past_days(days: int, base: Steps) -> PastDays:
    """Return some past days on even steps of five minutes. Their mean miss is zero: forecasts have no bias."""
    rng, n = np.random.default_rng(_SEED), len(base)
    sun = _day_by_day(rng, days, n, 0.16) + _wandering(rng, days, n, hours=1.5, spread=0.10)
    load = _day_by_day(rng, days, n, 0.08) + _wandering(rng, days, n, hours=1.0, spread=0.10)
    load = load + _events(rng, days, clock_hours(base)) - 0.25 * sun
    return PastDays(load_kw=load - load.mean(axis=0), sun_share=sun - sun.mean(axis=0))


def _scenario(problem: Problem, base: Steps, load_kw: Floats, sun_share: Floats) -> Scenario:
    steps = problem.steps
    load = problem.load_kw + steps.mean_of(base.starts_s, load_kw)
    most = clear_sky_kw(clock_hours(steps))
    sun = {
        id_: np.clip(kw + most * steps.mean_of(base.starts_s, sun_share), 0.0, most)
        for id_, kw in problem.pv_available_kw.items()
    }
    return Scenario(load_kw=np.maximum(load, _LEAST_LOAD_KW), pv_available_kw=sun)


def _day_by_day(rng: np.random.Generator, days: int, n: int, spread: float) -> Floats:
    """Return a miss that lasts all day, for each of a horizon's days; the second is missed by half as much more."""
    each = spread * rng.standard_normal((days, -(-n // _DAY))) * (1 + 0.5 * np.arange(-(-n // _DAY)))
    return np.repeat(each, _DAY, axis=1)[:, :n]


def _wandering(rng: np.random.Generator, days: int, n: int, *, hours: float, spread: float) -> Floats:
    """Return noise that forgets itself after some hours: white noise through an exponential memory."""
    memory = np.exp(-np.arange(6 * round(hours * _HOUR)) / (hours * _HOUR))
    memory *= spread / np.sqrt(np.sum(memory**2))
    white = rng.standard_normal((days, n + len(memory) - 1))
    return np.array([np.convolve(day, memory, mode="valid") for day in white])


def _events(rng: np.random.Generator, days: int, clock: Floats) -> Floats:
    """Return what people do: at noon and in the evening something of 1 to 3 kW runs for up to an hour."""
    total = np.zeros((days, len(clock)))
    for around in (12.5, 18.5, 36.5, 42.5):
        begins = around + rng.normal(0, 1.2, (days, 1))
        lasts, power = rng.uniform(0.3, 1.0, (days, 1)), rng.uniform(1.0, 3.0, (days, 1))
        happens = rng.random((days, 1)) < 0.7
        total += power * (happens & (clock >= begins) & (clock < begins + lasts))
    return total
