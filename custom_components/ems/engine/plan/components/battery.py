"""A battery."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...site import Battery
from ...steps import Floats
from ..penalties import KEEPING_PER_KWH, RESERVE_OF_BAND
from ..program import Ints, Program, Term
from ..result import Slack
from .component import Choice, Flow, Horizon, plain_flow, slack_over
from .curve import PowerLines, power_lines
from .end_value import EndValue
from .store_direction import StoreDirection


@dataclass(frozen=True, kw_only=True, eq=False)
class Room:
    """What the rest of the home leaves for a battery to do.

    Attributes
    ----------
    charge_kw, discharge_kw : The most that can be of use, shape (n,): charging on top of an overloaded
        connection, or discharging into one that carries all the export it may, never is. Without this bound
        a battery is cycled to burn sunshine that a home may not feed in. [kW]
    floor_may_break, ceiling_may_break : Whether something could push the battery out of its band; only then
        does the band get slacks.
    """

    charge_kw: Floats
    discharge_kw: Floats
    floor_may_break: bool
    ceiling_may_break: bool


@dataclass(frozen=True, eq=False)
class _Edge:
    """A soft edge of the band: how far outside, and by how much further than a step before.

    [kWh], shape (n,). `weight` is its price as a multiple of the band's.
    """

    name: str
    outside: Ints
    further: Ints
    weight: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Left:
    """The segments of the energy left at the end of each scenario, and what they are worth. [currency/kWh]."""

    columns: Ints
    per_kwh: Floats
    scenario: NDArray[np.intp]


class BatteryModel:
    """A lossy store of energy, seen from the bus it hangs on: discharging is positive.

        e[k+1] = e[k] + h[k]·(η_c·c[k] - d[k]/η_d)      e[0] measured;  0 ≤ e ≤ max(capacity, e[0])
        c[k] ≤ a + b·(e[k] + e[k+1])/2                  for every line of its charge curve, d[k] likewise
        below[k] ≥ soc_min·capacity - e[k]               further[k] ≥ below[k] - below[k-1]
        cost = Σ h·wear·d + Σ leaving·further + Σ h·staying·below - V(e[n])

    The band is a wish: a battery that starts outside is not pushed back at any price, only never further out
    for money. Where it starts inside and the connection can carry the home, holding still keeps the band, so
    that it is a plain bound there and costs nothing to solve. A reserve that people ask for is a second, milder
    floor above the first.
    """

    def __init__(
        self,
        program: Program,
        spec: Battery,
        horizon: Horizon,
        energy_now_kwh: float,
        end_value: EndValue,
        room: Room,
    ) -> None:
        """Add a battery to a program."""
        self.id, self.name = spec.id, f"battery.{spec.id}"
        self._program, self._spec, self._horizon = program, spec, horizon
        self._now, self._room = energy_now_kwh, room
        self.wear_per_kwh = spec.wear_per_kwh
        self.charge_max_kw, self.discharge_max_kw = spec.charge_max_kw, spec.discharge_max_kw
        takes, gives = charge_lines(spec, energy_now_kwh), discharge_lines(spec, energy_now_kwh)
        self.charge = self._add_flow("charge", np.minimum(takes.most_kw, room.charge_kw), 0.0)
        self.discharge = self._add_flow(
            "discharge", np.minimum(gives.most_kw, room.discharge_kw), spec.wear_per_kwh
        )
        self.energy = program.variables(
            f"{self.name}.energy", horizon.n, lower=self._lowest(), upper=self._highest()
        )
        self.balance = self._add_balance()
        # Names of the rows that keep a power to a line, by what a person would call the limit.
        self.curves = {
            "charge_curve": self._add_curve("charge_curve", self.charge.columns, takes),
            "discharge_curve": self._add_curve("discharge_curve", self.discharge.columns, gives),
        }
        self._edges = self._add_band()
        self.left = self._add_end_value(end_value)
        self._direction = self._make_direction()

    def _add_flow(self, name: str, most_kw: Floats, wear_per_kwh: float) -> Flow:
        """Add a power in one direction."""
        horizon = self._horizon
        cost = horizon.counted_h * (horizon.later + wear_per_kwh)
        columns = self._program.variables(f"{self.name}.{name}", horizon.n, upper=most_kw, cost=cost)
        return plain_flow(columns, most_kw)

    def _add_balance(self) -> str:
        """Add one row per step, in kWh: its dual is what a stored kWh is worth, negated. Return the rows' name."""
        horizon, spec, name = self._horizon, self._spec, f"{self.name}.balance"
        start = np.zeros(horizon.n)
        start[0] = self._now
        self._program.rows(
            name,
            start,
            start,
            Term(self.energy, 1.0),
            horizon.before(self.energy, -1.0),
            Term(self.charge.columns, -horizon.hours * spec.charge_efficiency),
            Term(self.discharge.columns, horizon.hours / spec.discharge_efficiency),
        )
        return name

    def _make_direction(self) -> StoreDirection:
        return StoreDirection(
            self.name,
            self.charge,
            self.discharge,
            horizon=self._horizon,
            energy=self.energy,
            now_kwh=self._now,
            least_kwh=self._lowest(),
            most_kwh=self._highest(),
            charge_efficiency=self._spec.charge_efficiency,
            discharge_efficiency=self._spec.discharge_efficiency,
        )

    def _lowest(self) -> float:
        physical = min(0.0, self._now)
        return physical if self._room.floor_may_break else self._spec.soc_min * self._spec.capacity_kwh

    def _highest(self) -> float:
        physical = max(self._spec.capacity_kwh, self._now)
        return physical if self._room.ceiling_may_break else self._spec.soc_max * self._spec.capacity_kwh

    def _add_curve(self, name: str, power: Ints, lines: PowerLines) -> list[str]:
        """Keep a power below every line, at the mean of the energies before and after the step; name the rows."""
        n, e, names = self._horizon.n, self.energy, []
        for i, (offset, slope) in enumerate(zip(lines.offset_kw, lines.slope_per_h, strict=True)):
            most = np.full(n, offset)
            most[0] += slope / 2 * self._now
            before = self._horizon.before(e, -slope / 2)
            terms = (Term(power, 1.0), Term(e, -slope / 2), before)
            names.append(f"{self.name}.{name}{i}")
            self._program.rows(names[-1], -np.inf, most, *terms)
        return names

    def _add_band(self) -> list[_Edge]:
        capacity, edges = self._spec.capacity_kwh, []
        if self._room.floor_may_break:
            edges.append(self._soft_edge("soc_min", -1.0, self._spec.soc_min * capacity))
        if self._room.ceiling_may_break:
            edges.append(self._soft_edge("soc_max", 1.0, self._spec.soc_max * capacity))
        if reserve := asked_reserve_kwh(self._spec):
            edges.append(self._soft_edge("reserve", -1.0, reserve, RESERVE_OF_BAND))
        return edges

    def _soft_edge(self, name: str, side: float, edge_kwh: float, weight: float = 1.0) -> _Edge:
        """Add outside ≥ side·(e - edge) and further ≥ its rise; `side` is +1 above the band, -1 below."""
        n, h, penalties = self._horizon.n, self._horizon.counted_h, self._horizon.penalties
        label = f"{self.name}.{name}"
        staying, leaving = weight * penalties.band_staying_per_h, weight * penalties.band_leaving
        outside = self._program.variables(f"{label}.outside", n, cost=h * staying)
        further = self._program.variables(f"{label}.further", n, cost=leaving * self._horizon.tree.share)
        limit = np.full(n, side * edge_kwh)
        self._program.rows(f"{label}.edge", -np.inf, limit, Term(self.energy, side), Term(outside, -1.0))
        already = np.zeros(n)
        already[0] = max(side * (self._now - edge_kwh), 0.0)
        before = self._horizon.before(outside, -1.0)
        self._program.rows(f"{label}.rise", -np.inf, already, Term(outside, 1.0), before, Term(further, -1.0))
        return _Edge(name, outside, further, weight)

    def _add_end_value(self, value: EndValue) -> Left:
        """Split the last energy into segments, each earning its slope; concavity fills them in order.

        On a flat tariff keeping a kWh is worth exactly what using it is: the tie goes to using it.
        """
        label, tree, segments = f"{self.name}.at_end", self._horizon.tree, len(value.widths_kwh)
        base = min(0.0, self._now)
        widths = value.widths_kwh.copy()
        widths[0] -= base
        futures = tree.n_scenarios
        parts = self._program.variables(
            label,
            segments * futures,
            upper=np.tile(widths, futures),
            cost=np.repeat(tree.probability, segments) * np.tile(KEEPING_PER_KWH - value.per_kwh, futures),
        )
        bases, whose = np.full(futures, base), np.repeat(np.arange(futures), segments)
        last = Term(self.energy[tree.leaves], 1.0)
        self._program.rows(f"{label}.sum", bases, bases, Term(parts, -1.0, whose), last)
        return Left(columns=parts, per_kwh=np.tile(value.per_kwh, futures), scenario=whose)

    def into_bus(self) -> list[Term]:
        """Return discharging less charging."""
        return [*self.discharge.terms(1.0), *self.charge.terms(-1.0)]

    def choices(self) -> Sequence[Choice]:
        """Return the one choice: charge or discharge."""
        return [self._direction]

    def slacks(self, x: Floats) -> list[Slack]:
        """Return where the battery is outside its band or below its reserve."""
        h, penalties, share = self._horizon.counted_h, self._horizon.penalties, self._horizon.tree.share
        found = []
        for edge in self._edges:
            outside = x[edge.outside]
            cost = penalties.band_staying_per_h * float(outside @ h)
            cost += penalties.band_leaving * float(x[edge.further] @ share)
            deepest, cost = float(outside.max()), edge.weight * cost
            found += slack_over(outside, edge.name, self.id, amount=deepest, unit="kWh", cost=cost)
        return found


def charge_lines(spec: Battery, energy_now_kwh: float) -> PowerLines:
    """Return what a battery can take by how full it is."""
    return power_lines(
        spec.charge_curve,
        limit_kw=spec.charge_max_kw,
        capacity_kwh=spec.capacity_kwh,
        energy_now_kwh=energy_now_kwh,
    )


def discharge_lines(spec: Battery, energy_now_kwh: float) -> PowerLines:
    """Return what a battery can give by how full it is."""
    return power_lines(
        spec.discharge_curve,
        limit_kw=spec.discharge_max_kw,
        capacity_kwh=spec.capacity_kwh,
        energy_now_kwh=energy_now_kwh,
    )


def asked_reserve_kwh(spec: Battery) -> float:
    """Return the energy that people ask a battery to keep; 0 where that is no more than its floor. [kWh]."""
    share = min(spec.reserve_soc, spec.soc_max)
    return share * spec.capacity_kwh if share > spec.soc_min else 0.0
