"""From what a stored kWh is worth to the prices at which a battery is worth using."""

from dataclasses import dataclass

from ..site import Battery, HybridInverter, Site
from ..steps import Floats
from .result import DevicePlan


@dataclass(frozen=True, kw_only=True, eq=False)
class Thresholds:
    """Prices at the home's bus, shape (n,) each. [currency/kWh].

    Prices are to be compared as the strategy weighs them, for so are the values.
    """

    charge_below_per_kwh: Floats
    discharge_above_per_kwh: Floats


def thresholds(site: Site, device: DevicePlan) -> Thresholds | None:
    """Return a battery's thresholds; None for what is no battery, or where the values are not known.

        charge below        v_imp·η_c·η_in            a bought kWh becomes η_c·η_in stored ones
        discharge above     (v_exp/η_d + wear)/η_out  a given kWh takes that much from the store

    v_imp, v_exp : what one more stored kWh would bring, what one less would cost.
    η_in, η_out : of the hybrid inverter that the battery is behind, from AC and to AC; 1 without one.
    """
    spec = _battery(site, device.id)
    if spec is None or device.import_value_per_kwh is None or device.export_value_per_kwh is None:
        return None
    inverter = _inverter(site, device.id)
    into = 1.0 if inverter is None else inverter.ac_to_dc_efficiency
    out = 1.0 if inverter is None else inverter.dc_to_ac_efficiency
    given = device.export_value_per_kwh / spec.discharge_efficiency + spec.wear_per_kwh
    return Thresholds(
        charge_below_per_kwh=device.import_value_per_kwh * spec.charge_efficiency * into,
        discharge_above_per_kwh=given / out,
    )


def _battery(site: Site, id_: str) -> Battery | None:
    return next((battery for battery in site.batteries if battery.id == id_), None)


def _inverter(site: Site, id_: str) -> HybridInverter | None:
    return next((inverter for inverter in site.inverters if id_ in inverter.battery_ids), None)
