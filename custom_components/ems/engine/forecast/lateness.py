"""Whether an installation's clock runs late: some loggers stamp the end of the interval, some sleep in winter time."""

from typing import Final

import numpy as np

from ..steps import Bools, Floats
from .features import shifted

CANDIDATES_H: Final = tuple(quarter / 4 for quarter in range(-4, 5))
# A clock is moved only for this much less squared error, and not before clouds have had time to even out.
WORTH: Final = 0.05
FEWEST_HOURS: Final = 100


def lateness_h(expected: Floats, measured: Floats, usable: Bools) -> float:
    """Return by how much measured power follows expected power, in quarters of an hour; 0 unless it is plain. [h].

    Both are hourly means, shape (n,). Each candidate is judged with the level that suits it best.
    """
    if usable.sum() < FEWEST_HOURS:
        return 0.0
    truth = measured[usable]
    errors = [_error(shifted(expected, late)[usable], truth) for late in CANDIDATES_H]
    best = int(np.argmin(errors))
    unmoved = errors[CANDIDATES_H.index(0.0)]
    return CANDIDATES_H[best] if errors[best] < (1 - WORTH) * unmoved else 0.0


def _error(power: Floats, truth: Floats) -> float:
    energy = float(power @ power)
    gain = float(power @ truth) / energy if energy > 0 else 0.0
    return float(np.sum((truth - gain * power) ** 2))
