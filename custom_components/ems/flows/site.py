"""The steps that describe a site: its connection, its tariff, its weather. Used when adding and when reconfiguring."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util
import probatio

from ..adapters.co2_feed import Co2ProblemError, async_ask_intensity, read_intensity
from ..const import (
    CO2_ENERGY_CHARTS,
    CO2_ENTITY,
    CO2_NONE,
    CONF_ANNUAL_KWH,
    CONF_COUNTRY,
    CONF_ENTITY,
    CONF_EXPORT_MAX_KW,
    CONF_EXPORT_PRICE_MIN,
    CONF_FUSE_A,
    CONF_IMPORT_MAX_KW,
    CONF_PHASES,
    WEATHER_BRIGHT_SKY,
    WEATHER_ENTITY,
    WEATHER_NONE,
    WEATHER_OPEN_METEO,
)
from ..sources.energy_charts_co2 import COUNTRIES
from ..sources.errors import SourceError
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
                [WEATHER_OPEN_METEO, WEATHER_BRIGHT_SKY, WEATHER_ENTITY, WEATHER_NONE], "weather_kind"
            ),
            probatio.Optional("entity_id"): entity("weather"),
        }
    )


def co2_schema() -> probatio.Schema:
    """Return the form of what knows how clean the grid is."""
    countries = SelectSelectorConfig(options=list(COUNTRIES), mode=SelectSelectorMode.DROPDOWN)
    return schema(
        {
            probatio.Required("kind", default=CO2_NONE): choice(
                [CO2_NONE, CO2_ENERGY_CHARTS, CO2_ENTITY], "co2_kind"
            ),
            probatio.Optional(CONF_COUNTRY): SelectSelector(countries),
            probatio.Optional(CONF_ENTITY): entity("sensor"),
        }
    )


async def async_co2_check(
    hass: HomeAssistant, user_input: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Ask the source once, as it will be asked from now on. Return (errors, what they need)."""
    field = {CO2_ENERGY_CHARTS: CONF_COUNTRY, CO2_ENTITY: CONF_ENTITY}.get(user_input["kind"])
    if field is None:
        return {}, {}
    if field not in user_input:
        return {field: f"co2_{field}_missing"}, {}
    try:
        if field == CONF_ENTITY:
            read_intensity(hass, user_input[CONF_ENTITY])
        else:
            now_s = dt_util.utcnow().timestamp()
            found = await async_ask_intensity(hass, user_input[CONF_COUNTRY], now_s - 86400, now_s + 86400)
            if len(found.starts_s) == 0:
                return {CONF_COUNTRY: "co2_empty"}, {}
    except Co2ProblemError as err:
        return {field: err.key}, dict(err.placeholders)
    except SourceError as err:
        return {"base": "co2_unreachable"}, {"detail": str(err)}
    return {}, {}


def weather_errors(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Ask for the entity where the weather is to come from one."""
    if user_input["kind"] == WEATHER_ENTITY and not user_input.get("entity_id"):
        return {"entity_id": "weather_entity_missing"}
    return {}
