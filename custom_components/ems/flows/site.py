"""The steps that describe a site: its connection, its tariff, its weather. Used when adding and when reconfiguring."""

from collections.abc import Mapping
from typing import Any

from homeassistant.helpers.selector import TextSelector
import probatio

from ..const import (
    CONF_ANNUAL_KWH,
    CONF_EXPORT_MAX_KW,
    CONF_EXPORT_PRICE_MIN,
    CONF_FUSE_A,
    CONF_IMPORT_MAX_KW,
    CONF_PHASES,
    WEATHER_ENTITY,
    WEATHER_NONE,
    WEATHER_OPEN_METEO,
)
from .fields import choice, entity, number, schema
from .tariff import is_implausible, price_field

# Nominal phase voltage in Europe (EN 50160); limits in kW follow from the fuse where none is given.
NOMINAL_V = 230


def grid_schema(currency: str, *, with_name: bool) -> probatio.Schema:
    """Return the form of the grid connection."""
    name: dict[Any, Any] = {probatio.Required("name", default="Home"): TextSelector()} if with_name else {}
    return schema(
        {
            **name,
            probatio.Required(CONF_PHASES, default="3"): choice(["1", "2", "3"], "phases"),
            probatio.Required(CONF_FUSE_A, default=25): number(6, 2000, 1, "A"),
            probatio.Optional(CONF_IMPORT_MAX_KW): number(0, 5000, 0.01, "kW"),
            probatio.Optional(CONF_EXPORT_MAX_KW): number(0, 5000, 0.01, "kW"),
            probatio.Optional(CONF_EXPORT_PRICE_MIN): price_field(f"{currency}/kWh"),
            probatio.Optional(CONF_ANNUAL_KWH): number(100, 10_000_000, 1, "kWh"),
        }
    )


def grid_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the grid as it is stored; a limit that was left out is what the fuse carries."""
    phases, fuse_a = int(user_input[CONF_PHASES]), float(user_input[CONF_FUSE_A])
    carried_kw = round(phases * fuse_a * NOMINAL_V / 1000, 2)
    # Left out, a least price is none of 0 but no condition at all; so is a consumption that nobody knows.
    told = {
        key: float(user_input[key]) for key in (CONF_EXPORT_PRICE_MIN, CONF_ANNUAL_KWH) if key in user_input
    }
    return {
        **told,
        CONF_PHASES: phases,
        CONF_FUSE_A: fuse_a,
        CONF_IMPORT_MAX_KW: float(user_input.get(CONF_IMPORT_MAX_KW, carried_kw)),
        CONF_EXPORT_MAX_KW: float(user_input.get(CONF_EXPORT_MAX_KW, carried_kw)),
    }


def grid_errors(user_input: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Name what cannot be: a limit that the fuse does not carry, a price that no kWh earns."""
    carried_kw = int(user_input[CONF_PHASES]) * float(user_input[CONF_FUSE_A]) * NOMINAL_V / 1000
    # 10 % above nominal voltage is still within EN 50160, so the fuse may carry that much more.
    limits = (CONF_IMPORT_MAX_KW, CONF_EXPORT_MAX_KW)
    errors = {key: "limit_above_fuse" for key in limits if float(user_input.get(key, 0)) > carried_kw * 1.1}
    if is_implausible(float(user_input.get(CONF_EXPORT_PRICE_MIN, 0)), currency):
        errors[CONF_EXPORT_PRICE_MIN] = "price_implausible_here"
    return errors


def weather_schema() -> probatio.Schema:
    """Return the form of the weather source."""
    return schema(
        {
            probatio.Required("kind", default=WEATHER_OPEN_METEO): choice(
                [WEATHER_OPEN_METEO, WEATHER_ENTITY, WEATHER_NONE], "weather_kind"
            ),
            probatio.Optional("entity_id"): entity("weather"),
        }
    )


def weather_errors(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Ask for the entity where the weather is to come from one."""
    if user_input["kind"] == WEATHER_ENTITY and not user_input.get("entity_id"):
        return {"entity_id": "weather_entity_missing"}
    return {}
