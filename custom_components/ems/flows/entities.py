"""The form for a device that Home Assistant already knows: its entities, and how they count."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import ATTR_FRIENDLY_NAME, ATTR_UNIT_OF_MEASUREMENT, UnitOfElectricCurrent
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig, TextSelector
from homeassistant.util.unit_conversion import PowerConverter
from homeassistant.util.uuid import random_uuid_hex
import probatio

from ..adapters.entity_points import INPUTS, SIGNS, EntityPoint, EntityValueError, Kind, entity_value
from ..adapters.entity_reading import read_role
from ..adapters.phase_entity import CONF_PHASES_SELECT, OPTIONS as PHASE_OPTIONS
from ..adapters.script_hands import CONF_SCRIPT
from ..const import BATTERY, CHARGER, DOMAIN, LOAD
from ..devices.reading import Reading
from .charger_fields import check_phases
from .fields import choice

# A battery's modes in the words of its own select entity; those left empty are not offered.
MODE_OPTIONS = {
    "automatic": "option_automatic",
    "hold": "option_hold",
    "charge": "option_charge",
    "discharge": "option_discharge",
}
# What may be written: the units that a number must have, and the error where it has another.
OUTPUTS: dict[str, tuple[set[str | None], str] | None] = {
    "mode_entity": None,
    "power_number": (PowerConverter.VALID_UNITS, "unit_not_power"),
    "current_number": ({UnitOfElectricCurrent.AMPERE}, "unit_not_current"),
    "enable_switch": None,
    CONF_PHASES_SELECT: None,
    CONF_SCRIPT: None,
}
# What can be switched on and off, and what a power can be written to.
SWITCHES = ["switch", "input_boolean", "light"]
NUMBERS = ["number", "input_number"]


def entities_schema(role: str) -> probatio.Schema:
    """Return the form: what is read, how it counts, and what may be written."""
    fields: dict[Any, Any] = {}
    for point in INPUTS[role]:
        marker = probatio.Required if point.required else probatio.Optional
        fields[marker(point.field)] = _picker(point)
        if point.point == "power" and role in SIGNS:
            signs = list(SIGNS[role])
            fields[probatio.Required("power_positive", default=signs[0])] = choice(signs, "power_positive")
    return probatio.Schema({**fields, **_outputs(role)})


def _picker(point: EntityPoint) -> EntitySelector:
    """Return a picker that offers what can stand for a point."""
    if point.field in OUTPUTS:
        return _domain(NUMBERS)
    if point.kind is Kind.SWITCH:
        return _domain(SWITCHES)
    if point.kind is Kind.PLUG:
        return _domain("binary_sensor")
    return EntitySelector(EntitySelectorConfig(domain="sensor", device_class=point.kind.value))


def _outputs(role: str) -> dict[Any, Any]:
    """Return the fields of what EMS may write. All are optional: a device may be read only."""
    script = {probatio.Optional(CONF_SCRIPT): _domain("script")}
    if role == BATTERY:
        return {
            probatio.Optional("mode_entity"): _domain("select"),
            **{probatio.Optional(field): TextSelector() for field in MODE_OPTIONS.values()},
            probatio.Optional("power_number"): _domain("number"),
            **script,
        }
    if role == CHARGER:
        return {
            probatio.Optional("current_number"): _domain("number"),
            probatio.Optional("enable_switch"): _domain("switch"),
            probatio.Optional(CONF_PHASES_SELECT): _domain(["select", "switch"]),
            **{probatio.Optional(field): TextSelector() for field in PHASE_OPTIONS.values()},
            **script,
        }
    return {}


def _domain(domain: str | list[str]) -> EntitySelector:
    return EntitySelector(EntitySelectorConfig(domain=domain))


def entity_problems(
    hass: HomeAssistant, role: str, user_input: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Read every entity once. Return the errors per field, and what was seen."""
    errors: dict[str, str] = {}
    details: list[str] = []
    for point in INPUTS[role]:
        entity_id = user_input.get(point.field)
        if entity_id is None:
            continue
        state = hass.states.get(entity_id)
        if state is None or is_ours(hass, entity_id):
            errors[point.field] = "entity_missing" if state is None else "entity_is_ours"
            details.append(entity_id)
            continue
        try:
            entity_value(state, point.kind)
        except EntityValueError as err:
            errors[point.field] = err.key
            details.append(err.detail)
    _check_outputs(hass, user_input, errors, details)
    _check_modes(hass, user_input, errors, details)
    check_phases(hass, user_input, errors, details)
    _check_stop(hass, role, user_input, errors, details)
    return errors, {"detail": "; ".join(details)}


def is_ours(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity is one of EMS: a home that is made of itself counts everything twice."""
    entry = er.async_get(hass).async_get(entity_id)
    return entry is not None and entry.platform == DOMAIN


def _check_outputs(
    hass: HomeAssistant, user_input: Mapping[str, Any], errors: dict[str, str], details: list[str]
) -> None:
    """What is to be written must be there, and count in what will be written."""
    for field, wanted in OUTPUTS.items():
        if (entity_id := user_input.get(field)) is None or field in errors:
            continue
        state = hass.states.get(entity_id)
        if state is None:
            errors[field] = "entity_missing"
            details.append(entity_id)
        elif wanted and (unit := state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)) not in wanted[0]:
            errors[field] = wanted[1]
            details.append(f"{entity_id}: {unit}")


def _check_modes(
    hass: HomeAssistant, user_input: Mapping[str, Any], errors: dict[str, str], details: list[str]
) -> None:
    """Every mode that is given must be one that the select entity has; without `automatic` there is no way back."""
    entity_id = user_input.get("mode_entity")
    if entity_id is None or (state := hass.states.get(entity_id)) is None:
        return
    options = state.attributes.get("options", [])
    if not user_input.get("option_automatic"):
        errors["option_automatic"] = "automatic_missing"
    for field in MODE_OPTIONS.values():
        if user_input.get(field) and user_input[field] not in options:
            errors[field] = "option_unknown"
            details.append(f"{entity_id}: {', '.join(options)}")


def _check_stop(
    hass: HomeAssistant, role: str, user_input: Mapping[str, Any], errors: dict[str, str], details: list[str]
) -> None:
    """A load that only a number steers is stopped by writing 0: the number has to take it."""
    entity_id = user_input.get("power_number")
    if role != LOAD or "switch_entity" in user_input or "power_number" in errors or entity_id is None:
        return
    state = hass.states.get(entity_id)
    if state and (lowest := float(state.attributes.get("min", 0))) > 0:
        errors["power_number"] = "zero_not_possible"
        details.append(f"{entity_id}: {lowest:g}")


def entity_identity(hass: HomeAssistant, role: str, user_input: Mapping[str, Any]) -> tuple[str, str]:
    """Return (title, identity). The registry's id survives a renamed entity; what has none is known by itself."""
    first = sorted(INPUTS[role], key=lambda point: not point.required)
    entity_id = next((user_input[point.field] for point in first if point.field in user_input), None)
    if entity_id is None:
        return "", random_uuid_hex()
    entry = er.async_get(hass).async_get(entity_id)
    state = hass.states.get(entity_id)
    title = state.attributes.get(ATTR_FRIENDLY_NAME, entity_id) if state else entity_id
    return title, entry.id if entry else entity_id


def read_entities(hass: HomeAssistant, role: str, user_input: Mapping[str, Any]) -> Reading:
    """Return what the chosen entities read, in EMS' signs and units."""
    return read_role(hass, role, user_input)
