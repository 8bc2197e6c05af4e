"""Learning in life: everything at first and every night, and between only what is new.

What EMS has not seen itself is taken from the entities that the home is made of, where those have a past.

The recorder is asked in its own threads, and forecasters learn in a worker. Each learning makes a new forecaster, so
that a plan that is being made keeps its own unchanged.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import (
    CONF_ANNUAL_KWH,
    CONF_EXPORT_MAX_KW,
    CONF_GRID,
    CONF_IMPORT_MAX_KW,
    CONF_PARAMS,
    DOMAIN,
    PV,
)
from ..engine.forecast.cleaning import Cleaned, clean_power
from ..engine.forecast.load import LoadForecaster
from ..engine.local_time import HOUR_S
from ..engine.plan.result import Reason
from ..engine.steps import Floats, even_steps
from .entity_history import NONE, Series, async_load_before, async_sun_before, filled
from .history import HISTORY, RECENT, async_hourly_power, async_mean_power, quarter_hours

# Our own sensors: the consumption nobody can move, on which plans stand, and what all arrays give.
LOAD_KEY: Final = "load_power"
PV_KEY: Final = "pv_power"
SCHEMA: Final = 1
# The recorder may correct an hour shortly after it is over; what is learned twice counts once.
_OVERLAP_S: Final = 2 * HOUR_S
# No hour takes more than twice what connection and roof carry together.
_ABSURD: Final = 2.0
NOTHING: Final = clean_power(np.zeros(0), np.zeros(0), 1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Learning:
    """What the load forecaster knows, and from how much.

    Attributes
    ----------
    until_s : End of the last hour that was learned; None before the first. [s since epoch]
    days : Days of history of which most is known.
    basis : How its forecasts are made: "prior", "prior_and_learned" or "learned".
    trained_at_s : When everything was last learned from the beginning; None where it never was. [s since epoch]
    history : What was found in the history the last time all of it was read.
    """

    load: LoadForecaster
    basis: str
    until_s: float | None = None
    days: int = 0
    trained_at_s: float | None = None
    history: Cleaned = NOTHING

    def state(self) -> dict[str, Any]:
        """Return it as it is kept over restarts."""
        return {
            "schema": SCHEMA,
            "forecaster": self.load.state(),
            "until_s": self.until_s,
            "days": self.days,
            "trained_at_s": self.trained_at_s,
        }

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return what was not right with the history."""
        found = self.history
        counts = {
            "history_in_watts": found.rescaled,
            "history_resets": found.resets,
            "history_spikes": found.spikes,
            "history_holes": found.missing,
        }
        return tuple(Reason(key=key, placeholders={"hours": n}) for key, n in counts.items() if n)


def untaught(entry: ConfigEntry[Any]) -> Learning:
    """Return a forecaster that knows the answers of the set-up and nothing else."""
    return _with_basis(Learning(load=_new_forecaster(entry), basis=""))


def restored(entry: ConfigEntry[Any], state: Mapping[str, Any]) -> Learning:
    """Return what an earlier run has learned. Raises what reading somebody else's JSON raises."""
    if state["schema"] != SCHEMA:
        raise ValueError(f"schema: {state['schema']!r} is not one this version can read")
    load = _new_forecaster(entry)
    load.restore(state["forecaster"])
    until_s, trained_at_s = (
        None if (at := state[key]) is None else float(at) for key in ("until_s", "trained_at_s")
    )
    return _with_basis(
        Learning(load=load, basis="", until_s=until_s, days=int(state["days"]), trained_at_s=trained_at_s)
    )


def _new_forecaster(entry: ConfigEntry[Any]) -> LoadForecaster:
    told = entry.data[CONF_GRID].get(CONF_ANNUAL_KWH)
    zone = dt_util.get_default_time_zone()
    return LoadForecaster(zone) if told is None else LoadForecaster(zone, annual_kwh=float(told))


def _with_basis(learning: Learning) -> Learning:
    now_s = dt_util.utcnow().timestamp() // HOUR_S * HOUR_S
    return replace(learning, basis=learning.load.forecast(now_s, even_steps(now_s, 1, 60)).basis)


async def async_train(
    hass: HomeAssistant, entry: ConfigEntry[Any], archived: Series
) -> tuple[Learning, Cleaned]:
    """Learn all that the recorder knows, from the beginning. Return it with the hours it stands on.

    `archived` are hours that EMS remembers itself: a database that was emptied must not cost what was learned.
    """
    since_s = (dt_util.utcnow() - HISTORY).timestamp()
    hours, recent = await _async_load(hass, entry, since_s, archived)
    return await hass.async_add_executor_job(_trained, entry, hours, recent), hours


def _trained(entry: ConfigEntry[Any], hours: Cleaned, recent: tuple[Floats, Floats]) -> Learning:
    blank = Learning(
        load=_new_forecaster(entry),
        basis="",
        days=hours.days_known(dt_util.get_default_time_zone()),
        trained_at_s=dt_util.utcnow().timestamp(),
        history=hours,
    )
    return _taught(blank, hours, recent)


async def async_learn_more(
    hass: HomeAssistant, entry: ConfigEntry[Any], known: Learning
) -> tuple[Learning, Cleaned]:
    """Learn what came since, and nothing else. Return it with the new hours."""
    earliest_s = (dt_util.utcnow() - HISTORY).timestamp()
    since_s = earliest_s if known.until_s is None else max(known.until_s - _OVERLAP_S, earliest_s)
    hours, recent = await _async_load(hass, entry, since_s)
    copy = replace(known, load=await hass.async_add_executor_job(deepcopy, known.load))
    return await hass.async_add_executor_job(_taught, copy, hours, recent), hours


def _taught(learning: Learning, hours: Cleaned, recent: tuple[Floats, Floats]) -> Learning:
    """Teach a forecaster that nobody else uses yet."""
    for starts_s, kw, interval_s in ((hours.starts_s, hours.kw, float(HOUR_S)), (*recent, 900.0)):
        if len(starts_s):
            learning.load.learn(starts_s, kw, interval_s=interval_s)
    until_s = learning.until_s
    if hours.known.any():
        until_s = max(until_s or 0.0, float(hours.starts_s[hours.known][-1]) + HOUR_S)
    return _with_basis(replace(learning, until_s=until_s))


async def _async_load(
    hass: HomeAssistant, entry: ConfigEntry[Any], since_s: float, archived: Series = NONE
) -> tuple[Cleaned, tuple[Floats, Floats]]:
    entity_id = _entity_id(hass, entry, LOAD_KEY)
    if entity_id is None:
        return NOTHING, (np.zeros(0), np.zeros(0))
    own = await async_hourly_power(hass, entity_id, since_s)
    before = await async_load_before(hass, entry, since_s, most_kw(entry))
    hours = clean_power(*filled(filled(own, before), archived), most_kw(entry))
    recent = clean_power(
        *quarter_hours(*await async_mean_power(hass, entity_id, since=RECENT, period="5minute")),
        most_kw(entry),
    )
    return hours, (recent.starts_s, recent.kw)


async def async_production(hass: HomeAssistant, entry: ConfigEntry[Any], since_s: float) -> Cleaned:
    """Return what all arrays produced in the full hours since an instant."""
    entity_id = _entity_id(hass, entry, PV_KEY)
    if entity_id is None or _roof_kw(entry) == 0:
        return NOTHING
    most = _ABSURD * _roof_kw(entry)
    own = await async_hourly_power(hass, entity_id, since_s)
    return clean_power(*filled(own, await async_sun_before(hass, entry, since_s, most)), most)


def _entity_id(hass: HomeAssistant, entry: ConfigEntry[Any], key: str) -> str | None:
    return er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_{key}")


def most_kw(entry: ConfigEntry[Any]) -> float:
    """Return what no hour of consumption can exceed. [kW]."""
    grid = entry.data[CONF_GRID]
    connection_kw = max(grid[CONF_IMPORT_MAX_KW], grid[CONF_EXPORT_MAX_KW], 1.0)
    return float(_ABSURD * (connection_kw + _roof_kw(entry)))


def _roof_kw(entry: ConfigEntry[Any]) -> float:
    """Return the peak power of all arrays. [kW]."""
    arrays = (each.data[CONF_PARAMS] for each in entry.subentries.values() if each.subentry_type == PV)
    return float(sum(params["peak_kw"] for params in arrays))
