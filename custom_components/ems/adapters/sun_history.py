"""What all arrays produced on past days, from the recorder: how bright each day was."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import DOMAIN
from ..engine.local_time import local_day_and_second
from ..engine.steps import Floats
from .history import HISTORY, async_mean_power

PV_KEY = "pv_power"
# A day with more hours missing may have missed its sun.
_HOURS_OF_A_DAY = 20


async def async_daily_production(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Mapping[int, float]:
    """Return production by local day (`local_day_and_second`). [kWh]; empty where nothing is recorded."""
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_{PV_KEY}")
    if entity_id is None:
        return {}
    starts_s, mean_kw = await async_mean_power(hass, entity_id, since=HISTORY, period="hour")
    return by_day(starts_s, mean_kw)


def by_day(starts_s: Floats, mean_kw: Floats) -> dict[int, float]:
    """Sum hours to local days, leaving out days with many hours unknown."""
    known = np.isfinite(mean_kw)
    days, _ = local_day_and_second(starts_s[known], dt_util.get_default_time_zone())
    numbers, owner, hours = np.unique(days, return_inverse=True, return_counts=True)
    energy = np.bincount(owner, weights=mean_kw[known], minlength=len(numbers))
    whole = hours >= _HOURS_OF_A_DAY
    return dict(zip(numbers[whole].tolist(), energy[whole].tolist(), strict=True))
