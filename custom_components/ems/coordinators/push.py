"""Takes what a device posts when it posts it; the clock only notices that it has gone silent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..devices.push import PushInbox, PushState
from ..devices.reading import Reading

# How late a silence may be noticed.
SILENCE_INTERVAL = timedelta(seconds=10)


class PushCoordinator(DataUpdateCoordinator[Reading]):
    """One device that posts. It never fails at set-up: a site that waited for it could not hear it either."""

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        name: str,
        inbox: PushInbox,
        save: Callable[[PushState], None],
        *,
        is_revoked: bool = False,
    ) -> None:
        """Listen to the inbox for as long as the entry is loaded.

        is_revoked : Nothing will come any more: its key was taken away.
        """
        super().__init__(
            hass, LOGGER, config_entry=entry, name=f"{entry.title} {name}", update_interval=SILENCE_INTERVAL
        )
        self.inbox, self._save, self._is_revoked = inbox, save, is_revoked
        inbox.heard = self._async_heard

    @property
    def has_reported(self) -> bool:
        """Tell whether a report came lately, before a restart or after it; the patience of a start is no report."""
        at_s = self.inbox.state.at_s
        return at_s is not None and dt_util.utcnow().timestamp() - at_s <= self.inbox.setup.silent_after_s

    @callback
    def _async_heard(self) -> None:
        self._save(self.inbox.state)
        self.async_set_updated_data(self.inbox.reading(dt_util.utcnow().timestamp()))

    @override
    async def _async_update_data(self) -> Reading:
        """Look at what came last."""
        now_s = dt_util.utcnow().timestamp()
        # Not at set-up: a home that waits for its only meter could not be given a new key.
        if self._is_revoked and self.data is not None:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="push_revoked",
                translation_placeholders={"device": self.name},
            )
        if self.inbox.is_silent(now_s):
            refusal = self.inbox.last_refusal
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="push_silent",
                translation_placeholders={
                    "device": self.name,
                    "seconds": f"{self.inbox.setup.silent_after_s:.0f}",
                    "detail": refusal.message if refusal else "–",
                },
            )
        return self.inbox.reading(now_s)
