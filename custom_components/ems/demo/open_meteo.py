"""Weather forecasts in the shape of api.open-meteo.com/v1/forecast.

As there: radiation is the mean over the *preceding* interval, the rest is instantaneous; local times carry
one fixed offset; an unknown variable is refused with status 400 and a reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from .sun import on_plane
from .weather import Sky, Weather

type Floats = NDArray[np.float64]
type Json = dict[str, object]

DAY_S = 86_400.0
_SAMPLES = 4  # per interval, for the mean of a curve that bends
_DEFAULT_DAYS, _MAX_DAYS, _MAX_PAST_DAYS = 7, 16, 92
_INTERVALS = {"hourly": 3600.0, "minutely_15": 900.0}


class QueryError(ValueError):
    """The request makes no sense; the text is the reason given."""


@dataclass(frozen=True, kw_only=True)
class _Plane:
    tilt_deg: float
    azimuth_deg: float  # from north, clockwise


@dataclass(frozen=True, kw_only=True)
class _Query:
    zone: tzinfo
    zone_name: str
    unix: bool
    days: int
    past_days: int
    plane: _Plane


_INSTANT: dict[str, tuple[str, Callable[[Sky], Floats], int]] = {
    "temperature_2m": ("°C", lambda sky: sky.temperature_c, 1),
    "cloud_cover": ("%", lambda sky: 100 * sky.cloud_cover, 0),
}
_RADIATION: dict[str, Callable[[Sky, _Plane], Floats]] = {
    "shortwave_radiation": lambda sky, _: sky.light.ghi,
    "direct_radiation": lambda sky, _: sky.light.ghi - sky.light.dhi,
    "direct_normal_irradiance": lambda sky, _: sky.light.dni,
    "diffuse_radiation": lambda sky, _: sky.light.dhi,
    "global_tilted_irradiance": lambda sky, p: on_plane(sky.sun, sky.light, p.tilt_deg, p.azimuth_deg),
}


def forecast(weather: Weather, query: Mapping[str, str], now_s: float, home_zone: tzinfo) -> Json:
    """Return the answer to a request.

    Raises QueryError where the real service answers with status 400.
    """
    asked = _parse(query, home_zone)
    offset = datetime.fromtimestamp(now_s, UTC).astimezone(asked.zone).utcoffset() or timedelta()
    shift_s = offset.total_seconds()
    answer: Json = {
        "latitude": weather.latitude,
        "longitude": weather.longitude,
        "generationtime_ms": 0.1,
        "utc_offset_seconds": int(shift_s),
        "timezone": asked.zone_name,
        "timezone_abbreviation": asked.zone_name,
        "elevation": 200.0,
    }
    first_s = (now_s + shift_s) // DAY_S * DAY_S - shift_s - asked.past_days * DAY_S
    last_s = first_s + (asked.past_days + asked.days) * DAY_S
    for group, width_s in _INTERVALS.items():
        if names := [name for name in query.get(group, "").split(",") if name]:
            times = np.arange(first_s, last_s, width_s, dtype=np.float64)
            units, values = _series(weather, names, times, width_s, now_s, asked.plane)
            stamps = _stamps(times, shift_s, unix=asked.unix)
            answer[f"{group}_units"] = {"time": "unixtime" if asked.unix else "iso8601", **units}
            answer[group] = {"time": stamps, **values}
    return answer


def _parse(query: Mapping[str, str], home_zone: tzinfo) -> _Query:
    name = query.get("timezone", "GMT")
    if name == "auto":
        zone, name = home_zone, str(home_zone)
    else:
        try:
            zone = UTC if name in {"GMT", "UTC"} else ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as err:
            raise QueryError("Invalid timezone") from err
    return _Query(
        zone=zone,
        zone_name=name,
        unix=query.get("timeformat", "iso8601") == "unixtime",
        days=int(_number(query, "forecast_days", _DEFAULT_DAYS, 0, _MAX_DAYS)),
        past_days=int(_number(query, "past_days", 0, 0, _MAX_PAST_DAYS)),
        # The service counts azimuth from south, west positive.
        plane=_Plane(
            tilt_deg=_number(query, "tilt", 0, 0, 90),
            azimuth_deg=180 + _number(query, "azimuth", 0, -180, 180),
        ),
    )


def _number(query: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    try:
        value = float(query.get(name, default))
    except ValueError as err:
        raise QueryError(f"Parameter '{name}' is not a number.") from err
    if not low <= value <= high:
        raise QueryError(f"Parameter '{name}' is out of allowed range from {low} to {high}.")
    return value


def _series(
    weather: Weather, names: list[str], times: Floats, width_s: float, now_s: float, plane: _Plane
) -> tuple[dict[str, str], dict[str, list[float]]]:
    """Return the units and the values of every variable asked for."""
    sky = weather.forecast(times, now_s)
    offsets = (np.arange(_SAMPLES) + 0.5) / _SAMPLES * width_s
    before = weather.forecast((times[:, None] - offsets).ravel(), now_s)
    units: dict[str, str] = {}
    values: dict[str, list[float]] = {}
    for name in names:
        if name in _INSTANT:
            units[name], of, digits = _INSTANT[name]
            values[name] = np.round(of(sky), digits).tolist()
        elif (radiation := _RADIATION.get(name.removesuffix("_instant"))) is not None:
            units[name] = "W/m²"
            exact = radiation(sky, plane)
            mean = radiation(before, plane).reshape(-1, _SAMPLES).mean(axis=1)
            values[name] = np.round(exact if name.endswith("_instant") else mean, 1).tolist()
        else:
            raise QueryError(f"Cannot initialize variable from invalid String value {name}.")
    return units, values


def _stamps(times: Floats, shift_s: float, *, unix: bool) -> list[int] | list[str]:
    if unix:
        return [int(t) for t in times]
    local = (times + shift_s).astype("datetime64[s]").astype("datetime64[m]")
    return [str(stamp) for stamp in np.datetime_as_string(local)]
