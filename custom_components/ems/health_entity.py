"""What the entities of a meter's electrical health have in common."""

from collections.abc import Sequence
from typing import Any, override

from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util

from .engine.insight.electrical_verdict import Change, Condition, Finding, Subject
from .entity import device_info
from .meter_health import MeterHealth
from .runtime import EmsConfigEntry


class HealthEntity(Entity):
    """An entity about one subject. It is always there: what cannot be judged is unknown, not unavailable."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: EmsConfigEntry, health: MeterHealth, subject: Subject, key: str) -> None:
        """Identify by the subentry."""
        self.health, self.subject = health, subject
        self._attr_translation_key = key
        self._attr_unique_id = f"{health.device.subentry_id}_{key}"
        self._attr_device_info = device_info(entry, health.device)

    @property
    def finding(self) -> Finding | None:
        """Return what is known of the subject."""
        return self.health.verdict.findings.get(self.subject)

    @property
    def condition(self) -> Condition | None:
        """Return what the subject is like."""
        return self.finding.condition if self.finding else None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the meter's health."""
        await super().async_added_to_hass()
        self.async_on_remove(self.health.async_add_listener(self._async_heard))

    @callback
    def _async_heard(self, changes: Sequence[Change]) -> None:
        """Write a state where there is news; Home Assistant itself drops one that says the same again."""
        if self._is_news():
            self.async_write_ha_state()

    def _is_news(self) -> bool:
        raise NotImplementedError


class ConditionEntity(HealthEntity):
    """An entity that shows a condition, and since when."""

    _written: object = ()

    @override
    def _is_news(self) -> bool:
        shown = self._shown()
        is_news, self._written = shown != self._written, shown
        return is_news

    def _shown(self) -> object:
        """Return what a state is made of: since when by the condition alone, or every look would be news."""
        finding = self.finding
        return finding and (finding.condition, finding.phase)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return since when."""
        return {"since": dt_util.utc_from_timestamp(self.finding.since_s) if self.finding else None}
