"""Dirt, a string that fails, a module that is cleaned: how far the last weeks lie from what was learned."""

from typing import Final

import numpy as np

from ..steps import Floats
from .correction import Fit

HALF_LIFE_DAYS: Final = 14.0
# Beside what two weeks of weather do by themselves: less than this many standard errors is no drift.
CALM_ERRORS: Final = 2.0
LEVEL_MIN, LEVEL_MAX = 0.3, 1.5
FEWEST_DAYS: Final = 5


def level(fit: Fit) -> float:
    """Return measured over expected energy of the last weeks, shrunk to 1 while chance explains it.

    1 + (r - 1) · max(0, 1 - (z·s/(r - 1))²) with r the ratio of daily energies and s its standard error
    (the positive-part shrinkage of James and Stein, with z for their constant).
    """
    index = fit.day - fit.day[0]
    expected, error = (
        np.bincount(index, power).astype(np.float64) for power in (fit.measured - fit.residual, fit.residual)
    )
    age = float(fit.age_days[-1]) + (index[-1] - np.arange(len(expected)))
    weight = 0.5 ** (age / HALF_LIFE_DAYS) * (expected > 0)
    if weight.sum() < FEWEST_DAYS * 0.5:
        return 1.0
    return _shrunk(weight, expected, error)


def _shrunk(weight: Floats, expected: Floats, error: Floats) -> float:
    total = float(weight @ expected)
    if total <= 0:
        return 1.0
    off = float(weight @ error) / total
    spread = float(np.sqrt(np.sum((weight * (error - off * expected)) ** 2))) / total
    kept = max(0.0, 1 - (CALM_ERRORS * spread / off) ** 2) if off else 0.0
    return float(np.clip(1 + off * kept, LEVEL_MIN, LEVEL_MAX))
