"""Issue forecasts once an hour, compare past ones with what came, and say what follows from it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..adapters.forecast_store import PRICE, ForecastStore
from ..adapters.issuing import Issued, Verdict, issue, judge
from ..adapters.problem import PlanInputs
from ..adapters.source_quality import Sources, source_quality
from ..const import CONF_TARIFF, CONF_WEATHER, LOGGER, PV, TARIFF_AWATTAR, TARIFF_ENTITY, WEATHER_NONE
from ..engine.local_time import HOUR_S
from ..engine.plan.result import Reason
from .forecast import WEATHER_MAX_AGE, ForecastCoordinator


class SkillCoordinator(DataUpdateCoordinator[Verdict]):
    """Follows the forecast coordinator: at its first refresh of an hour the last hour's truth is there."""

    config_entry: ConfigEntry[Any]
    collect: Callable[[], PlanInputs | Reason]  # set once the parts of the site are put together

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        store: ForecastStore,
        forecast: ForecastCoordinator,
    ) -> None:
        """Initialize the coordinator; before the first hour nothing was ever wrong."""
        super().__init__(hass, LOGGER, config_entry=entry, name=f"{entry.title} skill", update_interval=None)
        self._store, self._forecast = store, forecast
        self._done_hour: int | None = None
        self._is_busy = False
        self.data = Verdict()

    async def async_restore(self) -> None:
        """Judge by the archive of the last run, so that what lost before the restart is not used after it."""
        # Weather and prices have not been asked for yet: their quality comes with the first hour.
        self.data = replace(await self._async_judged(), quality={})

    @callback
    def async_start(self) -> None:
        """Look once an hour."""
        self.config_entry.async_on_unload(self._forecast.async_add_listener(self._on_forecast))

    @callback
    def _on_forecast(self) -> None:
        hour = int(dt_util.utcnow().timestamp() // HOUR_S)
        if hour != self._done_hour and not self._is_busy:
            self.config_entry.async_create_background_task(self.hass, self.async_refresh(), "ems skill")

    @override
    async def _async_update_data(self) -> Verdict:
        """Issue, archive, judge."""
        self._is_busy = True
        try:
            hour = int(dt_util.utcnow().timestamp() // HOUR_S)
            inputs = self.collect()
            if not isinstance(inputs, Reason):
                self._keep(await self.hass.async_add_executor_job(issue, inputs))
            self._done_hour = hour
            verdict = await self._async_judged()
        finally:
            self._is_busy = False
        self._note(verdict)
        return verdict

    @callback
    def _keep(self, issued: Issued) -> None:
        archives = self._store.archives
        for name, forecast in issued.forecasts.items():
            unknown = issued.price_unknown if name == PRICE else None
            if unknown is None or unknown.any():
                archives[name].add(forecast, unknown_only=unknown)
        if issued.prices is not None:
            archives[PRICE].add_truth(*issued.prices)
        self._store.archive_changed()

    async def _async_judged(self) -> Verdict:
        archives = {name: archive.copy() for name, archive in self._store.archives.items()}
        now = dt_util.now()
        outside, entry = self._forecast.data, self.config_entry
        sources = Sources(
            now=now,
            since_s=entry.created_at.timestamp(),
            archives=archives,
            has_sun=any(each.subentry_type == PV for each in entry.subentries.values()),
            weather=outside.weather,
            weather_at_s=outside.weather_at_s,
            weather_patience_s=None
            if entry.data[CONF_WEATHER]["kind"] == WEATHER_NONE
            else WEATHER_MAX_AGE.total_seconds(),
            published=outside.prices,
            needs_prices=entry.data[CONF_TARIFF]["kind"] in (TARIFF_ENTITY, TARIFF_AWATTAR),
        )
        return await self.hass.async_add_executor_job(_judged, sources, frozenset(self.data.instead))

    def _note(self, verdict: Verdict) -> None:
        """Log once that a forecaster is not used, and once that it is again."""
        before, now = ({reason.key for reason in each.reasons} for each in (self.data, verdict))
        for reason in verdict.reasons:
            if reason.key not in before:
                LOGGER.warning("%s: %s %s", self.name, reason.key, dict(reason.placeholders))
        for key in before - now:
            LOGGER.info("%s: %s is over", self.name, key)


def _judged(sources: Sources, lost: frozenset[str]) -> Verdict:
    verdict = judge(sources.archives, sources.now.tzinfo or dt_util.UTC, sources.now.timestamp(), lost)
    return replace(verdict, quality=source_quality(sources))
