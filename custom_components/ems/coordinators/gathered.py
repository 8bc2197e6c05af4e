"""Do a thing at once, but not again for each of the many that ask within a moment."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later


class Gathered:
    """Acts on the first call, and once more `apart_s` later for all calls in between. 0: on every call."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], action: Callable[[], None], apart_s: float
    ) -> None:
        """Remember what is to be done. What is still due is dropped when the entry is unloaded."""
        self._hass, self._action, self._apart_s = hass, action, apart_s
        self._acted_s = float("-inf")
        self._due: CALLBACK_TYPE | None = None
        entry.async_on_unload(self._async_forget)

    @callback
    def async_ask(self) -> None:
        """Ask for it."""
        if self._due is not None:
            return
        wait_s = self._acted_s + self._apart_s - self._hass.loop.time()
        if wait_s <= 0:
            self._async_act()
        else:
            self._due = async_call_later(self._hass, wait_s, self._async_act)

    @callback
    def _async_act(self, _: Any = None) -> None:
        self._due, self._acted_s = None, self._hass.loop.time()
        self._action()

    @callback
    def _async_forget(self) -> None:
        if self._due:
            self._due()
            self._due = None
