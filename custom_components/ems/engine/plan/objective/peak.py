"""The peak: the highest mean import of any interval that counts."""

from collections.abc import Callable

import numpy as np

from ...problem import Problem
from ...steps import Floats
from ..components.component import Flow, Horizon
from ..intervals import intervals_of
from ..program import Ints, Program, Term

ROWS = "grid.peak.above"


class Peak:
    """How far the highest mean rises above what the period has already seen, one variable per future.

        so_far + rise ≥ (drawn + Σ h[k]·i[k]) / H      for each interval, over its steps k
        cost = price·rise

    Intervals are the network's where it has a demand charge (`intervals.py`). Without one each step is its own:
    within a quarter of an hour the program would be free to draw early and save late, and without a meter for
    it the next plan, five minutes on, would not know what was drawn.
    """

    def __init__(
        self, program: Program, imports: Flow, horizon: Horizon, problem: Problem, price_per_kw: float
    ) -> None:
        """Add the peak of all imports to a program."""
        intervals, tree = intervals_of(problem), horizon.tree
        self._n, count = horizon.n, len(intervals.hours)
        nodes, future = tree.paths(np.arange(horizon.n))
        which = intervals.of_step[tree.step[nodes]]
        nodes, future, which = (part[which >= 0] for part in (nodes, future, which))
        rows, row = np.unique(future * count + which, return_inverse=True)
        self._nodes, self._row, self._length = nodes, row, intervals.hours[which]
        share = horizon.hours[nodes] / self._length
        at, cost = rows % max(count, 1), price_per_kw * tree.probability
        rise = program.variables("grid.peak.rise", tree.n_scenarios, cost=cost)
        free = problem.peak.so_far_kw - intervals.drawn_kwh[at] / intervals.hours[at]
        above = Term(rise[rows // max(count, 1)], -1.0)
        program.rows(ROWS, -np.inf, free, *_drawn_by(imports, nodes, share, row), above)

    def per_kwh(self, dual_of: Callable[[str], Floats]) -> tuple[Floats, Floats]:
        """Return what a kWh imported adds to the peak's cost, and one exported takes off, shape (n,).

        [currency/kWh].
        """
        added = np.bincount(self._nodes, -dual_of(ROWS)[self._row] / self._length, self._n)
        return added.astype(np.float64), np.zeros(self._n)


def _drawn_by(imports: Flow, nodes: np.ndarray, share: Floats, row: np.ndarray) -> list[Term]:
    """Return imports in some nodes times their share of an interval; the same node may count in many rows."""
    place = np.full(len(imports.columns), -1)
    place[imports.extra_steps] = np.arange(len(imports.extra))
    extra: Ints = place[nodes]
    over = np.flatnonzero(extra >= 0)
    return [
        Term(imports.columns[nodes], share, row),
        Term(imports.extra[extra[over]], share[over], row[over]),
    ]
