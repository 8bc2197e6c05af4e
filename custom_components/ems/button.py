"""Buttons: plan now; give a device back to the plan."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cycle import async_optimize
from .entity import ChannelEntity, site_device_info
from .runtime import EmsConfigEntry

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the buttons."""
    async_add_entities([OptimizeButton(entry)])
    for device in entry.runtime_data.devices.values():
        if device.actuator:
            async_add_entities([ResumeButton(entry, device, "resume")], config_subentry_id=device.subentry_id)


class OptimizeButton(ButtonEntity):
    """Runs the whole cycle now."""

    _attr_has_entity_name = True
    _attr_translation_key = "optimize"

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the button."""
        self.entry = entry
        self._attr_unique_id = f"{entry.entry_id}_optimize"
        self._attr_device_info = site_device_info(entry)

    @override
    async def async_press(self) -> None:
        """Refresh forecasts, plan, dispatch."""
        await async_optimize(self.entry)


class ResumeButton(ChannelEntity, ButtonEntity):
    """Ends an override."""

    @override
    async def async_press(self) -> None:
        """Follow the plan again."""
        await self.dispatcher.async_clear_override(self.device.subentry_id)
