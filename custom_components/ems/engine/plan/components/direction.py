"""In or out, never both: the one thing a linear program of a home can get wrong by itself."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...steps import Bools, Floats
from ..program import Ints, Program, Term
from .component import Flow, Pins

# Below this a pair counts as one-way; the solver keeps rows to 1e-7.
CLASH_KW = 1e-5


class Decided(NamedTuple):
    """What a round of decisions is called, and its z."""

    name: str
    z: Ints


@dataclass(eq=False)
class Direction:
    """Two opposite flows of which only one can run; with z in {0, 1}.

        in[k] ≤ in_max[k]·z[k]      out[k] ≤ out_max[k]·(1 - z[k])

    A linear program keeps them apart by itself as long as a round trip loses money. It does not at negative
    import prices (burning energy pays) or where export pays more than import costs, so z is asked for only
    where both ran.
    """

    name: str
    into: Flow
    out: Flow
    _rounds: int = field(default=0, init=False)

    def broken(self, x: Floats) -> Bools:
        """Return the steps in which both directions run."""
        return np.minimum(self.into.value(x), self.out.value(x)) > CLASH_KW

    def enforce(self, program: Program, steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Make these steps one-way. The physical bounds are the smallest big-M there is."""
        self.decide(program, steps)
        return steps

    def decide(self, program: Program, steps: NDArray[np.intp]) -> Decided:
        """Add z and its rows."""
        name = f"{self.name}.direction{self._rounds}"
        self._rounds += 1
        z = program.variables(f"{name}.in", len(steps), upper=1.0, integer=True)
        into_max, out_max = self.into.upper[steps], self.out.upper[steps]
        program.rows(
            f"{name}.in_only", -np.inf, np.zeros(len(steps)), *self.into.terms_at(steps), Term(z, -into_max)
        )
        program.rows(f"{name}.out_only", -np.inf, out_max, *self.out.terms_at(steps), Term(z, out_max))
        return Decided(name, z)

    def settle(self, x: Floats, steps: NDArray[np.intp]) -> Pins:
        """Close the weaker direction."""
        inward = self.settle_inward(x, steps)
        columns = [*self.out.columns_at(steps[inward]), *self.into.columns_at(steps[~inward])]
        closed = np.concatenate([*columns, np.zeros(0, np.int32)])
        return Pins(closed, np.zeros(len(closed)), np.zeros(len(closed)))

    def settle_inward(self, x: Floats, steps: NDArray[np.intp]) -> Bools:
        """Return in which of these steps the inward direction is the stronger one."""
        stronger: Bools = self.into.value(x)[steps] >= self.out.value(x)[steps]
        return stronger
