"""How far each source of the plan can be trusted: what was recorded, the weather, the published prices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util
import numpy as np

from ..engine.forecast.archive import Archive
from ..engine.forecast.weather import Weather
from ..engine.insight.anomalies import Quality, freshness, series_quality
from ..engine.local_time import DAY_S, HOUR_S
from ..engine.steps import Floats, Steps
from ..engine.tariff import PublishedPrices
from .forecast_store import LOAD, PV

WEATHER: Final = "weather"
PRICES: Final = "prices"
# Of the recorder: a week shows a device that drops out every night.
_LOOK_BACK_S: Final = 7 * DAY_S
# An hour comes a few minutes after it is over, and is fetched within a quarter of an hour.
_LATE_S: Final = float(HOUR_S)
_RECORD_PATIENCE_S: Final = float(DAY_S)
_WEATHER_REACH_S: Final = 2.0 * DAY_S
_WEATHER_ON_TIME_S: Final = 3.0 * HOUR_S
# Day-ahead prices of tomorrow come at about one o'clock; an hour later they are late.
_PRICES_OUT_AT: Final = 14


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """What is looked at, frozen for a thread."""

    now: datetime  # local
    since_s: float  # when the home was added: nobody asks for what was before
    archives: Mapping[str, Archive]
    has_sun: bool
    weather: Weather | None
    weather_at_s: float
    weather_patience_s: float | None  # None: people chose to do without
    published: PublishedPrices | None
    needs_prices: bool


def source_quality(sources: Sources) -> dict[str, Quality]:
    """Return the quality of every source that the home has; without those that had no time to say anything."""
    now_s = sources.now.timestamp()
    end_s = (now_s - _LATE_S) // HOUR_S * HOUR_S
    begin_s = max(now_s - _LOOK_BACK_S, sources.since_s) // HOUR_S * HOUR_S + HOUR_S
    found: dict[str, Quality | None] = {LOAD: _recorded(sources.archives[LOAD], begin_s, end_s)}
    if sources.has_sun:
        found[PV] = _recorded(sources.archives[PV], begin_s, end_s)
    if sources.weather_patience_s is not None:
        found[WEATHER] = _of_weather(sources, now_s, sources.weather_patience_s)
    if sources.needs_prices:
        found[PRICES] = _of_prices(sources)
    return {name: quality for name, quality in found.items() if quality is not None}


def _recorded(archive: Archive, begin_s: float, end_s: float) -> Quality | None:
    return series_quality(
        *archive.truth(), float(HOUR_S), begin_s, end_s, patience_s=_RECORD_PATIENCE_S + 2 * HOUR_S
    )


def _of_weather(sources: Sources, now_s: float, patience_s: float) -> Quality | None:
    weather = sources.weather
    if weather is None:
        return Quality(known=0.0, fresh=0.0)
    light = weather.series("ghi_w_m2")
    values: Floats = np.where(np.isfinite(light), light, weather.series("cloud_cover"))
    begin_s = now_s // HOUR_S * HOUR_S
    found = series_quality(
        weather.starts_s,
        values,
        weather.interval_s,
        begin_s,
        begin_s + _WEATHER_REACH_S,
        patience_s=2 * _WEATHER_REACH_S,
    )
    if found is None:
        return None
    age_s = now_s - sources.weather_at_s
    # Light rises and falls: what stands out of it is a gap between clouds.
    return replace(
        found, spiky=0.0, fresh=freshness(age_s, on_time_s=_WEATHER_ON_TIME_S, patience_s=patience_s)
    )


def _of_prices(sources: Sources) -> Quality:
    """Return the share of hours known that should be published by now."""
    if sources.published is None:
        return Quality(known=0.0)
    days = 2 if sources.now.hour >= _PRICES_OUT_AT else 1
    midnight = dt_util.start_of_local_day(sources.now + timedelta(days=days))
    first_s, last_s = sources.now.timestamp() // HOUR_S * HOUR_S, midnight.timestamp()
    steps = Steps(edges_s=np.arange(first_s, last_s + 1, HOUR_S, dtype=np.float64))
    inside = (sources.published.starts_s <= steps.starts_s[:, None]) & (
        sources.published.ends_s > steps.starts_s[:, None]
    )
    known = inside.any(axis=1)
    return Quality(known=float(known.mean()), gaps=int((~known).sum()), longest_gap_h=float((~known).sum()))
