"""Decisions in the logbook, as sentences."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.const import ATTR_ENTITY_ID, ATTR_NAME
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN
from .decision_event import ATTR_TEXT, EVENT_DECISION

type Described = Callable[[Event[dict[str, Any]]], dict[str, Any]]


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, Described], None]
) -> None:
    """Tell the logbook how to word a decision: it was worded when it fell, in the language of that moment."""

    @callback
    def describe(event: Event[dict[str, Any]]) -> dict[str, Any]:
        return {
            LOGBOOK_ENTRY_NAME: event.data[ATTR_NAME],
            LOGBOOK_ENTRY_MESSAGE: event.data[ATTR_TEXT],
            LOGBOOK_ENTRY_ENTITY_ID: event.data[ATTR_ENTITY_ID],
        }

    async_describe_event(DOMAIN, EVENT_DECISION, describe)
