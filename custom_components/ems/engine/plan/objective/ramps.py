"""Ramps: how much the grid's power changes from one step to the next."""

from collections.abc import Callable, Iterable

import numpy as np

from ...steps import Floats
from ..components import GridModel, PvModel
from ..components.component import Horizon
from ..program import Program, Term

ROWS = "grid.ramp.change"


class Ramps:
    """Every change of grid power, up or down, priced per kW.

        g°[k] - g°[k-1] = up[k] - down[k]       g° = g - Σ (available - pv)       cost = Σ price·(up + down)

    g° is the grid's power as if nothing were curtailed: holding sunshine back would make any line straight.
    """

    def __init__(
        self,
        program: Program,
        grid: GridModel,
        pvs: Iterable[PvModel],
        horizon: Horizon,
        price_per_kw: float,
    ) -> None:
        """Add the changes between a horizon's steps to a program."""
        arrays = list(pvs)
        self._hours, n = horizon.hours, horizon.n
        up, down = (program.variables(f"grid.ramp.{way}", n - 1, cost=price_per_kw) for way in ("up", "down"))
        flows = [*grid.into_bus(), *(term for pv in arrays for term in pv.into_bus())]
        change = np.diff(sum((pv.available_kw for pv in arrays), np.zeros(n)))
        terms = [part for term in flows for part in _changes(term, n)]
        program.rows(ROWS, change, change, *terms, Term(up, -1.0), Term(down, 1.0))

    def per_kwh(self, dual_of: Callable[[str], Floats]) -> tuple[Floats, Floats]:
        """Return what a kWh imported adds to the ramps' cost, and one exported takes off, shape (n,).

        [currency/kWh].
        """
        dual = np.concatenate([[0.0], dual_of(ROWS), [0.0]])
        both = np.diff(dual) / self._hours
        return both, both


def _changes(term: Term, n: int) -> list[Term]:
    """Return a term per step as its change: with its sign in its own row, against it in the next."""
    steps = np.arange(n) if term.rows is None else np.asarray(term.rows)
    size = np.broadcast_to(np.asarray(term.coefficients, dtype=np.float64), steps.shape)
    own, following = steps > 0, steps < n - 1
    return [
        Term(term.columns[own], size[own], steps[own] - 1),
        Term(term.columns[following], -size[following], steps[following]),
    ]
