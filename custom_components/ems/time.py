"""Times: when a car shall be ready, and a load that somebody asked for."""

from datetime import time
from typing import override

from homeassistant.components.time import TimeEntity
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .adapters.departure import READY_BY, next_departure, weekday_times
from .const import DOMAIN, LOAD
from .entity import device_info
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the times."""
    for device in entry.runtime_data.devices.values():
        if READY_BY in device.params:
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
        """Return the time in force: of the next departure, where each weekday has its own."""
        settings = self.entry.runtime_data.settings
        if times := weekday_times(settings, self.device.subentry_id):
            return next_departure(times).time()
        return time.fromisoformat(
            settings.device(self.device.subentry_id, READY_BY, self.device.params[READY_BY])
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Follow changes made elsewhere, by an action for instance."""
        plan = self.entry.runtime_data.plan
        self.async_on_remove(plan.async_add_listener(self.async_write_ha_state))

    @override
    async def async_set_value(self, value: time) -> None:
        """Change the time and plan anew. Where each weekday has its own, one for all would change nothing."""
        data = self.entry.runtime_data
        if weekday_times(data.settings, self.device.subentry_id):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="weekdays_hold",
                translation_placeholders={"device": self.device.name},
            )
        data.settings.set_device(self.device.subentry_id, READY_BY, value.isoformat())
        if self.device.role == LOAD:
            data.loads.reschedule(self.device)
        self.async_write_ha_state()
        data.plan.async_replan()
