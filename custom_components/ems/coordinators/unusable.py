"""A device whose profile is gone or broken: silent, with the reason, until the profile is back."""

from collections.abc import Callable
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..adapters.own_profiles import Profiles
from ..const import DOMAIN, LOGGER, SETTINGS_INTERVAL
from ..devices.reading import Reading
from ..profile_issues import async_profiles


class UnusableCoordinator(DataUpdateCoordinator[Reading]):
    """Reads nothing. Looks for the profile instead, and lets the site begin anew once it is there.

    why : Returns why the device cannot be used with the profiles there are, None where it can.
    """

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        name: str,
        subentry_id: str,
        why: Callable[[Profiles], str | None],
    ) -> None:
        """Initialize the coordinator."""
        super().__init__(hass, LOGGER, config_entry=entry, name=name, update_interval=SETTINGS_INTERVAL)
        self._why = why
        self._detail = ""
        self._issue_id = f"profile_unusable_{subentry_id}"
        entry.async_on_unload(self._async_clear)

    @override
    async def _async_update_data(self) -> Reading:
        """Look again."""
        detail = self._why(await async_profiles(self.hass))
        if detail is None:
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        elif detail != self._detail:
            self._detail = detail
            self._async_tell()
        raise UpdateFailed(
            translation_domain=DOMAIN,
            translation_key="profile_unusable",
            translation_placeholders={"device": self.name, "detail": self._detail},
        )

    @callback
    def _async_tell(self) -> None:
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            self._issue_id,
            is_fixable=False,  # by us; it goes as soon as the profile is there
            severity=ir.IssueSeverity.ERROR,
            translation_key="profile_unusable",
            translation_placeholders={"device": self.name, "detail": self._detail},
        )

    @callback
    def _async_clear(self) -> None:
        ir.async_delete_issue(self.hass, DOMAIN, self._issue_id)
