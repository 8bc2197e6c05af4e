"""What a device cannot tell about itself: one small form per role."""

from collections.abc import Mapping
from typing import Any

from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    TextSelector,
    TimeSelector,
)
import probatio

from ..adapters.device_wiring import SECTION as WIRING
from ..adapters.loads import DEMANDS
from ..const import BATTERY, CHARGER, CONF_FORECAST_ENTITIES, LOAD, METER, PV
from ..devices.reading import Reading
from ..engine.flexible_load import LoadKind
from ..engine.metering import MeterRole
from .device_wiring import House, wiring_fields
from .fields import choice, number
from .health import health_errors, health_fields

METER_POSITIONS = [role.value for role in MeterRole]

_METER: dict[Any, Any] = {
    probatio.Required("position", default="grid"): choice(METER_POSITIONS, "meter_position"),
    **health_fields(),
}
_BATTERY: dict[Any, Any] = {
    # 0 is allowed and means: not there at the moment. It is planned as absent.
    probatio.Optional("capacity_kwh"): number(0, 10000, 0.1, "kWh"),
    probatio.Optional("charge_max_w"): number(0, 5_000_000, 1, "W"),
    probatio.Optional("discharge_max_w"): number(0, 5_000_000, 1, "W"),
    probatio.Required("round_trip_pct", default=90): number(30, 100, 0.1, "%"),
    probatio.Required("wear_per_kwh", default=0.02): number(0, 1, 0.001),
}
_PV: dict[Any, Any] = {
    probatio.Optional("peak_kw"): number(0, 10000, 0.01, "kW"),
    probatio.Required("tilt_deg", default=35): number(0, 90, 1, "°"),
    probatio.Required("azimuth_deg", default=180): number(0, 360, 1, "°"),
    probatio.Optional("inverter_max_kw"): number(0, 10000, 0.01, "kW"),
    # Several where an integration has one per day.
    probatio.Optional(CONF_FORECAST_ENTITIES): EntitySelector(
        EntitySelectorConfig(domain="sensor", multiple=True)
    ),
}
_CHARGER: dict[Any, Any] = {
    probatio.Required("phases", default="3"): choice(["1", "2", "3"], "phases"),
    probatio.Required("current_min_a", default=6): number(5, 32, 0.1, "A"),
    probatio.Required("current_max_a", default=16): number(6, 80, 0.1, "A"),
    probatio.Required("energy_needed_kwh", default=15): number(0, 200, 0.5, "kWh"),
    probatio.Required("ready_by", default="07:00:00"): TimeSelector(),
    # Both or neither: a share of an unknown battery is no energy.
    probatio.Optional("car_soc_entity"): EntitySelector(
        EntitySelectorConfig(domain="sensor", device_class="battery")
    ),
    probatio.Optional("car_capacity_kwh"): number(1, 500, 0.1, "kWh"),
}
# How much, when and how badly depends on the two, and is asked in a form of its own.
_LOAD: dict[Any, Any] = {
    probatio.Required("kind", default=LoadKind.INTERRUPTIBLE.value): choice(
        [kind.value for kind in LoadKind], "load_kind"
    ),
    probatio.Required("demand", default=DEMANDS[0]): choice(list(DEMANDS), "load_demand"),
}
# The frontend fills a required box with its lower limit, and 0 kWh would be believed. So these are optional
# in the form and asked for here.
NEEDED = {BATTERY: ("capacity_kwh", "charge_max_w", "discharge_max_w"), PV: ("peak_kw",)}
PARAMS: dict[str, dict[Any, Any]] = {
    METER: _METER,
    BATTERY: _BATTERY,
    PV: _PV,
    CHARGER: _CHARGER,
    LOAD: _LOAD,
}


def confirm_schema(role: str, house: House | None = None) -> probatio.Schema:
    """Return the last form: a name and what only people know."""
    wiring = wiring_fields(role, house or House())
    return probatio.Schema({probatio.Required("name"): TextSelector(), **PARAMS[role], **wiring})


def suggestions(role: str, reading: Reading) -> dict[str, Any]:
    """Return what the device itself said that answers a question of the form."""
    found: dict[str, float | None] = {}
    if role == BATTERY:
        capacity_wh = reading.number(role, "capacity")
        found = {
            "capacity_kwh": None if capacity_wh is None else round(capacity_wh / 1000, 2),
            "charge_max_w": reading.number(role, "charge_power_max"),
            "discharge_max_w": reading.number(role, "discharge_power_max"),
        }
    if role == CHARGER:
        phases, safe_a = reading.number(role, "phases"), reading.number(role, "safe_current")
        told = {} if phases is None else {"phases": str(int(phases))}
        # What its installer chose holds, whatever a form says.
        return told if safe_a is None else {**told, WIRING: {"safe_a": safe_a}}
    return {key: value for key, value in found.items() if value is not None}


def param_errors(role: str, user_input: Mapping[str, Any]) -> dict[str, str]:
    """Name what is missing and what contradicts itself."""
    missing = {key: "value_missing" for key in NEEDED.get(role, ()) if key not in user_input}
    if role == METER:
        return health_errors(user_input)
    if role != CHARGER:
        return missing
    if user_input["current_min_a"] > user_input["current_max_a"]:
        return {"current_min_a": "minimum_above_maximum"}
    return _half_told(user_input)


def _half_told(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Name what is missing of a car that tells its state of charge."""
    pair = ("car_soc_entity", "car_capacity_kwh")
    missing = [key for key in pair if key not in user_input]
    return dict.fromkeys(missing, "value_missing") if len(missing) == 1 else {}
