"""Add or change a meter: what it measures, which meter is above it, which device it measures."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from ..adapters.meter_tree import make_meter, make_meters, stored
from ..const import CONF_PARAMS, METER, ROLES
from ..engine.metering import BESIDE, MeterError, MeterRole
from .device import DeviceFlow
from .params import confirm_schema

ABOVE: Final = "above"
MEASURES: Final = "measures"
# Where the form shows what is wrong. A meter that is there twice is refused before.
_FIELD_OF: Final[Mapping[str, str]] = {
    "cycle": ABOVE,
    "grid_below": ABOVE,
    "measured_twice": MEASURES,
    "wrong_kind": MEASURES,
}


class MeterFlow(DeviceFlow):
    """Add a meter."""

    role = METER

    @override
    def _confirm_schema(self) -> probatio.Schema:
        """Ask for its place among the others only where there are any."""
        others = self._others()
        meters = [_option(each) for each in others if each.subentry_type == METER]
        devices = [_option(each) for each in others if each.subentry_type != METER]
        fields = dict(confirm_schema(METER).schema)
        if any(meter.role is MeterRole.GRID for meter in stored(others)[0]):
            fields = {_elsewhere(key): what for key, what in fields.items()}
        if meters:
            beside = SelectOptionDict(value=BESIDE, label=BESIDE)
            config = SelectSelectorConfig(
                options=[beside, *meters], translation_key="meter_above", mode=SelectSelectorMode.DROPDOWN
            )
            fields[probatio.Optional(ABOVE)] = SelectSelector(config)
        if devices:
            config = SelectSelectorConfig(options=devices, mode=SelectSelectorMode.DROPDOWN)
            fields[probatio.Optional(MEASURES)] = SelectSelector(config)
        # What is folded up comes last: its place among the others would be overlooked below it.
        return probatio.Schema(dict(sorted(fields.items(), key=lambda each: isinstance(each[1], section))))

    @override
    def _confirm_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Refuse a place that contradicts what the others say."""
        if errors := super()._confirm_errors(user_input):
            return errors
        meters, devices = stored(self._get_entry().subentries.values())
        ours = make_meter(self._key(), user_input[CONF_NAME], user_input)
        try:
            make_meters([ours, *(meter for meter in meters if meter.key != ours.key)], devices)
        except MeterError as err:
            self._detail = err.placeholders.get("other") or err.placeholders["device"]
            return {_FIELD_OF[err.key]: f"meter_{err.key}"}
        return {}

    @override
    def _current(self) -> Mapping[str, Any]:
        """Return what is stored; a place that was removed since is asked for anew."""
        current = super()._current()
        there = {BESIDE, *(each.subentry_id for each in self._others())}
        params = {
            key: value
            for key, value in current.get(CONF_PARAMS, {}).items()
            if key not in (ABOVE, MEASURES) or value in there
        }
        return {**current, CONF_PARAMS: params} if current else current

    def _others(self) -> list[ConfigSubentry]:
        known = (each for each in self._get_entry().subentries.values() if each.subentry_type in ROLES)
        return [each for each in known if each.subentry_id != self._key()]

    def _key(self) -> str:
        is_known = self.source == SOURCE_RECONFIGURE
        return self._get_reconfigure_subentry().subentry_id if is_known else ""


def _option(device: ConfigSubentry) -> SelectOptionDict:
    return SelectOptionDict(value=device.subentry_id, label=device.title)


def _elsewhere(field: Any) -> Any:
    """Return the field with another default: a home has one connection, and its meter is there already."""
    is_position = field == "position"
    return probatio.Required("position", default=MeterRole.ZONE.value) if is_position else field
