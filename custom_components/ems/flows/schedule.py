"""What a device is to do at which hours: time windows, a car's departures by weekday, alerts.

Everything here is kept in the entry's options and counts at once; nothing is reloaded.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentry,
    OptionsFlow,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    ObjectSelector,
    ObjectSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)
import probatio

from ..adapters.alerts import AFTER, ALERTS, read_alerts, threshold_fields
from ..adapters.departure import READY_BY_WEEKDAYS, read_weekday_times
from ..adapters.override_request import span_by_setup
from ..adapters.schedules import SCHEDULE_MODES, SCHEDULES, read_schedules
from ..adapters.wording import reason_of, reason_text
from ..const import BATTERY, CHARGER, CONF_PARAMS, LOAD, ROLES
from ..engine.control.schedule import WEEKDAYS
from ..engine.errors import PlanError
from ..engine.plan.result import Mode
from ..settings import SiteSettings
from .fields import choice, number

DEVICE: Final = "device"
DEVICE_MENU: Final = [DEVICE]
# What is wrong with a window, in words that fit a form. Everything else is told as actions tell it.
_WINDOW_ERRORS: Final = {
    "useless_field": "window_amount_useless",
    "out_of_range": "window_amount_range",
}
# What a role's amount is, and which of its modes know it.
_AMOUNT_MODES: Final = {CHARGER: (Mode.CHARGE,), BATTERY: (Mode.CHARGE, Mode.DISCHARGE), LOAD: (Mode.ON,)}
THRESHOLDS: Final = {
    "power_above_w": number(-5_000_000, 5_000_000, 1, "W"),
    "power_below_w": number(-5_000_000, 5_000_000, 1, "W"),
    "soc_below_pct": number(0, 100, 1, "%"),
    "silent_for_min": number(1, 10080, 1, "min"),
    AFTER: number(0, 86400, 1, "s"),
}
_UNITS: Final = {"current_a": "A", "power_w": "W"}


class DevicePages(OptionsFlow):
    """The steps: choose a device, and set all its hours in one form."""

    _device: ConfigSubentry | None = None

    async def async_step_device(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which device is meant, where there is a choice."""
        devices = {
            key: each for key, each in self.config_entry.subentries.items() if each.subentry_type in ROLES
        }
        if not devices:
            return self.async_abort(reason="no_devices")
        chosen = user_input[DEVICE] if user_input else None
        if len(devices) == 1:
            (chosen,) = devices
        if chosen in devices:
            self._device = devices[chosen]
            return await self.async_step_times()
        options = [SelectOptionDict(value=key, label=each.title) for key, each in devices.items()]
        picker = SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST))
        return self.async_show_form(
            step_id="device", data_schema=probatio.Schema({probatio.Required(DEVICE): picker})
        )

    async def async_step_times(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what is set; check and save what is entered."""
        device = self._device
        assert device is not None  # noqa: S101  # this step is only reached through a chosen device
        errors: dict[str, str] = {}
        told = {"device": device.title, "number": "", "low": "", "high": "", "detail": ""}
        role, params = device.subentry_type, device.data[CONF_PARAMS]
        if user_input is not None:
            found, errors, words = self._read(role, params, user_input)
            if not errors:
                return self._save(device.subentry_id, found)
            told |= words
        settings = SiteSettings(self.hass, self.config_entry)
        stored = {key: settings.device(device.subentry_id, key, None) for key in _keys(role)}
        shown = user_input or {key: value for key, value in stored.items() if value}
        return self.async_show_form(
            step_id="times",
            data_schema=self.add_suggested_values_to_schema(_schema(role, params), shown),
            errors=errors,
            description_placeholders=told,
        )

    def _read(
        self, role: str, params: Mapping[str, Any], user_input: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
        """Return what is to be stored, what is wrong, and the words for it."""
        found: dict[str, Any] = {}
        for key in _keys(role):
            try:
                found[key] = _value(key, role, params, user_input)
            except PlanError as err:
                word = _WINDOW_ERRORS.get(err.key) if key == SCHEDULES else None
                return {}, {key: word or "not_saved"}, self._words(err)
        return found, {}, {}

    def _words(self, err: PlanError) -> dict[str, str]:
        """Return what goes into the sentence: the number of the window is its name."""
        given = {key: err.placeholders.get(key, "") for key in ("low", "high")}
        detail = reason_text(self.hass, reason_of(err))
        return {**given, "number": err.placeholders.get("name", ""), "detail": detail}

    def _save(self, subentry_id: str, found: Mapping[str, Any]) -> ConfigFlowResult:
        """Store what the form says, and let the plan know."""
        entry = self.config_entry
        settings = SiteSettings(self.hass, entry)
        for key, value in found.items():
            settings.set_device(subentry_id, key, value)
        if entry.state is ConfigEntryState.LOADED:
            entry.runtime_data.plan.async_update_listeners()
            entry.runtime_data.plan.async_replan()
        # What is stored already: entities may have turned something while the form was open.
        return self.async_create_entry(data=dict(entry.options))


def _keys(role: str) -> tuple[str, ...]:
    """Return the settings that a role has, as the form shows them."""
    has = {SCHEDULES: role in SCHEDULE_MODES, READY_BY_WEEKDAYS: role == CHARGER, ALERTS: True}
    return tuple(key for key, is_there in has.items() if is_there)


def _value(key: str, role: str, params: Mapping[str, Any], user_input: Mapping[str, Any]) -> Any:
    """Return one setting as it is stored. Raises PlanError."""
    if key == READY_BY_WEEKDAYS:
        return read_weekday_times(user_input.get(key, {}))
    if key == ALERTS:
        return read_alerts(role, user_input.get(key, {}))
    return read_schedules(role, params, user_input.get(key, []), name="{}")


def _schema(role: str, params: Mapping[str, Any]) -> probatio.Schema:
    """Return the form for a role."""
    fields: dict[Any, Any] = {}
    if role in SCHEDULE_MODES:
        fields[probatio.Optional(SCHEDULES)] = _windows(role, params)
    if role == CHARGER:
        days = probatio.Schema({probatio.Optional(day): TimeSelector() for day in WEEKDAYS})
        fields[probatio.Optional(READY_BY_WEEKDAYS)] = section(days, {"collapsed": True})
    limits = {probatio.Optional(field): THRESHOLDS[field] for field in (*threshold_fields(role), AFTER)}
    fields[probatio.Optional(ALERTS)] = section(
        probatio.Schema(limits), {"collapsed": role in SCHEDULE_MODES}
    )
    return probatio.Schema(fields)


def _windows(role: str, params: Mapping[str, Any]) -> ObjectSelector:
    """Return the table of windows: each with an amount where the device has one."""
    window: dict[str, Any] = {
        "start": {"selector": TimeSelector(), "required": True},
        "end": {"selector": TimeSelector(), "required": True},
        "mode": {"selector": choice(list(SCHEDULE_MODES[role]), "schedule_mode"), "required": True},
        "weekdays": {
            "selector": SelectSelector(
                SelectSelectorConfig(options=list(WEEKDAYS), multiple=True, translation_key="weekday")
            )
        },
    }
    spans = [span for mode in _AMOUNT_MODES[role] if (span := span_by_setup(role, params, mode))]
    if spans:
        field, low = spans[0].field, max(1.0, min(span.low for span in spans))
        most = max(span.high for span in spans)
        window[field] = {"selector": number(low, most, 0.1 if field == "current_a" else 1, _UNITS[field])}
    return ObjectSelector(
        ObjectSelectorConfig(
            fields=window,
            multiple=True,
            label_field="start",
            description_field="end",
            translation_key="schedule_window",
        )
    )
