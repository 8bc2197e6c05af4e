"""Charge or discharge, with what follows from doing only one of them in a step."""

from dataclasses import dataclass
from typing import override

import numpy as np
from numpy.typing import NDArray

from ...steps import Floats
from ..program import Ints, Program, Term
from .component import Horizon
from .direction import Decided, Direction


@dataclass(eq=False, kw_only=True)
class StoreDirection(Direction):
    """The direction of a store, with one thing more: energy given was there before, energy taken found room.

        h[k]·d[k]/η_d ≤ e[k-1] - least        h[k]·η_c·c[k] ≤ most - e[k-1]

    A linear program that charges for half of a step and discharges for the other half needs no energy before it
    and no room; these rows ask it for both.

    Attributes
    ----------
    energy : Columns of e after each step, between `least` and `most`; `now` is e before the first. [kWh]
    """

    horizon: Horizon
    energy: Ints
    now_kwh: float
    least_kwh: float
    most_kwh: float
    charge_efficiency: float
    discharge_efficiency: float

    @override
    def decide(self, program: Program, steps: NDArray[np.intp]) -> Decided:
        """Add z, its rows, and those of the energy."""
        name, _z = decided = super().decide(program, steps)
        h, n = self.horizon.hours[steps], self.horizon.n
        before = self.horizon.before(self.energy, 1.0).only(steps, n)
        now: Floats = np.where(self.horizon.tree.parent[steps] < 0, self.now_kwh, 0.0)
        given = Term(self.out.columns[steps], h / self.discharge_efficiency)
        taken = Term(self.into.columns[steps], h * self.charge_efficiency)
        left = Term(before.columns, -1.0, before.rows)
        program.implied_rows(f"{name}.was_in", -np.inf, now - self.least_kwh, given, left)
        program.implied_rows(f"{name}.finds_room", -np.inf, self.most_kwh - now, taken, before)
        return decided
