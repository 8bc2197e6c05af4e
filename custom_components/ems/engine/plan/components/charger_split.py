"""On one phase or on more, where the connection's phases are limited one by one and so have to be told apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...steps import Bools, Floats
from ..program import Ints, Program, Term
from .charger_current import WATT, AllowedPower, Range
from .component import Horizon, Pins


def add_single(
    program: Program, name: str, horizon: Horizon, power: Ints, *, one: Range, many: Range, tie: Floats
) -> Ints:
    """Add q, the part of p that is charged on a single phase, and return its columns.

        q[k] ≤ p[k]        p[k] + (most_m/most_1 - 1)·q[k] ≤ most_m

    The second keeps the time on one phase and the time on more within the step.
    """
    q = program.variables(f"{name}.single", horizon.n, upper=one.most_kw, cost=tie)
    zero = np.zeros(horizon.n)
    program.rows(f"{name}.part", zero, np.inf, Term(power, 1.0), Term(q, -1.0))
    stretch = many.most_kw / one.most_kw - 1.0
    program.rows(f"{name}.shared_time", -np.inf, zero + many.most_kw, Term(power, 1.0), Term(q, stretch))
    return q


@dataclass(eq=False, kw_only=True)
class SplitPower:
    """Off, on one phase, or on more; each within its range.

        least_1·z_1[k] ≤ q[k] ≤ most_1·z_1[k]        least_m·z_m[k] ≤ p[k] - q[k] ≤ most_m·z_m[k]
        z_1[k] + z_m[k] ≤ 1                          z in {0, 1}

    `whole` has both ranges.
    """

    whole: AllowedPower
    single: Ints

    def broken(self, x: Floats) -> Bools:
        """Return the near nodes with a current no car can charge with, or with both ways at once."""
        mask, near = np.zeros(self.whole.horizon.n, dtype=np.bool_), self.whole.near()
        parts = self._parts(x, near)
        least = [self.whole.least_kw(one, near) for one in self.whole.ranges]
        small = [(part > WATT) & (part < low - WATT) for part, low in zip(parts, least, strict=True)]
        mask[near] = small[0] | small[1] | (np.minimum(*parts) > WATT)
        return mask

    def _parts(self, x: Floats, nodes: NDArray[np.intp]) -> tuple[Floats, Floats]:
        q = x[self.single[nodes]]
        return q, x[self.whole.power[nodes]] - q

    def enforce(self, program: Program, steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Decide the whole near window."""
        del steps
        near = self.whole.near()
        q = Term(self.single[near], 1.0)
        rest = (Term(self.whole.power[near], 1.0), Term(self.single[near], -1.0))
        zero, choices = np.zeros(len(near)), []
        for label, terms, one in zip(("one", "many"), ((q,), rest), self.whole.ranges, strict=True):
            name = f"{self.whole.name}.{label}"
            least, most = (
                self.whole.least_kw(one, near),
                np.minimum(one.most_kw, self.whole.upper_kw[near]),
            )
            can = (most >= least - WATT).astype(np.float64)
            z = program.variables(f"{name}.on", len(near), upper=can, integer=True)
            program.rows(f"{name}.at_most", -np.inf, zero, *terms, Term(z, -most))
            program.rows(f"{name}.at_least", zero, np.inf, *terms, Term(z, -np.minimum(least, most)))
            choices.append(Term(z, 1.0))
        program.rows(f"{self.whole.name}.one_way", -np.inf, zero + 1.0, *choices)
        return near

    def settle(self, x: Floats, steps: NDArray[np.intp]) -> Pins:
        """Decide for the larger part where it is allowed, else for the smallest current or nothing.

        Bounds alone cannot say q = p, so a step on a single phase is held at one power; a car whose power has
        to stay free downwards (see `AllowedPower`) is left without it.
        """
        whole, (one, many) = self.whole, self.whole.ranges
        q, rest = self._parts(x, steps)
        multi = (rest >= whole.least_kw(many, steps) - WATT) & (rest >= q)
        alone = ~multi & (q + rest >= one.least_kw) & whole.may_round_up
        small = ~multi & ~alone & whole.rounds_up(x, steps)
        held = np.where(alone, np.minimum(q + rest, one.most_kw), 0.0)
        held = np.where(small, whole.least_kw(one, steps), held)
        upper = np.where(multi, np.minimum(many.most_kw, whole.upper_kw[steps]), held)
        columns = np.concatenate([whole.power[steps], self.single[steps]])
        return Pins(columns, np.concatenate([held, held]), np.concatenate([upper, held]))
