"""From subentries to devices: one coordinator per physical device, shared by the subentries that live on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import (
    CONF_ENTITIES,
    CONF_KIND,
    CONF_LINK,
    CONF_PARAMS,
    CONF_PROFILE,
    CONF_SOURCE,
    DEVICE_INTERVAL,
    LOAD,
    METER,
    METER_INTERVAL,
    ROLES,
    SOURCE_ENTITIES,
)
from ..coordinators.device import EntityCoordinator, ModbusCoordinator, SettingsCoordinator
from ..devices import ModbusDevice, Profile
from ..devices.points import POINTS
from ..devices.reading import Reading
from ..engine.flexible_load import LoadKind
from ..site_device import Actuator, Brand, SiteDevice
from .actuators import EntityActuator, ModbusActuator, entity_modes
from .entity_points import entity_points
from .load_actuator import LoadActuator
from .modbus_link import async_borrow_units, link_key


@dataclass(frozen=True, kw_only=True)
class _Shared:
    """What the subentries of one physical device have in common."""

    profile: Profile
    readings: ModbusCoordinator
    settings: SettingsCoordinator | None


def build_devices(
    hass: HomeAssistant, entry: ConfigEntry[Any], profiles: Mapping[str, Profile]
) -> dict[str, SiteDevice]:
    """Return every device of the site by subentry id. Nothing is sent yet."""
    subentries = [s for s in entry.subentries.values() if s.subentry_type in ROLES]
    shared = _shared_links(hass, entry, subentries, profiles)
    return {
        subentry.subentry_id: (
            _entity_device(hass, entry, subentry)
            if subentry.data[CONF_SOURCE][CONF_KIND] == SOURCE_ENTITIES
            else _modbus_device(hass, subentry, shared[link_key(subentry.data[CONF_SOURCE][CONF_LINK])])
        )
        for subentry in subentries
    }


def _shared_links(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    subentries: list[ConfigSubentry],
    profiles: Mapping[str, Profile],
) -> dict[str, _Shared]:
    """Return one coordinator pair per physical device."""
    by_link: dict[str, list[ConfigSubentry]] = {}
    for subentry in subentries:
        source = subentry.data[CONF_SOURCE]
        if source[CONF_KIND] != SOURCE_ENTITIES:
            by_link.setdefault(link_key(source[CONF_LINK]), []).append(subentry)
    return {key: _share(hass, entry, group, profiles) for key, group in by_link.items()}


def _share(
    hass: HomeAssistant, entry: ConfigEntry[Any], group: list[ConfigSubentry], profiles: Mapping[str, Profile]
) -> _Shared:
    source = group[0].data[CONF_SOURCE]
    profile = profiles[source[CONF_PROFILE]]
    roles = {subentry.subentry_type for subentry in group} | ({"inverter"} & set(profile.roles))
    unit, identity_unit = async_borrow_units(hass, entry, source[CONF_LINK], profile.identity.unit_id)
    device = ModbusDevice(profile, unit, identity_unit=identity_unit, roles=roles)
    every = METER_INTERVAL if roles == {METER} else DEVICE_INTERVAL
    has_settings = any(profile.roles[role].settings for role in roles)
    return _Shared(
        profile=profile,
        readings=ModbusCoordinator(hass, entry, device, source, every),
        settings=SettingsCoordinator(hass, entry, device) if has_settings else None,
    )


def _modbus_device(hass: HomeAssistant, subentry: ConfigSubentry, shared: _Shared) -> SiteDevice:
    role, profile = subentry.subentry_type, shared.profile
    declared = profile.roles[role]
    inverter = profile.roles.get("inverter")
    actuator: Actuator | None = None
    if declared.commands:
        actuator = ModbusActuator(hass, shared.readings.device, role, subentry.subentry_id)
    return SiteDevice(
        subentry_id=subentry.subentry_id,
        role=role,
        name=subentry.data[CONF_NAME],
        source=subentry.data[CONF_SOURCE],
        params=subentry.data[CONF_PARAMS],
        coordinator=shared.readings,
        settings=shared.settings,
        points=(*declared.readings, *declared.derived),
        # A profile's own settings (words of its maker) have no name in people's language and stay inside.
        setting_points=tuple(point for point in declared.settings if point in POINTS[role]),
        inverter_points=(*inverter.readings, *inverter.derived) if inverter and role != "inverter" else (),
        actuator=actuator,
        brand=Brand(manufacturer=profile.manufacturer, model=", ".join(profile.models)),
    )


def _entity_device(hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry) -> SiteDevice:
    role, data = subentry.subentry_type, subentry.data
    entities = data[CONF_SOURCE][CONF_ENTITIES]
    coordinator: DataUpdateCoordinator[Reading] = EntityCoordinator(
        hass, entry, role, entities, data[CONF_NAME]
    )
    name = data[CONF_NAME]
    return SiteDevice(
        subentry_id=subentry.subentry_id,
        role=role,
        name=name,
        source=data[CONF_SOURCE],
        params=data[CONF_PARAMS],
        coordinator=coordinator,
        points=entity_points(role, entities),
        actuator=_entity_actuator(hass, role, entities, name, data[CONF_PARAMS]),
    )


def _entity_actuator(
    hass: HomeAssistant, role: str, entities: Mapping[str, Any], name: str, params: Mapping[str, Any]
) -> Actuator | None:
    """Return the hands of a device behind entities; None where nothing of it can be written."""
    if not entity_modes(role, entities):
        return None
    if role == LOAD:
        # A programme is never broken off half-way, and a machine keeps its power when EMS goes.
        is_programme = params["kind"] == LoadKind.PROGRAMME
        return LoadActuator(hass, entities, name, params.get("power_w"), stays=is_programme)
    return EntityActuator(hass, role, entities, name, params.get("current_max_a"))


def introduce(device: SiteDevice) -> None:
    """Give a device the names it has told about itself, once it has answered."""
    coordinator = device.coordinator
    if isinstance(coordinator, ModbusCoordinator) and (identity := coordinator.identity):
        device.brand = Brand(
            manufacturer=identity.manufacturer,
            model=identity.model or device.brand.model,
            firmware=identity.firmware,
        )
        if isinstance(device.actuator, ModbusActuator):
            device.actuator.modes = coordinator.device.commands_of(device.role)
