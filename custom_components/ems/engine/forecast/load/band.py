"""A band that corrects itself by its own hits."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from ...steps import Floats
from .days import HOURS
from .quantiles import smoothed

# Of each side's days that may lie outside.
_OUTSIDE: Final = 0.1
# A day moves the edge by this much of a spread; half of that has the same pinball loss, twice as much widens it.
_RATE: Final = 0.05
_SHARE: Final = 0.25
_LOWEST, _HIGHEST = -1.1, 1.5
# What fits of the quantiles count beside the quantiles of the slot, once there are days to fit.
FIT_SHARE, FIT_DAYS = 0.6, 40.0


@dataclass(frozen=True, eq=False)
class BandOffsets:
    """Offsets of a band's edges per hour, learned one day at a time (adaptive conformal inference).

        edge = quantile + offset·unit,   offset ← offset ± 0.05·(missed - 0.1)

    I. Gibbs, E. Candès, "Adaptive conformal inference under distribution shift", NeurIPS 2021. The unit of the
    upper edge is the spread of the home's days; that of the lower is the smaller of it and the quantile itself,
    because nothing is below zero.

    Attributes
    ----------
    low, high : Shape (24,).
    """

    low: Floats
    high: Floats

    @classmethod
    def new(cls) -> Self:
        """Return offsets of nothing."""
        return cls(np.zeros(HOURS), np.zeros(HOURS))

    def applied(self, low_kw: Floats, high_kw: Floats, unit_kw: float) -> tuple[Floats, Floats]:
        """Return the corrected edges, shape (24,) each. [kW]."""
        low = low_kw + self.low * np.minimum(unit_kw, low_kw)
        return np.maximum(low, 0.0), np.maximum(high_kw + self.high * unit_kw, 0.0)

    def seen(self, kw: Floats, low_kw: Floats, high_kw: Floats) -> Self:
        """Return the offsets after a day whose published edges are known; NaN in `kw` teaches nothing."""
        known = np.isfinite(kw)
        low = np.where(known, _OUTSIDE - (kw < low_kw), 0.0)
        high = np.where(known, (kw > high_kw) - _OUTSIDE, 0.0)
        steps = [_RATE * smoothed(smoothed(step, _SHARE), _SHARE) for step in (low, high)]
        return type(self)(np.clip(self.low + steps[0], _LOWEST, _HIGHEST), self.high + steps[1])
