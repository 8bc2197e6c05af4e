"""What each array has produced so far, from the recorder, learned beside the weather of those hours."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.history import state_changes_during_period
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import CONF_PARAMS, CONF_WEATHER, DOMAIN, PV
from ..engine.forecast.sky import Place
from ..engine.forecast.solar import SolarForecaster
from ..engine.forecast.weather import Weather
from ..engine.plan.result import Mode
from ..engine.site import PvArray
from ..engine.steps import Floats, even_steps
from .history import async_mean_power
from .weather import PAST_DAYS, WeatherProblemError, async_fetch_past_weather

# Of each array: what it gives, and whether the plan wanted less than it could.
_POWER_KEY, _MODE_KEY = "power", "planned_mode"
_HOUR_S: Final = 3600.0
# The recorder may write an hour's statistics late; an hour that is learned twice counts once.
_AGAIN: Final = timedelta(hours=6)
# Learning stands still for as long as a holiday, then begins with what weather services still know.
_LONG_AGO: Final = timedelta(days=PAST_DAYS)

type Learned = Mapping[str, SolarForecaster]


def array_of(subentry_id: str, name: str, params: Mapping[str, Any], *, curtailable: bool = False) -> PvArray:
    """Return an array as people set it up."""
    return PvArray(
        id=subentry_id,
        name=name,
        peak_kw=params["peak_kw"],
        inverter_max_kw=params.get("inverter_max_kw"),
        tilt_deg=params["tilt_deg"],
        azimuth_deg=params["azimuth_deg"],
        curtailable=curtailable,
    )


def place_of(hass: HomeAssistant) -> Place:
    """Return where the home is."""
    config = hass.config
    return Place(latitude_deg=config.latitude, longitude_deg=config.longitude, altitude_m=config.elevation)


def untaught_solar(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Learned:
    """Return a forecaster per array, by subentry, that knows the physics."""
    place = place_of(hass)
    return {
        key: SolarForecaster(array_of(key, subentry.title, subentry.data[CONF_PARAMS]), place)
        for key, subentry in entry.subentries.items()
        if subentry.subentry_type == PV
    }


async def async_learned_solar(
    hass: HomeAssistant, entry: ConfigEntry[Any], known: Learned, weather: Weather | None
) -> Learned:
    """Return forecasters that know the production since `known`, and the last three months where that is nothing.

    They are new ones, so that plans keep theirs unchanged. Hours whose weather nobody knows any more teach nothing.
    """
    found = dict(untaught_solar(hass, entry))
    for key, blank in found.items():
        last = known.get(key)
        if last is not None and last.is_for(blank):
            found[key] = last
        found[key] = await _async_learned(hass, entry, key, found[key], weather)
    return found


async def _async_learned(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    key: str,
    known: SolarForecaster,
    weather: Weather | None,
) -> SolarForecaster:
    """Return one forecaster with the hours that are new to it; itself where there are none."""
    now = dt_util.utcnow()
    since = _LONG_AGO
    if known.learned_until_s is not None:
        since = min(now - dt_util.utc_from_timestamp(known.learned_until_s) + _AGAIN, _LONG_AGO)
    starts_s, power_kw = await _async_production(hass, key, since)
    if not len(starts_s) or starts_s[-1] + _HOUR_S <= (known.learned_until_s or 0.0):
        return known
    if weather is None or not len(weather.starts_s) or starts_s[0] < weather.starts_s[0] - _HOUR_S:
        try:
            weather = await async_fetch_past_weather(hass, entry.data[CONF_WEATHER]) or weather
        except WeatherProblemError:
            return known  # that the service is in trouble is said by whoever asked for today's weather
    if weather is None:
        return known
    return await hass.async_add_executor_job(_taught, known, starts_s, power_kw, weather, now.timestamp())


def _taught(
    known: SolarForecaster, starts_s: Floats, power_kw: Floats, weather: Weather, now_s: float
) -> SolarForecaster:
    forecaster = deepcopy(known)
    forecaster.learn(starts_s, power_kw, weather, interval_s=_HOUR_S)
    # Working out what they teach takes a moment, which no plan should have to wait for.
    forecaster.forecast(now_s, even_steps(now_s // _HOUR_S * _HOUR_S, 24, 60), weather)
    return forecaster


async def _async_production(hass: HomeAssistant, subentry_id: str, since: timedelta) -> tuple[Floats, Floats]:
    """Return (starts [s], mean power [kW]) of whole hours, NaN where the array was held back."""
    registry = er.async_get(hass)
    power, mode = (
        registry.async_get_entity_id("sensor", DOMAIN, f"{subentry_id}_{key}")
        for key in (_POWER_KEY, _MODE_KEY)
    )
    if power is None:
        return np.zeros(0), np.zeros(0)
    starts_s, power_kw = await async_mean_power(hass, power, since=since, period="hour")
    if mode is None or not len(starts_s):
        return starts_s, power_kw
    begin = dt_util.utc_from_timestamp(float(starts_s[0]))
    spans = await get_instance(hass).async_add_executor_job(_limited_spans, hass, mode, begin)
    for from_s, to_s in spans:
        touched = (starts_s + _HOUR_S > from_s) & (starts_s < to_s)
        power_kw = np.where(touched, np.nan, power_kw)
    return starts_s, power_kw


def _limited_spans(hass: HomeAssistant, entity_id: str, begin: datetime) -> list[tuple[float, float]]:
    """Return when an array was held back, as far as the recorder keeps states.

    Where it was at all, what was before the oldest state is taken for held back too: nobody knows better.
    """
    states = state_changes_during_period(hass, begin, None, entity_id, no_attributes=True).get(entity_id, [])
    ends = [*(state.last_changed_timestamp for state in states[1:]), dt_util.utcnow().timestamp()]
    spans = [
        (state.last_changed_timestamp, end)
        for state, end in zip(states, ends, strict=True)
        if state.state == Mode.LIMIT.value
    ]
    return [(begin.timestamp(), states[0].last_changed_timestamp), *spans] if spans else []
