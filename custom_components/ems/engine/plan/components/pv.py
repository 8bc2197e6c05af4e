"""A PV array that can be held below what the sun offers."""

from collections.abc import Sequence

import numpy as np

from ...site import PvArray
from ...steps import Floats
from ..penalties import TIE_PER_KWH
from ..program import Program, Term
from ..result import Slack
from .component import Choice, Horizon


class PvModel:
    """Production p of an array, at most what is available.

        min(0, a[k]) ≤ p[k] ≤ a[k]

    An array that cannot be curtailed is no variable but a part of the fixed load (`net_of_what_cannot_move`).
    An inverter that draws a few watts at night has a[k] < 0, and then p = a.

    Behind a hybrid inverter, p is on its DC side and may not fall below what the inverter takes (`least_kw`);
    what the home sees of it is `at_home`·p.
    """

    def __init__(
        self,
        program: Program,
        spec: PvArray,
        horizon: Horizon,
        available_kw: Floats,
        *,
        least_kw: Floats | None = None,
        at_home: float = 1.0,
    ) -> None:
        """Add an array to a program."""
        self.id, self.curtailable = spec.id, spec.curtailable
        self.upper_kw, self._at_home = available_kw, at_home
        self.available_kw = at_home * available_kw
        # Worth a little more than the tie-breaker on exports, so that at a price of exactly 0 the sun is let
        # in, and falling with time, so that what must be curtailed is curtailed late, when the forecast may
        # have changed.
        keep = horizon.counted_h * (2 * TIE_PER_KWH - horizon.later)
        self.power = program.variables(
            f"pv.{spec.id}.power",
            horizon.n,
            lower=np.minimum(available_kw, 0) if least_kw is None else least_kw,
            upper=available_kw,
            cost=-keep,
        )

    def into_bus(self) -> list[Term]:
        """Return production, as the home sees it."""
        return [Term(self.power, self._at_home)]

    def choices(self) -> Sequence[Choice]:
        """Return nothing: production has no yes or no."""
        return []

    def slacks(self, _x: Floats) -> list[Slack]:
        """Return nothing: an array has no wishes."""
        return []
