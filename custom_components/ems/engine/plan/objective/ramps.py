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
        self._hours, tree = horizon.hours, horizon.tree
        after = tree.followers
        cost = price_per_kw * tree.share[after]
        up, down = (program.variables(f"grid.ramp.{way}", len(after), cost=cost) for way in ("up", "down"))
        flows = [*grid.into_bus(), *(term for pv in arrays for term in pv.into_bus())]
        sun = sum((pv.available_kw for pv in arrays), np.zeros(horizon.n))
        change = sun[after] - sun[tree.parent[after]]
        terms = [part for term in flows for part in _changes(term, horizon)]
        program.rows(ROWS, change, change, *terms, Term(up, -1.0), Term(down, 1.0))

    def per_kwh(self, dual_of: Callable[[str], Floats]) -> tuple[Floats, Floats]:
        """Return what a kWh imported adds to the ramps' cost, and one exported takes off, shape (n,).

        [currency/kWh].
        """
        dual = np.concatenate([[0.0], dual_of(ROWS), [0.0]])
        both = np.diff(dual) / self._hours
        return both, both


def _changes(term: Term, horizon: Horizon) -> list[Term]:
    """Return a term per step as its change: with its sign in its own row, against it where it comes before."""
    steps = np.arange(horizon.n) if term.rows is None else np.asarray(term.rows)
    size = np.broadcast_to(np.asarray(term.coefficients, dtype=np.float64), steps.shape)
    place = np.full(horizon.n, -1)
    place[steps] = np.arange(len(steps))
    after = horizon.tree.followers
    own, before = place[after], place[horizon.tree.parent[after]]
    here, there = np.flatnonzero(own >= 0), np.flatnonzero(before >= 0)
    return [
        Term(term.columns[own[here]], size[own[here]], here),
        Term(term.columns[before[there]], -size[before[there]], there),
    ]
