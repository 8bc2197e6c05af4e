"""From what a subentry keeps to a device one can talk to, whatever it speaks."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..const import (
    CONF_CHANNEL,
    CONF_KIND,
    CONF_LINK,
    CONF_PREFIX,
    CONF_PROFILE,
    CONF_TRANSPORT,
    CONF_UNIT_ID,
    SOURCE_PROFILE,
)
from ..devices import AnyProfile, Device, HttpDevice, Identity, ModbusDevice, MqttDevice, Profile
from ..devices.by_hand import profile_by_hand
from ..devices.profile import HttpLink
from .http_link import base_url, http_client
from .modbus_link import async_borrow_units, async_temporary_units, is_serial, link_key, place_of
from .mqtt_link import HomeAssistantBroker


def profile_of(role: str, source: Mapping[str, Any], profiles: Mapping[str, AnyProfile]) -> AnyProfile:
    """Return the profile of a stored source: a shipped one, or the one that was described by hand."""
    if source[CONF_KIND] == SOURCE_PROFILE:
        return profiles[source[CONF_PROFILE]]
    return profile_by_hand(role, source)


def shared_key(source: Mapping[str, Any], subentry_id: str) -> str:
    """Return what two subentries on one device have in common. What is described by hand is a device of its own."""
    if source[CONF_KIND] != SOURCE_PROFILE:
        return subentry_id
    link = source[CONF_LINK]
    match link[CONF_TRANSPORT]:
        case "http":
            return f"{base_url(link)}:{link.get(CONF_CHANNEL, 0)}".lower()
        case "mqtt":
            return f"mqtt:{link[CONF_PREFIX]}:{link.get(CONF_CHANNEL, 0)}"
    return link_key(link)


def connect(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    profile: AnyProfile,
    link: Mapping[str, Any],
    roles: Collection[str],
) -> Device:
    """Return a device for as long as the entry is loaded. Nothing is sent yet."""
    if not isinstance(profile, Profile):
        device = _document_device(hass, profile, link, roles)
        if isinstance(device, MqttDevice):
            entry.async_on_unload(device.close)
        return device
    unit, identity_unit = async_borrow_units(hass, entry, link, profile.identity.unit_id)
    drops = not is_serial(link)
    return ModbusDevice(profile, unit, identity_unit=identity_unit, roles=roles, drops_line=drops)


@asynccontextmanager
async def temporary_device(
    hass: HomeAssistant, profile: AnyProfile, link: Mapping[str, Any]
) -> AsyncIterator[Device]:
    """Hold a device for a flow."""
    if isinstance(profile, Profile):
        async with async_temporary_units(hass, link, profile.identity.unit_id) as (unit, identity_unit):
            yield ModbusDevice(profile, unit, identity_unit=identity_unit)
        return
    device = _document_device(hass, profile, link, None)
    try:
        yield device
    finally:
        if isinstance(device, MqttDevice):
            device.close()


def _document_device(
    hass: HomeAssistant, profile: Any, link: Mapping[str, Any], roles: Collection[str] | None
) -> HttpDevice | MqttDevice:
    channel = int(link.get(CONF_CHANNEL, 0))
    if isinstance(profile.link, HttpLink):
        return HttpDevice(profile, http_client(hass, link, profile.link), channel=channel, roles=roles)
    prefix = link.get(CONF_PREFIX, "")
    return MqttDevice(profile, HomeAssistantBroker(hass), prefix=prefix, channel=channel, roles=roles)


def serial_of(profile: AnyProfile, identity: Identity, link: Mapping[str, Any]) -> str:
    """Return what tells a device from every other: its serial number, where it is if it has none."""
    if isinstance(profile, Profile):
        unit_id = int(link[CONF_UNIT_ID])
        return profile.unique_serial(identity.serial, unit_id) if identity.serial else place_of(link)
    channel = int(link.get(CONF_CHANNEL, 0))
    where = base_url(link) if isinstance(profile.link, HttpLink) else link.get(CONF_PREFIX, "")
    return profile.unique_serial(identity.serial or where, channel)
