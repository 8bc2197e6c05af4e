"""News of a device's decisions: as an event entity, and as a sentence in the logbook."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntity
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_NAME

from .adapters.decision_view import attributes_of, sentence, why
from .const import DOMAIN
from .engine.control.decision import Decision
from .engine.control.telling import Kind
from .guard_entity import SteeredEntity, is_steered
from .guard_tracker import DecisionTracker
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

EVENT_DECISION: Final = f"{DOMAIN}_decision"
ATTR_TEXT: Final = "text"
ATTR_TYPE: Final = "type"
# Of what a decision is made of, what is of use afterwards.
_KEPT: Final = (
    *("mode", "current_a", "power_kw", "source", "limited_by", "circuit", "phase"),
    *("planned_mode", "planned_current_a", "planned_power_kw"),
)


class DecisionEvent(SteeredEntity, EventEntity):
    """Tells when something is decided that was not so before."""

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Nothing was told yet."""
        super().__init__(entry, device, "decision")
        self._attr_event_types = [kind.value for kind in Kind]
        self._tracker = DecisionTracker(self.channel)

    @override
    def _look(self) -> bool:
        for kind in self._tracker.look(self.state_now, is_active=self.is_active):
            decision = self.decision
            if decision is not None:
                self._tell(kind, decision)
        return False

    def _tell(self, kind: Kind, decision: Decision) -> None:
        shown = attributes_of(decision, self.channel, self.state_now.setup.tree)
        attributes: dict[str, Any] = {
            ATTR_TEXT: sentence(self.hass, kind, decision, self.channel),
            "reason": why(self.hass, decision, self.channel),
            **{key: shown[key] for key in _KEPT},
            "is_advised": not self.is_active,
        }
        self._trigger_event(kind.value, attributes)
        self.async_write_ha_state()
        # What nobody was told belongs into no log of what happened.
        if self.is_active:
            self.hass.bus.async_fire(EVENT_DECISION, self._logged(kind, attributes))

    def _logged(self, kind: Kind, attributes: dict[str, Any]) -> dict[str, Any]:
        return {
            ATTR_ENTITY_ID: self.entity_id,
            ATTR_DEVICE_ID: self.registry_entry.device_id if self.registry_entry else None,
            ATTR_NAME: self.device.name,
            ATTR_TYPE: kind.value,
            **attributes,
        }


def decision_events(entry: EmsConfigEntry, device: SiteDevice) -> list[EventEntity]:
    """Return the event entity of a device that the guard steers."""
    return [DecisionEvent(entry, device)] if is_steered(entry, device) else []
