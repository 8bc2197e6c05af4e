"""The engine's nouns from what a person set up and turned. W and percent become kW and fractions here."""

from collections.abc import Iterable
from math import sqrt

from ..const import (
    BATTERY,
    CHARGER,
    CONF_FUSE_A,
    CONF_GRID,
    CONF_IMPORT_MAX_KW,
    CONF_PHASES,
    LOAD,
    PV,
)
from ..engine.control.pv import ExportPolicy
from ..engine.site import Battery, Charger, DemandCharge, Grid, PvArray, Site, Weights
from ..runtime import EmsConfigEntry
from ..settings import SiteSettings
from ..site_device import SiteDevice
from .export_policy import export_rules
from .loads import make_load
from .solar_history import array_of


def make_site(
    entry: EmsConfigEntry, settings: SiteSettings, devices: Iterable[SiteDevice], currency: str
) -> Site:
    """Return the site as the engine knows it."""
    grid, found = entry.data[CONF_GRID], list(devices)
    export = export_rules(entry, settings)
    return Site(
        name=entry.title,
        currency=currency,
        grid=Grid(
            import_max_kw=settings.grid(CONF_IMPORT_MAX_KW),
            export_max_kw=0.0 if export.policy is ExportPolicy.NEVER else export.export_max_kw,
            phases=grid[CONF_PHASES],
            fuse_a=grid[CONF_FUSE_A],
            export_price_min_per_kwh=export.price_min_per_kwh
            if export.policy is ExportPolicy.ABOVE_PRICE
            else None,
            limits_each_phase=bool(settings.planner("limits_each_phase")),
            demand_charge=_demand_charge(settings),
        ),
        batteries=tuple(_battery(device, settings) for device in found if device.role == BATTERY),
        pvs=tuple(_pv(device) for device in found if device.role == PV),
        chargers=tuple(_charger(device) for device in found if device.role == CHARGER),
        loads=tuple(make_load(device) for device in found if device.role == LOAD),
        strategy=settings.strategy,
        preference=settings.preference,
        weights=_weights(settings),
        switch_threshold=settings.planner("switch_threshold") / 100,
        risk_weight=settings.planner("risk_weight") / 100,
    )


def _demand_charge(settings: SiteSettings) -> DemandCharge | None:
    """Return what a month's peak costs; None where it costs nothing: then there is no peak to plan for."""
    price_per_kw = settings.planner("demand_charge")
    return DemandCharge(price_per_kw=price_per_kw) if price_per_kw > 0 else None


def _weights(settings: SiteSettings) -> Weights:
    return Weights(
        peak=settings.planner("weight_peak"),
        ramps=settings.planner("weight_ramps"),
        self_consumption=settings.planner("weight_self_consumption"),
        comfort=settings.planner("weight_comfort"),
        environment=settings.planner("weight_environment"),
    )


def _battery(device: SiteDevice, settings: SiteSettings) -> Battery:
    params = device.params
    one_way = sqrt(params["round_trip_pct"] / 100)  # nobody knows the two apart, so they share the loss
    return Battery(
        id=device.subentry_id,
        name=device.name,
        capacity_kwh=params["capacity_kwh"],
        charge_max_kw=params["charge_max_w"] / 1000,
        discharge_max_kw=params["discharge_max_w"] / 1000,
        charge_efficiency=one_way,
        discharge_efficiency=one_way,
        soc_min=settings.device(device.subentry_id, "soc_min_pct", 5.0) / 100,
        reserve_soc=settings.device(device.subentry_id, "reserve_pct", 0.0) / 100,
        wear_per_kwh=params["wear_per_kwh"],
    )


def _pv(device: SiteDevice) -> PvArray:
    curtailable = bool(device.actuator and "limit" in device.actuator.modes)
    return array_of(device.subentry_id, device.name, device.params, curtailable=curtailable)


def _charger(device: SiteDevice) -> Charger:
    params = device.params
    return Charger(
        id=device.subentry_id,
        name=device.name,
        current_min_a=params["current_min_a"],
        current_max_a=params["current_max_a"],
        phases=int(params["phases"]),
    )
