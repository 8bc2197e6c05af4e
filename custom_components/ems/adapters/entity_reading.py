"""Read a device that Home Assistant already has: entity states in, a `Reading` out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util

from ..const import LOAD
from ..devices.reading import Quality, Reading, Value
from .entity_points import INPUTS, SIGNS, EntityPoint, EntityValueError, Kind, entity_value


def read_role(hass: HomeAssistant, role: str, entities: Mapping[str, Any]) -> Reading:
    """Return what the entities of one role say now; what cannot be read is marked, never guessed."""
    # A flexible load only ever consumes: nobody is asked how its sensor counts.
    factor = SIGNS[role][entities["power_positive"]] if role in SIGNS else 1
    points = {
        point.point: _value(hass.states.get(entity_id), point, factor)
        for point in INPUTS[role]
        if (entity_id := entities.get(point.field))
    }
    if role == LOAD and "running" not in points and (setpoint := points.get("setpoint")):
        # A load that is steered by a number alone is off at 0 W.
        known = setpoint.value is not None
        points["running"] = replace(setpoint, value=bool(setpoint.value) if known else None)
    return Reading(at_s=dt_util.utcnow().timestamp(), roles={role: points})


def _value(state: State | None, point: EntityPoint, factor: int) -> Value:
    # `last_reported` moves even when the value does not: a steady power is not a stale one.
    at_s = state.last_reported.timestamp() if state else 0.0
    try:
        value = entity_value(state, point.kind)
    except EntityValueError:
        return Value(value=None, quality=Quality.INVALID, at_s=at_s)
    if value is None:
        return Value(value=None, quality=Quality.MISSING, at_s=at_s)
    if point.kind is Kind.POWER:
        value *= factor
    return Value(value=value, quality=Quality.GOOD, at_s=at_s)
