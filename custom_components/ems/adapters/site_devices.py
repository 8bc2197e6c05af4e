"""From subentries to devices: one coordinator per physical device, shared by the subentries that live on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import (
    CHARGER,
    CONF_DISCHARGE_MAX_W,
    CONF_ENTITIES,
    CONF_KIND,
    CONF_LINK,
    CONF_PARAMS,
    CONF_SOURCE,
    CONF_SWITCHES_PHASES,
    LOAD,
    ROLES,
    SOURCE_ENTITIES,
    SOURCE_PROFILE,
)
from ..coordinators.device import (
    DeviceCoordinator,
    EntityCoordinator,
    MqttCoordinator,
    SettingsCoordinator,
)
from ..devices import AnyProfile, Device, MqttDevice
from ..devices.command import DeviceCommand
from ..devices.points import POINTS
from ..devices.reading import Reading
from ..engine.flexible_load import LoadKind
from ..site_device import Actuator, Brand, SiteDevice
from ..store import SiteStore
from .actuators import EntityActuator, ProfileActuator, entity_modes, safe_command
from .device_links import connect, profile_of, shared_key
from .device_wiring import safe_current_a
from .entity_points import entity_points
from .load_actuator import LoadActuator
from .load_hands import LoadHands
from .push_devices import push_devices
from .push_source import is_pushed
from .rhythm import rhythm_of
from .script_hands import CONF_SCRIPT, ScriptActuator
from .unusable_device import unusable_device, why_unusable


@dataclass(frozen=True, kw_only=True)
class _Shared:
    """What the subentries of one physical device have in common."""

    device: Device
    readings: DeviceCoordinator | MqttCoordinator
    settings: SettingsCoordinator | None
    max_age_s: float


def build_devices(
    hass: HomeAssistant, entry: ConfigEntry[Any], profiles: Mapping[str, AnyProfile], store: SiteStore
) -> dict[str, SiteDevice]:
    """Return every device of the site by subentry id. Nothing is sent yet."""
    subentries = [s for s in entry.subentries.values() if s.subentry_type in ROLES and not is_pushed(s)]
    usable = [s for s in subentries if why_unusable(s.subentry_type, s.data[CONF_SOURCE], profiles) is None]
    shared = _shared_links(hass, entry, usable, profiles)
    known = {subentry.subentry_id for subentry in usable}

    def built(subentry: ConfigSubentry) -> SiteDevice:
        source = subentry.data[CONF_SOURCE]
        if subentry.subentry_id not in known:
            return unusable_device(hass, entry, subentry)
        if source[CONF_KIND] == SOURCE_ENTITIES:
            return _entity_device(hass, entry, subentry)
        return _profile_device(hass, subentry, shared[shared_key(source, subentry.subentry_id)])

    return push_devices(hass, entry, store) | {each.subentry_id: built(each) for each in subentries}


def _shared_links(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    subentries: list[ConfigSubentry],
    profiles: Mapping[str, AnyProfile],
) -> dict[str, _Shared]:
    """Return one coordinator pair per physical device."""
    by_link: dict[str, list[ConfigSubentry]] = {}
    for subentry in subentries:
        source = subentry.data[CONF_SOURCE]
        if source[CONF_KIND] != SOURCE_ENTITIES:
            by_link.setdefault(shared_key(source, subentry.subentry_id), []).append(subentry)
    return {key: _share(hass, entry, group, profiles) for key, group in by_link.items()}


def _share(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    group: list[ConfigSubentry],
    profiles: Mapping[str, AnyProfile],
) -> _Shared:
    source = group[0].data[CONF_SOURCE]
    profile = profile_of(group[0].subentry_type, source, profiles)
    roles = {subentry.subentry_type for subentry in group} | ({"inverter"} & set(profile.roles))
    device = connect(hass, entry, profile, source[CONF_LINK], roles)
    rhythm = rhythm_of(profile, group)
    has_settings = any(profile.roles[role].settings for role in roles)
    shared = _Shared(
        device=device,
        readings=MqttCoordinator(hass, entry, device)
        if isinstance(device, MqttDevice)
        else DeviceCoordinator(hass, entry, device, source, rhythm.every),
        settings=SettingsCoordinator(hass, entry, device) if has_settings else None,
        max_age_s=rhythm.max_age_s,
    )
    # Of five meters of one kind, errors name the one that is meant.
    called = ", ".join(subentry.data[CONF_NAME] for subentry in group)
    for each in (shared.readings, shared.settings):
        if each:
            each.name = f"{each.name} ({called})"
    return shared


def _profile_device(hass: HomeAssistant, subentry: ConfigSubentry, shared: _Shared) -> SiteDevice:
    role, profile = subentry.subentry_type, shared.device.profile
    declared = profile.roles[role]
    inverter = profile.roles.get("inverter")
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
        actuator=_profile_actuator(hass, subentry, shared.device) if declared.commands else None,
        reading_max_age_s=shared.max_age_s,
        brand=_brand(subentry.data[CONF_SOURCE], profile.manufacturer, ", ".join(profile.models)),
    )


def _profile_actuator(hass: HomeAssistant, subentry: ConfigSubentry, device: Device) -> Actuator:
    params = subentry.data[CONF_PARAMS]
    if subentry.subentry_type != LOAD:
        may = params.get(CONF_SWITCHES_PHASES, True)
        role = subentry.subentry_type
        return ProfileActuator(hass, device, role, subentry.subentry_id, may_switch_phases=may)
    return LoadHands(
        hass,
        device,
        subentry.subentry_id,
        stays=_is_programme(params),
        power_w=params.get("power_w"),
    )


def _is_programme(params: Mapping[str, Any]) -> bool:
    """A programme is never broken off half-way, and a machine keeps its power when EMS goes."""
    return bool(params["kind"] == LoadKind.PROGRAMME)


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
    if script := entities.get(CONF_SCRIPT):
        safe = (
            safe_command(safe_current_a(params), is_set=True)
            if role == CHARGER
            else DeviceCommand(role=role, mode="automatic")
        )
        return ScriptActuator(
            hass,
            role,
            script,
            name,
            safe,
            may_switch_phases=params.get(CONF_SWITCHES_PHASES, False),
            may_discharge=params.get(CONF_DISCHARGE_MAX_W, 0) > 0,
        )
    if role == LOAD:
        return LoadActuator(hass, entities, name, params.get("power_w"), stays=_is_programme(params))
    safe_a, may = safe_current_a(params), params.get(CONF_SWITCHES_PHASES, True)
    return EntityActuator(hass, role, entities, name, safe_a, may_switch_phases=may)


def _brand(source: Mapping[str, Any], manufacturer: str, model: str | None) -> Brand:
    """Return what is known of a device. Of one that was described by hand that is what it speaks, not who made it."""
    is_known = source[CONF_KIND] == SOURCE_PROFILE
    return Brand(manufacturer=manufacturer, model=model) if is_known else Brand(model=manufacturer)


def introduce(device: SiteDevice) -> None:
    """Give a device the names it has told about itself, once it has answered."""
    coordinator = device.coordinator
    if isinstance(coordinator, DeviceCoordinator) and (identity := coordinator.identity):
        told = _brand(device.source, identity.manufacturer, identity.model or device.brand.model)
        device.brand = replace(told, firmware=identity.firmware, serial=identity.serial)
        if isinstance(device.actuator, ProfileActuator):
            device.actuator.modes = coordinator.device.commands_of(device.role)
