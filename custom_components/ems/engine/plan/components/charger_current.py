"""What a car can charge with: nothing, or a current between the smallest and the largest, on one phase or more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...site import Charger
from ...steps import Bools, Floats
from ..program import Ints, Program, Term
from .component import Horizon, Pins
from .near import near_nodes

WATT = 1e-3  # [kW]


class Range(NamedTuple):
    """Powers a car can charge with. [kW]."""

    least_kw: float
    most_kw: float


def ranges_of(spec: Charger) -> tuple[Range, ...]:
    """Return one range per number of phases that a charger can use, the smallest first."""
    counts = sorted({1, spec.phases}) if spec.switches_phases else [spec.phases]
    per_phase = spec.voltage_v / 1000
    return tuple(
        Range(spec.current_min_a * count * per_phase, spec.current_max_a * count * per_phase)
        for count in counts
    )


def joined(ranges: Sequence[Range]) -> tuple[Range, ...]:
    """Return the same powers with ranges that touch made one: a gap that is none needs no integer."""
    found = [ranges[0]]
    for one in ranges[1:]:
        if one.least_kw <= found[-1].most_kw:
            found[-1] = Range(found[-1].least_kw, one.most_kw)
        else:
            found.append(one)
    return tuple(found)


def within(ranges: Sequence[Range], kw: Floats) -> Floats:
    """Return the largest power of some ranges that does not pass a limit; 0 where none is that small. [kW]."""
    power = np.zeros_like(kw)
    for one in ranges:
        power = np.where(kw >= one.least_kw, np.minimum(kw, one.most_kw), power)
    return power


@dataclass(eq=False, kw_only=True)
class AllowedPower:
    """Off, or within one range (IEC 61851 knows nothing from 0 to 6 A).

        Σ least_r·z_r[k] ≤ p[k] ≤ Σ most_r·z_r[k]        z in {0, 1}

    Both on allow nothing that the larger range alone does not, so that no row forbids it. A car that needs less
    than least·h stops by itself within the step, so the mean may be lower there.

    Attributes
    ----------
    power, upper_kw : Columns and largest values, shape (n,).
    room_kwh : What could go into the car at most, at the socket.
    may_round_up : Whether a step may be given more than the linear program did: not what comes out of a surplus,
        nor what goes into a car that also gives.
    """

    name: str
    horizon: Horizon
    power: Ints
    upper_kw: Floats
    ranges: tuple[Range, ...]
    room_kwh: float
    may_round_up: bool

    def near(self) -> NDArray[np.intp]:
        """Return the near nodes in which the car may charge."""
        near = near_nodes(self.horizon)
        return near[self.upper_kw[near] > 0]

    def least_kw(self, one: Range, nodes: NDArray[np.intp]) -> Floats:
        """Return the smallest mean power of a range, shape of `nodes`. [kW]."""
        return np.minimum(one.least_kw, self.room_kwh / self.horizon.hours[nodes])

    def broken(self, x: Floats) -> Bools:
        """Return the near nodes with a current no car can charge with."""
        mask, near = np.zeros(self.horizon.n, dtype=np.bool_), self.near()
        power = x[self.power[near]]
        fits = power <= WATT
        for one in self.ranges:
            fits |= (power >= self.least_kw(one, near) - WATT) & (power <= one.most_kw + WATT)
        mask[near] = ~fits
        return mask

    def enforce(self, program: Program, steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Decide the whole near window: forbidden in one step, a fraction moves to the next."""
        del steps
        near = self.near()
        power, zero = Term(self.power[near], 1.0), np.zeros(len(near))
        at_most, at_least = [power], [power]
        for label, one in zip(("on", "on_more_phases"), self.ranges, strict=False):
            least, most = self.least_kw(one, near), np.minimum(one.most_kw, self.upper_kw[near])
            can = (most >= least - WATT).astype(np.float64)
            z = program.variables(f"{self.name}.{label}", len(near), upper=can, integer=True)
            at_most.append(Term(z, -most))
            at_least.append(Term(z, -np.minimum(least, most)))
        program.rows(f"{self.name}.at_most", -np.inf, zero, *at_most)
        program.rows(f"{self.name}.at_least", zero, np.inf, *at_least)
        return near

    def settle(self, x: Floats, steps: NDArray[np.intp]) -> Pins:
        """Keep these steps to the range below, or else to the smallest current or nothing."""
        columns, power = self.power[steps], x[self.power[steps]]
        lower, upper = np.zeros(len(steps)), np.zeros(len(steps))
        for one in self.ranges:
            above = power > one.most_kw
            upper[above] = one.most_kw
        small = (upper == 0) & self.rounds_up(x, steps)
        lower[small] = self.least_kw(self.ranges[0], steps)[small]
        upper[small] = np.minimum(self.ranges[0].most_kw, self.upper_kw[steps])[small]
        return Pins(columns, lower, upper)

    def rounds_up(self, x: Floats, steps: NDArray[np.intp]) -> Bools:
        """Return which steps get the smallest current: the larger halves, if the car can take it all."""
        least, hours = self.least_kw(self.ranges[0], steps), self.horizon.hours
        on = x[self.power[steps]] >= least / 2
        near = self.near()
        charged = float(x[self.power[near]] @ hours[near])
        fits = float((least * on) @ hours[steps]) <= self.room_kwh - charged
        return on & (self.may_round_up and fits)
