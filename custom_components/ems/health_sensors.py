"""Sensors of a meter's electrical health: what voltage and frequency are like, how unevenly the phases are loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfElectricCurrent, UnitOfRatio

from .adapters.electrical import CONDITIONS
from .engine.insight.electrical_verdict import Subject, Verdict
from .health_entity import ConditionEntity, HealthEntity
from .meter_health import MeterHealth
from .publishing import Noise, Publisher
from .runtime import EmsConfigEntry
from .site_device import SiteDevice


class ConditionSensor(ConditionEntity, SensorEntity):
    """Voltage or frequency as a word."""

    _attr_device_class = SensorDeviceClass.ENUM

    def __init__(self, entry: EmsConfigEntry, health: MeterHealth, subject: Subject, key: str) -> None:
        """Name the words."""
        super().__init__(entry, health, subject, key)
        self._attr_options = [condition.value for condition in CONDITIONS[subject]]

    @property
    @override
    def native_value(self) -> str | None:
        """Return the word, None while it is unknown."""
        return self.condition


class VoltageStateSensor(ConditionSensor):
    """The worst phase, and each of them."""

    @override
    def _shown(self) -> object:
        return super()._shown(), self.health.verdict.phases

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return which phase it is, and what every phase is like."""
        phase = self.finding.phase if self.finding else None
        return {
            **super().extra_state_attributes,
            "phase": f"L{phase}" if phase else None,
            "phases": {f"L{i}": condition for i, condition in enumerate(self.health.verdict.phases, 1)},
        }


class FrequencyStateSensor(ConditionSensor):
    """What the whole continent shares."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC


@dataclass(frozen=True, kw_only=True)
class ImbalanceDescription(SensorEntityDescription):
    """One measure of imbalance.

    noise : What nobody would miss; kettles and clouds move both with every poll.
    """

    subject: Subject
    value_fn: Callable[[Verdict], float | None]
    noise: Noise


IMBALANCES = (
    ImbalanceDescription(
        key="voltage_imbalance",
        subject=Subject.VOLTAGE_IMBALANCE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=1,
        value_fn=lambda verdict: verdict.voltage_unbalance_pct,
        noise=Noise(absolute=0.3),
    ),
    ImbalanceDescription(
        key="current_imbalance",
        subject=Subject.CURRENT_IMBALANCE,
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=1,
        value_fn=lambda verdict: verdict.current_spread_a,
        noise=Noise(absolute=0.5, share=0.05),
    ),
)


class ImbalanceSensor(HealthEntity, SensorEntity):
    """How far the phases are apart, and whether that has been too far for a while."""

    entity_description: ImbalanceDescription
    _written: object = None

    def __init__(self, entry: EmsConfigEntry, health: MeterHealth, description: ImbalanceDescription) -> None:
        """Initialize from a description."""
        super().__init__(entry, health, description.subject, description.key)
        self.entity_description = description
        self._publisher = Publisher(description.noise)

    @override
    def _is_news(self) -> bool:
        before, self._written = self._written, self.condition
        # Asked in any case: it remembers what was written.
        is_worth_it = self._publisher.is_worth_it(self.native_value, available=True)
        return is_worth_it or before is not self.condition

    @property
    @override
    def native_value(self) -> float | None:
        """Return the measure, None while a phase is unknown."""
        value = self.entity_description.value_fn(self.health.verdict)
        return None if value is None else round(value, 1)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return whether it is over its limit."""
        return {"condition": self.condition}


def health_sensors(entry: EmsConfigEntry, device: SiteDevice) -> list[SensorEntity]:
    """Return the sensors that a meter's points allow."""
    health = entry.runtime_data.health.get(device.subentry_id)
    if health is None:
        return []
    found: list[SensorEntity] = []
    if Subject.VOLTAGE in health.subjects:
        found.append(VoltageStateSensor(entry, health, Subject.VOLTAGE, "voltage_state"))
    if Subject.FREQUENCY in health.subjects:
        found.append(FrequencyStateSensor(entry, health, Subject.FREQUENCY, "frequency_state"))
    found += [ImbalanceSensor(entry, health, each) for each in IMBALANCES if each.subject in health.subjects]
    return found
