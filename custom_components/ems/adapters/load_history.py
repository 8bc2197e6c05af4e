"""What the household has used so far, from the recorder, learned by the load forecaster."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import DOMAIN
from ..engine.forecast.load import LoadForecaster
from ..engine.steps import Floats
from .history import HISTORY, RECENT, async_mean_power, quarter_hours

# Our own sensor of what nobody can move: the consumption that plans stand on, cars already taken out.
LOAD_KEY = "load_power"


async def async_learned_load(hass: HomeAssistant, entry: ConfigEntry[Any]) -> LoadForecaster:
    """Return a forecaster that knows the last two months. It is new each time, so that plans keep theirs unchanged."""
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_{LOAD_KEY}")
    zone = dt_util.get_default_time_zone()
    if entity_id is None:
        return LoadForecaster(zone)
    hours = await async_mean_power(hass, entity_id, since=HISTORY, period="hour")
    recent = quarter_hours(*await async_mean_power(hass, entity_id, since=RECENT, period="5minute"))
    return await hass.async_add_executor_job(_learn, LoadForecaster(zone), hours, recent)


def _learn(
    forecaster: LoadForecaster, hours: tuple[Floats, Floats], recent: tuple[Floats, Floats]
) -> LoadForecaster:
    for (starts_s, values_kw), interval_s in ((hours, 3600.0), (recent, 900.0)):
        if np.size(starts_s):
            forecaster.learn(starts_s, values_kw, interval_s=interval_s)
    return forecaster
