"""Long-term statistics for tests: what the recorder would hold of a sensor of ours."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done


def full_hours(days: float) -> list[datetime]:
    """Return the starts of the full hours of the last days, the running one left out."""
    now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    return [now - timedelta(hours=back) for back in range(round(days * 24), 0, -1)]


async def record(
    hass: HomeAssistant,
    entity_id: str,
    hours: list[datetime],
    watts: Callable[[datetime], float | None],
    *,
    unit: str = "W",
) -> None:
    """Let the recorder hold hourly means; an hour of None is a hole. `watts` sees local time."""
    meta: dict[str, Any] = {
        "mean_type": StatisticMeanType.ARITHMETIC,
        "has_sum": False,
        "name": None,
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_class": "power",
        "unit_of_measurement": unit,
    }
    values = [(hour, watts(dt_util.as_local(hour))) for hour in hours]
    rows = [
        {"start": hour, "mean": value, "min": value, "max": value}
        for hour, value in values
        if value is not None
    ]
    async_import_statistics(hass, meta, rows)  # type: ignore[arg-type]  # plain rows
    await async_wait_recording_done(hass)


async def record_counter(
    hass: HomeAssistant, entity_id: str, hours: list[datetime], kwh: Callable[[datetime], float]
) -> None:
    """Let the recorder hold a counter that rises by so much in each hour."""
    meta: dict[str, Any] = {
        "mean_type": StatisticMeanType.NONE,
        "has_sum": True,
        "name": None,
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_class": "energy",
        "unit_of_measurement": "kWh",
    }
    total, rows = 0.0, []
    for hour in hours:
        total += kwh(dt_util.as_local(hour))
        rows.append({"start": hour, "state": total, "sum": total})
    async_import_statistics(hass, meta, rows)  # type: ignore[arg-type]  # plain rows
    await async_wait_recording_done(hass)
