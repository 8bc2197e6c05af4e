"""Import or export, said so tightly that little is left to search."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import override

import numpy as np
from numpy.typing import NDArray

from ...steps import Floats
from ..program import Program, Term
from .direction import Decided, Direction


@dataclass(eq=False)
class Connection(Direction):
    """The direction of the connection; what flows while it imports is told from what flows while it exports.

        Σ f_j[k] + i[k] - x[k] = fixed[k]                 the home bus
        i[k] + Σ s_j[k] = fixed[k]·z[k]                   s_j: the part of f_j while importing
        least_j·z ≤ s_j ≤ most_j·z                        least_j·(1 - z) ≤ f_j - s_j ≤ most_j·(1 - z)

    For a whole z this is what `Direction` says already. For a z between it is the convex hull of both ways (the
    disjunctive formulation), while big-M rows alone let a home import more than it uses: at negative import
    prices they leave a gap ten times as wide, and most of the search was to close it.

    References
    ----------
    E. Balas, "Disjunctive programming: properties of the convex hull of feasible points", Discrete Applied
    Mathematics 89, 1998.
    """

    fixed_kw: Floats = field(default_factory=lambda: np.zeros(0))
    _flows: Sequence[Term] = field(default=(), init=False)

    def beside(self, flows: Sequence[Term], fixed_kw: Floats) -> None:
        """Name what else is on the home bus: flows into it, and what it needs in any case, shape (n,). [kW]."""
        self._flows, self.fixed_kw = flows, fixed_kw

    @override
    def decide(self, program: Program, steps: NDArray[np.intp]) -> Decided:
        """Add z, its rows, and the shares."""
        name, z = decided = super().decide(program, steps)
        n = len(self.fixed_kw)
        flows = [flow.only(steps, n) for flow in self._flows]
        if not all(np.isfinite(program.reach([flow], len(steps))).all() for flow in flows):
            return decided  # nothing is known of a flow without an end
        shares = [_share(program, f"{name}.while_in{j}", flow, decided) for j, flow in enumerate(flows)]
        balance = (*self.into.terms_at(steps), *shares, Term(z, -self.fixed_kw[steps]))
        program.implied_rows(f"{name}.balance_in", np.zeros(len(steps)), 0.0, *balance)
        return decided


def _share(program: Program, name: str, flow: Term, decided: Decided) -> Term:
    """Add the part of a flow that runs while the connection imports, where anything can flow at all."""
    z = decided.z
    least, most = program.reach([flow], len(z))
    at = np.flatnonzero((least != 0) | (most != 0))
    least, most, z, part = least[at], most[at], z[at], flow.only(at, len(z))
    s = program.variables(name, len(at), lower=np.minimum(least, 0), upper=np.maximum(most, 0))
    up, down = np.flatnonzero(most != 0), np.flatnonzero(least != 0)
    rest = (part, Term(s, -1.0))
    program.implied_rows(f"{name}.most", -np.inf, np.zeros(len(up)), Term(s[up], 1.0), Term(z[up], -most[up]))
    program.implied_rows(
        f"{name}.least", np.zeros(len(down)), np.inf, Term(s[down], 1.0), Term(z[down], -least[down])
    )
    program.implied_rows(f"{name}.rest_most", -np.inf, most, *rest, Term(z, most))
    program.implied_rows(f"{name}.rest_least", least, np.inf, *rest, Term(z, least))
    return Term(s, 1.0, at)
