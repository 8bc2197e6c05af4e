"""Whether an installation's clock runs late: some loggers stamp the end of the interval, some sleep in winter time."""

from typing import Final

import numpy as np

from ..steps import Bools, Floats
from .features import shifted

CANDIDATES_H: Final = tuple(quarter / 4 for quarter in range(-4, 5))
# A clock is moved only for this much less squared error, and not before clouds have had time to even out.
WORTH: Final = 0.05
FEWEST_HOURS: Final = 100


def lateness_h(expected: Floats, clear: Floats, measured: Floats, usable: Bools) -> float:
    """Return by how much measured power follows expected power, in quarters of an hour; 0 unless it is plain. [h].

    All are hourly means, shape (n,). Each candidate is judged with the level that suits it best, on mornings and on
    afternoons apart: both have to agree, because a tree in the east makes mornings late and a clock the whole day.
    """
    if usable.sum() < FEWEST_HOURS:
        return 0.0
    rising = shifted(clear, -1) > shifted(clear, 1)
    errors = np.array(
        [
            [_error(shifted(expected, late), measured, usable & half) for late in CANDIDATES_H]
            for half in (rising, ~rising)
        ]
    )
    unmoved = errors[:, CANDIDATES_H.index(0.0)]
    best = int(np.argmin(errors.sum(axis=0)))
    plain = errors[:, best].sum() < (1 - WORTH) * unmoved.sum() and np.all(errors[:, best] < unmoved)
    return CANDIDATES_H[best] if plain else 0.0


def _error(power: Floats, measured: Floats, hours: Bools) -> float:
    power, truth = power[hours], measured[hours]
    energy = float(power @ power)
    gain = float(power @ truth) / energy if energy > 0 else 0.0
    return float(np.sum((truth - gain * power) ** 2))
