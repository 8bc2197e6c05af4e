"""Weather for the solar forecast: from Open-Meteo, or from a weather entity that Home Assistant has."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import CONF_BASE_URL, CONF_ENTITY, WEATHER_ENTITY, WEATHER_OPEN_METEO
from ..engine.forecast.weather import Weather
from ..engine.steps import Floats
from ..sources.errors import SourceError
from ..sources.open_meteo import BASE_URL, OpenMeteoClient

HOUR_S = 3600.0
# As far back as Open-Meteo's forecast goes; older hours would need its archive.
PAST_DAYS = 92


class WeatherProblemError(Exception):
    """No weather could be had."""


async def async_fetch_weather(hass: HomeAssistant, stored: Mapping[str, Any]) -> Weather | None:
    """Return the weather of the coming days, None where the site wants none."""
    if stored["kind"] == WEATHER_OPEN_METEO:
        return await _async_open_meteo(hass, stored.get(CONF_BASE_URL))
    if stored["kind"] == WEATHER_ENTITY:
        return await _async_entity(hass, stored[CONF_ENTITY])
    return None


async def async_fetch_past_weather(hass: HomeAssistant, stored: Mapping[str, Any]) -> Weather | None:
    """Return the weather of the last three months too, None where nobody tells of the past."""
    if stored["kind"] == WEATHER_OPEN_METEO:
        return await _async_open_meteo(hass, stored.get(CONF_BASE_URL), past_days=PAST_DAYS)
    return None


async def _async_open_meteo(hass: HomeAssistant, base_url: str | None, *, past_days: int = 1) -> Weather:
    client = OpenMeteoClient(async_get_clientsession(hass), base_url=base_url or BASE_URL)
    try:
        answer = await client.async_get_weather(
            hass.config.latitude, hass.config.longitude, past_days=past_days, quarter_hourly=False
        )
    except SourceError as err:
        raise WeatherProblemError(str(err)) from err
    if (found := answer.hourly) is None:
        raise WeatherProblemError("Open-Meteo answered without hours")
    return Weather(
        starts_s=np.array(found.starts_s),
        interval_s=found.interval_s,
        cloud_cover=_values(found.cloud_cover),
        temperature_c=_values(found.temperature_c),
        ghi_w_m2=_values(found.ghi_w_m2),
        dni_w_m2=_values(found.dni_w_m2),
        dhi_w_m2=_values(found.dhi_w_m2),
    )


def _values(column: Iterable[float | None]) -> Floats:
    return np.array(list(column), dtype=np.float64)  # None becomes NaN


async def _async_entity(hass: HomeAssistant, entity_id: str) -> Weather:
    """Ask a weather entity for its hourly forecast; clouds and temperature are what it knows."""
    try:
        answer = await hass.services.async_call(
            "weather",
            "get_forecasts",
            {"entity_id": entity_id, "type": "hourly"},
            blocking=True,
            return_response=True,
        )
    except HomeAssistantError as err:
        raise WeatherProblemError(f"{entity_id}: {err}") from err
    found: Any = (answer or {}).get(entity_id) or {}
    return weather_from_rows(entity_id, found.get("forecast", []))


def weather_from_rows(entity_id: str, rows: Iterable[Mapping[str, Any]]) -> Weather:
    """Return hourly rows of a weather entity as a series; rows without clouds are worthless here and left out."""
    found: dict[float, tuple[float, float]] = {}
    for row in rows:
        at = dt_util.parse_datetime(str(row.get("datetime")))
        clouds = row.get("cloud_coverage")
        if at is not None and isinstance(clouds, int | float):
            temperature = row.get("temperature")
            warmth = float(temperature) if isinstance(temperature, int | float) else np.nan
            found[dt_util.as_utc(at).timestamp()] = (min(max(clouds / 100, 0.0), 1.0), warmth)
    if not found:
        raise WeatherProblemError(f"{entity_id}: its hourly forecast has no cloud coverage")
    starts = np.array(sorted(found))
    starts = starts[np.append(True, np.diff(starts) >= HOUR_S)]
    values = np.array([found[start] for start in starts])
    return Weather(starts_s=starts, interval_s=HOUR_S, cloud_cover=values[:, 0], temperature_c=values[:, 1])
