"""The peak: the highest import of any step."""

from collections.abc import Callable

import numpy as np

from ...steps import Floats
from ..components.component import Flow, Horizon
from ..program import Program, Term

ROWS = "grid.peak.above"


class Peak:
    """One variable above all imports of a future, priced per kW.

        P ≥ i[k]        cost = price·P

    Per step, not per quarter-hour as networks measure it: within a quarter-hour the program would be free to
    draw early and save late, and the next plan, five minutes on, does not know what was drawn.
    """

    def __init__(self, program: Program, imports: Flow, horizon: Horizon, price_per_kw: float) -> None:
        """Add the peak of all imports to a program."""
        self._hours, tree = horizon.hours, horizon.tree
        peak = program.variables("grid.peak", tree.n_scenarios, cost=price_per_kw * tree.probability)
        nodes, future = tree.paths(np.arange(horizon.n))
        none = np.zeros(len(nodes))
        program.rows(ROWS, -np.inf, none, *imports.terms_at(nodes), Term(peak[future], -1.0))

    def per_kwh(self, dual_of: Callable[[str], Floats]) -> tuple[Floats, Floats]:
        """Return what a kWh imported adds to the peak's cost, and one exported takes off, shape (n,).

        [currency/kWh].
        """
        return -dual_of(ROWS) / self._hours, np.zeros_like(self._hours)
