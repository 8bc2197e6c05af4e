"""What a car says of its own state of charge, through an entity of another integration."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant

from .entity_points import EntityValueError, Kind, entity_value

FIELD = "car_soc_entity"


def car_soc(hass: HomeAssistant, params: Mapping[str, Any]) -> float | None:
    """Return the state of charge from 0 to 1; None where none is told, or nothing that could be one."""
    entity_id = params.get(FIELD)
    if entity_id is None:
        return None
    try:
        found = entity_value(hass.states.get(entity_id), Kind.SOC)
    except EntityValueError:
        return None
    return None if found is None else float(found) / 100


def soc_problem(hass: HomeAssistant, params: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the error of the form and what was seen, where an entity cannot be a car's state of charge."""
    entity_id = params.get(FIELD)
    if entity_id is None:
        return None
    state = hass.states.get(entity_id)
    if state is None:
        return "entity_missing", str(entity_id)
    try:
        entity_value(state, Kind.SOC)
    except EntityValueError as err:
        return err.key, err.detail
    return None
