"""Weather of the German weather service (DWD) from Bright Sky: free, without a key, for Germany and its neighbours.

The API's page: https://brightsky.dev/docs. Rows are hourly and named by their *end*: `solar` is the energy of the
hour before the stamp in kWh/m², cloud cover and temperature are at the stamp. Here everything becomes means over
hours named by their start, as from Open-Meteo. The forecast (MOSMIX) reaches ten days.
"""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from aiohttp import ClientSession

from .errors import SourceResponseError
from .http import Patience, Sleep, async_get_json
from .market import HOUR_S, number_of
from .open_meteo import PLACE_DECIMALS, WeatherSeries

BASE_URL = "https://api.brightsky.dev"
PATH = "/weather"
W_PER_KW = 1000.0


class BrightSkyClient:
    """Asks Bright Sky, or a server that answers in its shape."""

    def __init__(
        self, session: ClientSession, *, patience: Patience | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        """Prepare to ask."""
        self._session, self._patience, self._sleep = session, patience, sleep

    async def async_get_weather(
        self, latitude_deg: float, longitude_deg: float, start_s: float, end_s: float
    ) -> WeatherSeries:
        """Return the weather of a place over a span of time. [s since epoch, UTC]."""
        first, last = (
            datetime.fromtimestamp(at, UTC).isoformat(timespec="minutes") for at in (start_s, end_s)
        )
        params = {
            "lat": f"{latitude_deg:.{PLACE_DECIMALS}f}",
            "lon": f"{longitude_deg:.{PLACE_DECIMALS}f}",
            "date": first,
            "last_date": last,
            "tz": "Etc/UTC",
        }
        answer = await async_get_json(self._session, BASE_URL + PATH, params, self._patience, self._sleep)
        return parse_rows(answer)


def parse_rows(answer: Any) -> WeatherSeries:
    """Return the weather in an answer; raise `SourceResponseError` if it is none."""
    rows = answer.get("weather") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not rows:
        raise SourceResponseError("weather: no list called weather")
    stamps = [_stamp(row) for row in rows]
    if any(after - before != HOUR_S for before, after in pairwise(stamps)):
        raise SourceResponseError("weather: rows are not hourly and in order")
    cloud, warmth, solar = (
        [_value(row, name) for row in rows] for name in ("cloud_cover", "temperature", "solar")
    )
    if all(value is None for value in (*cloud, *solar)):
        raise SourceResponseError("weather: neither radiation nor cloud cover in the answer")
    shares = [None if value is None or not 0 <= value <= 100 else value / 100 for value in cloud]
    nothing = (None,) * len(rows)
    return WeatherSeries(
        starts_s=tuple(stamp - HOUR_S for stamp in stamps),
        interval_s=HOUR_S,
        cloud_cover=_means(shares),
        temperature_c=_means(warmth),
        ghi_w_m2=tuple(None if value is None else max(value, 0.0) * W_PER_KW for value in solar),
        dni_w_m2=nothing,
        dhi_w_m2=nothing,
    )


def _stamp(row: Any) -> float:
    try:
        instant = datetime.fromisoformat(row["timestamp"])
    except (KeyError, TypeError, ValueError) as err:
        raise SourceResponseError(f"weather: {str(row)[:80]} has no timestamp") from err
    if instant.tzinfo is None:
        raise SourceResponseError(f"weather: {row['timestamp']} does not say in which zone")
    return instant.timestamp()


def _value(row: dict[str, Any], name: str) -> float | None:
    value = row.get(name)
    if value is not None and number_of(value) is None:
        raise SourceResponseError(f"weather: {name} holds {value!r}")
    return number_of(value)


def _means(instants: list[float | None]) -> tuple[float | None, ...]:
    """Return the mean of both ends of each hour, or the one there is."""
    return tuple(
        after if before is None else before if after is None else (before + after) / 2
        for before, after in zip([None, *instants[:-1]], instants, strict=True)
    )
