"""Binary sensors of a meter's electrical health: a low power factor, and whether the meter is there."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.const import EntityCategory

from .engine.insight.electrical_verdict import Condition, Subject
from .health_entity import ConditionEntity
from .meter_health import MeterHealth
from .runtime import EmsConfigEntry
from .site_device import SiteDevice


class PowerFactorLow(ConditionEntity, BinarySensorEntity):
    """Whether much more current flows than the power needs."""

    _attr_device_class = BinarySensorDeviceClass.PROBLEM
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: EmsConfigEntry, health: MeterHealth) -> None:
        """Initialize the sensor."""
        super().__init__(entry, health, Subject.POWER_FACTOR, "power_factor_low")

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is low; unknown stays unknown."""
        return None if self.condition is None else self.condition is Condition.LOW


class Online(ConditionEntity, BinarySensorEntity):
    """Whether the meter is there: unlike "answers", which is about the last poll, this takes its time."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: EmsConfigEntry, health: MeterHealth) -> None:
        """Initialize the sensor."""
        super().__init__(entry, health, Subject.CONNECTION, "online")

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is connected; unknown in the first seconds."""
        return None if self.condition is None else self.condition is not Condition.OFFLINE


def health_binary_sensors(entry: EmsConfigEntry, device: SiteDevice) -> list[BinarySensorEntity]:
    """Return the binary sensors that a meter's points allow."""
    health = entry.runtime_data.health.get(device.subentry_id)
    if health is None:
        return []
    low = [PowerFactorLow(entry, health)] if Subject.POWER_FACTOR in health.subjects else []
    return [*low, Online(entry, health)]
