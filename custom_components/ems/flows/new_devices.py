"""Describe devices inside the flow of a home: one form each, with what was read and what only people know."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult, ConfigSubentryData
from homeassistant.const import CONF_NAME
import probatio

from ..adapters.car_soc import FIELD as CAR_SOC, soc_problem
from ..adapters.entity_points import SIGNS
from ..const import BATTERY, CHARGER, CONF_ENTITIES, CONF_PARAMS, CONF_SERIAL, CONF_SOURCE, METER, PV
from ..devices.reading import Reading
from .device_wiring import House, wiring_errors
from .fields import choice
from .params import confirm_schema, param_errors, suggestions
from .probe import async_describe

CONF_SIGN = "power_positive"

type Then = Callable[[], Awaitable[ConfigFlowResult]]


@dataclass(frozen=True, kw_only=True)
class NewDevice:
    """A device that was read and is still to be described.

    known : What is known of it already, by field of the form.
    asks_sign : Whether the form asks how its power counts: nobody has said it.
    house : How it may be wired in the home it comes to.
    """

    role: str
    title: str
    source: Mapping[str, Any]
    reading: Reading
    known: Mapping[str, Any] = field(default_factory=dict)
    asks_sign: bool = False
    house: House = field(default_factory=House)

    def described(self, answers: Mapping[str, Any]) -> ConfigSubentryData:
        """Return the device as it is stored."""
        params = {key: value for key, value in answers.items() if key not in (CONF_NAME, CONF_SIGN)}
        name, source = answers[CONF_NAME], dict(self.source)
        if CONF_SIGN in answers:
            source[CONF_ENTITIES] = {**source[CONF_ENTITIES], CONF_SIGN: answers[CONF_SIGN]}
        return ConfigSubentryData(
            subentry_type=self.role,
            title=name,
            unique_id=f"{self.role}:{self.source[CONF_SERIAL]}",
            data={CONF_NAME: name, CONF_SOURCE: source, CONF_PARAMS: params},
        )

    @property
    def schema(self) -> probatio.Schema:
        """Return the form of what only people know."""
        form = confirm_schema(self.role, self.house)
        if not self.asks_sign:
            return form
        signs = list(SIGNS[self.role])
        sign = {probatio.Required(CONF_SIGN, default=signs[0]): choice(signs, CONF_SIGN)}
        return probatio.Schema({**form.schema, **sign})


class NewDevicesFlow(ConfigFlow):
    """The forms of new devices, one after the other."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._waiting: list[NewDevice] = []
        self._described: list[ConfigSubentryData] = []
        self._then: Then | None = None

    async def _async_describe_all(self, devices: Iterable[NewDevice], *, then: Then) -> ConfigFlowResult:
        """Show a form for every device, then go on; the answers stand in `_described`."""
        self._waiting, self._then = list(devices), then
        return await self._async_next_device()

    async def async_step_new_meter(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what only people know of a meter."""
        return await self._async_new(METER, user_input)

    async def async_step_new_battery(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what only people know of a battery."""
        return await self._async_new(BATTERY, user_input)

    async def async_step_new_pv(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what only people know of a PV array."""
        return await self._async_new(PV, user_input)

    async def async_step_new_charger(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what only people know of a charger."""
        return await self._async_new(CHARGER, user_input)

    async def _async_next_device(self) -> ConfigFlowResult:
        """Show the next form, or go on."""
        if not self._waiting:
            assert self._then is not None  # noqa: S101  # said before the first form
            return await self._then()
        return await self._async_new(self._waiting[0].role, None)

    async def _async_new(self, role: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show the values that were read, ask, keep the answers."""
        device, detail = self._waiting[0], ""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors, detail = self._new_errors(role, user_input)
            if not errors:
                self._described.append(device.described(user_input))
                self._waiting = self._waiting[1:]
                return await self._async_next_device()
        return await self._async_new_form(device, user_input, errors, detail)

    async def _async_new_form(
        self,
        device: NewDevice,
        user_input: Mapping[str, Any] | None,
        errors: dict[str, str],
        detail: str,
    ) -> ConfigFlowResult:
        """Show the form of a device, filled in with what is known."""
        shown = user_input or {
            CONF_NAME: device.title,
            **suggestions(device.role, device.reading),
            **device.known,
        }
        return self.async_show_form(
            step_id=f"new_{device.role}",
            data_schema=self.add_suggested_values_to_schema(device.schema, shown),
            errors=errors,
            description_placeholders={
                "values": await async_describe(self.hass, device.role, device.reading),
                "serial": str(device.source[CONF_SERIAL]),
                "detail": detail,
            },
        )

    def _new_errors(self, role: str, user_input: Mapping[str, Any]) -> tuple[dict[str, str], str]:
        """Name what the form lacks or contradicts, and what was seen."""
        if problem := soc_problem(self.hass, user_input):
            return {CAR_SOC: problem[0]}, problem[1]
        house = self._waiting[0].house
        return param_errors(role, user_input) or wiring_errors(role, user_input, house), ""
