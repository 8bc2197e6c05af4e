"""What a regression looks at: differences from a recent base, one row per hour."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...steps import Floats
from .days import HOURS
from .past import MEAN_DAYS, SATURDAY, Morning, Past
from .quantiles import smoothed

type Rows = NDArray[np.float32]

LAGS: Final = (1, 2, 3, 7, 14)
_SMOOTH_LAGS: Final = (1, 7)
_COLUMN_MEANS: Final = tuple(MEAN_DAYS.index(days) for days in (3.0, 7.0, 21.0, 60.0))
# Six blocks of four hours: what a whole day says matters differently at night and in the evening.
_BLOCKS: Final = np.kron(np.eye(6), np.ones(4))
_EVENING: Final = 3
_YEAR_DAYS: Final = 365.25
# A day is told in units of the home's level; what is further out is an accident that must not move a line.
LIMIT: Final = 6.0


def columns_of(past: Past, morning: Morning, warmth: tuple[float, float]) -> Rows:
    """Return the design rows of the day that begins, shape (24, columns), in units of the home's level.

    warmth : Heating and cooling degrees beside those of the days before (`Warmth.beside`).
    """
    slots = [np.asarray(column) - morning.base for column in _slots(past, morning)]
    slots.append(morning.spread)
    blocks = [amount * block for amount in _amounts(past, morning, warmth) for block in _BLOCKS]
    unit = np.full(HOURS, float(morning.spread.mean()))
    rows = np.stack([*slots, *blocks, unit], axis=-1) / morning.slow_kw
    return np.clip(rows, -LIMIT, LIMIT).astype(np.float32)


def _lag(past: Past, days: int, morning: Morning) -> Floats:
    return past.filled[-days] if days <= len(past) else morning.base


def _slots(past: Past, morning: Morning) -> list[Floats]:
    return [
        *(_lag(past, days, morning) for days in LAGS),
        *(smoothed(_lag(past, days, morning), 1 / 3) for days in _SMOOTH_LAGS),
        *(morning.means[row] for row in _COLUMN_MEANS),
        morning.weekday_mean,
        morning.class_mean,
        *morning.slow_band,
        morning.alike_mean,
        morning.alike_median,
        morning.fast_median,
        morning.band[2],
    ]


def _amounts(past: Past, morning: Morning, warmth: tuple[float, float]) -> list[float]:
    """Return what is known of the day as a whole. [kW]."""
    slow = morning.slow_kw
    totals = [float(_lag(past, days, morning).mean()) for days in range(1, 8)]
    evening = (_lag(past, 1, morning) - morning.base)[-_EVENING:]
    # What tells a day from others may not move a home whose days are all alike: hence in units of its spread.
    unit = float(morning.spread.mean())
    year = 2 * np.pi * morning.day / _YEAR_DAYS
    return [
        totals[0] - slow,
        float(np.mean(totals[:3])) - slow,
        float(np.mean(totals)) - slow,
        totals[6] - slow,
        float(evening.mean()),
        float(evening[-1]),
        unit * (morning.weekday >= SATURDAY),
        unit * np.sin(year),
        unit * np.cos(year),
        *(unit * warm for warm in warmth),
    ]
