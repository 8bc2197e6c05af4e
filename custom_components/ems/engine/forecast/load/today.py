"""What the hours that are over today say about those to come."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...local_time import HOUR_S
from ...steps import Floats

# What is left, so many hours later, of today's distance from the morning's forecast: of that of the last hour, of
# the mean of the three before it, and of the mean of the day so far. `python -m benchmarks.pretrain` derives it.
_LAST_HOUR: Final = (0.39, 0.17, 0.10, 0.06, 0.04, 0.03, 0.02, 0.01, 0.00, 0.00, 0.01, 0.02, 0.02)
_HOURS_BEFORE: Final = (0.04, 0.05, 0.03, 0.02, 0.01, 0.00, 0.00, 0.01, 0.02, 0.03, 0.04, 0.03, 0.03)
_SO_FAR: Final = (0.11, 0.13, 0.13, 0.13, 0.13, 0.13, 0.13, 0.13, 0.13, 0.12, 0.11, 0.09, 0.08)
BEFORE_H: Final = 3
REACH_H: Final = len(_LAST_HOUR)


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """How today went so far beside its forecast. [kW].

    Attributes
    ----------
    until_s : The end of what is known. [s]
    last, before, so_far : Mean distance in the last hour, in the three before it, and in the whole day so far.
    """

    until_s: float
    last: float
    before: float
    so_far: float

    @classmethod
    def of(cls, starts_s: Floats, error_kw: Floats, width_s: float) -> Deviation | None:
        """Return the deviation of today's known intervals; None where there is none."""
        if not len(starts_s):
            return None
        until_s = float(starts_s[-1]) + width_s
        age_h = (until_s - width_s / 2 - starts_s) / HOUR_S
        last, before = age_h < 1, (age_h >= 1) & (age_h < 1 + BEFORE_H)
        return cls(
            until_s=until_s,
            last=float(error_kw[last].mean()),
            before=float(error_kw[before].mean()) if before.any() else 0.0,
            so_far=float(error_kw.mean()),
        )

    def left(self, middles_s: Floats) -> Floats:
        """Return what is left of it at some instants after it, same shape. [kW]."""
        lead_h = (middles_s - self.until_s) / HOUR_S
        hours = np.arange(REACH_H) + 0.5
        parts = ((_LAST_HOUR, self.last), (_HOURS_BEFORE, self.before), (_SO_FAR, self.so_far))
        left = sum(amount * np.interp(lead_h, hours, share, right=0.0) for share, amount in parts)
        return np.where(lead_h > 0, left, 0.0)
