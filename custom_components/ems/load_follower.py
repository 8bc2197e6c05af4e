"""Watches a flexible load: what it does, what it was told, and who switched it."""

from datetime import timedelta

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from .adapters.load_actuator import LoadActuator
from .adapters.load_hands import LoadHands
from .adapters.plan_view import planned_now
from .const import CONF_ENTITIES
from .dispatcher import Dispatcher
from .engine.plan.result import Mode
from .runtime import EmsConfigEntry, EmsData
from .site_device import SiteDevice

# For so long after a command of ours a switch may still report what it was before: no hand did that.
ECHO = timedelta(seconds=30)


@callback
def async_follow_load(hass: HomeAssistant, entry: EmsConfigEntry, device: SiteDevice) -> None:
    """Keep a load's books, plan anew when it matters, and heed hands."""
    data = entry.runtime_data

    @callback
    def look() -> None:
        if _observe(data, device):
            data.plan.async_replan()

    for following in (device.coordinator, data.dispatcher, data.plan):
        entry.async_on_unload(following.async_add_listener(look))
    _observe(data, device)  # the first plan comes by itself
    _watch_hands(hass, entry, device)


def _observe(data: EmsData, device: SiteDevice) -> bool:
    channel = data.dispatcher.channels.get(device.subentry_id)
    told = channel.accepted.mode if channel and channel.accepted else None
    planned = planned_now(data.plan.current, device.subentry_id)
    return data.loads.observe(device, told=told, planned=planned[0] if planned else None)


@callback
def _watch_hands(hass: HomeAssistant, entry: EmsConfigEntry, device: SiteDevice) -> None:
    actuator = device.actuator
    if isinstance(actuator, LoadHands):
        _watch_readings(entry, device, actuator)
        return
    switch = device.source.get(CONF_ENTITIES, {}).get("switch_entity")
    if not switch or not isinstance(actuator, LoadActuator):
        return
    dispatcher = entry.runtime_data.dispatcher

    @callback
    def switched(event: Event[EventStateChangedData]) -> None:
        if not actuator.is_echo(event.context):
            _heed(dispatcher, device, event.data["old_state"], event.data["new_state"])

    entry.async_on_unload(async_track_state_change_event(hass, [switch], switched))


@callback
def _heed(dispatcher: Dispatcher, device: SiteDevice, old: State | None, new: State | None) -> None:
    """Follow somebody who switched a load that EMS commands, and command one again that came back otherwise."""
    channel = dispatcher.channels[device.subentry_id]
    if channel.accepted is None or new is None or new.state not in (STATE_ON, STATE_OFF):
        return
    if new.state == channel.accepted.mode:
        return
    if old is None or old.state not in (STATE_ON, STATE_OFF):
        # After a power cut, or a restart of its integration: nobody meant that.
        dispatcher.async_forget(device.subentry_id)
    elif channel.sent_at is None or dt_util.utcnow() - channel.sent_at > ECHO:
        dispatcher.async_note_hand(device.subentry_id, new.state)


@callback
def _watch_readings(entry: EmsConfigEntry, device: SiteDevice, hands: LoadHands) -> None:
    """Compare what a load that EMS reads itself does with what it was told."""
    dispatcher = entry.runtime_data.dispatcher
    seen = [_running(device)]

    @callback
    def looked() -> None:
        before, seen[0] = seen[0], _running(device)
        _heed_reading(dispatcher, device, hands, before, seen[0])

    entry.async_on_unload(device.coordinator.async_add_listener(looked))


def _running(device: SiteDevice) -> bool | None:
    running = device.value("running") if device.coordinator.last_update_success else None
    return running if isinstance(running, bool) else None


@callback
def _heed_reading(
    dispatcher: Dispatcher, device: SiteDevice, hands: LoadHands, before: bool | None, now: bool | None
) -> None:
    """Tell a hand from a lease that ran out and from a power cut: only the hand is followed."""
    accepted = dispatcher.channels[device.subentry_id].accepted
    if accepted is None or now is None or now == (accepted.mode == Mode.ON):
        return
    age_s = (dt_util.utcnow() - hands.told_at).total_seconds() if hands.told_at else float("inf")
    if age_s <= ECHO.total_seconds():
        return
    is_lapsed = not now and hands.lease_s is not None and age_s >= hands.lease_s
    if before is None or before == now or is_lapsed:
        dispatcher.async_forget(device.subentry_id)
    else:
        dispatcher.async_note_hand(device.subentry_id, (Mode.ON if now else Mode.OFF).value)
