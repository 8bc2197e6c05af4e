"""The pages about limits beside fuses: the network operator, times of day, the quarter-hours that a peak is made of."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    ObjectSelector,
    ObjectSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TimeSelector,
)
import probatio

from ..adapters.entity_points import EntityValueError, Kind, entity_value
from ..adapters.limit_options import (
    CONF_FLOOR_KW,
    CONF_LIMIT_KW,
    CONF_LIMITED_WHEN,
    CONF_STARTS_PAST_S,
    OPT_CAPS,
    OPT_OPERATOR,
    OPT_QUARTER_HOUR,
    steered_devices,
)
from ..adapters.local_windows import WEEKDAYS
from ..adapters.manner import manner_of
from ..adapters.operator_limit import CONTACTS, NUMBERS
from ..const import CONF_ENTITY
from ..engine.control.dimming import least_kw
from .entities import is_ours
from .fields import choice, number, schema

LIMIT_MENU = ["operator", "caps", "quarter_hour"]


def operator_schema() -> probatio.Schema:
    """Return the form of who says that the operator limits, and what it then leaves."""
    contact = EntityWithDeviceFilterSelectorConfig(domain=list(CONTACTS))
    power = EntityWithDeviceFilterSelectorConfig(domain=["number", "sensor"], device_class="power")
    helper = EntityWithDeviceFilterSelectorConfig(domain="input_number")
    return schema(
        {
            probatio.Optional(CONF_ENTITY): EntitySelector(
                EntitySelectorConfig(filter=[contact, power, helper])
            ),
            probatio.Required(CONF_LIMITED_WHEN, default=STATE_ON): choice(
                [STATE_ON, STATE_OFF], CONF_LIMITED_WHEN
            ),
            probatio.Optional(CONF_LIMIT_KW): number(0, 5000, 0.01, "kW"),
        }
    )


def caps_schema() -> probatio.Schema:
    """Return the form of limits by the clock."""
    window = {
        "start": {"selector": TimeSelector(), "required": True},
        "end": {"selector": TimeSelector(), "required": True},
        CONF_LIMIT_KW: {"selector": number(0, 5000, 0.01, "kW"), "required": True},
        "weekdays": {
            "selector": SelectSelector(
                SelectSelectorConfig(options=list(WEEKDAYS), multiple=True, translation_key="weekday")
            )
        },
    }
    return schema(
        {
            probatio.Optional(OPT_CAPS): ObjectSelector(
                ObjectSelectorConfig(
                    fields=window,  # type: ignore[typeddict-item]  # the stub wants a dict per field type
                    multiple=True,
                    label_field="start",
                    description_field=CONF_LIMIT_KW,
                    translation_key="cap_window",
                )
            )
        }
    )


def quarter_hour_schema() -> probatio.Schema:
    """Return the form of how the network counts its quarter-hours."""
    return schema(
        {
            probatio.Required(CONF_FLOOR_KW, default=0): number(0, 5000, 0.1, "kW"),
            probatio.Required(CONF_STARTS_PAST_S, default=0): number(-450, 450, 1, "s"),
        }
    )


def operator_errors(hass: HomeAssistant, entity_id: str | None) -> tuple[dict[str, str], str]:
    """Return what is wrong with the chosen entity, and what it says."""
    if entity_id is None:
        return {}, ""
    state = hass.states.get(entity_id)
    if state is None or is_ours(hass, entity_id):
        # What EMS itself makes of the operator's word would hold itself.
        return {CONF_ENTITY: "entity_missing" if state is None else "entity_is_ours"}, entity_id
    try:
        entity_value(state, Kind.POWER if state.domain in NUMBERS else Kind.SWITCH)
    except EntityValueError as err:
        return {CONF_ENTITY: err.key}, err.detail
    return {}, ""


class LimitPages(OptionsFlow):
    """The steps."""

    async def async_step_operator(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask who says that the network operator limits."""
        errors, detail = operator_errors(self.hass, (user_input or {}).get(CONF_ENTITY))
        if user_input is not None and not errors:
            return self._saved(OPT_OPERATOR, user_input)
        devices = steered_devices(self.config_entry)
        manner = manner_of(self.hass.config.language)
        return self.async_show_form(
            step_id="operator",
            data_schema=self._filled(operator_schema(), user_input or self._stored(OPT_OPERATOR)),
            errors=errors,
            description_placeholders={
                "devices": str(devices),
                "least": manner.number(round(least_kw(devices), 2)),
                "detail": detail,
            },
        )

    async def async_step_caps(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for limits by the clock; none takes them away."""
        if user_input is not None:
            return self._saved(OPT_CAPS, user_input.get(OPT_CAPS, []))
        stored = {OPT_CAPS: self._stored(OPT_CAPS) or []}
        return self.async_show_form(step_id="caps", data_schema=self._filled(caps_schema(), stored))

    async def async_step_quarter_hour(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how the network counts its quarter-hours."""
        if user_input is not None:
            return self._saved(OPT_QUARTER_HOUR, user_input)
        form = self._filled(quarter_hour_schema(), self._stored(OPT_QUARTER_HOUR))
        return self.async_show_form(step_id="quarter_hour", data_schema=form)

    def _stored(self, key: str) -> Any:
        return self.config_entry.options.get(key)

    def _filled(self, form: probatio.Schema, values: dict[str, Any] | None) -> probatio.Schema:
        return self.add_suggested_values_to_schema(form, values)

    def _saved(self, key: str, value: Any) -> ConfigFlowResult:
        """Keep what was turned meanwhile: an options flow replaces all options there are."""
        return self.async_create_entry(data={**self.config_entry.options, key: value})
