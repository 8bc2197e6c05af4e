"""The form that asks how a load described by hand is switched. Nothing is switched by filling it in."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import BooleanSelector, TextSelector
import probatio

from ..const import CONF_KIND, CONF_POINTS, CONF_SOURCE, SOURCE_HTTP, SOURCE_MODBUS, SOURCE_MQTT
from ..devices.by_hand import profile_by_hand
from ..devices.hand_commands import POWER, RUNNING, SETPOINT, CommandError
from ..devices.row_checks import RowError
from .device import DeviceFlow
from .fields import choice, whole
from .links import LINES

CONF_COMMANDS = "commands"

_HTTP: dict[Any, Any] = {
    probatio.Required("method", default="get"): choice(["get", "post", "put"], "http_method"),
    **{probatio.Optional(f"{word}_path"): TextSelector() for word in ("on", "off")},
    **{probatio.Optional(f"{word}_body"): LINES for word in ("on", "off")},
    probatio.Optional("power_path"): TextSelector(),
    probatio.Optional("power_body"): LINES,
}
_MQTT: dict[Any, Any] = {
    probatio.Optional("command_topic"): TextSelector(),
    probatio.Optional("on_payload", default="ON"): TextSelector(),
    probatio.Optional("off_payload", default="OFF"): TextSelector(),
    probatio.Required("retain", default=False): BooleanSelector(),
    probatio.Optional("power_topic"): TextSelector(),
    probatio.Optional("power_payload"): TextSelector(),
}
_MODBUS: dict[Any, Any] = {
    probatio.Required("switches", default=False): BooleanSelector(),
    probatio.Required("on_value", default=1): whole(0, 65535),
    probatio.Required("off_value", default=0): whole(0, 65535),
}
_FIELDS = {SOURCE_HTTP: _HTTP, SOURCE_MQTT: _MQTT, SOURCE_MODBUS: _MODBUS}


class HandCommandsFlow(DeviceFlow):
    """Asks after the table how the device is switched."""

    async def _async_described(self) -> SubentryFlowResult:
        """Ask how it is switched, where a row shows that it was; else there is nothing to ask."""
        shown = {row["point"] for row in self._source[CONF_POINTS]} & {RUNNING, SETPOINT}
        return await (self._async_commands() if shown else self.async_step_confirm())

    async def async_step_http_commands(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for requests."""
        return await self._async_commands(user_input)

    async def async_step_mqtt_commands(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for topics and payloads."""
        return await self._async_commands(user_input)

    async def async_step_modbus_commands(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the values of a register or a coil."""
        return await self._async_commands(user_input)

    async def _async_commands(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        kind = self._source[CONF_KIND]
        errors: dict[str, str] = {}
        if user_input is not None:
            source = {**self._source, CONF_COMMANDS: user_input}
            if not (errors := self._command_errors(source)):
                self._source = source
                return await self.async_step_confirm()
        shown = user_input or self._old_commands(kind)
        return self.async_show_form(
            step_id=f"{kind}_commands",
            data_schema=self.add_suggested_values_to_schema(probatio.Schema(_FIELDS[kind]), shown),
            errors=errors,
            description_placeholders={"power_w": POWER},
        )

    def _command_errors(self, source: Mapping[str, Any]) -> dict[str, str]:
        try:
            profile_by_hand(self.role, source)
        except CommandError as err:
            return {err.field: err.key}
        except RowError:
            # The rows were fine before: a register that is only read cannot be switched, an answer not written.
            return {"base": "not_writable"}
        return {}

    def _old_commands(self, kind: str) -> dict[str, Any]:
        source = self._current().get(CONF_SOURCE, {})
        return dict(source.get(CONF_COMMANDS, {})) if source.get(CONF_KIND) == kind else {}
