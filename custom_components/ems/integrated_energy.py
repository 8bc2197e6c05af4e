"""Energy where nobody counts it: power summed up over time, kept over restarts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import RestoreSensor, SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .devices.points import Kind
from .publishing import NOISE, Publisher

# Across a longer silence nobody knows what flowed: it is left out rather than guessed.
MAX_GAP_S = 300


class IntegratedEnergySensor(RestoreSensor):
    """Counts the positive part of a power. [Wh] inside, kWh on the screen.

    keep_negative : Count what is below zero against the rest, where a power is a difference of two meters and jumps
        to both sides: the errors cancel then. What is shown never falls.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_device_class = SensorDeviceClass.ENERGY
    _attr_state_class = SensorStateClass.TOTAL_INCREASING
    _attr_native_unit_of_measurement = UnitOfEnergy.WATT_HOUR
    _attr_suggested_unit_of_measurement = UnitOfEnergy.KILO_WATT_HOUR
    _attr_suggested_display_precision = 2

    def __init__(
        self,
        coordinator: DataUpdateCoordinator[Any],
        unique_id: str,
        key: str,
        info: DeviceInfo,
        power_w: Callable[[], float | None],
        *,
        keep_negative: bool = False,
    ) -> None:
        """Take what is to be counted."""
        self._lowest_w = float("-inf") if keep_negative else 0.0
        self._coordinator, self._power_w = coordinator, power_w
        self._attr_unique_id, self._attr_translation_key = unique_id, key
        self._attr_device_info = info
        self._energy_wh = self._shown_wh = 0.0
        self._last: tuple[datetime, float] | None = None
        self._publisher = Publisher(NOISE[Kind.ENERGY])

    @override
    async def async_added_to_hass(self) -> None:
        """Go on where the last run stopped."""
        if (last := await self.async_get_last_sensor_data()) and isinstance(
            last.native_value, int | float | str
        ):
            self._energy_wh = _in_wh(float(last.native_value), last.native_unit_of_measurement)
        self.async_on_remove(self._coordinator.async_add_listener(self._async_count))
        self._async_count()

    @callback
    def _async_count(self) -> None:
        """Add the trapezium between the last two powers."""
        power_w, now = self._power_w(), dt_util.utcnow()
        if power_w is None:
            self._last = None
        else:
            power_w = max(self._lowest_w, power_w)
            if self._last and 0 < (gap_s := (now - self._last[0]).total_seconds()) <= MAX_GAP_S:
                self._energy_wh += (self._last[1] + power_w) / 2 * gap_s / 3600
            self._last = (now, power_w)
        if self._publisher.is_worth_it(self._energy_wh, available=self.available):
            self.async_write_ha_state()

    @property
    @override
    def available(self) -> bool:
        """Be available while the power is known."""
        return self._last is not None

    @property
    @override
    def native_value(self) -> float:
        """Return what was counted; a counter that fell would be taken for a new meter."""
        self._shown_wh = max(self._shown_wh, self._energy_wh)
        return round(self._shown_wh, 3)


def _in_wh(value: float, unit: str | None) -> float:
    return value * 1000 if unit == UnitOfEnergy.KILO_WATT_HOUR else value
