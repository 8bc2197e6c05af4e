"""An array's forecast from somebody else: read from entities, and laid over our own where it says something."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import CONF_FORECAST_ENTITIES, CONF_PARAMS, PV
from ..engine.forecast.panels import panels_of
from ..engine.forecast.result import Forecast
from ..engine.plan.result import Reason
from ..engine.site import PvArray
from ..engine.steps import Floats, Steps
from .pv_forecast_series import HOUR_S, PowerForecast, PvForecastError, parse_power_forecast

# Of every integration's `wh_hours`, only this one's are stamped with the end of their interval.
STAMPED_AT_END: Final = ("forecast_solar",)


async def async_given_production(
    hass: HomeAssistant, entry: ConfigEntry[Any]
) -> tuple[dict[str, PowerForecast], tuple[Reason, ...]]:
    """Return what entities foretell, by the array they are for, and why some could not be read."""
    found: dict[str, PowerForecast] = {}
    problems: list[Reason] = []
    for key, subentry in entry.subentries.items():
        entity_ids = subentry.data[CONF_PARAMS].get(CONF_FORECAST_ENTITIES)
        if subentry.subentry_type != PV or not entity_ids:
            continue
        try:
            found[key] = await async_read_given(hass, list(entity_ids))
        except PvForecastError as err:
            problems.append(Reason(key=err.key, placeholders=err.placeholders))
    return found, tuple(problems)


async def async_read_given(hass: HomeAssistant, entity_ids: list[str]) -> PowerForecast:
    """Return what entities foretell: by their attributes, else by what their integration tells the Energy dashboard.

    Raises `PvForecastError`: "pv_forecast_unavailable", "pv_forecast_rows_missing", "pv_forecast_rate_limited".
    """
    zone, said, unit = dt_util.get_default_time_zone(), [], None
    for entity_id in entity_ids:
        state = hass.states.get(entity_id)
        if state is None or state.state == "unavailable":
            raise PvForecastError("pv_forecast_unavailable", entity=entity_id)
        said.append(state.attributes)
        unit = unit or state.attributes.get("unit_of_measurement")
    try:
        return _still_to_come(parse_power_forecast(said, unit=unit, zone=zone))
    except PvForecastError as err:
        told = await _async_told_dashboard(hass, entity_ids[0]) if err.key.endswith("missing") else None
        if told is None:
            raise PvForecastError(err.key, entity=entity_ids[0], **err.placeholders) from err
        return told


async def _async_told_dashboard(hass: HomeAssistant, entity_id: str) -> PowerForecast | None:
    """Return the series that an entity's integration gives the Energy dashboard; None where it gives none."""
    entry = er.async_get(hass).async_get(entity_id)
    if entry is None or entry.config_entry_id is None:
        return None
    try:
        platform = await (await async_get_integration(hass, entry.platform)).async_get_platform("energy")
        found = await platform.async_get_solar_forecast(hass, entry.config_entry_id)
    except HomeAssistantError, ImportError, AttributeError:  # it has no such platform, or is not loaded
        return None
    hours = (found or {}).get("wh_hours")
    said = (
        {"result": {"watt_hours_period": hours}} if entry.platform in STAMPED_AT_END else {"wh_hours": hours}
    )
    try:
        return _still_to_come(parse_power_forecast([said], unit=None, zone=dt_util.get_default_time_zone()))
    except PvForecastError:
        return None


def _still_to_come(given: PowerForecast) -> PowerForecast:
    """Refuse yesterday's forecast."""
    if given.starts_s[-1] + given.hours[-1] * HOUR_S <= dt_util.utcnow().timestamp():
        raise PvForecastError("pv_forecast_rows_missing")
    return given


def laid_over(own: Forecast, given: PowerForecast, array: PvArray) -> Forecast:
    """Return the given series as the central one, our own where it says nothing.

    A band that is not given is ours, moved along: it keeps its share of the mean.
    """
    limit, steps = panels_of(array).max_kw, own.steps
    mean = np.minimum(_on(steps, given, "mean_kw"), limit)
    known = np.isfinite(mean)
    share = np.where(own.mean > 0, mean / np.where(own.mean > 0, own.mean, 1.0), 1.0)
    low = own.p10 * share if given.p10_kw is None else _on(steps, given, "p10_kw")
    high = own.p90 * share if given.p90_kw is None else _on(steps, given, "p90_kw")
    middle = own.p50 * share if given.p10_kw is None else mean
    low, high = np.minimum(low, mean), np.clip(high, mean, limit)
    columns: Mapping[str, tuple[Floats, Floats]] = {
        "mean": (mean, own.mean),
        "p10": (low, own.p10),
        "p50": (np.clip(middle, low, high), own.p50),
        "p90": (high, own.p90),
    }
    laid: dict[str, Any] = {name: np.where(known, theirs, ours) for name, (theirs, ours) in columns.items()}
    return Forecast(
        issued_at_s=own.issued_at_s, steps=steps, basis="given" if known.any() else own.basis, **laid
    )


def _on(steps: Steps, given: PowerForecast, column: str) -> Floats:
    knots = given.knots(column)
    return steps.mean_of(knots[:, 0], knots[:, 1])
