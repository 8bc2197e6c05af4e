"""One repair per file of people's own that is no profile: there while it is broken, gone by itself afterwards."""

from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval

from .adapters.own_profiles import FOLDER, Profiles, async_read_profiles
from .const import DOMAIN, SETTINGS_INTERVAL

_PREFIX: Final = "own_profile_"


async def async_profiles(hass: HomeAssistant) -> Profiles:
    """Return the profiles there are now, and tell about the files that are none."""
    found = await async_read_profiles(hass)
    _async_tell(hass, found)
    return found


@callback
def async_watch_profiles(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Look at the folder now and then: who mends a file wants to see that it is mended, without a restart."""

    async def look(_: datetime) -> None:
        await async_profiles(hass)

    @callback
    def unloaded() -> None:
        if not any(
            other.state is ConfigEntryState.LOADED and other is not entry
            for other in hass.config_entries.async_entries(DOMAIN)
        ):
            _async_clear(hass, keep=frozenset())

    entry.async_on_unload(async_track_time_interval(hass, look, SETTINGS_INTERVAL))
    entry.async_on_unload(unloaded)


@callback
def _async_tell(hass: HomeAssistant, found: Profiles) -> None:
    for name, why in found.own.broken.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{_PREFIX}{name}",
            is_fixable=False,  # by us; it goes as soon as the file is in order
            severity=ir.IssueSeverity.WARNING,
            translation_key="own_profile_broken",
            translation_placeholders={"file": name, "folder": "/".join(FOLDER), "detail": why},
        )
    _async_clear(hass, keep=frozenset(f"{_PREFIX}{name}" for name in found.own.broken))


@callback
def _async_clear(hass: HomeAssistant, *, keep: frozenset[str]) -> None:
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(_PREFIX) and issue_id not in keep:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
