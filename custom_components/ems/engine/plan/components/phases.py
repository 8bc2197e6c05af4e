"""The fuses of a connection, one per phase."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...checks import PHASES
from ...site import Grid
from ...steps import Floats
from ..program import Ints, Program, Term
from ..result import Slack
from .component import Choice, Horizon, slack_over

type Shares = tuple[float, ...]


class Branch(NamedTuple):
    """What flows into the bus on some phases: terms, rows being nodes, and how much of them is on each phase."""

    terms: Sequence[Term]
    shares: Shares


def spread(phases: Iterable[int], grid: Grid) -> Shares:
    """Return how a device's power is spread over the phases of a connection: evenly over those it hangs on.

    A device that says nothing hangs on all. One on a phase that the connection does not have cannot be.
    """
    there = [phase for phase in phases if phase <= grid.phases] or range(1, grid.phases + 1)
    return tuple((phase in there) / len(there) for phase in PHASES[: grid.phases])


def first_of(first: int, count: int) -> tuple[int, ...]:
    """Return the phases of a device on `count` of them in a row, from its first one on."""
    return tuple(sorted((first - 1 + i) % len(PHASES) + 1 for i in range(count)))


def load_shares(shares: Sequence[float], grid: Grid) -> Shares:
    """Return how the load is spread over the phases; evenly where nobody says."""
    total = sum(shares)
    return tuple(share / total for share in shares) if total > 0 else spread((), grid)


class PhaseLimits:
    """Net power on every phase, within what its fuse carries in either direction.

        f_φ[k] - Σ_devices s_φ·(into the bus) ≤ fuse_φ + over_φ[k]
        f_φ[k] - Σ_devices s_φ·(into the bus) ≥ -fuse_φ - over_φ[k]        over_φ ≥ 0
        cost = Σ h·phases·limit·over_φ

    A kWh too much on one phase may be a third of what a device on all three gets, so that it has to be dearer than
    three of those are worth.

    f_φ is the load on phase φ less production that cannot be curtailed; s_φ the share of a device's power that is on
    it. Written only where the devices could get that far.
    """

    id = "phases"

    def __init__(
        self,
        program: Program,
        grid: Grid,
        horizon: Horizon,
        fixed_kw: Sequence[Floats],
        branches: Sequence[Branch],
    ) -> None:
        """Hold every phase to its fuse.

        fixed_kw : f_φ, one series per phase, shape (n,) each. [kW]
        """
        self._horizon, self._program, self._fuse_kw = horizon, program, grid.phase_max_kw
        self._price_per_kwh = grid.phases * horizon.penalties.limit
        self._rows: list[tuple[str, NDArray[np.intp]]] = []
        self._over: list[tuple[NDArray[np.intp], Ints]] = []
        for phase, fixed in enumerate(fixed_kw):
            parts = [
                Term(term.columns, -np.asarray(term.coefficients) * branch.shares[phase], term.rows)
                for branch in branches
                if branch.shares[phase]
                for term in branch.terms
            ]
            self._over.append(self._add(f"{self.id}.L{phase + 1}", fixed, parts))

    def _add(self, name: str, fixed: Floats, parts: list[Term]) -> tuple[NDArray[np.intp], Ints]:
        horizon, program, fuse, price = self._horizon, self._program, self._fuse_kw, self._price_per_kwh
        least, most = program.reach(parts, horizon.n)
        within = np.full(horizon.n, fuse)
        drawn, given = np.flatnonzero(fixed + most > fuse), np.flatnonzero(fixed + least < -fuse)
        nodes = np.union1d(drawn, given)
        over = program.variables(f"{name}.over", len(nodes), cost=(horizon.counted_h * price)[nodes])
        at = np.full(horizon.n, -1)
        at[nodes] = np.arange(len(nodes))
        for label, rows, sign in (("import", drawn, -1.0), ("export", given, 1.0)):
            kept = [term.only(rows, horizon.n) for term in parts]
            slack = Term(over[at[rows]], sign)
            bounds = (-np.inf, (within - fixed)[rows]) if sign < 0 else ((-within - fixed)[rows], np.inf)
            program.rows(f"{name}.{label}", *bounds, *kept, slack)
            self._rows.append((f"{name}.{label}", rows))
        return nodes, over

    def relief(self, dual_of: Callable[[str], Floats]) -> Floats:
        """Return what a kWh more through the dearest fuse would save in each node, shape (n,). [currency/kWh]."""
        worth = np.zeros(self._horizon.n)
        for name, nodes in self._rows:
            worth[nodes] = np.maximum(worth[nodes], np.abs(dual_of(name)))
        return worth / self._horizon.counted_h

    def into_bus(self) -> list[Term]:
        """Return nothing: a fuse carries what others draw and give."""
        return []

    def choices(self) -> Sequence[Choice]:
        """Return nothing."""
        return []

    def slacks(self, x: Floats) -> list[Slack]:
        """Return which phases carry more than they may."""
        found = []
        for phase, (nodes, over) in enumerate(self._over, start=1):
            amounts = np.zeros(self._horizon.n)
            amounts[nodes] = x[over]
            cost = self._price_per_kwh * float(amounts @ self._horizon.counted_h)
            most = float(amounts.max())
            found += slack_over(amounts, "phase_limit", f"L{phase}", amount=most, unit="kW", cost=cost)
        return found
