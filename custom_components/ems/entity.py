"""What all EMS entities have in common: identity, device, availability."""

from typing import Any, override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from .const import DOMAIN
from .devices.reading import Quality, Reading, Value
from .dispatcher import Channel, Source
from .lease import when_ems_is_gone
from .runtime import EmsConfigEntry
from .site_device import SiteDevice


def site_device_info(entry: EmsConfigEntry) -> DeviceInfo:
    """Return the device that stands for the whole site."""
    return DeviceInfo(
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer="EMS",
        name=entry.title,
    )


def device_info(entry: EmsConfigEntry, device: SiteDevice) -> DeviceInfo:
    """Return the device that stands for a subentry."""
    return DeviceInfo(
        identifiers={(DOMAIN, device.subentry_id)},
        name=device.name,
        manufacturer=device.brand.manufacturer,
        model=device.brand.model,
        sw_version=device.brand.firmware,
        serial_number=device.brand.serial,
        via_device_id=entry.runtime_data.site_device_id,
    )


class SiteEntity[C: DataUpdateCoordinator[Any]](CoordinatorEntity[C]):
    """An entity of the site itself."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: C, entry: EmsConfigEntry, key: str) -> None:
        """Identify by the entry."""
        super().__init__(coordinator)
        self.entry = entry
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        self._attr_device_info = site_device_info(entry)


class PointEntity(CoordinatorEntity[DataUpdateCoordinator[Reading]]):
    """An entity that shows one point of a device."""

    _attr_has_entity_name = True

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice, role: str, point: str) -> None:
        """Identify by the subentry, which outlives every address and every serial."""
        is_setting = role == device.role and point in device.setting_points
        super().__init__(device.settings if is_setting and device.settings else device.coordinator)
        self.device, self.role, self.point = device, role, point
        key = point if role == device.role else f"{role}_{point}"
        self._attr_translation_key = key
        self._attr_unique_id = f"{device.subentry_id}_{key}"
        self._attr_device_info = device_info(entry, device)

    @property
    def reading(self) -> Value | None:
        """Return the point's last value with its quality."""
        data = self.coordinator.data
        return data.roles.get(self.role, {}).get(self.point) if data else None

    @property
    @override
    def available(self) -> bool:
        """Be available only while this very part of the device answers."""
        found = self.reading
        return super().available and found is not None and found.quality is not Quality.STALE


class LoadEntity(Entity):
    """An entity about what is asked of a flexible load, or what the plan makes of it."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice, key: str) -> None:
        """Identify by the subentry."""
        self.entry, self.device = entry, device
        self.loads = entry.runtime_data.loads
        self._attr_translation_key = key
        self._attr_unique_id = f"{device.subentry_id}_{key}"
        self._attr_device_info = device_info(entry, device)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the books and the plan, and the device: a plan ages and goes on while nobody makes another."""
        for followed in (self.loads, self.entry.runtime_data.plan, self.device.coordinator):
            self.async_on_remove(followed.async_add_listener(self.async_write_ha_state))


class ChannelEntity(Entity):
    """An entity that shows, and takes, what a device is told to do."""

    # Of the profile: the same words in every state.
    _unrecorded_attributes = frozenset({"lease_s", "on_expiry"})
    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice, key: str) -> None:
        """Identify by the subentry."""
        self.entry, self.device = entry, device
        self.dispatcher = entry.runtime_data.dispatcher
        self._attr_translation_key = key
        self._attr_unique_id = f"{device.subentry_id}_{key}"
        self._attr_device_info = device_info(entry, device)

    @property
    def channel(self) -> Channel:
        """Return the device's channel."""
        return self.dispatcher.channels[self.device.subentry_id]

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the dispatcher, and the device's availability."""
        self.async_on_remove(self.dispatcher.async_add_listener(self.async_write_ha_state))
        self.async_on_remove(self.device.coordinator.async_add_listener(self.async_write_ha_state))

    @property
    @override
    def available(self) -> bool:
        """Be available while the device answers."""
        return self.device.coordinator.last_update_success

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Say who wanted it, until when, and what happens when nobody repeats it."""
        accepted = self.channel.accepted
        return {
            "source": accepted.source if accepted else None,
            # A plan is renewed every few minutes; when it would run out interests nobody.
            "until": accepted.expires_at if accepted and accepted.source is Source.OVERRIDE else None,
            "error": self.channel.error,
            "lapsed_at": self.channel.lapsed_at,
            **when_ems_is_gone(self.channel),
        }
