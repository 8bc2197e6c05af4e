"""Weather from Open-Meteo: free for private use, without a key. Data CC BY 4.0 by Open-Meteo.com.

The API's page: https://open-meteo.com/en/docs. Radiation is the mean of the interval that *ends* at the
stamp; cloud cover, temperature and everything called `_instant` are at the stamp. Here everything becomes
means over intervals named by their start.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
import math
from typing import Any

from aiohttp import ClientSession

from .errors import SourceResponseError
from .http import Patience, Sleep, async_get_json

BASE_URL = "https://api.open-meteo.com"
PATH = "/v1/forecast"
HOUR_S, QUARTER_S = 3600.0, 900.0
# In the order of preference: a mean over the interval, else the value at its ends.
RADIATION = {
    "ghi_w_m2": "shortwave_radiation",
    "dni_w_m2": "direct_normal_irradiance",
    "dhi_w_m2": "diffuse_radiation",
}
VARIABLES = ("cloud_cover", "temperature_2m", *RADIATION.values())
UNITS = {"cloud_cover": "%", "temperature_2m": "°C"} | dict.fromkeys(RADIATION.values(), "W/m²")
# A kilometre: finer than any weather model, and nobody's doorstep.
PLACE_DECIMALS = 2
# Two days from any minute of today, whatever the clock says in UTC.
FORECAST_DAYS = 4

type Values = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class WeatherSeries:
    """Means over consecutive intervals; None where the service gave nothing.

    Attributes
    ----------
    starts_s, interval_s : Starts of the intervals [s since epoch, UTC] and their width [s].
    cloud_cover : Fraction, 0 to 1.
    temperature_c : [°C]
    ghi_w_m2, dni_w_m2, dhi_w_m2 : Global horizontal, direct normal, diffuse horizontal irradiance. [W/m²]
    """

    starts_s: tuple[float, ...]
    interval_s: float
    cloud_cover: Values
    temperature_c: Values
    ghi_w_m2: Values
    dni_w_m2: Values
    dhi_w_m2: Values


@dataclass(frozen=True, kw_only=True)
class WeatherForecast:
    """What Open-Meteo answers: hours, and quarter-hours where it has been asked for them."""

    latitude_deg: float
    longitude_deg: float
    elevation_m: float | None
    hourly: WeatherSeries | None = None
    quarter_hourly: WeatherSeries | None = None

    @property
    def finest(self) -> WeatherSeries:
        """The finest series there is; every forecast has one."""
        series = self.quarter_hourly or self.hourly
        if series is None:
            raise SourceResponseError("weather: neither hourly nor minutely_15 in the answer")
        return series


class OpenMeteoClient:
    """Asks Open-Meteo, or a server that answers in its shape."""

    def __init__(
        self,
        session: ClientSession,
        *,
        base_url: str = BASE_URL,
        patience: Patience | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare to ask."""
        self._session = session
        self._url = base_url.rstrip("/") + PATH
        self._patience = patience
        self._sleep = sleep

    async def async_get_weather(
        self,
        latitude_deg: float,
        longitude_deg: float,
        *,
        past_days: int = 1,
        forecast_days: int = FORECAST_DAYS,
        quarter_hourly: bool = True,
    ) -> WeatherForecast:
        """Return the weather of a place, from `past_days` ago to `forecast_days` from now."""
        params = {
            "latitude": f"{latitude_deg:.{PLACE_DECIMALS}f}",
            "longitude": f"{longitude_deg:.{PLACE_DECIMALS}f}",
            "hourly": ",".join(VARIABLES),
            "timeformat": "unixtime",
            "timezone": "UTC",
            "past_days": str(past_days),
            "forecast_days": str(forecast_days),
        }
        if quarter_hourly:
            params["minutely_15"] = ",".join(VARIABLES)
        answer = await async_get_json(self._session, self._url, params, self._patience, self._sleep)
        return parse_weather(answer)


def parse_weather(answer: Any) -> WeatherForecast:
    """Return the weather in an answer; raise `SourceResponseError` if it is none."""
    if not isinstance(answer, Mapping) or answer.get("error"):
        raise SourceResponseError(
            f"weather: {answer.get('reason') if isinstance(answer, Mapping) else answer!r}"
        )
    latitude, longitude = (_number(answer.get(name), name) for name in ("latitude", "longitude"))
    if latitude is None or longitude is None:
        raise SourceResponseError("weather: no place in the answer")
    forecast = WeatherForecast(
        latitude_deg=latitude,
        longitude_deg=longitude,
        elevation_m=_number(answer.get("elevation"), "elevation"),
        hourly=_series(answer, "hourly", HOUR_S),
        quarter_hourly=_series(answer, "minutely_15", QUARTER_S),
    )
    if all(value is None for name in ("ghi_w_m2", "cloud_cover") for value in getattr(forecast.finest, name)):
        raise SourceResponseError("weather: neither radiation nor cloud cover in the answer")
    return forecast


def _series(answer: Mapping[str, Any], block: str, interval_s: float) -> WeatherSeries | None:
    """Return one block of the answer as means over intervals, or None if there is no such block."""
    table = answer.get(block)
    if table is None:
        return None
    if not isinstance(table, Mapping):
        raise SourceResponseError(f"weather: {block} is no table")
    _check_units(answer.get(f"{block}_units"), block)
    stamps = _stamps(table.get("time"), answer.get("utc_offset_seconds", 0), interval_s, block)
    columns = {name: _mean_before(table, name, len(stamps), block) for name in RADIATION.values()}
    cloud, temperature = (_ends_mean(_column(table, name, len(stamps), block)) for name in VARIABLES[:2])
    return WeatherSeries(
        starts_s=tuple(stamp - interval_s for stamp in stamps),
        interval_s=interval_s,
        cloud_cover=tuple(None if c is None or not 0 <= c <= 100 else c / 100 for c in cloud),
        temperature_c=temperature,
        **{field: columns[name] for field, name in RADIATION.items()},
    )


def _check_units(units: Any, block: str) -> None:
    if not isinstance(units, Mapping):
        return
    for name, unit in UNITS.items():
        for column in (name, f"{name}_instant"):
            if column in units and units[column] != unit:
                raise SourceResponseError(f"weather: {block} gives {column} in {units[column]!r}, not {unit}")


def _stamps(times: Any, offset_s: Any, interval_s: float, block: str) -> list[float]:
    """Return the stamps in UTC: epoch seconds as they are, local ISO times by the answer's own offset."""
    if not isinstance(times, list) or not times:
        raise SourceResponseError(f"weather: {block} has no times")
    try:
        stamps = [_stamp(time, float(offset_s)) for time in times]
    except (TypeError, ValueError) as err:
        raise SourceResponseError(f"weather: {block} has a time that is none ({err})") from err
    if any(not math.isclose(b - a, interval_s) for a, b in pairwise(stamps)):
        raise SourceResponseError(f"weather: {block} is not in steps of {interval_s:.0f} s")
    return stamps


def _stamp(time: Any, offset_s: float) -> float:
    if isinstance(time, str):
        instant = datetime.fromisoformat(time)
        return instant.timestamp() if instant.tzinfo else instant.replace(tzinfo=UTC).timestamp() - offset_s
    if isinstance(time, bool) or not isinstance(time, (int, float)):
        raise TypeError(f"{time!r}")
    return float(time)


def _number(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SourceResponseError(f"weather: {name} holds {value!r}")
    return float(value)


def _column(table: Mapping[str, Any], name: str, count: int, block: str) -> Values:
    values = table.get(name)
    if values is None:
        return (None,) * count
    if not isinstance(values, list) or len(values) != count:
        raise SourceResponseError(f"weather: {block} has {name} of another length than its times")
    return tuple(_number(value, name) for value in values)


def _mean_before(table: Mapping[str, Any], name: str, count: int, block: str) -> Values:
    """Return the mean over the interval before each stamp, made from instants where only they are given."""
    if name in table:
        return _column(table, name, count, block)
    return _ends_mean(_column(table, f"{name}_instant", count, block))


def _ends_mean(instants: Sequence[float | None]) -> Values:
    """Return the mean of the values at both ends of each interval, or the one there is."""
    pairs = zip((None, *instants[:-1]), instants, strict=True)
    return tuple(
        after if before is None else before if after is None else (before + after) / 2
        for before, after in pairs
    )
