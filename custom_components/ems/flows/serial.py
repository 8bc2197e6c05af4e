"""The form for a serial port: the second half of a Modbus device's address, whoever described the device."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)

from ..adapters.modbus_link import is_serial, link_params
from ..const import CONF_LINK, CONF_SERIAL_PORT, CONF_SOURCE, CONF_UNIT_ID
from ..devices.profile.model import SerialLine
from .probe import ProbeError
from .wiring import line_of, serial_link, serial_schema, serial_shown

type Reach = Callable[[dict[str, Any]], Awaitable[SubentryFlowResult]]


class SerialStep(ConfigSubentryFlow):
    """Asks for the port. What to do with the whole address is said by who asks."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._line = SerialLine()
        self._begun: dict[str, Any] = {}
        self._entered: dict[str, Any] = {}
        self._reach: Reach | None = None

    async def _async_ask_port(
        self, link: Mapping[str, Any], old: Mapping[str, Any], line: SerialLine | None, reach: Reach
    ) -> SubentryFlowResult:
        """Show the form; `reach` goes on with the link, or raises ProbeError."""
        self._begun, self._line, self._reach = dict(link), line or SerialLine(), reach
        before = self._entered or serial_shown(old)
        self._entered = {**before, CONF_UNIT_ID: link[CONF_UNIT_ID]}
        return await self.async_step_serial()

    async def async_step_serial(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which port it is on, and how the line is set."""
        errors: dict[str, str] = {}
        detail = ""
        if user_input is not None and self._reach is not None:
            self._entered = user_input
            try:
                return await self._reach(serial_link(self._begun, user_input))
            except ProbeError as err:
                errors["base"], detail = err.key, err.detail
        return self.async_show_form(
            step_id="serial",
            data_schema=self.add_suggested_values_to_schema(
                serial_schema(self._line, self._begun[CONF_UNIT_ID]), self._entered
            ),
            errors=errors,
            description_placeholders={"detail": detail},
        )

    @asynccontextmanager
    async def _line_freed(self, link: Mapping[str, Any]) -> AsyncIterator[None]:
        """Take this home off a line for as long as a device on it is asked at another speed.

        A line has one speed, and Home Assistant opens it once. Whatever comes of it, the home is set up again.
        """
        entry = self._get_entry()
        running = entry.state in (ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY)
        if self.source != SOURCE_RECONFIGURE or not running or not self._is_held_otherwise(link):
            yield
            return
        await self.hass.config_entries.async_unload(entry.entry_id)
        try:
            yield
        finally:
            await self.hass.config_entries.async_setup(entry.entry_id)

    def _is_held_otherwise(self, link: Mapping[str, Any]) -> bool:
        """Tell whether this home keeps the same line open with other settings."""
        if CONF_UNIT_ID not in link:
            return False
        wanted = link_params(link)
        sources = (each.data.get(CONF_SOURCE, {}) for each in self._get_entry().subentries.values())
        kept = (source.get(CONF_LINK, {}) for source in sources)
        held = [link_params(each) for each in kept if CONF_UNIT_ID in each]
        return any(each.endpoint == wanted.endpoint and each != wanted for each in held)

    def _take_line_along(self, link: Mapping[str, Any]) -> None:
        """Let everything on a line talk at the speed that was just proven: it has only one."""
        if CONF_UNIT_ID not in link or not is_serial(link):
            return
        entry = self._get_entry()
        for other in list(entry.subentries.values()):
            source = other.data.get(CONF_SOURCE, {})
            kept = source.get(CONF_LINK, {})
            same = kept.get(CONF_SERIAL_PORT) == link[CONF_SERIAL_PORT]
            if same and (changed := {**kept, **line_of(link)}) != kept:
                data = {**other.data, CONF_SOURCE: {**source, CONF_LINK: changed}}
                self.hass.config_entries.async_update_subentry(entry, other, data=data)
