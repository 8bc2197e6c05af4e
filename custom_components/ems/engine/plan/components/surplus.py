"""What the sun leaves of what cannot move, and the cars that may have that and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...steps import Bools, Floats
from ..program import Ints, Program, Term
from ..result import Slack
from .charger import ChargerModel
from .charger_current import WATT
from .component import Choice, Horizon, Pins
from .near import near_nodes
from .pv import PvModel


def surplus_kw(fixed_kw: Floats, pvs: Sequence[PvModel]) -> Floats:
    """Return max(0, Σ available - load), shape (n,); neither battery nor grid count. [kW]."""
    return np.maximum(sum((pv.available_kw for pv in pvs), np.zeros_like(fixed_kw)) - fixed_kw, 0.0)


class SurplusModel:
    """All cars that charge from surplus only, together.

        Σ p[k] ≤ max(0, Σ sun[k] - fixed[k])        fixed: load less production that cannot be curtailed

    An array that is held back leaves no surplus. That counts too:

        Σ p ≤ sun - fixed                           where fixed ≤ 0
        Σ p ≤ sun·(available - fixed)/available     where fixed > 0: the tightest line that allows sun = 0
        Σ p = 0 or Σ p ≤ sun - fixed                there too, by integers in the near window, where broken
    """

    id = "surplus"

    def __init__(
        self,
        program: Program,
        horizon: Horizon,
        chargers: Sequence[ChargerModel],
        pvs: Sequence[PvModel],
        fixed_kw: Floats,
    ) -> None:
        """Hold the cars to the surplus."""
        most = sum((charger.charge.upper for charger in chargers), np.zeros(horizon.n))
        surplus = surplus_kw(fixed_kw, pvs)
        power = [charger.charge.columns for charger in chargers]
        self._choices: list[Choice] = []
        if not pvs:
            shared = np.flatnonzero(most > surplus)
            program.rows(
                f"{self.id}.shared", -np.inf, surplus[shared], *(Term(p[shared], 1.0) for p in power)
            )
            return
        # An inverter that draws a few watts at night is no sun but a load.
        sun = sum((np.maximum(pv.available_kw, 0) for pv in pvs), np.zeros(horizon.n))
        fixed = sun - (sum((pv.available_kw for pv in pvs), np.zeros(horizon.n)) - fixed_kw)
        at = np.flatnonzero(most > 0)
        slope = np.where(fixed > 0, surplus / np.where(sun > 0, sun, 1.0), 1.0)[at]
        shining = [np.flatnonzero(pv.available_kw[at] > 0) for pv in pvs]
        lit = [Term(pv.power[at[rows]], -slope[rows], rows) for pv, rows in zip(pvs, shining, strict=True)]
        limit = np.maximum(-fixed[at], 0)
        program.rows(f"{self.id}.shared", -np.inf, limit, *(Term(p[at], 1.0) for p in power), *lit)
        self._choices.append(
            Unshaded(horizon=horizon, power=power, pvs=pvs, fixed_kw=fixed, surplus_kw=surplus, most_kw=most)
        )

    def into_bus(self) -> list[Term]:
        """Return nothing: the cars are on the bus themselves."""
        return []

    def choices(self) -> Sequence[Choice]:
        """Return the one choice: charge, or hold the sun back."""
        return self._choices

    def slacks(self, _x: Floats) -> list[Slack]:
        """Return nothing: a car without surplus waits, and says itself what it lacks."""
        return []


@dataclass(eq=False, kw_only=True)
class Unshaded:
    """No car charges from surplus while the sun it would come from is held back; with z in {0, 1}.

        Σ p[k] ≤ surplus[k]·z[k]        Σ p[k] - sun[k] + fixed[k]·z[k] ≤ 0        where fixed > 0

    Only a negative price makes it tempting: the grid pays for energy, so the array rests and the car would
    charge from the grid after all.
    """

    horizon: Horizon
    power: Sequence[Ints]
    pvs: Sequence[PvModel]
    fixed_kw: Floats
    surplus_kw: Floats
    most_kw: Floats

    def _near(self) -> NDArray[np.intp]:
        near = near_nodes(self.horizon)
        return near[(self.fixed_kw[near] > 0) & (self.most_kw[near] > 0)]

    def _sun(self, x: Floats, nodes: NDArray[np.intp]) -> Floats:
        return sum((np.maximum(x[pv.power[nodes]], 0) for pv in self.pvs), np.zeros(len(nodes)))

    def broken(self, x: Floats) -> Bools:
        """Return the near nodes in which cars get more than the sun leaves."""
        mask, near = np.zeros(self.horizon.n, dtype=np.bool_), self._near()
        charged = sum((x[p[near]] for p in self.power), np.zeros(len(near)))
        left = self._sun(x, near) - self.fixed_kw[near]
        mask[near] = (charged > WATT) & (charged > left + WATT)
        return mask

    def enforce(self, program: Program, steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Decide the whole near window, so that what is forbidden in one step does not move to the next."""
        del steps
        near = self._near()
        zero, power = np.zeros(len(near)), [Term(p[near], 1.0) for p in self.power]
        z = program.variables("surplus.charges", len(near), upper=1.0, integer=True)
        program.rows("surplus.most", -np.inf, zero, *power, Term(z, -self.surplus_kw[near]))
        shining = [np.flatnonzero(pv.available_kw[near] > 0) for pv in self.pvs]
        sun = [Term(pv.power[near[at]], -1.0, at) for pv, at in zip(self.pvs, shining, strict=True)]
        program.rows("surplus.unshaded", -np.inf, zero, *power, *sun, Term(z, self.fixed_kw[near]))
        return near

    def settle(self, _x: Floats, steps: NDArray[np.intp]) -> Pins:
        """Let the cars wait."""
        columns = np.concatenate([p[steps] for p in self.power])
        return Pins(columns, np.zeros(len(columns)), np.zeros(len(columns)))
