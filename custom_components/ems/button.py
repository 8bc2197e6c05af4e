"""Buttons: plan now; give a device back to the plan; trust a plan again that has lost to plain self-consumption."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import BATTERY
from .coordinators.shadow import ShadowCoordinator
from .cycle import async_optimize
from .entity import ChannelEntity, SiteEntity, device_info, site_device_info
from .runtime import EmsConfigEntry
from .shadow_keeper import shadow_of
from .site_device import SiteDevice

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the buttons."""
    async_add_entities([OptimizeButton(entry)])
    for device in entry.runtime_data.devices.values():
        if device.actuator:
            async_add_entities([ResumeButton(entry, device, "resume")], config_subentry_id=device.subentry_id)
        if device.role == BATTERY and (shadow := shadow_of(hass, entry)):
            trust = TrustButton(shadow, entry, device)
            async_add_entities([trust], config_subentry_id=device.subentry_id)


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


class TrustButton(SiteEntity[ShadowCoordinator], ButtonEntity):
    """Lets a battery follow its plan again, and judges it by the days to come."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, shadow: ShadowCoordinator, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Belong to the device."""
        super().__init__(shadow, entry, "trust_plan")
        self._attr_unique_id = f"{device.subentry_id}_trust_plan"
        self._attr_device_info = device_info(entry, device)
        self._device = device

    @override
    async def async_press(self) -> None:
        """Forget what was lost."""
        self.coordinator.async_trust(self._device.subentry_id)
