"""The recorder's long-term statistics as arrays. The recorder is our only history."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np

from ..engine.steps import Floats

# The forecaster's memory is short (half-life of days); two months fill every slot it looks at.
HISTORY = timedelta(days=60)
RECENT = timedelta(hours=12)


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


def _query(hass: HomeAssistant, entity_id: str, start: datetime, period: Any) -> list[Any]:
    found = statistics_during_period(hass, start, None, {entity_id}, period, {"power": "kW"}, {"mean"})
    return list(found.get(entity_id, []))


def _mean(row: Any) -> float:
    mean = row.get("mean")
    return float("nan") if mean is None else float(mean)


def quarter_hours(starts_s: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return five-minute means as means of quarter-hours that are complete, which is what the forecaster learns."""
    if len(starts_s) == 0:
        return starts_s, values
    slots, owner, count = np.unique(starts_s // 900, return_inverse=True, return_counts=True)
    total = np.bincount(owner, weights=values)
    whole = count == 3
    return slots[whole] * 900, (total / count)[whole]
