"""Events of the meters' electricity, of thresholds that people set, and of what the guard decides."""

from collections.abc import Sequence
from typing import override

from homeassistant.components.event import DOMAIN as EVENT, EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .adapters.electrical import CONDITIONS, event_type
from .alert_entity import async_follow_thresholds
from .alert_events import AlertEvent
from .decision_event import decision_events
from .engine.insight.electrical_verdict import Change, Subject
from .health_entity import HealthEntity
from .meter_health import MeterHealth
from .runtime import EmsConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create one for every meter, and one for every device with thresholds or that the guard steers."""
    async_follow_thresholds(hass, entry, EVENT, AlertEvent, async_add_entities)
    for subentry_id, health in entry.runtime_data.health.items():
        async_add_entities([ElectricalEvent(entry, health)], config_subentry_id=subentry_id)
    for device in entry.runtime_data.devices.values():
        async_add_entities(decision_events(entry, device), config_subentry_id=device.subentry_id)


class ElectricalEvent(HealthEntity, EventEntity):
    """Tells whenever something about a meter's electricity becomes something else."""

    _attr_translation_key = "electrical_event"

    def __init__(self, entry: EmsConfigEntry, health: MeterHealth) -> None:
        """Name the events that the meter's points allow."""
        super().__init__(entry, health, Subject.CONNECTION, "electrical_event")
        self._attr_event_types = [
            event_type(subject, condition) for subject in health.subjects for condition in CONDITIONS[subject]
        ]

    @callback
    @override
    def _async_heard(self, changes: Sequence[Change]) -> None:
        for change in changes:
            finding = change.finding
            attributes = {
                "phase": f"L{finding.phase}" if finding.phase else None,
                "value": None if finding.value is None else round(finding.value, 2),
                "threshold": None if finding.threshold is None else round(finding.threshold, 2),
                "before": change.before,
                "duration_s": None if change.lasted_s is None else round(change.lasted_s),
            }
            self._trigger_event(event_type(change.subject, finding.condition), attributes)
            self.async_write_ha_state()
