"""The Energy dashboard's solar forecast: the site's production, hour by hour."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .runtime import EmsConfigEntry


async def async_get_solar_forecast(
    hass: HomeAssistant, config_entry_id: str
) -> dict[str, dict[str, float | int]] | None:
    """Return expected energy per step, summed over all arrays; two days, however far the plan looks. [Wh]."""
    entry: EmsConfigEntry | None = hass.config_entries.async_get_entry(config_entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    outlook = entry.runtime_data.plan.data.outlook
    if outlook is None or not outlook.pv:
        return None
    steps = next(iter(outlook.pv.values())).steps
    energy_wh = sum(forecast.mean for forecast in outlook.pv.values()) * steps.hours * 1000
    starts = (dt_util.utc_from_timestamp(start).isoformat() for start in steps.starts_s)
    return {"wh_hours": dict(zip(starts, energy_wh.round(1).tolist(), strict=True))}
