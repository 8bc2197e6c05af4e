"""How far forecasting has come and how good it is: learning, skill by series and lead time, quality of sources."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfPower, UnitOfRatio
from homeassistant.util import dt as dt_util

from .adapters.forecast_store import LOAD, PRICE, PV as PV_SERIES
from .adapters.forecast_view import scores_view
from .adapters.source_quality import PRICES, WEATHER
from .adapters.wording import reason_text
from .const import CONF_TARIFF, CONF_WEATHER, PV, TARIFF_AWATTAR, TARIFF_ENTITY, WEATHER_NONE
from .coordinators.forecast import ForecastCoordinator
from .coordinators.skill import SkillCoordinator
from .engine.forecast.skill import DAY_AHEAD, Scores
from .entity import SiteEntity
from .runtime import EmsConfigEntry

BASES: Final = ("prior", "prior_and_learned", "learned")


class LearningSensor(SiteEntity[ForecastCoordinator], SensorEntity):
    """How far the load forecaster knows the home."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the sensor."""
        super().__init__(entry.runtime_data.forecast, entry, "learning")
        self._attr_options = list(BASES)

    @property
    @override
    def native_value(self) -> str | None:
        """Return on what forecasts stand."""
        basis = self.coordinator.data.learning.basis
        return basis if basis in BASES else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return how much was learned, when, and what was not right with it."""
        learning = self.coordinator.data.learning
        return {
            "days": learning.days,
            "learned_until": _instant(learning.until_s),
            "trained_at": _instant(learning.trained_at_s),
            "problems": [reason_text(self.hass, reason) for reason in learning.reasons],
        }


def _instant(at_s: float | None) -> Any:
    return None if at_s is None else dt_util.utc_from_timestamp(at_s)


@dataclass(frozen=True, kw_only=True)
class ScoreDescription(SensorEntityDescription):
    """One number about the forecasts of a day ahead."""

    series: str
    value_fn: Callable[[Scores], float | None]


def _share(value: float | None) -> float | None:
    return None if value is None else 100 * value


_SHARES: Final[Mapping[str, Callable[[Scores], float | None]]] = {
    "mape": lambda scores: _share(scores.mape),
    "coverage": lambda scores: _share(scores.coverage),
}
_ERRORS: Final[Mapping[str, Callable[[Scores], float | None]]] = {
    "mae": lambda scores: scores.mae,
    "rmse": lambda scores: scores.rmse,
    "bias": lambda scores: scores.bias,
}


def _descriptions(series: str, currency: str) -> list[ScoreDescription]:
    """Return the sensors of a series: its skill is shown, what it is made of can be enabled."""
    is_price = series == PRICE
    percent = UnitOfRatio.PERCENTAGE
    found = [_described(series, "skill", lambda scores: _share(scores.skill), percent, 0, enabled=True)]
    found += [
        _described(series, name, fn, percent, 0)
        for name, fn in _SHARES.items()
        if not (is_price and name == "coverage")  # estimated prices have no band
    ]
    unit = f"{currency}/kWh" if is_price else UnitOfPower.KILO_WATT
    return found + [
        _described(series, name, fn, unit, 4 if is_price else 2, is_power=not is_price)
        for name, fn in _ERRORS.items()
    ]


def _described(
    series: str,
    name: str,
    value_fn: Callable[[Scores], float | None],
    unit: str,
    precision: int,
    *,
    enabled: bool = False,
    is_power: bool = False,
) -> ScoreDescription:
    return ScoreDescription(
        key=f"{series}_{name}",
        series=series,
        value_fn=value_fn,
        device_class=SensorDeviceClass.POWER if is_power else None,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=unit,
        suggested_display_precision=precision,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=enabled,
    )


class ScoreSensor(SiteEntity[SkillCoordinator], SensorEntity):
    """How good the archived forecasts of a day ahead were; unknown before there is truth."""

    entity_description: ScoreDescription

    def __init__(self, entry: EmsConfigEntry, description: ScoreDescription) -> None:
        """Initialize from a description."""
        super().__init__(entry.runtime_data.skill, entry, description.key)
        self.entity_description = description

    @property
    def scores(self) -> Mapping[str, Scores]:
        """Return the scores of the series by lead time."""
        return self.coordinator.data.scores.get(self.entity_description.series, {})

    @property
    @override
    def native_value(self) -> float | None:
        """Return the number."""
        scores = self.scores.get(DAY_AHEAD)
        value = None if scores is None else self.entity_description.value_fn(scores)
        return None if value is None else round(value, 5)


class SkillSensor(ScoreSensor):
    """How much better than "as yesterday" the forecasts were, with all their numbers by lead time."""

    _unrecorded_attributes = frozenset({"by_lead"})

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what the skill is made of, and whether the forecaster is used."""
        series = self.entity_description.series
        views = {name: scores_view(scores, series) for name, scores in self.scores.items()}
        return {
            "used": "yesterday" if series in self.coordinator.data.instead else "model",
            **views.pop(DAY_AHEAD, {}),
            "by_lead": views,
        }


class QualitySensor(SiteEntity[SkillCoordinator], SensorEntity):
    """How far a source can be trusted. [%]."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_native_unit_of_measurement = UnitOfRatio.PERCENTAGE
    _attr_suggested_display_precision = 0

    def __init__(self, entry: EmsConfigEntry, source: str) -> None:
        """Initialize the sensor."""
        super().__init__(entry.runtime_data.skill, entry, f"quality_{source}")
        self._source = source

    @property
    @override
    def native_value(self) -> float | None:
        """Return the score."""
        quality = self.coordinator.data.quality.get(self._source)
        return None if quality is None else round(quality.score_pct, 1)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what the score is made of."""
        quality = self.coordinator.data.quality.get(self._source)
        if quality is None:
            return {}
        return {
            "known_pct": round(100 * quality.known, 1),
            "spikes_pct": round(100 * quality.spiky, 1),
            "fresh_pct": round(100 * quality.fresh, 1),
            "gaps": quality.gaps,
            "longest_gap_h": round(quality.longest_gap_h, 1),
        }


def forecast_sensors(entry: EmsConfigEntry) -> list[SensorEntity]:
    """Return the sensors about forecasting that the home has a use for."""
    currency = entry.runtime_data.skill.hass.config.currency
    has_sun = any(each.subentry_type == PV for each in entry.subentries.values())
    has_prices = entry.data[CONF_TARIFF]["kind"] in (TARIFF_AWATTAR, TARIFF_ENTITY)
    has_weather = entry.data[CONF_WEATHER]["kind"] != WEATHER_NONE
    series = {LOAD: True, PV_SERIES: has_sun, PRICE: has_prices}
    sources = {LOAD: True, PV_SERIES: has_sun, WEATHER: has_weather, PRICES: has_prices}
    scores = [each for name, wanted in series.items() if wanted for each in _descriptions(name, currency)]
    return [
        LearningSensor(entry),
        *((SkillSensor if each.key.endswith("_skill") else ScoreSensor)(entry, each) for each in scores),
        *(QualitySensor(entry, name) for name, wanted in sources.items() if wanted),
    ]
