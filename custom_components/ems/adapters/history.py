"""The recorder's long-term statistics as arrays. The recorder is our only history."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np

from ..engine.steps import Floats

# A year has every season once; the weeks on top let the same weeks of last year be seen whole.
HISTORY = timedelta(days=400)
RECENT = timedelta(hours=12)
# A year in one query would keep the database from everybody else.
_CHUNK = timedelta(days=31)


async def async_mean_power(
    hass: HomeAssistant, entity_id: str, *, since: timedelta, period: str
) -> tuple[Floats, Floats]:
    """Return (starts [s], mean power [kW]) of an entity; empty where nothing is recorded.

    period : "hour" reaches back for ever, "5minute" as far as the recorder keeps states.
    """
    if "recorder" not in hass.config.components:
        return np.zeros(0), np.zeros(0)
    start = dt_util.utcnow() - since
    rows = await get_instance(hass).async_add_executor_job(_query, hass, entity_id, start, period)
    return np.array([row["start"] for row in rows]), np.array([_mean(row) for row in rows])


async def async_hourly_power(hass: HomeAssistant, entity_id: str, since_s: float) -> tuple[Floats, Floats]:
    """Return (starts [s], mean power [kW]) of the full hours since an instant, in order, as recorded.

    Of a power its mean, of an energy counter what it rose by: a kWh in an hour is a kW.
    """
    if "recorder" not in hass.config.components:
        return np.zeros(0), np.zeros(0)
    found: list[Any] = []
    begin, now = dt_util.utc_from_timestamp(since_s), dt_util.utcnow()
    while begin < now:
        end = min(begin + _CHUNK, now)
        found += await get_instance(hass).async_add_executor_job(_query_hours, hass, entity_id, begin, end)
        begin = end
    return np.array([row["start"] for row in found]), np.array([_mean(row) for row in found])


def _query_hours(hass: HomeAssistant, entity_id: str, start: datetime, end: datetime) -> list[Any]:
    units = {"power": "kW", "energy": "kWh"}
    found = statistics_during_period(hass, start, end, {entity_id}, "hour", units, {"mean", "change"})
    return list(found.get(entity_id, []))


def _query(hass: HomeAssistant, entity_id: str, start: datetime, period: Any) -> list[Any]:
    found = statistics_during_period(hass, start, None, {entity_id}, period, {"power": "kW"}, {"mean"})
    return list(found.get(entity_id, []))


def _mean(row: Any) -> float:
    mean = row.get("mean")
    if mean is None:
        mean = row.get("change")
    return float("nan") if mean is None else float(mean)


def quarter_hours(starts_s: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return five-minute means as means of quarter-hours that are complete, which is what the forecaster learns."""
    if len(starts_s) == 0:
        return starts_s, values
    slots, owner, count = np.unique(starts_s // 900, return_inverse=True, return_counts=True)
    total = np.bincount(owner, weights=values)
    whole = count == 3
    return slots[whole] * 900, (total / count)[whole]
