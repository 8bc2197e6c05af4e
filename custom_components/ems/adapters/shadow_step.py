"""One minute of the home for the shadow accounts: measured powers, prices, and what EMS decided."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from homeassistant.util import dt as dt_util
import numpy as np

from ..engine.control.shadow_ledger import CarStep
from ..engine.plan.components.end_value import EndValue, end_value
from ..engine.plan.result import Mode, Plan
from ..engine.problem import Problem
from ..engine.site import Site
from ..engine.steps import Steps
from ..engine.tariff import PublishedPrices, TariffError
from ..site_device import SiteDevice
from .meter_tree import SiteMeters
from .plan_view import step_now
from .power_means import Powers
from .tariff import make_tariff

GRID = "grid"


class Prices(NamedTuple):
    """What a kWh costs and earns. [currency/kWh]; None where nobody has published it."""

    import_per_kwh: float | None
    export_per_kwh: float | None


NO_PRICES = Prices(None, None)


def powers_kw(
    keys: Iterable[str], devices: Mapping[str, SiteDevice], meters: SiteMeters, grid_w: float | None
) -> Powers:
    """Return the grid's power now, and that of some devices. [kW]."""
    found = {GRID: grid_w, **{key: _power_w(key, devices, meters) for key in keys}}
    return {key: None if power_w is None else power_w / 1000 for key, power_w in found.items()}


def _power_w(key: str, devices: Mapping[str, SiteDevice], meters: SiteMeters) -> float | None:
    """Return a device's own word, or that of the meter which measures it alone."""
    power_w = devices[key].fresh_number("power")
    if power_w is None and (meter := meters.tree.speaks_for(key)):
        return devices[meter.key].fresh_number("power")
    return power_w


def stored_kwh(site: Site, devices: Mapping[str, SiteDevice]) -> dict[str, float | None]:
    """Return what each battery stores, by what it says. [kWh]."""
    told = {spec.id: devices[spec.id].fresh_number("soc") for spec in site.batteries}
    return {
        spec.id: None if (soc := told[spec.id]) is None else soc / 100 * spec.capacity_kwh
        for spec in site.batteries
    }


def prices_of(
    stored: Mapping[str, Any], published: PublishedPrices | None, start_s: float, end_s: float
) -> Prices:
    """Return the prices of a minute. An estimate is no price that anybody pays."""
    steps = Steps(edges_s=np.array([start_s, end_s]))
    try:
        tariff = make_tariff(stored, dt_util.get_default_time_zone(), published)
        found = tariff.prices(steps)
    except TariffError:
        return NO_PRICES
    if not found.known[0]:
        return NO_PRICES
    return Prices(float(found.import_price_per_kwh[0]), float(found.export_price_per_kwh[0]))


def worth_of(problem: Problem) -> dict[str, EndValue]:
    """Return what stored energy is worth to a plan, per battery."""
    return {spec.id: end_value(spec, problem, spec.capacity_kwh) for spec in problem.site.batteries}


def mean_price_of(problem: Problem) -> float:
    """Return what a kWh costs on the mean of a plan: what is put off will be bought somewhere in it."""
    hours = problem.steps.hours
    return float(problem.import_price_per_kwh @ hours / hours.sum())


def decision_in(plan: Plan | None, device_id: str) -> tuple[str, float | None] | None:
    """Return mode and power of a battery in a plan's running step; None where it says nothing of it. [kW]."""
    device = plan.devices.get(device_id) if plan else None
    if plan is None or device is None:
        return None
    step = step_now(plan)
    mode, told = device.modes[step], device.modes[step] in (Mode.CHARGE, Mode.DISCHARGE)
    return mode.value, abs(float(device.power_kw[step])) if told else None


def offered_in(plan: Plan | None, device_id: str) -> float | None:
    """Return what a plan gives a car in its running step; None where it says nothing of it. [kW]."""
    device = plan.devices.get(device_id) if plan else None
    return None if plan is None or device is None else float(device.power_kw[step_now(plan)])


def cars_of(
    site: Site, devices: Mapping[str, SiteDevice], means: Powers, offered_kw: Mapping[str, float | None]
) -> dict[str, CarStep]:
    """Return every car as it was measured, and what it was given on paper."""
    return {
        spec.id: CarStep(
            measured_kw=means.get(spec.id),
            connected=devices[spec.id].value("car_connected") is True,
            offered_kw=offered_kw.get(spec.id),
            power_max_kw=spec.power_max_kw,
        )
        for spec in site.chargers
    }
