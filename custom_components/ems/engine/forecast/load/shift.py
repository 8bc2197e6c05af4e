"""Notice that a home has changed its level for good: a new tenant, a heat pump, a baby."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from ...steps import Floats

# A day counts for as many usual deviations, at most four, as it lies beyond one and a half: ten days in a row at
# least, or every holiday would be a change for good. Alarms at 8 to 14 made homes 1 % worse on squared errors.
_ALLOWANCE, _LIMIT = 1.5, 4.0
_ALARM: Final = 25.0
# The usual is that of the days before the last ones, which may belong to the change already.
_USUAL_DAYS, _LAST_DAYS, _FEWEST_DAYS = 28, 7, 21
WATCHED_DAYS: Final = _USUAL_DAYS + _LAST_DAYS
_LEAST_SHARE: Final = 0.02
_LEAST_KW: Final = 1e-6


@dataclass(frozen=True)
class LevelWatch:
    """Cumulative sums of how far days lie above and below the usual.

        S ← max(0, S + min(z, 4) - 3/2);  S ≥ 25 is a change, which began when S last was 0

    E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954.

    Attributes
    ----------
    changed_days : How many days ago the change began that was noticed just now; 0 on all other days.
    """

    up: float = 0.0
    down: float = 0.0
    up_days: int = 0
    down_days: int = 0
    changed_days: int = 0

    def seen(self, totals_kw: Floats) -> Self:
        """Return the watch after the newest of some days' means, oldest first, at most `WATCHED_DAYS`. [kW]."""
        if len(totals_kw) < _FEWEST_DAYS:
            return self
        z = _standardised(totals_kw)
        up, down = (max(0.0, s + min(far, _LIMIT) - _ALLOWANCE) for s, far in ((self.up, z), (self.down, -z)))
        up_days, down_days = (self.up_days + 1) * (up > 0), (self.down_days + 1) * (down > 0)
        if up >= _ALARM or down >= _ALARM:
            return type(self)(changed_days=up_days if up >= _ALARM else down_days)
        return type(self)(up, down, up_days, down_days)


def _standardised(totals_kw: Floats) -> float:
    """Return the newest day's distance from the usual, in usual deviations; median and 1.48 · MAD."""
    usual = totals_kw[:-_LAST_DAYS]
    level = float(np.median(usual))
    deviation = 1.4826 * float(np.median(np.abs(usual - level)))
    return (float(totals_kw[-1]) - level) / max(deviation, _LEAST_SHARE * level, _LEAST_KW)
