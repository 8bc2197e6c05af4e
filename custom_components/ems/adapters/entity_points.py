"""Which Home Assistant entities can stand for which point of a device, and how their values become ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, nan
from typing import Any

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfEnergy,
    UnitOfPower,
)
from homeassistant.core import State
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter

from ..const import BATTERY, CHARGER, LOAD, METER, PV
from ..devices.points import POINTS


class Kind(StrEnum):
    """What a value measures; the device class of the entity picker."""

    POWER = "power"
    ENERGY = "energy"
    SOC = "battery"
    PLUG = "plug"
    SWITCH = "switch"


@dataclass(frozen=True, kw_only=True)
class EntityPoint:
    """One entity field of a role's form: which point it fills, and what it must be."""

    field: str
    point: str
    kind: Kind
    required: bool = False


INPUTS: dict[str, tuple[EntityPoint, ...]] = {
    METER: (
        EntityPoint(field="power_entity", point="power", kind=Kind.POWER, required=True),
        EntityPoint(field="import_energy_entity", point="import_energy", kind=Kind.ENERGY),
        EntityPoint(field="export_energy_entity", point="export_energy", kind=Kind.ENERGY),
    ),
    BATTERY: (
        EntityPoint(field="power_entity", point="power", kind=Kind.POWER, required=True),
        EntityPoint(field="soc_entity", point="soc", kind=Kind.SOC, required=True),
        EntityPoint(field="charge_energy_entity", point="charge_energy", kind=Kind.ENERGY),
        EntityPoint(field="discharge_energy_entity", point="discharge_energy", kind=Kind.ENERGY),
    ),
    PV: (
        EntityPoint(field="power_entity", point="power", kind=Kind.POWER, required=True),
        EntityPoint(field="energy_entity", point="energy", kind=Kind.ENERGY),
    ),
    CHARGER: (
        EntityPoint(field="power_entity", point="power", kind=Kind.POWER, required=True),
        EntityPoint(field="energy_entity", point="energy", kind=Kind.ENERGY),
        # Without it nobody knows when a stay begins, and a car would be planned for again every night.
        EntityPoint(field="connected_entity", point="car_connected", kind=Kind.PLUG, required=True),
    ),
    LOAD: (
        EntityPoint(field="switch_entity", point="running", kind=Kind.SWITCH),
        # No sensor of ours: it shows what another integration's number shows.
        EntityPoint(field="power_number", point="setpoint", kind=Kind.POWER),
        EntityPoint(field="power_entity", point="power", kind=Kind.POWER),
        EntityPoint(field="energy_entity", point="energy", kind=Kind.ENERGY),
    ),
}


def entity_points(role: str, entities: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the points that the given entities fill."""
    given = [point.point for point in INPUTS[role] if entities.get(point.field)]
    if role == LOAD and "setpoint" in given and "running" not in given:
        given.append("running")  # off at 0 W
    return tuple(point for point in given if point in POINTS[role])


# How the entity counts → the factor that makes it count as EMS does (into the home bus; consumers as they consume).
SIGNS: dict[str, dict[str, int]] = {
    METER: {"import": 1, "export": -1},
    BATTERY: {"discharging": 1, "charging": -1},
    PV: {"production": 1, "consumption": -1},
    CHARGER: {"consumption": 1, "production": -1},
}


class EntityValueError(Exception):
    """An entity does not say what its field needs. `key` names an error of the form."""

    def __init__(self, key: str, detail: str) -> None:
        """Keep both."""
        super().__init__(detail)
        self.key, self.detail = key, detail


def entity_value(state: State | None, kind: Kind) -> float | bool | None:
    """Return an entity's value in W, Wh, % or as a plug's yes and no.

    None means unknown or unavailable, which passes. A wrong unit or an impossible value raises: it would stay wrong.
    """
    if state is None or state.state in (STATE_UNKNOWN, STATE_UNAVAILABLE):
        return None
    if kind in (Kind.PLUG, Kind.SWITCH):
        return {STATE_ON: True, STATE_OFF: False}.get(state.state)
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    try:
        value = float(state.state)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise EntityValueError("not_a_number", f"{state.entity_id}: {state.state}")
    return _converted(value, unit, kind, state.entity_id)


def _converted(value: float, unit: str | None, kind: Kind, entity_id: str) -> float:
    if kind is Kind.SOC:
        if unit != "%":
            raise EntityValueError("unit_not_percent", f"{entity_id}: {unit}")
        if not 0 <= value <= 100:
            raise EntityValueError("soc_out_of_range", f"{entity_id}: {value} %")
        return value
    converter, target, key = (
        (PowerConverter, UnitOfPower.WATT, "unit_not_power")
        if kind is Kind.POWER
        else (EnergyConverter, UnitOfEnergy.WATT_HOUR, "unit_not_energy")
    )
    if unit not in converter.VALID_UNITS:
        raise EntityValueError(key, f"{entity_id}: {unit}")
    return converter.convert(value, unit, target)
