"""A hybrid inverter: batteries and modules on a DC bus of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import override

import numpy as np
from numpy.typing import NDArray

from ...site import HybridInverter
from ...steps import Bools, Floats
from ..program import Ints, Program, Term
from ..result import Slack
from .battery import BatteryModel
from .component import Choice, Flow, Horizon, Pins, plain_flow
from .dc_bus import DcSun
from .direction import Direction
from .pv import PvModel

# Less is the solver's rounding, which keeps rows to 1e-7.
_CLIPPED_KW = 1e-5


@dataclass(eq=False, kw_only=True)
class _AcDirection(Direction):
    """In or out of an inverter; where sun must be taken, it may have to come out."""

    must_take: Bools

    @override
    def settle_inward(self, x: Floats, steps: NDArray[np.intp]) -> Bools:
        """Lean as a direction does, but leave the way out open where a full battery could not take the sun."""
        inward: Bools = super().settle_inward(x, steps) & ~self.must_take[steps]
        return inward


@dataclass(eq=False)
class _Clipping:
    """An array that takes no orders loses sun only where the inverter is full.

        p[k] ≥ a[k] - (a[k] - least[k])·z[k]        out[k] ≥ ac_max·z[k]        z in {0, 1}

    A linear program would hold it back for a price too, where feeding in costs money.
    """

    name: str
    power: Ints
    available: Floats
    least: Floats
    out: Flow

    def broken(self, x: Floats) -> Bools:
        """Return where sun is lost although the inverter could carry more."""
        lost = x[self.power] < self.available - _CLIPPED_KW
        return lost & (self.out.value(x) < self.out.upper - _CLIPPED_KW)

    def enforce(self, program: Program, steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Make every step all or full in which sun can be lost: forbidden in one, it is lost in the next."""
        del steps
        steps = np.flatnonzero(self.available > self.least + _CLIPPED_KW)
        name, power, most = f"{self.name}.clipped", self.power[steps], self.available[steps]
        z = program.variables(name, len(steps), upper=1.0, integer=True)
        program.rows(f"{name}.all", most, np.inf, Term(power, 1.0), Term(z, most - self.least[steps]))
        full = Term(z, -self.out.upper[steps])
        program.rows(f"{name}.full", np.zeros(len(steps)), np.inf, *self.out.terms_at(steps), full)
        return steps

    def settle(self, x: Floats, steps: NDArray[np.intp]) -> Pins:
        """Fill the inverter: that leaves the array every choice it physically has."""
        del x
        full = self.out.upper[steps]
        return Pins(self.out.columns[steps], full, full)


class HybridModel:
    """What passes the inverter, at its AC terminal: out to the home and in from it.

        Σ pv[k] + Σ (d[k] - c[k]) + η_in·in[k] = out[k]/η_out        on the DC side
        0 ≤ in, out ≤ ac_max                                         never both

    Its batteries and arrays are on no other bus, so that it speaks for them: into the home bus goes out - in.
    """

    def __init__(
        self,
        program: Program,
        spec: HybridInverter,
        horizon: Horizon,
        batteries: Sequence[BatteryModel],
        arrays: Sequence[PvModel],
        sun: DcSun,
    ) -> None:
        """Add an inverter to a program, behind which these batteries and arrays are."""
        self.id, self.name = spec.id, f"inverter.{spec.id}"
        self.ac_max_kw, self._batteries = spec.ac_max_kw, batteries
        charge = sum((one.charge.upper for one in batteries), np.zeros(horizon.n))
        give = sum((one.discharge.upper for one in batteries), np.zeros(horizon.n))
        give = give + sum((one.upper_kw for one in arrays), np.zeros(horizon.n))
        self.draw = self._flow(program, "in", horizon, charge / spec.ac_to_dc_efficiency, spec.ac_max_kw)
        self.give = self._flow(program, "out", horizon, give * spec.dc_to_ac_efficiency, spec.ac_max_kw)
        none = np.zeros(horizon.n)
        # One row per step, in kW: its dual is what a kWh on the DC side is worth, times the step's hours.
        program.rows(
            f"{self.name}.dc",
            none,
            none,
            *(term for one in batteries for term in one.into_bus()),
            *(Term(one.power, 1.0) for one in arrays),
            *self.draw.terms(spec.ac_to_dc_efficiency),
            *self.give.terms(-1 / spec.dc_to_ac_efficiency),
        )
        self._direction = _AcDirection(self.name, self.draw, self.give, must_take=sun.least_ac_kw > 0)
        self._clippings = [
            _Clipping(f"{self.name}.{one.id}", one.power, one.upper_kw, sun.least_kw(one.id), self.give)
            for one in arrays
            if not one.curtailable
        ]

    def _flow(
        self, program: Program, name: str, horizon: Horizon, reach_kw: Floats, ac_max_kw: float
    ) -> Flow:
        upper = np.minimum(reach_kw, ac_max_kw)
        cost = horizon.counted_h * horizon.either_way
        return plain_flow(program.variables(f"{self.name}.{name}", horizon.n, upper=upper, cost=cost), upper)

    def into_bus(self) -> list[Term]:
        """Return what comes out less what goes in."""
        return [*self.give.terms(1.0), *self.draw.terms(-1.0)]

    def choices(self) -> Sequence[Choice]:
        """Return the inverter's direction, what it clips, and its batteries' directions."""
        behind = (choice for one in self._batteries for choice in one.choices())
        return [self._direction, *self._clippings, *behind]

    def slacks(self, x: Floats) -> list[Slack]:
        """Return the wishes of its batteries that a solution breaks."""
        return [slack for one in self._batteries for slack in one.slacks(x)]
