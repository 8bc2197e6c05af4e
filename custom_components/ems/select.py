"""Selects: operation, strategy and preference of the site; the mode of a battery; how a car is charged."""

from typing import override

from homeassistant.components.select import DOMAIN as SELECT, SelectEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .adapters.cars import EV_MODE, ev_mode_of
from .const import (
    BATTERY,
    CHARGER,
    DOMAIN,
    OPERATION_ACTIVE,
    OPERATION_ADVISORY,
    OPT_OPERATION,
    OPT_PREFERENCE,
    OPT_STRATEGY,
)
from .demo_select import demo_selects
from .dispatcher import Command, Source
from .engine.control.ev_mode import EvMode
from .engine.plan.result import Mode
from .engine.site import Preference, Strategy
from .entity import ChannelEntity, device_info, site_device_info
from .limit_settings import ExportPolicySelect
from .operation import async_set_operation
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

PARALLEL_UPDATES = 1

SITE_OPTIONS = {
    OPT_OPERATION: [OPERATION_ADVISORY, OPERATION_ACTIVE],
    OPT_STRATEGY: [strategy.value for strategy in Strategy],
    OPT_PREFERENCE: [preference.value for preference in Preference],
}


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the selects."""
    async_add_entities(
        [
            *(SiteSelect(entry, key, options) for key, options in SITE_OPTIONS.items()),
            ExportPolicySelect(entry),
            *demo_selects(entry),
        ]
    )
    for device in entry.runtime_data.devices.values():
        if device.role == BATTERY and device.actuator:
            async_add_entities([BatteryModeSelect(entry, device)], config_subentry_id=device.subentry_id)
        if device.role == CHARGER:
            _keep_name(hass, device.subentry_id)
            async_add_entities([EvModeSelect(entry, device)], config_subentry_id=device.subentry_id)


@callback
def _keep_name(hass: HomeAssistant, subentry_id: str) -> None:
    """Let the select be the one that asked what a car charges from: with its entity id, name, area and history."""
    registry, new = er.async_get(hass), f"{subentry_id}_charge_mode"
    known = registry.async_get_entity_id(SELECT, DOMAIN, f"{subentry_id}_charge_from")
    if known and not registry.async_get_entity_id(SELECT, DOMAIN, new):
        registry.async_update_entity(known, new_unique_id=new)


class SiteSelect(SelectEntity):
    """A choice about the whole site, kept in the entry's options."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: EmsConfigEntry, key: str, options: list[str]) -> None:
        """Initialize the select."""
        self.entry, self.key = entry, key
        self._attr_options = options
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        self._attr_device_info = site_device_info(entry)
        # Operation is an everyday switch; strategy and preference are set once.
        self._attr_entity_category = None if key == OPT_OPERATION else EntityCategory.CONFIG

    @property
    @override
    def current_option(self) -> str:
        """Return what is chosen."""
        return str(getattr(self.entry.runtime_data.settings, self.key))

    @override
    async def async_added_to_hass(self) -> None:
        """Follow changes made elsewhere, by an action for instance."""
        data = self.entry.runtime_data
        self.async_on_remove(data.plan.async_add_listener(self.async_write_ha_state))

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose, and plan anew."""
        data = self.entry.runtime_data
        if self.key == OPT_OPERATION:
            await async_set_operation(self.entry, option)
        else:
            data.settings.set(self.key, option)
        self.async_write_ha_state()
        data.plan.async_replan()


class EvModeSelect(SelectEntity):
    """How a car is to be charged, kept in the entry's options."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_translation_key = "charge_mode"

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the select."""
        self.entry, self.device = entry, device
        self._attr_options = [mode.value for mode in EvMode]
        self._attr_unique_id = f"{device.subentry_id}_charge_mode"
        self._attr_device_info = device_info(entry, device)

    @property
    @override
    def current_option(self) -> str:
        """Return what is chosen."""
        return ev_mode_of(self.entry.runtime_data.settings, self.device.subentry_id).value

    @override
    async def async_added_to_hass(self) -> None:
        """Follow changes made elsewhere, by an action for instance."""
        data = self.entry.runtime_data
        self.async_on_remove(data.plan.async_add_listener(self.async_write_ha_state))

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose, and plan anew."""
        data = self.entry.runtime_data
        data.settings.set_device(self.device.subentry_id, EV_MODE, option)
        self.async_write_ha_state()
        data.guard.async_look()
        data.plan.async_replan()


class BatteryModeSelect(ChannelEntity, SelectEntity):
    """What a battery is told to do. Choosing by hand overrides the plan for an hour."""

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Offer what the device can do."""
        super().__init__(entry, device, "mode")
        self._attr_options = list(device.actuator.modes) if device.actuator else []

    @property
    @override
    def current_option(self) -> str | None:
        """Return the accepted mode."""
        return self.channel.accepted.mode if self.channel.accepted else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Command the mode; charging and discharging at full power unless a setpoint says otherwise."""
        limit = {Mode.CHARGE: "charge_max_w", Mode.DISCHARGE: "discharge_max_w"}.get(Mode(option))
        power_w = float(self.device.params[limit]) if limit else None
        await self.dispatcher.async_apply(
            self.device.subentry_id, Command(mode=option, power_w=power_w, source=Source.OVERRIDE)
        )
