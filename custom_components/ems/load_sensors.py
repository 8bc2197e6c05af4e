"""What a flexible load has used today, and when it runs next."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import UnitOfEnergy
from homeassistant.core import callback

from .adapters.plan_view import next_run
from .const import LOAD
from .devices.points import Kind
from .entity import LoadEntity
from .publishing import NOISE, Publisher
from .runtime import EmsConfigEntry
from .site_device import SiteDevice


class EnergyToday(LoadEntity, SensorEntity):
    """Energy since the load's day began, by its counter, its meter or its time. Kept over restarts."""

    _attr_device_class = SensorDeviceClass.ENERGY
    _attr_state_class = SensorStateClass.TOTAL_INCREASING
    _attr_native_unit_of_measurement = UnitOfEnergy.KILO_WATT_HOUR
    _attr_suggested_display_precision = 2

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the sensor."""
        super().__init__(entry, device, "energy_today")
        self._publisher = Publisher(NOISE[Kind.ENERGY])
        self._shown_day: str | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the books."""
        self.async_on_remove(self.loads.async_add_listener(self._async_counted))
        self.async_on_remove(self.device.coordinator.async_add_listener(self._async_counted))

    @callback
    def _async_counted(self) -> None:
        """Write once a minute, and at once when a new day begins: it must not look like yesterday's last minute."""
        is_new_day, self._shown_day = self._day != self._shown_day, self._day
        if self._publisher.is_worth_it(self.native_value, available=True) or is_new_day:
            self.async_write_ha_state()

    @property
    def _day(self) -> str | None:
        return self.loads.record(self.device).day

    @property
    @override
    def native_value(self) -> float:
        """Return what was counted."""
        return round(self.loads.record(self.device).delivered_kwh, 4)


class NextStart(LoadEntity, SensorEntity):
    """When the plan will switch the load on next."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the sensor."""
        super().__init__(entry, device, "next_start")

    @property
    def _next(self) -> tuple[datetime, datetime] | None:
        plan = self.entry.runtime_data.plan.current
        return next_run(plan, self.device.subentry_id) if self.loads.is_asked(self.device) else None

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the instant; unknown where nothing is planned after what runs now."""
        return self._next[0] if self._next else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return when that run ends."""
        return {"until": self._next[1] if self._next else None}


def load_sensors(entry: EmsConfigEntry, device: SiteDevice) -> list[SensorEntity]:
    """Return the sensors that only a flexible load has."""
    return [EnergyToday(entry, device), NextStart(entry, device)] if device.role == LOAD else []
