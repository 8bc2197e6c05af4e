"""A hybrid inverter: batteries and modules on a DC bus of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import override

import numpy as np
from numpy.typing import NDArray

from ...site import Battery, HybridInverter, Site
from ...steps import Bools, Floats
from ..program import Program, Term
from ..result import Slack
from .battery import BatteryModel
from .component import Choice, Flow, Horizon, plain_flow
from .direction import Direction
from .pv import PvModel


def inverters_by_device(site: Site) -> dict[str, HybridInverter]:
    """Return the inverter that each battery and array hangs on, by their ids; those on the home bus are not in it."""
    return {id_: one for one in site.inverters for id_ in (*one.battery_ids, *one.pv_ids)}


def seen_from_home(battery: Battery, inverter: HybridInverter | None) -> Battery:
    """Return a battery with the inverter's losses in its own, so that it compares with prices at the meter.

    p·η_dc·η_d - wear·η_d = (p - wear/η_dc)·η_dc·η_d
    """
    if inverter is None:
        return battery
    return replace(
        battery,
        charge_efficiency=battery.charge_efficiency * inverter.ac_to_dc_efficiency,
        discharge_efficiency=battery.discharge_efficiency * inverter.dc_to_ac_efficiency,
        wear_per_kwh=battery.wear_per_kwh / inverter.dc_to_ac_efficiency,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class DcSun:
    """What the modules behind an inverter do to the home, whatever is decided. Shape (n,). [kW].

    Attributes
    ----------
    available : Per array id, on the DC side. Modules never consume, whatever a forecast says.
    least : Per array id, what cannot be held back: without an order an array gives all that the inverter takes.
        Only what does not fit through the inverter may be lost, for then the inverter holds the modules back.
    """

    inverter: HybridInverter
    available: Mapping[str, Floats]
    least: Mapping[str, Floats]

    @property
    def most_ac_kw(self) -> Floats:
        """Return the most of it that can reach the home."""
        return self._at_home(self.available)

    @property
    def least_ac_kw(self) -> Floats:
        """Return what reaches the home at least, unless a battery takes it."""
        return self._at_home(self.least)

    def for_charging_kw(self, ac_kw: Floats) -> Floats:
        """Return the most of use to a battery here, at its terminal: this sun, and what the home can spare it."""
        own = sum(self.available.values(), np.zeros(1))
        drawn: Floats = np.minimum(ac_kw, self.inverter.ac_max_kw) * self.inverter.ac_to_dc_efficiency
        return own + drawn

    def for_discharging_kw(self, ac_kw: Floats) -> Floats:
        """Return the most that a battery here can give of use, at its terminal, where the home takes `ac_kw`."""
        given: Floats = np.minimum(ac_kw, self.inverter.ac_max_kw) / self.inverter.dc_to_ac_efficiency
        return given

    def _at_home(self, series: Mapping[str, Floats]) -> Floats:
        total = sum(series.values(), np.zeros(1)) * self.inverter.dc_to_ac_efficiency
        return np.minimum(total, self.inverter.ac_max_kw)


def dc_sun(inverter: HybridInverter, site: Site, pv_kw: Mapping[str, Floats]) -> DcSun:
    """Return what the modules behind an inverter offer, and what of it must be taken."""
    specs = [array for array in site.pvs if array.id in inverter.pv_ids]
    available = {spec.id: np.maximum(pv_kw[spec.id], 0) for spec in specs}
    free = [spec.id for spec in specs if not spec.curtailable]
    fits_kw = inverter.ac_max_kw / inverter.dc_to_ac_efficiency
    total = sum((available[id_] for id_ in free), np.zeros(1))
    share = np.divide(fits_kw, total, out=np.ones_like(total), where=total > fits_kw)
    least = {id_: available[id_] * (share if id_ in free else 0.0) for id_ in available}
    return DcSun(inverter=inverter, available=available, least=least)


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
        must_take: Bools,
    ) -> None:
        """Add an inverter to a program, behind which these batteries and arrays are.

        must_take : Where sun that nobody can hold back has to go somewhere, shape (n,).
        """
        self.id, self.name = spec.id, f"inverter.{spec.id}"
        self._batteries = batteries
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
        self._direction = _AcDirection(self.name, self.draw, self.give, must_take=must_take)

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
        """Return the inverter's direction and those of its batteries."""
        return [self._direction, *(choice for one in self._batteries for choice in one.choices())]

    def slacks(self, x: Floats) -> list[Slack]:
        """Return the wishes of its batteries that a solution breaks."""
        return [slack for one in self._batteries for slack in one.slacks(x)]


@dataclass(eq=False, kw_only=True)
class _AcDirection(Direction):
    """In or out of an inverter; where sun must be taken, it may have to come out."""

    must_take: Bools

    @override
    def settle_inward(self, x: Floats, steps: NDArray[np.intp]) -> Bools:
        """Lean as a direction does, but leave the way out open where a full battery could not take the sun."""
        inward: Bools = super().settle_inward(x, steps) & ~self.must_take[steps]
        return inward


def ac_power(inverter: HybridInverter, dc_kw: Iterable[Floats], n: int) -> Floats:
    """Return what an inverter gives the home (+) for all that flows into its DC bus, shape (n,). [kW]."""
    total = sum(dc_kw, np.zeros(n))
    return np.maximum(total, 0) * inverter.dc_to_ac_efficiency - np.maximum(-total, 0) / (
        inverter.ac_to_dc_efficiency
    )
