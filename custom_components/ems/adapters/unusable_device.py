"""Devices whose profile is gone or broken: they stay where they are, say why, and stop nobody else."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import (
    CONF_KIND,
    CONF_LINK,
    CONF_PARAMS,
    CONF_PROFILE,
    CONF_SOURCE,
    CONF_TRANSPORT,
    SOURCE_ENTITIES,
    SOURCE_PROFILE,
)
from ..coordinators.unusable import UnusableCoordinator
from ..devices import AnyProfile, Profile
from ..devices.by_hand import profile_by_hand
from ..devices.points import POINTS
from ..devices.row_checks import RowError
from ..site_device import SiteDevice
from .own_profiles import FOLDER, Profiles


def why_unusable(role: str, source: Mapping[str, Any], profiles: Mapping[str, AnyProfile]) -> str | None:
    """Return why no device can be made of a stored source, None where one can."""
    if source[CONF_KIND] == SOURCE_ENTITIES:
        return None
    if source[CONF_KIND] != SOURCE_PROFILE:
        try:
            profile_by_hand(role, source)
        except RowError as err:
            return str(err)
        return None
    name = source[CONF_PROFILE]
    profile = profiles.get(name)
    if profile is None:
        return f"{name}.yaml is not in {'/'.join(FOLDER)}; put it back"
    if role not in profile.roles:
        return f"{name}.yaml has no role {role} any more; add it again"
    if _spoken(profile) != _spoken_over(source[CONF_LINK][CONF_TRANSPORT]):
        return f"{name}.yaml speaks another protocol than it did; delete this device and add it anew"
    return None


def unusable_device(hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry) -> SiteDevice:
    """Return a device that reads nothing and shows the entities it had, as unavailable."""
    role, data = subentry.subentry_type, subentry.data
    source = data[CONF_SOURCE]

    def why(found: Profiles) -> str | None:
        detail = why_unusable(role, source, found.every)
        return detail and (found.own.why_unusable(source.get(CONF_PROFILE, "")) or detail)

    return SiteDevice(
        subentry_id=subentry.subentry_id,
        role=role,
        name=data[CONF_NAME],
        source=source,
        params=data[CONF_PARAMS],
        coordinator=UnusableCoordinator(
            hass, entry, f"{entry.title} {data[CONF_NAME]}", subentry.subentry_id, why
        ),
        points=_points_it_had(hass, entry, subentry),
    )


def _points_it_had(hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry) -> tuple[str, ...]:
    """Return the points that have an entity: what the profile declared is not known any more."""
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    names = {each.unique_id for each in registered}
    points = POINTS[subentry.subentry_type]
    return tuple(point for point in points if f"{subentry.subentry_id}_{point}" in names)


def _spoken(profile: AnyProfile) -> str:
    return "modbus" if isinstance(profile, Profile) else profile.link.transport


def _spoken_over(transport: str) -> str:
    return transport if transport in {"http", "mqtt"} else "modbus"
