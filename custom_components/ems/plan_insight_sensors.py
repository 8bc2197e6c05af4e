"""What is behind the plan: the strategy it was made by, what stands in its way, at which prices a store moves."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory

from .adapters.plan_request import AS_SET
from .adapters.plan_view import step_now
from .adapters.response import solver_diagnostics
from .const import BATTERY
from .coordinators.plan import Outlook, PlanCoordinator
from .engine.plan.result import Plan
from .engine.plan.thresholds import thresholds
from .engine.site import Strategy
from .entity import SiteEntity
from .plan_sensors import SOLVE_TIME, DevicePlanSensor, PlanSensor, living
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

NO_LIMIT = "none"


class StrategyInUse(SiteEntity[PlanCoordinator], SensorEntity):
    """What the plan was made by: `auto` is told by what it came to, and an action may have asked for another."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the sensor."""
        super().__init__(entry.runtime_data.plan, entry, "strategy_in_use")
        self._attr_options = [each.value for each in Strategy]

    @property
    def _outlook(self) -> Outlook | None:
        return living(self.coordinator)

    @property
    @override
    def native_value(self) -> str | None:
        """Return the strategy of the last valid plan."""
        return self._outlook.plan.strategy.value if self._outlook else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return what else the plan was made by, and how the strategies compared where they were compared."""
        if (outlook := self._outlook) is None:
            return {}
        scores = {strategy: round(score, 4) for strategy, score in outlook.plan.scores.items()}
        return {
            "preference": outlook.plan.preference.value,
            "horizon_h": round(float(outlook.plan.steps.hours.sum()), 3),
            "asked_for": outlook.request != AS_SET,
            **({"scores": scores} if scores else {}),
        }


class PlanLimit(SiteEntity[PlanCoordinator], SensorEntity):
    """The limit that would be worth most to relax in the running step."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the sensor."""
        super().__init__(entry.runtime_data.plan, entry, "plan_limit")

    @property
    def _binding(self) -> tuple[Plan, str] | None:
        """Return the plan and its limit now; None where nobody looked for limits."""
        outlook = living(self.coordinator)
        if outlook is None or not outlook.plan.binding:
            return None
        return outlook.plan, outlook.plan.binding[step_now(outlook.plan)]

    @property
    @override
    def native_value(self) -> str | None:
        """Return the limit's name, without the device's."""
        return None if self._binding is None else self._binding[1].rpartition(".")[2] or NO_LIMIT

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return whose limit it is, and what one kWh more would save. [currency/kWh]."""
        if self._binding is None:
            return {}
        plan, limit = self._binding
        device, worth = plan.devices.get(limit.rpartition(".")[0]), plan.binding_value_per_kwh
        value = None if worth is None else round(float(worth[step_now(plan)]), 5)
        return {"device": device.name if device else None, "value_per_kwh": value}


class PriceThreshold(DevicePlanSensor):
    """Below which price a kWh is worth storing, or above which one is worth giving. [currency/kWh]."""

    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 4

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice, key: str) -> None:
        """Initialize the sensor."""
        super().__init__(entry, device, key)
        self._side = f"{key}_per_kwh"
        self._attr_native_unit_of_measurement = f"{entry.runtime_data.plan.hass.config.currency}/kWh"

    @property
    @override
    def native_value(self) -> float | None:
        """Return the threshold of the running step; unknown where the plan knows no values."""
        outlook = living(self.coordinator)
        if outlook is None or self._planned is None:
            return None
        device, step = self._planned
        limits = thresholds(outlook.problem.site, device)
        return None if limits is None else round(float(getattr(limits, self._side)[step]), 5)


class SolveTime(PlanSensor):
    """How long the plan took, with how it was found."""

    _unrecorded_attributes = frozenset(
        {
            *("solver", "variables", "rows", "binaries", "scenarios", "solves"),
            *("build_ms", "solve_ms", "extract_ms", "total_ms", "objective", "gap_abs"),
        }
    )

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the sensor."""
        super().__init__(entry, SOLVE_TIME)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the solver's diagnostics."""
        outlook = living(self.coordinator)
        return solver_diagnostics(outlook.plan) if outlook else {}


def site_insight_sensors(entry: EmsConfigEntry) -> list[SensorEntity]:
    """Return what is behind the site's plan."""
    return [StrategyInUse(entry), PlanLimit(entry), SolveTime(entry)]


def device_insight_sensors(entry: EmsConfigEntry, device: SiteDevice) -> list[SensorEntity]:
    """Return what is behind the plan of one device."""
    keys = ("charge_below", "discharge_above") if device.role == BATTERY else ()
    return [PriceThreshold(entry, device, key) for key in keys]
