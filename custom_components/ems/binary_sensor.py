"""Binary sensors: flags of devices, whether a device answers, whether the home uses what nobody expected."""

from typing import Any, override

from homeassistant.components.binary_sensor import (
    DOMAIN as BINARY_SENSOR,
    BinarySensorDeviceClass,
    BinarySensorEntity,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from .adapters.plan_view import planned_now
from .adapters.wording import reason_text
from .alert_binary_sensors import AlertSensor
from .alert_entity import async_follow_thresholds
from .circuit_binary_sensors import circuit_binary_sensors
from .const import CONF_KIND, LOAD, SOURCE_ENTITIES
from .coordinators.skill import SkillCoordinator
from .devices.points import POINTS, Kind
from .devices.reading import Reading
from .engine.plan.result import Mode, Reason
from .entity import LoadEntity, PointEntity, SiteEntity, device_info
from .guard_entity import async_add_for_circuits
from .health_binary_sensors import health_binary_sensors
from .limit_sensors import OperatorLimit
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

PARALLEL_UPDATES = 0

_CLASSES = {
    "car_connected": BinarySensorDeviceClass.PLUG,
    "running": BinarySensorDeviceClass.RUNNING,
}


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create a sensor per flag, one per device that tells whether it answers, and those of the site."""
    async_add_entities([ConsumptionAnomaly(entry), OperatorLimit(entry)])
    async_follow_thresholds(hass, entry, BINARY_SENSOR, AlertSensor, async_add_entities)
    async_add_for_circuits(entry, async_add_entities, circuit_binary_sensors)
    for device in entry.runtime_data.devices.values():
        flags = [point for point in device.points if POINTS[device.role][point].kind is Kind.FLAG]
        async_add_entities(
            [
                *(FlagSensor(entry, device, device.role, point) for point in flags),
                AnswersSensor(entry, device),
                *health_binary_sensors(entry, device),
            ],
            config_subentry_id=device.subentry_id,
        )
        if device.role == LOAD:
            should_run = ShouldRunSensor(entry, device, "should_run")
            async_add_entities([should_run], config_subentry_id=device.subentry_id)


class FlagSensor(PointEntity, BinarySensorEntity):
    """A yes or no that the device reports."""

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice, role: str, point: str) -> None:
        """Initialize the sensor."""
        super().__init__(entry, device, role, point)
        self._attr_device_class = _CLASSES.get(point)
        if point not in _CLASSES:
            self._attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the flag; unknown stays unknown."""
        return None if self.reading is None or self.reading.value is None else bool(self.reading.value)


class AnswersSensor(CoordinatorEntity[DataUpdateCoordinator[Reading]], BinarySensorEntity):
    """Whether the device answered the last poll. Always available: that is its purpose."""

    _attr_has_entity_name = True
    _attr_translation_key = "answers"
    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the sensor."""
        super().__init__(device.coordinator)
        self._device = device
        self._attr_unique_id = f"{device.subentry_id}_answers"
        self._attr_device_info = device_info(entry, device)

    @property
    @override
    def available(self) -> bool:
        """Be there whatever happens."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the last poll succeeded; of entities, whether the one that counts is there."""
        if self._device.source[CONF_KIND] == SOURCE_ENTITIES:
            return self._device.is_fresh
        return self.coordinator.last_update_success


class ShouldRunSensor(LoadEntity, BinarySensorEntity):
    """Whether a load should run now. For automations that steer what EMS cannot, in active operation or not."""

    @property
    def _planned(self) -> tuple[Mode, Reason] | None:
        return planned_now(self.entry.runtime_data.plan.current, self.device.subentry_id)

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the plan says; unknown without a plan that is young enough to be followed."""
        if self.entry.runtime_data.plan.current is None:
            return None
        return self.loads.is_asked(self.device) and self._planned is not None and self._planned[0] is Mode.ON

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return why."""
        return {"reason": reason_text(self.hass, self._planned[1]) if self._planned else None}


class ConsumptionAnomaly(SiteEntity[SkillCoordinator], BinarySensorEntity):
    """Whether the home has used, for hours, far more or far less than was expected a day before."""

    _attr_device_class = BinarySensorDeviceClass.PROBLEM

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the sensor."""
        super().__init__(entry.runtime_data.skill, entry, "consumption_anomaly")

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether something is odd; unknown while there was no forecast a day before the last hours."""
        last = self.coordinator.data.last
        if last is None or last.expected_now is None:
            return None
        return self.coordinator.data.anomaly is not None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what was measured in the last full hour beside what was expected of it. [kW]."""
        verdict = self.coordinator.data
        if verdict.last is None or verdict.last.expected_now is None:
            return {}
        anomaly = verdict.anomaly
        return {
            "direction": anomaly.direction.value if anomaly else None,
            "hours": anomaly.hours if anomaly else 0,
            **{key: round(value, 3) for key, value in verdict.last.expected_now.items()},
        }
