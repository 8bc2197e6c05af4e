"""Looks at the limits whenever one may have changed, and tells of an operator that is not heard any more."""

from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event, async_track_utc_time_change

from .adapters.limit_options import OPT_CAPS, OPT_QUARTER_HOUR, operator_options
from .const import DOMAIN
from .runtime import EmsConfigEntry


@callback
def async_follow_limits(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Follow the home, the clock, the operator's entity, and the choice of it."""
    follower = _Follower(hass, entry)
    site = entry.runtime_data.site
    entry.async_on_unload(site.async_add_listener(follower.look))
    # Windows begin and end by the clock, also in a home where nothing moves.
    entry.async_on_unload(async_track_utc_time_change(hass, follower.on_the_minute, second=0))
    entry.async_on_unload(entry.add_update_listener(follower.async_options_changed))
    entry.async_on_unload(follower.stop)
    follower.listen()


class _Follower:
    """Knows what is listened to, and whether the repair is shown."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        self._hass, self._entry = hass, entry
        self._stop_listening: CALLBACK_TYPE = lambda: None
        self._issue_id = f"operator_{entry.entry_id}"
        self._told: str | None = None  # the entity of which the repair is
        self._planned_by = self._plan_options()

    @callback
    def listen(self) -> None:
        """Listen to the entity that is chosen now."""
        self._stop_listening()
        entity_id = operator_options(self._entry).entity_id
        self._stop_listening = (
            async_track_state_change_event(self._hass, entity_id, self._heard) if entity_id else lambda: None
        )
        self.look()

    @callback
    def look(self) -> None:
        """Look at every limit, and at whether the operator can be heard."""
        operator = self._entry.runtime_data.limits.async_look().operator
        lost = operator.entity_id if operator.is_lost else None
        if lost == self._told:
            return
        self._told = lost
        if lost is None:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            is_fixable=False,  # by us; it goes as soon as the entity says something
            severity=ir.IssueSeverity.WARNING,
            translation_key="operator_lost",
            translation_placeholders={"home": self._entry.title, "entity": lost},
        )

    @callback
    def on_the_minute(self, _: datetime) -> None:
        """Look by the clock."""
        self.look()

    @callback
    def _heard(self, _: Event[EventStateChangedData]) -> None:
        self.look()

    async def async_options_changed(self, _: HomeAssistant, __: ConfigEntry[Any]) -> None:
        """Listen to another entity where one was chosen; other options may be limits as well, also of the plan."""
        self.listen()
        if (now := self._plan_options()) != self._planned_by:
            self._planned_by = now
            self._entry.runtime_data.plan.async_replan()

    def _plan_options(self) -> tuple[Any, ...]:
        return tuple(self._entry.options.get(key) for key in (OPT_CAPS, OPT_QUARTER_HOUR))

    @callback
    def stop(self) -> None:
        """Leave nothing behind."""
        self._stop_listening()
        ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)
