"""What hangs behind a hybrid inverter, as the home sees it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...site import Battery, HybridInverter, Site
from ...steps import Floats


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
    """What the modules behind an inverter do to the home, whatever is decided. Series have shape (n,). [kW].

    An array that takes no orders gives all that the inverter can carry. What does not fit is lost without an
    order: the inverter then holds the modules back by itself.

    Attributes
    ----------
    available : Per array id, on the DC side. Modules never consume, whatever a forecast says.
    unheld : Ids of the arrays that take no orders.
    """

    inverter: HybridInverter
    available: Mapping[str, Floats]
    unheld: frozenset[str]
    n: int

    @property
    def most_ac_kw(self) -> Floats:
        """Return the most of it that can reach the home."""
        return np.minimum(self._total(self.available) * self.inverter.dc_to_ac_efficiency, self._ac_max_kw)

    @property
    def least_ac_kw(self) -> Floats:
        """Return what reaches the home at least, unless a battery takes it."""
        return np.minimum(self._total(self.unheld) * self.inverter.dc_to_ac_efficiency, self._ac_max_kw)

    def least_kw(self, id_: str) -> Floats:
        """Return what an array gives at least, on the DC side."""
        if id_ not in self.unheld:
            return np.zeros_like(self.available[id_])
        total, fits_kw = self._total(self.unheld), self._ac_max_kw / self.inverter.dc_to_ac_efficiency
        share = np.divide(fits_kw, total, out=np.ones_like(total), where=total > fits_kw)
        least: Floats = self.available[id_] * share
        return least

    @property
    def in_order_of_loss(self) -> tuple[list[str], list[str]]:
        """Return the ids of arrays that can be held back, and of those that cannot."""
        return [id_ for id_ in self.available if id_ not in self.unheld], sorted(self.unheld)

    def for_charging_kw(self, ac_kw: Floats) -> Floats:
        """Return the most of use to a battery here, at its terminal: this sun, and what the home can spare it."""
        drawn = np.minimum(ac_kw, self._ac_max_kw) * self.inverter.ac_to_dc_efficiency
        return self._total(self.available) + drawn

    def for_discharging_kw(self, ac_kw: Floats) -> Floats:
        """Return the most that a battery here can give of use, at its terminal, where the home takes `ac_kw`."""
        given: Floats = np.minimum(ac_kw, self._ac_max_kw) / self.inverter.dc_to_ac_efficiency
        return given

    @property
    def _ac_max_kw(self) -> float:
        return self.inverter.ac_max_kw

    def _total(self, ids: Iterable[str]) -> Floats:
        return sum((self.available[id_] for id_ in ids), np.zeros(self.n))


def dc_sun(inverter: HybridInverter, site: Site, pv_kw: Mapping[str, Floats], n: int) -> DcSun:
    """Return what the modules behind an inverter offer, and what of it must be taken."""
    specs = [array for array in site.pvs if array.id in inverter.pv_ids]
    return DcSun(
        inverter=inverter,
        available={spec.id: np.maximum(pv_kw[spec.id], 0) for spec in specs},
        unheld=frozenset(spec.id for spec in specs if not spec.curtailable),
        n=n,
    )


def ac_power(inverter: HybridInverter, dc_kw: Iterable[Floats], n: int) -> Floats:
    """Return what an inverter gives the home (+) for all that flows into its DC bus, shape (n,). [kW]."""
    total = sum(dc_kw, np.zeros(n))
    return np.maximum(total, 0) * inverter.dc_to_ac_efficiency - np.maximum(-total, 0) / (
        inverter.ac_to_dc_efficiency
    )
