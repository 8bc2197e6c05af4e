"""What the plan says: for the site, and for every device that it moves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower, UnitOfTime
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util
import numpy as np

from .adapters.plan_view import NextAction, device_series, is_over, next_action, pv_energy_kwh, step_now
from .adapters.wording import reason_text, reasons_text, unmet_text
from .const import BATTERY, CHARGER, LOAD, METER, PV
from .coordinators.plan import Outlook, PlanCoordinator, PlanState
from .engine.plan.result import DevicePlan, Mode, PlanStatus
from .entity import SiteEntity, device_info
from .runtime import EmsConfigEntry
from .site_device import SiteDevice


@dataclass(frozen=True, kw_only=True)
class PlanSensorDescription(SensorEntityDescription):
    """A sensor about the last valid plan."""

    value_fn: Callable[[Outlook], StateType]
    is_price: bool = False
    is_money: bool = False


def _money(key: str, value_fn: Callable[[Outlook], StateType]) -> PlanSensorDescription:
    # Expected amounts move up and down with the horizon: monetary without a state class, or statistics add them up.
    return PlanSensorDescription(
        key=key,
        device_class=SensorDeviceClass.MONETARY,
        suggested_display_precision=2,
        value_fn=value_fn,
        is_money=True,
    )


def _price(key: str, value_fn: Callable[[Outlook], StateType]) -> PlanSensorDescription:
    return PlanSensorDescription(
        key=key,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=4,
        value_fn=value_fn,
        is_price=True,
    )


def _energy(key: str, day: int) -> PlanSensorDescription:
    return PlanSensorDescription(
        key=key,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        device_class=SensorDeviceClass.ENERGY,
        suggested_display_precision=1,
        value_fn=lambda outlook: pv_energy_kwh(outlook.pv, day),
    )


PLAN_SENSORS = (
    _money("expected_cost", lambda outlook: outlook.plan.expected_cost),
    _money("baseline_cost", lambda outlook: outlook.plan.baseline_cost),
    _money("expected_saving", lambda outlook: outlook.plan.expected_saving),
    _price("marginal_value", lambda outlook: _now(outlook, outlook.plan.marginal_value_per_kwh)),
    _price("import_price", lambda outlook: _now(outlook, outlook.plan.import_price_per_kwh)),
    _price("export_price", lambda outlook: _now(outlook, outlook.plan.export_price_per_kwh)),
    _energy("pv_forecast_today", 0),
    _energy("pv_forecast_tomorrow", 1),
    PlanSensorDescription(
        key="load_forecast",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
        value_fn=lambda outlook: _now(outlook, outlook.load.mean),
    ),
)
SOLVE_TIME = PlanSensorDescription(
    key="solve_time",
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.MILLISECONDS,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=0,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda outlook: outlook.plan.stats.total_ms,
)


def _now(outlook: Outlook, series: np.ndarray[Any, Any]) -> float:
    return float(series[step_now(outlook.plan)])


def living(coordinator: PlanCoordinator) -> Outlook | None:
    """Return the last valid plan, while it says anything about now."""
    outlook = coordinator.data.outlook
    return None if outlook is None or is_over(outlook.plan) else outlook


class PlanSensor(SiteEntity[PlanCoordinator], SensorEntity):
    """One number of the last valid plan; unknown before the first."""

    entity_description: PlanSensorDescription

    def __init__(self, entry: EmsConfigEntry, description: PlanSensorDescription) -> None:
        """Initialize from a description."""
        super().__init__(entry.runtime_data.plan, entry, description.key)
        self.entity_description = description
        currency = entry.runtime_data.plan.hass.config.currency
        if description.is_price:
            self._attr_native_unit_of_measurement = f"{currency}/kWh"
        if description.is_money:
            self._attr_native_unit_of_measurement = currency

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value."""
        outlook = living(self.coordinator)
        value = self.entity_description.value_fn(outlook) if outlook else None
        return round(value, 5) if isinstance(value, float) else value


class PlanStatusSensor(SiteEntity[PlanCoordinator], SensorEntity):
    """How the planner is doing: always available, with the reason when it is not simply ok."""

    _attr_device_class = SensorDeviceClass.ENUM

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the sensor."""
        super().__init__(entry.runtime_data.plan, entry, "plan_status")
        self._attr_options = [status.value for status in PlanStatus]

    @property
    @override
    def available(self) -> bool:
        """Be there whatever happens: this is where people look when something did."""
        return True

    @property
    @override
    def native_value(self) -> str:
        """Return the status."""
        return self.coordinator.data.status.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return why, how old the shown plan is, and what wishes it could not keep."""
        state: PlanState = self.coordinator.data
        plan = state.outlook.plan if state.outlook else None
        return {
            "reason": reasons_text(self.hass, state.reasons) or None,
            "planned_at": dt_util.utc_from_timestamp(plan.created_at_s) if plan else None,
            "steps": len(plan.steps) if plan else None,
            "unmet_wishes": [unmet_text(self.hass, plan, slack) for slack in plan.slacks] if plan else [],
        }


class NextActionSensor(SiteEntity[PlanCoordinator], SensorEntity):
    """When a device will next be told something else, and why."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the sensor."""
        super().__init__(entry.runtime_data.plan, entry, "next_action")

    @property
    def _next(self) -> NextAction | None:
        outlook = living(self.coordinator)
        return next_action(outlook.plan) if outlook else None

    @property
    @override
    def native_value(self) -> Any:
        """Return the instant of the next change."""
        return self._next.at if self._next else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what will happen, and the reason in words."""
        action = self._next
        if action is None:
            return {}
        return {
            "device": action.device,
            "mode": action.mode.value,
            "power_kw": round(action.power_kw, 3),
            "reason": reason_text(self.hass, action.reason),
        }


class DevicePlanSensor(SiteEntity[PlanCoordinator], SensorEntity):
    """What the plan wants of one device now."""

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice, key: str) -> None:
        """Belong to the device, follow the plan."""
        super().__init__(entry.runtime_data.plan, entry, key)
        self._attr_unique_id = f"{device.subentry_id}_{key}"
        self._attr_device_info = device_info(entry, device)
        self._device = device

    @property
    def _planned(self) -> tuple[DevicePlan, int] | None:
        outlook = living(self.coordinator)
        planned = outlook.plan.devices.get(self._device.subentry_id) if outlook else None
        return (planned, step_now(outlook.plan)) if outlook and planned else None


class PlannedMode(DevicePlanSensor):
    """The mode, with the reason in words."""

    _attr_device_class = SensorDeviceClass.ENUM

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the sensor."""
        super().__init__(entry, device, "planned_mode")
        self._attr_options = [mode.value for mode in Mode]

    @property
    @override
    def native_value(self) -> str | None:
        """Return the mode of the running step."""
        return self._planned[0].modes[self._planned[1]].value if self._planned else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return why."""
        if self._planned is None:
            return {}
        planned, step = self._planned
        return {"reason": reason_text(self.hass, planned.reasons[step])}


class PlannedPower(DevicePlanSensor):
    """The power, with the whole course for charts."""

    _attr_device_class = SensorDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.KILO_WATT
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 2
    _unrecorded_attributes = frozenset({"forecast"})

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the sensor."""
        super().__init__(entry, device, "planned_power")

    @property
    @override
    def native_value(self) -> float | None:
        """Return the power of the running step, signed as the home sees it."""
        return round(float(self._planned[0].power_kw[self._planned[1]]), 3) if self._planned else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the planned course. Not recorded: it is long, and every plan has its own."""
        outlook = self.coordinator.data.outlook
        if outlook is None or self._planned is None:
            return {}
        return {"forecast": device_series(outlook.plan, self._planned[0])}


class StoredValue(DevicePlanSensor):
    """What one more stored kWh is worth now."""

    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 4

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the sensor."""
        super().__init__(entry, device, "stored_value")
        self._attr_native_unit_of_measurement = f"{entry.runtime_data.plan.hass.config.currency}/kWh"

    @property
    @override
    def native_value(self) -> float | None:
        """Return the marginal value of the running step."""
        if self._planned is None or self._planned[0].marginal_value_per_kwh is None:
            return None
        return round(float(self._planned[0].marginal_value_per_kwh[self._planned[1]]), 5)


def site_plan_sensors(entry: EmsConfigEntry) -> list[SensorEntity]:
    """Return the plan's sensors of the site."""
    return [
        *(PlanSensor(entry, description) for description in PLAN_SENSORS),
        PlanStatusSensor(entry),
        NextActionSensor(entry),
    ]


def device_plan_sensors(entry: EmsConfigEntry, device: SiteDevice) -> list[SensorEntity]:
    """Return the plan's sensors of one device."""
    if device.role == METER:
        return []
    sensors: list[SensorEntity] = [PlannedPower(entry, device)]
    if device.role in (BATTERY, CHARGER, LOAD, PV):
        sensors.append(PlannedMode(entry, device))
    if device.role == BATTERY:
        sensors.append(StoredValue(entry, device))
    return sensors
