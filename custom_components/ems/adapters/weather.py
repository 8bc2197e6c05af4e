"""Weather for the solar forecast: from Open-Meteo, or from a weather entity that Home Assistant has."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.components.weather import WeatherEntityFeature
from homeassistant.const import ATTR_SUPPORTED_FEATURES, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import CONF_BASE_URL, CONF_ENTITY, WEATHER_BRIGHT_SKY, WEATHER_ENTITY, WEATHER_OPEN_METEO
from ..engine.forecast.weather import Weather
from ..engine.steps import Floats
from ..sources.bright_sky import BrightSkyClient
from ..sources.errors import SourceError
from ..sources.open_meteo import BASE_URL, OpenMeteoClient, WeatherSeries

HOUR_S, DAY_S = 3600.0, 86400.0
# As far back as Open-Meteo's forecast goes; older hours would need its archive.
PAST_DAYS = 92
BRIGHT_SKY_DAYS = 3  # two days from any minute of today
ROW_HOURS_MAX = 3


class WeatherProblemError(Exception):
    """No weather could be had. `key` names the message, `placeholders` fill it."""

    def __init__(self, detail: str, *, entity: str | None = None) -> None:
        """Keep the reason as data: a service in trouble, or an entity that has nothing for us."""
        super().__init__(detail)
        self.key = "weather_unreachable" if entity is None else "weather_no_forecast"
        self.placeholders: Mapping[str, str | float] = (
            {"detail": detail} if entity is None else {"entity": entity}
        )


async def async_fetch_weather(hass: HomeAssistant, stored: Mapping[str, Any]) -> Weather | None:
    """Return the weather of the coming days, None where the site wants none."""
    weather = await _async_weather(hass, stored)
    if weather is not None and weather.starts_s[-1] + weather.interval_s <= dt_util.utcnow().timestamp():
        # Yesterday's file, served as today's.
        raise WeatherProblemError("what it forecasts is over", entity=stored.get(CONF_ENTITY))
    return weather


async def _async_weather(hass: HomeAssistant, stored: Mapping[str, Any]) -> Weather | None:
    if stored["kind"] == WEATHER_OPEN_METEO:
        return await _async_open_meteo(hass, stored.get(CONF_BASE_URL))
    if stored["kind"] == WEATHER_BRIGHT_SKY:
        return await _async_bright_sky(hass)
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
    return _weather(found)


async def _async_bright_sky(hass: HomeAssistant) -> Weather:
    client, now_s = BrightSkyClient(async_get_clientsession(hass)), dt_util.utcnow().timestamp()
    try:
        found = await client.async_get_weather(
            hass.config.latitude, hass.config.longitude, now_s - DAY_S, now_s + BRIGHT_SKY_DAYS * DAY_S
        )
    except SourceError as err:
        raise WeatherProblemError(str(err)) from err
    return _weather(found)


def _weather(found: WeatherSeries) -> Weather:
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
    state = hass.states.get(entity_id)
    if state and state.state == STATE_UNAVAILABLE:
        raise WeatherProblemError(f"{entity_id} is not available")
    if state and not state.attributes.get(ATTR_SUPPORTED_FEATURES, 0) & WeatherEntityFeature.FORECAST_HOURLY:
        raise WeatherProblemError("no hourly forecast", entity=entity_id)
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
        raise WeatherProblemError("its hourly forecast has no cloud coverage", entity=entity_id)
    starts, values = _hourly(np.array(sorted(found)), np.array([found[start] for start in sorted(found)]))
    return Weather(starts_s=starts, interval_s=HOUR_S, cloud_cover=values[:, 0], temperature_c=values[:, 1])


def _hourly(starts_s: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return rows hour by hour: each holds until the next, for three hours at most (OpenWeatherMap's free plan)."""
    gaps = np.append(np.diff(starts_s), np.inf)
    last = gaps[-2] if len(gaps) > 1 else HOUR_S
    hours = np.floor(np.where(np.isfinite(gaps), gaps, last) / HOUR_S)
    # Further apart, rows are missing: this one is an hour like any other.
    count = np.where(hours > ROW_HOURS_MAX, 1, np.maximum(hours, 1)).astype(int)
    row = np.repeat(np.arange(len(starts_s)), count)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    grown = starts_s[row] + nth * HOUR_S
    apart = np.append(True, np.diff(grown) >= HOUR_S)  # rows closer than an hour: the first counts
    return grown[apart], values[row][apart]
