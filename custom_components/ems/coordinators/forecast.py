"""Fetch what forecasts stand on: history, weather, published prices. The forecasting itself is done with the plan."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError

from ..adapters.load_history import async_learned_load
from ..adapters.prices import PriceProblemError, async_fetch_prices
from ..adapters.solar_history import async_learned_solar
from ..adapters.sun_history import async_daily_production
from ..adapters.weather import WeatherProblemError, async_fetch_weather
from ..const import CONF_ENTITY, CONF_TARIFF, CONF_WEATHER, FORECAST_INTERVAL, LOGGER, TARIFF_ENTITY
from ..engine.forecast.load import LoadForecaster
from ..engine.forecast.solar import SolarForecaster
from ..engine.forecast.weather import Weather
from ..engine.plan.result import Reason
from ..engine.tariff import PublishedPrices

# Yesterday's weather forecast is still better than none; older ones are not.
WEATHER_MAX_AGE = timedelta(hours=36)
NO_PRICE_PROBLEMS = ("weather_unreachable", "history_unreadable")


@dataclass(frozen=True, kw_only=True, eq=False)
class Outside:
    """What is known of the world outside the plan: frozen, replaced as a whole."""

    load: LoadForecaster
    production_kwh: Mapping[int, float] = field(default_factory=dict)  # of all arrays, by local day
    prices: PublishedPrices | None = None  # None: the tariff needs none, or none could be had yet
    weather: Weather | None = None
    weather_at_s: float = 0.0
    solar: Mapping[str, SolarForecaster] = field(default_factory=dict)  # by array
    problems: tuple[Reason, ...] = ()  # what could not be fetched this time


class ForecastCoordinator(DataUpdateCoordinator[Outside]):
    """Refreshes its parts side by side; one that fails keeps its last value and says so."""

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Initialize the coordinator with a household nobody knows yet."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} forecast",
            update_interval=FORECAST_INTERVAL,
        )
        self.data = Outside(load=LoadForecaster(dt_util.get_default_time_zone()))
        self._noted: set[str] = set()

    @callback
    def async_start(self) -> None:
        """Keep refreshing, whoever listens; at once when the price entity says something new."""
        entry = self.config_entry
        entry.async_on_unload(self.async_add_listener(lambda: None))
        if (tariff := entry.data[CONF_TARIFF])["kind"] == TARIFF_ENTITY:
            entry.async_on_unload(
                async_track_state_change_event(self.hass, [tariff[CONF_ENTITY]], self._async_price_changed)
            )

    async def _async_price_changed(self, _: Event[EventStateChangedData]) -> None:
        """Read the price entity again, and only that: some change every minute, weather and history do not."""
        last = self.data
        prices = await _caught(
            async_fetch_prices(self.hass, self.config_entry.data[CONF_TARIFF], last.prices)
        )
        others = tuple(problem for problem in last.problems if problem.key in NO_PRICE_PROBLEMS)
        if isinstance(prices, Reason):
            self.data = replace(last, problems=(*others, prices))
        else:
            self.data = replace(last, prices=prices, problems=others)
        self._note(self.data.problems)
        # Not `async_set_updated_data`: that would put off the next refresh of all the rest, change by change.
        self.async_update_listeners()

    @override
    async def _async_update_data(self) -> Outside:
        """Fetch everything; nothing here raises, because half a picture is better than none."""
        entry = self.config_entry
        load, production, weather = await asyncio.gather(
            _caught(async_learned_load(self.hass, entry)),
            _caught(async_daily_production(self.hass, entry)),
            _caught(async_fetch_weather(self.hass, entry.data[CONF_WEATHER])),
        )
        # Prices last: those of an entity may have changed while the weather was asked for.
        prices = await _caught(async_fetch_prices(self.hass, entry.data[CONF_TARIFF], self.data.prices))
        fresh = replace(self.data, problems=())
        problems = [found for found in (load, weather, prices) if isinstance(found, Reason)]
        if not isinstance(production, Reason):  # else the load's history was unreadable too, and says so
            fresh = replace(fresh, production_kwh=production)
        if not isinstance(load, Reason):
            fresh = replace(fresh, load=load)
        if not isinstance(prices, Reason):
            fresh = replace(fresh, prices=prices)
        if not isinstance(weather, Reason):
            now_s = dt_util.utcnow().timestamp()
            if weather is not None:
                weather = weather.after(self.data.weather, now_s - WEATHER_MAX_AGE.total_seconds())
            fresh = replace(fresh, weather=weather, weather_at_s=now_s)
        solar = await _caught(async_learned_solar(self.hass, entry, fresh.solar, fresh.weather))
        if not isinstance(
            solar, Reason
        ):  # else the database is in trouble, which the load's history says too
            fresh = replace(fresh, solar=solar)
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


async def _caught[T](fetching: Coroutine[Any, Any, T]) -> T | Reason:
    """Return what was fetched, or why it was not."""
    try:
        return await fetching
    except PriceProblemError as err:
        return Reason(key=err.key, placeholders=err.placeholders)
    except WeatherProblemError as err:
        return Reason(key="weather_unreachable", placeholders={"detail": str(err)})
    except SQLAlchemyError as err:
        return Reason(key="history_unreadable", placeholders={"detail": str(err)})
