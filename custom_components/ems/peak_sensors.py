"""Sensors of the peak: the month's highest quarter-hour, and the last one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfPower
from homeassistant.util import dt as dt_util

from .adapters.peak_meter import PeakRecord
from .entity import site_device_info
from .runtime import EmsConfigEntry


@dataclass(frozen=True, kw_only=True)
class PeakSensorDescription(SensorEntityDescription):
    """A mean import over a quarter of an hour."""

    value_fn: Callable[[PeakRecord], float | None]
    at_fn: Callable[[PeakRecord], float | None] | None = None


def _mean(
    key: str,
    value_fn: Callable[[PeakRecord], float | None],
    at_fn: Callable[[PeakRecord], float | None] | None = None,
) -> PeakSensorDescription:
    return PeakSensorDescription(
        key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
        value_fn=value_fn,
        at_fn=at_fn,
    )


PEAK_SENSORS = (
    _mean("month_peak", lambda record: record.highest_kw, lambda record: record.highest_at_s),
    # Long-term statistics are hourly means, lows and highs: only a sensor of means has their highs right.
    _mean("quarter_hour_import", lambda record: record.last_kw),
)


class PeakSensor(SensorEntity):
    """A mean import; unknown where no quarter-hour was seen long enough."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description: PeakSensorDescription

    def __init__(self, entry: EmsConfigEntry, description: PeakSensorDescription) -> None:
        """Initialize from a description."""
        self.entry, self.entity_description = entry, description
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = site_device_info(entry)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the quarter-hours."""
        self.async_on_remove(self.entry.runtime_data.peak.async_add_listener(self.async_write_ha_state))

    @property
    @override
    def native_value(self) -> float | None:
        """Return the mean. [kW]."""
        value = self.entity_description.value_fn(self.entry.runtime_data.peak.record)
        return None if value is None else round(value, 3)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return when the highest quarter-hour began."""
        if (at_fn := self.entity_description.at_fn) is None:
            return None
        at_s = at_fn(self.entry.runtime_data.peak.record)
        return {"at": None if at_s is None else dt_util.utc_from_timestamp(at_s)}


def peak_sensors(entry: EmsConfigEntry) -> list[PeakSensor]:
    """Return the sensors of the peak."""
    return [PeakSensor(entry, description) for description in PEAK_SENSORS]
