"""How much colder or hotter a day is than the days before it."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np

from .past import BASE_DAYS

# Degrees that count: heating below the first, cooling above the second. The unit is such that a change of weather
# is about as large as the other columns, and can be learned within weeks. [°C], [°C], [K]
HEATING_C, COOLING_C, _PER_K = 15.0, 21.0, 2.0
_REACH_DAYS: Final = 30


def degrees(outdoor_c: float) -> tuple[float, float]:
    """Return heating and cooling degrees of a day, in units of two kelvin."""
    return max(HEATING_C - outdoor_c, 0.0) / _PER_K, max(outdoor_c - COOLING_C, 0.0) / _PER_K


class Warmth:
    """Mean outdoor temperatures of local days."""

    def __init__(self, outdoor_c: dict[int, float] | None = None) -> None:
        self._outdoor_c = outdoor_c or {}

    def copy(self) -> Self:
        """Return one that can be told of other days."""
        return type(self)(dict(self._outdoor_c))

    def known(self, day: int, outdoor_c: float | None) -> None:
        """Take in the mean temperature of a day, if there is one. [°C]."""
        if outdoor_c is not None:
            self._outdoor_c[day] = outdoor_c

    def beside(self, day: int, past_days: Sequence[int]) -> tuple[float, float]:
        """Return the degrees of a day less those of the past days, which count half after five of them.

        (0, 0) where either is unknown: then the day is like the days before it.
        """
        if day not in self._outdoor_c:
            return 0.0, 0.0
        recent = past_days[-_REACH_DAYS:]
        known = [
            (age, self._outdoor_c[past])
            for age, past in enumerate(reversed(recent))
            if past in self._outdoor_c
        ]
        if not known:
            return 0.0, 0.0
        weights = [0.5 ** (age / BASE_DAYS) for age, _ in known]
        usual = np.average([degrees(outdoor_c) for _, outdoor_c in known], axis=0, weights=weights)
        heating, cooling = np.array(degrees(self._outdoor_c[day])) - usual
        return float(heating), float(cooling)
