"""Times: when a car shall be ready, and a load that somebody asked for."""

from datetime import time
from typing import override

from homeassistant.components.time import TimeEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import LOAD
from .entity import device_info
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the times."""
    for device in entry.runtime_data.devices.values():
        if "ready_by" in device.params:
            async_add_entities([ReadyBy(entry, device)], config_subentry_id=device.subentry_id)


class ReadyBy(TimeEntity):
    """The local time at which the car shall have its energy, or the load be done."""

    _attr_has_entity_name = True
    _attr_translation_key = "ready_by"
    _attr_should_poll = False

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the time."""
        self.entry, self.device = entry, device
        self._attr_unique_id = f"{device.subentry_id}_ready_by"
        self._attr_device_info = device_info(entry, device)

    @property
    @override
    def native_value(self) -> time:
        """Return the time in force."""
        settings = self.entry.runtime_data.settings
        return time.fromisoformat(
            settings.device(self.device.subentry_id, "ready_by", self.device.params["ready_by"])
        )

    @override
    async def async_set_value(self, value: time) -> None:
        """Change the time and plan anew."""
        data = self.entry.runtime_data
        data.settings.set_device(self.device.subentry_id, "ready_by", value.isoformat())
        if self.device.role == LOAD:
            data.loads.reschedule(self.device)
        self.async_write_ha_state()
        data.plan.async_replan()
