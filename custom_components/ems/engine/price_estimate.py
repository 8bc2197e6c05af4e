"""What hours nobody has published yet will cost: the shape of such a day, at the level of the last days.

    price[t] = level(day of t) + shape[class of that day, quarter of the local clock]

Workdays, Saturdays and Sundays have shapes of their own, because industry makes a workday dear and not a
Sunday. The level is what the last days say, each freed from what its class adds. Constants are from walk-forward
over Austria 2018–2020 and 2022–2023, a calm and a wild time: both liked the same ones. Belgium and the
quarter-hours of 2025/26 were only tried on; docs/tariffs.md has the errors.
"""

from datetime import tzinfo
from typing import Final

import numpy as np

from .local_time import DAY_S, Ints, local_day_and_second, weekday_of
from .steps import Floats

QUARTER_S: Final = 900
SLOTS: Final = DAY_S // QUARTER_S
CLASSES: Final = 3  # workday, Saturday, Sunday
# A shape changes with the season, a level with the wind.
SHAPE_HALVES_DAYS: Final = 7.0
LEVEL_HALVES_DAYS: Final = 1.0
# Other classes of day say little, but all there is where one has not been seen yet.
OTHER_CLASS: Final = 0.05
# The rest of the level is the long mean: tomorrow is a little more usual than today.
LEVEL_TRUST: Final = 0.9
# A day counts for the shape when nearly all of it is known; else its mean is of the known hours alone.
WHOLE_DAY: Final = 0.85
# What a class adds is believed by half after two such days.
CLASS_DOUBT: Final = 2.0


def estimate(prices: Floats, starts_s: Floats, at_s: Floats, zone: tzinfo) -> Floats:
    """Return what it will cost at some instants, never beyond what was seen. [currency/kWh], shape (n,).

    Parameters
    ----------
    prices : Published prices of quarter-hours, at least one, shape (m,). [currency/kWh]
    starts_s : When those begin, shape (m,). [s since epoch, UTC]
    at_s : Shape (n,). [s since epoch, UTC]
    zone : The local clock that people live by.
    """
    days, table = _table(prices, starts_s, zone)
    kinds = _class_of(days)
    shapes = _shapes(days, table, kinds)
    levels = np.nanmean(table - shapes[kinds], axis=1)
    added = _added(levels, kinds)
    day, second = local_day_and_second(at_s, zone)
    kind = _class_of(day)
    level = _level(day, days, levels - added[kinds]) + added[kind]
    return np.clip(level + shapes[kind, second // QUARTER_S], prices.min(), prices.max())


def _class_of(day: Ints) -> Ints:
    """Return 0 for workdays, 1 for Saturdays, 2 for Sundays."""
    return np.maximum(weekday_of(day) - 4, 0)


def _table(prices: Floats, starts_s: Floats, zone: tzinfo) -> tuple[Ints, Floats]:
    """Return the days that are known and their prices, shape (d, 96); NaN where nobody knows.

    The doubled hour of autumn is the mean of its two.
    """
    day, second = local_day_and_second(starts_s, zone)
    days, row = np.unique(day, return_inverse=True)
    cell = row * SLOTS + second // QUARTER_S
    count = np.bincount(cell, minlength=len(days) * SLOTS)
    total = np.bincount(cell, weights=prices, minlength=len(days) * SLOTS)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return days, mean.reshape(len(days), SLOTS)


def _shapes(days: Ints, table: Floats, kinds: Ints) -> Floats:
    """Return each class's deviation from its day's mean, shape (3, 96); 0 in quarters that were never seen."""
    known = np.isfinite(table)
    whole = known.mean(axis=1) >= WHOLE_DAY
    use = whole if whole.any() else np.ones(len(days), dtype=bool)
    deviation = np.where(known, table - np.nanmean(table, axis=1, keepdims=True), 0.0)
    is_same = kinds == np.arange(CLASSES)[:, np.newaxis]
    weight = np.where(is_same, 1.0, OTHER_CLASS) * 0.5 ** ((days[-1] - days) / SHAPE_HALVES_DAYS) * use
    seen = weight @ known
    return np.where(seen > 0, weight @ deviation / np.where(seen > 0, seen, 1.0), 0.0)


def _added(levels: Floats, kinds: Ints) -> Floats:
    """Return what each class of day adds to the level, shape (3,)."""
    count = np.bincount(kinds, minlength=CLASSES)
    total = np.bincount(kinds, weights=levels - levels.mean(), minlength=CLASSES)
    return np.asarray(total / (count + CLASS_DOUBT))


def _level(day: Ints, days: Ints, levels: Floats) -> Floats:
    """Return the level of a day, from the days around it, shape (n,)."""
    age = np.abs(day[:, np.newaxis] - days)
    weight = 0.5 ** ((age - age.min(axis=1, keepdims=True)) / LEVEL_HALVES_DAYS)
    near = (weight @ levels) / weight.sum(axis=1)
    return np.asarray(LEVEL_TRUST * near + (1 - LEVEL_TRUST) * levels.mean())
