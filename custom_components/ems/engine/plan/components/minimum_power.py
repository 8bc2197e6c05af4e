"""Off, or at least some power: what many devices know nothing between."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...steps import Bools, Floats
from ..program import Ints, Program, Term
from .component import Horizon, Pins
from .near import near_nodes

_WATT = 1e-3  # [kW]


@dataclass(eq=False, kw_only=True)
class MinimumPower:
    """Off, or at least a smallest power (a car knows nothing from 0 to 6 A: IEC 61851).

        p_min·z[k] ≤ p[k] ≤ p_max·z[k]        z in {0, 1}

    What needs less than p_min·h stops by itself within the step, so the mean may be lower there.

    Attributes
    ----------
    power : Columns of p.
    steps : The node of each.
    least_kw, most_kw : p_min and p_max. [kW]
    takes_kwh : What can be used at all. [kWh]
    """

    name: str
    power: Ints
    steps: NDArray[np.intp]
    horizon: Horizon
    least_kw: float
    most_kw: float
    takes_kwh: float

    def _near(self) -> NDArray[np.intp]:
        """Return which of our steps lie in the near window, as positions in `steps`."""
        return np.flatnonzero(np.isin(self.steps, near_nodes(self.horizon)))

    def _least_kw(self, near: NDArray[np.intp]) -> Floats:
        return np.minimum(self.least_kw, self.takes_kwh / self.horizon.hours[self.steps[near]])

    def broken(self, x: Floats) -> Bools:
        """Return the near steps with a power that the device does not know."""
        mask, near = np.zeros(self.horizon.n, dtype=np.bool_), self._near()
        power = x[self.power[near]]
        mask[self.steps[near]] = (power > _WATT) & (power < self._least_kw(near) - _WATT)
        return mask

    def enforce(self, program: Program, steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Make the whole near window all or nothing: forbidden in one step, a fraction moves to the next."""
        del steps
        near = self._near()
        power, zero = self.power[near], np.zeros(len(near))
        z = program.variables(f"{self.name}.on", len(near), upper=1.0, integer=True)
        least = self._least_kw(near)
        program.rows(f"{self.name}.at_most", -np.inf, zero, Term(power, 1.0), Term(z, -self.most_kw))
        program.rows(f"{self.name}.at_least", zero, np.inf, Term(power, 1.0), Term(z, -least))
        return self.steps[near]

    def settle(self, x: Floats, steps: NDArray[np.intp]) -> Pins:
        """Round these steps to off or the smallest power; off, where it could not all be taken."""
        at = np.flatnonzero(np.isin(self.steps, steps))
        columns, least = self.power[at], self._least_kw(at)
        on = x[columns] >= least / 2
        near = self._near()
        charged = x[self.power[near]] @ self.horizon.hours[self.steps[near]]
        fits = float((least * on) @ self.horizon.hours[self.steps[at]]) <= self.takes_kwh - charged
        lower = np.where(on & fits, least, 0.0)
        return Pins(columns, lower, np.where(lower > 0, self.most_kw, 0.0))
