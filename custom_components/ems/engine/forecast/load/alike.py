"""Days like yesterday: what came after them may come again."""

from typing import Final

import numpy as np

from ...steps import Bools, Floats

# How fast days lose weight with distance and with age, what the other kind of day (working, weekend) counts, and
# the share that the last days have whatever they were like.
_STEEPNESS, _HALF_LIFE_DAYS, _OTHER_CLASS = 2.0, 30.0, 0.6
_RECENT_SHARE, _RECENT_DAYS = 0.05, 4.0
_BLOCKS: Final = 6
_FEWEST: Final = 3


def alike_weights(kw: Floats, same_class: Bools) -> Floats:
    """Return what each past day counts for the day that begins, shape (days,).

    A day is described by the day before it, in six blocks, and half as much by the one before that. The weight is
    exp(-2·distance / median distance) · 0.5^(age / 30 d).

    Parameters
    ----------
    kw : Past days, the newest last, shape (days, 24). [kW]
    same_class : Whether a day was of the same kind as the one that begins, shape (days,).
    """
    n = len(kw)
    age = np.arange(n, 0, -1.0)
    recent = np.asarray(_RECENT_SHARE * 0.5 ** (age / _RECENT_DAYS), dtype=np.float64)
    if n < _FEWEST:
        return recent
    blocks = kw.reshape(n, _BLOCKS, -1).mean(axis=2)
    before, before_that = np.arange(-1, n - 1).clip(0), np.arange(-2, n - 2).clip(0)
    squares = ((blocks[before] - blocks[-1]) ** 2).sum(axis=1)
    squares += 0.5 * ((blocks[before_that] - blocks[-2]) ** 2).sum(axis=1)
    distance = np.sqrt(squares / max(float(np.median(squares)), 1e-12))
    weight = np.exp(-_STEEPNESS * distance) * 0.5 ** (age / _HALF_LIFE_DAYS)
    weight = weight * np.where(same_class, 1.0, _OTHER_CLASS) + recent
    weight[0] = 0.0  # nothing is known of the day before it
    return np.asarray(weight, dtype=np.float64)
