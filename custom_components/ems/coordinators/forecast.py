"""Fetch what forecasts stand on: history, weather, published prices. The forecasting itself is done with the plan."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, override
from zlib import crc32

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import (
    async_call_later,
    async_track_state_change_event,
    async_track_time_change,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError

from ..adapters.co2_feed import Co2Feed, Co2ProblemError
from ..adapters.forecast_store import LOAD, PV, UNREADABLE, ForecastStore
from ..adapters.price_feed import PriceFeed
from ..adapters.price_problem import PriceProblemError
from ..adapters.pv_forecast_series import PowerForecast
from ..adapters.pv_given import async_given_production
from ..adapters.solar_history import async_learned_solar
from ..adapters.solar_memory import keep_solar, recall_solar
from ..adapters.sun_history import by_day
from ..adapters.training import (
    Learning,
    async_learn_more,
    async_production,
    async_train,
    restored,
    untaught,
)
from ..adapters.weather import WeatherProblemError, async_fetch_weather
from ..const import CONF_CO2, CONF_ENTITY, CONF_TARIFF, CONF_WEATHER, FORECAST_INTERVAL, LOGGER, TARIFF_ENTITY
from ..engine.forecast.archive import DAYS
from ..engine.forecast.load import LoadForecaster
from ..engine.forecast.solar import SolarForecaster
from ..engine.forecast.weather import Weather
from ..engine.plan.result import Reason
from ..engine.tariff import PublishedPrices
from ..source_issues import SourceIssue

# Yesterday's weather forecast is still better than none; older ones are not.
WEATHER_MAX_AGE = timedelta(hours=36)
NO_PRICE_PROBLEMS = (
    *("weather_unreachable", "weather_no_forecast", "weather_kept", "history_unreadable"),
    *("co2_unreachable", "co2_entity_unavailable", "co2_unit_unknown"),
    *("pv_forecast_unavailable", "pv_forecast_rows_missing", "pv_forecast_rate_limited"),
)
HOUR_S = 3600.0
# At night nobody waits for the database, and a whole day has just become history.
TRAINING_HOUR = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Outside:
    """What is known of the world outside the plan: frozen, replaced as a whole."""

    learning: Learning
    production_kwh: Mapping[int, float] = field(default_factory=dict)  # of all arrays, by local day
    prices: PublishedPrices | None = None  # None: the tariff needs none, or none could be had yet
    weather: Weather | None = None
    weather_at_s: float = 0.0
    solar: Mapping[str, SolarForecaster] = field(default_factory=dict)  # by array
    pv_given: Mapping[str, PowerForecast] = field(default_factory=dict)  # of arrays with a forecast entity
    co2: PublishedPrices | None = None  # [g/kWh]; None where nobody wants to know, or nobody says
    problems: tuple[Reason, ...] = ()  # what could not be fetched this time

    @property
    def load(self) -> LoadForecaster:
        """Return the forecaster of consumption."""
        return self.learning.load


class ForecastCoordinator(DataUpdateCoordinator[Outside]):
    """Refreshes its parts side by side; one that fails keeps its last value and says so."""

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], store: ForecastStore) -> None:
        """Initialize the coordinator with a household nobody knows yet."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} forecast",
            update_interval=FORECAST_INTERVAL,
        )
        self._store = store
        self.data = Outside(learning=untaught(entry))
        self._noted: set[str] = set()
        self._feed = PriceFeed(hass, entry.entry_id, entry.data[CONF_TARIFF])
        self._co2 = Co2Feed(hass, entry.entry_id, entry.data.get(CONF_CO2))
        self._issue = SourceIssue(hass, entry)
        self._stop_retry: Callable[[], None] | None = None
        self._must_train = True

    async def async_restore(self) -> None:
        """Take up what the last run has learned; where there is nothing, all is learned at the first refresh."""
        solar = await self.hass.async_add_executor_job(
            recall_solar, self.hass, self.config_entry, self._store
        )
        self.data = replace(self.data, solar=solar, production_kwh=self._production())
        if (state := self._store.model(LOAD)) is None:
            return
        try:
            learning = await self.hass.async_add_executor_job(restored, self.config_entry, state)
        except UNREADABLE as err:
            self._store.refuse_model(LOAD, err)
            return
        self._must_train = False
        self.data = replace(self.data, learning=learning)

    @callback
    def async_start(self) -> None:
        """Keep refreshing, whoever listens; at once when the price entity says something new."""
        entry = self.config_entry
        entry.async_on_unload(self.async_add_listener(lambda: None))
        entry.async_on_unload(self._feed.async_flush)
        entry.async_on_unload(self._co2.async_flush)
        entry.async_on_unload(self._async_forget_retry)
        # Several homes do not ask at the same time.
        minute = crc32(entry.entry_id.encode()) % 60
        entry.async_on_unload(
            async_track_time_change(
                self.hass, self._async_train, hour=TRAINING_HOUR, minute=minute, second=30
            )
        )
        if (tariff := entry.data[CONF_TARIFF])["kind"] == TARIFF_ENTITY:
            entry.async_on_unload(
                async_track_state_change_event(self.hass, [tariff[CONF_ENTITY]], self._async_price_changed)
            )

    async def _async_train(self, _: datetime) -> None:
        """Learn everything anew, as soon as the night has begun."""
        self._must_train = True
        await self.async_refresh()

    async def _async_learn(self) -> Learning:
        """Learn what is new, or everything where that is due."""
        known = self.data.learning
        if self._must_train:
            archived = self._store.archives[LOAD].truth()
            learning, hours = await async_train(self.hass, self.config_entry, archived)
        else:
            learning, hours = await async_learn_more(self.hass, self.config_entry, known)
        await self._async_note_production()
        self._store.archives[LOAD].add_truth(hours.starts_s, hours.kw)
        days = max(learning.days, self._store.archives[LOAD].days_known(dt_util.get_default_time_zone()))
        learning = replace(learning, days=days)
        if learning.until_s != known.until_s or learning.trained_at_s != known.trained_at_s:
            self._store.keep_model(LOAD, learning.state)
            self._store.archive_changed()
        self._must_train = False
        return learning

    async def _async_note_production(self) -> None:
        """Note what all arrays produced since it was last looked at."""
        archive = self._store.archives[PV]
        earliest_s = (dt_util.utcnow() - timedelta(days=DAYS)).timestamp()
        since_s = max((archive.truth_until_s or 0.0) - 7200, earliest_s)
        hours = await async_production(self.hass, self.config_entry, since_s)
        archive.add_truth(hours.starts_s, hours.kw)

    def _production(self) -> Mapping[int, float]:
        return by_day(*self._store.archives[PV].truth())

    async def _async_price_changed(self, _: Event[EventStateChangedData] | datetime) -> None:
        """Read the prices again, and only those: some change every minute, weather and history do not."""
        last = self.data
        others = tuple(problem for problem in last.problems if problem.key in NO_PRICE_PROBLEMS)
        problems = (*others, *await self._async_prices())
        self.data = replace(last, prices=self._feed.prices, problems=problems)
        self._note(self.data.problems)
        # Not `async_set_updated_data`: that would put off the next refresh of all the rest, change by change.
        self.async_update_listeners()

    async def _async_prices(self) -> tuple[Reason, ...]:
        """Bring the prices up to date; return why they are not, and how old they are then."""
        failed = await _caught(self._feed.async_refresh())
        self._async_forget_retry()
        if (wait_s := self._feed.retry_in_s) is not None:
            self._stop_retry = async_call_later(self.hass, wait_s, self._async_price_changed)
        if failed is None:
            return ()
        age_s = self._feed.age_s
        return (failed,) if age_s is None else (failed, _kept("prices_kept", age_s))

    @callback
    def _async_forget_retry(self) -> None:
        if self._stop_retry:
            self._stop_retry()
            self._stop_retry = None

    @override
    async def _async_update_data(self) -> Outside:
        """Fetch everything; nothing here raises, because half a picture is better than none."""
        entry = self.config_entry
        learning, weather, co2, (given, pv_problems) = await asyncio.gather(
            _caught(self._async_learn()),
            _caught(async_fetch_weather(self.hass, entry.data[CONF_WEATHER])),
            _caught(self._co2.async_refresh()),
            async_given_production(self.hass, entry),
        )
        # Prices last: those of an entity may have changed while the weather was asked for.
        price_problems = await self._async_prices()
        fresh = replace(self.data, problems=(), prices=self._feed.prices, co2=self._co2.series)
        # An entity that is gone for a while has said something of the hours to come.
        fresh = replace(fresh, pv_given={**fresh.pv_given, **given}, production_kwh=self._production())
        problems = [found for found in (learning, weather, co2) if isinstance(found, Reason)]
        if not isinstance(learning, Reason):
            fresh = replace(fresh, learning=learning)
        if not isinstance(weather, Reason):
            fresh = _with_weather(fresh, weather)
        elif fresh.weather is not None:
            problems.append(_kept("weather_kept", dt_util.utcnow().timestamp() - fresh.weather_at_s))
        solar = await _caught(async_learned_solar(self.hass, entry, fresh.solar, fresh.weather))
        if not isinstance(solar, Reason):  # else the database is in trouble, as the learning says too
            fresh = replace(fresh, solar=solar)
            keep_solar(self.hass, entry, self._store, self.data.solar, solar)
        problems += (*pv_problems, *price_problems)
        self._note(problems)
        return replace(fresh, problems=tuple(problems))

    def _note(self, problems: Iterable[Reason]) -> None:
        """Log a source's loss once, and its return once."""
        now = {problem.key: problem for problem in problems}
        for problem in now.values():
            if problem.key not in self._noted:
                LOGGER.warning("%s: %s %s", self.name, problem.key, dict(problem.placeholders))
        for key in self._noted - set(now):
            LOGGER.info("%s: %s is over", self.name, key)
        self._noted = set(now)
        self._issue.async_tell(now.values())


def _with_weather(outside: Outside, weather: Weather | None) -> Outside:
    """Return what is known with new weather; the hours it no longer tells of stay for a while, to learn from."""
    now_s = dt_util.utcnow().timestamp()
    if weather is not None:
        weather = weather.after(outside.weather, now_s - WEATHER_MAX_AGE.total_seconds())
    return replace(outside, weather=weather, weather_at_s=now_s)


def _kept(key: str, age_s: float) -> Reason:
    """Return how old the last good series is that is used instead."""
    return Reason(key=key, placeholders={"hours": round(age_s / HOUR_S, 1)})


async def _caught[T](fetching: Coroutine[Any, Any, T]) -> T | Reason:
    """Return what was fetched, or why it was not."""
    try:
        return await fetching
    except (PriceProblemError, Co2ProblemError) as err:
        return Reason(key=err.key, placeholders=err.placeholders)
    except WeatherProblemError as err:
        return Reason(key=err.key, placeholders=err.placeholders)
    except SQLAlchemyError as err:
        return Reason(key="history_unreadable", placeholders={"detail": str(err)})
