"""What must survive a restart and is no setting: what cars and loads have used, the demo home's state."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN

VERSION = 1
# Lost at worst: one minute of a simulated home, or the first minute of a charging session.
SAVE_DELAY_S = 60


class SiteStore:
    """A small JSON file per site."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file."""
        self._store: Store[dict[str, Any]] = Store(hass, VERSION, f"{DOMAIN}.{entry_id}")
        self.data: dict[str, Any] = {}
        self._is_due = False

    async def async_load(self) -> None:
        """Read what the last run left."""
        self.data = await self._store.async_load() or {}

    @callback
    def put(self, key: str, value: Any) -> None:
        """Remember a value; it is written a little later."""
        self.data[key] = value
        if not self._is_due:
            # Each further call would put the writing off again, and energy is counted twice a minute.
            self._is_due = True
            self._store.async_delay_save(self._take, SAVE_DELAY_S)

    def _take(self) -> dict[str, Any]:
        self._is_due = False
        return self.data

    async def async_flush(self) -> None:
        """Write now."""
        self._is_due = False
        await self._store.async_save(self.data)

    async def async_remove(self) -> None:
        """Delete the file with the site."""
        await self._store.async_remove()
