"""From what people set up to what the guard works with: circuits, charging points, batteries and arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry

from ..const import (
    BATTERY,
    CHARGER,
    PV,
    SOURCE_ENTITIES,
)
from ..engine.control.battery import BatteryRules, BatterySpec
from ..engine.control.charger import ChargerSpec
from ..engine.control.freshness import Patience
from ..engine.control.phase_switch import SwitchRules
from ..engine.control.pv import PvSpec
from ..engine.control.setup import Setup
from ..engine.control.surplus import SunRules
from ..lease import lease_of
from ..settings import SiteSettings
from ..site_device import SiteDevice
from .circuits import SiteCircuits, make_tree
from .device_wiring import battery_wiring, charger_wiring
from .export_policy import export_rules
from .meter_tree import SiteMeters

# Other integrations tell of a change, or every ten to thirty seconds: a minute without a word is a dead one.
ENTITY_STALE_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Wired:
    """The guard's setup, and which meters stand for which circuit."""

    setup: Setup
    meters: Mapping[str, tuple[str, ...]]  # by circuit key: subentry ids of meters whose flows add up to it


def make_wired(
    entry: ConfigEntry[Any],
    settings: SiteSettings,
    devices: Mapping[str, SiteDevice],
    meters: SiteMeters,
) -> Wired:
    """Return the home as the guard sees it. Raises PlanError where it contradicts itself."""
    circuits = make_tree(entry, settings, meters)
    setup = Setup(
        tree=circuits.tree,
        chargers=tuple(_charger(each, circuits) for each in _steered(devices, CHARGER)),
        batteries=tuple(_battery(each, circuits) for each in devices.values() if each.role == BATTERY),
        arrays=tuple(_array(each) for each in devices.values() if each.role == PV),
        patience={
            key: _patience([devices[each] for each in found], settings)
            for key, found in circuits.meters.items()
        },
        sun=_sun_rules(settings),
        switching=SwitchRules(most_per_day=int(settings.guard("phase_changes_max"))),
        battery=BatteryRules(holds_for_cars=bool(settings.guard("battery_holds_for_cars"))),
        export=export_rules(entry, settings),
    )
    return Wired(setup=setup, meters=circuits.meters)


def _steered(devices: Mapping[str, SiteDevice], role: str) -> list[SiteDevice]:
    """Return the devices of a role that can be told something; of others the meters tell enough."""
    return [each for each in devices.values() if each.role == role and each.actuator]


def _charger(device: SiteDevice, circuits: SiteCircuits) -> ChargerSpec:
    params, actuator = device.params, device.actuator
    wiring = charger_wiring(params, circuits)
    # One that can only be switched charges with all it has, or not at all.
    is_switched = actuator is None or "charge" not in actuator.amounts
    most_a = float(params["current_max_a"])
    phases = min(int(params["phases"]), len(circuits.at(wiring.circuit).phases))
    return ChargerSpec(
        key=device.subentry_id,
        name=device.name,
        circuit=wiring.circuit,
        phases=phases,
        rotation=wiring.rotation,
        current_min_a=most_a if is_switched else float(params["current_min_a"]),
        current_max_a=most_a,
        safe_a=wiring.safe_a,
        lease_s=lease_of(actuator, "charge"),
        priority=wiring.priority,
        switches_phases=phases > 1 and actuator is not None and actuator.switches_phases,
    )


def _battery(device: SiteDevice, circuits: SiteCircuits) -> BatterySpec:
    params, actuator = device.params, device.actuator
    wiring = battery_wiring(params, circuits)
    return BatterySpec(
        key=device.subentry_id,
        name=device.name,
        circuit=wiring.circuit,
        on=wiring.on,
        charge_max_kw=params["charge_max_w"] / 1000,
        discharge_max_kw=params["discharge_max_w"] / 1000,
        # One that nobody steers is still part of what the sun and the load add up to.
        modes=tuple(actuator.modes) if actuator else ("automatic",),
    )


def _array(device: SiteDevice) -> PvSpec:
    params, actuator = device.params, device.actuator
    most_kw = min(params["peak_kw"], params.get("inverter_max_kw") or params["peak_kw"])
    return PvSpec(
        key=device.subentry_id,
        name=device.name,
        power_max_kw=float(most_kw),
        can_limit=bool(actuator and "limit" in actuator.modes),
    )


def _patience(meters: list[SiteDevice], settings: SiteSettings) -> Patience:
    """Return how long a circuit's meters may be silent, or say the same."""
    stale_s = settings.guard("meter_silent_max_s")
    if any(each.source["kind"] == SOURCE_ENTITIES for each in meters):
        # Their values are rounded by whoever made them: when they were reported last is what tells a dead one.
        return Patience(stale_after_s=max(stale_s, ENTITY_STALE_S), frozen_after_s=0.0)
    return Patience(stale_after_s=stale_s)


def _sun_rules(settings: SiteSettings) -> SunRules:
    return SunRules(
        enable_after_s=settings.guard("surplus_enable_s"),
        disable_after_s=settings.guard("surplus_disable_s"),
        reserve_kw=settings.guard("surplus_reserve_w") / 1000,
        battery_yields_from_soc=settings.guard("battery_yields_pct") / 100,
    )
