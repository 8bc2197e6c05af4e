"""What the guard says of itself, gathered for tests."""

from typing import Any

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event
import pytest

from custom_components.ems.decision_event import EVENT_DECISION

REASON, EVENT = "sensor.wallbox_control_reason", "event.wallbox_decision"
FREE, TRUST = "sensor.home_free_current", "sensor.home_meter_trust"
OVERLOAD, LIMITED = "sensor.home_time_above_limit_today", "binary_sensor.home_limit_reached"
FULL = "Home has no more room on L1."


def found(hass: HomeAssistant, entity_id: str) -> State:
    """Return what an entity shows."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


@pytest.fixture
def news(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Collect what the wallbox's event entity tells."""
    told: list[dict[str, Any]] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.attributes.get("event_type"):
            told.append(dict(new.attributes))

    async_track_state_change_event(hass, [EVENT], changed)
    return told


@pytest.fixture
def logged(hass: HomeAssistant) -> list[Event]:
    """Collect what goes into the logbook."""
    events: list[Event] = []

    @callback
    def heard(event: Event) -> None:
        events.append(event)

    hass.bus.async_listen(EVENT_DECISION, heard)
    return events


def types(news: list[dict[str, Any]]) -> list[str]:
    """Return the kinds of what was told, in order."""
    return [each["event_type"] for each in news]
