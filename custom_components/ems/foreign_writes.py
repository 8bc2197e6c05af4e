"""Heeds whoever else steers a battery or charger: the maker's app, an automation, a hand at the device.

Who goes there means it, so EMS takes it for an override and lets it stand for an hour. Only while EMS commands the
device: what it does when it is left to itself is its own business.
"""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later, async_track_state_change_event
from homeassistant.util import dt as dt_util

from .adapters.actuators import EntityActuator, ProfileActuator
from .adapters.foreign_words import (
    Said,
    Settings,
    differs,
    said_by_entities,
    said_by_settings,
    shown,
    watched_points,
)
from .const import BATTERY, CHARGER, CONF_ENTITIES, LOGGER, SETTINGS_INTERVAL
from .devices.command import DeviceCommand
from .devices.reading import Scalar
from .dispatcher import Channel, Command, Dispatcher, Source
from .runtime import EmsConfigEntry
from .site_device import SetpointWrite, SiteDevice

# For so long after a command of ours a device may still show what was before it.
GRACE: Final = SETTINGS_INTERVAL + timedelta(seconds=10)


@callback
def async_follow_foreign_writes(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Watch every battery and charger that EMS may command, by what its hands are."""
    dispatcher = entry.runtime_data.dispatcher
    for device in entry.runtime_data.devices.values():
        if device.role not in (BATTERY, CHARGER) or device.subentry_id not in dispatcher.channels:
            continue
        if isinstance(device.actuator, EntityActuator):
            _WatchedEntities(hass, entry, device, device.actuator)
        elif isinstance(device.actuator, ProfileActuator):
            _WatchedSettings(hass, entry, device, device.actuator)


def _is_settled(channel: Channel) -> bool:
    """Tell whether what was written last can be seen by now, and nothing is being written."""
    written = [at for at in (channel.changed_at, channel.sent_at if not _renews(channel) else None) if at]
    return not channel.lock.locked() and all(dt_util.utcnow() - at > GRACE for at in written)


def _renews(channel: Channel) -> bool:
    return channel.device.actuator is not None and channel.device.actuator.renew_s is not None


type Setpoint = tuple[str, float | None, float | None]


def _setpoint(command: Command) -> Setpoint:
    return command.mode, command.power_w, command.current_a


def _told(device: SiteDevice, command: Command) -> DeviceCommand:
    return DeviceCommand(
        role=device.role, mode=command.mode, power_w=command.power_w, current_a=command.current_a
    )


def _mode_of(device: SiteDevice, said: Said) -> str | None:
    """Return what to call it; a mode that is none of ours is the device's own business, as `automatic` is."""
    modes = device.actuator.modes if device.actuator else ()
    if said.mode in modes:
        return said.mode
    return "automatic" if "automatic" in modes else None


def _log(device: SiteDevice, mode: str, said: Said) -> None:
    amount = said.power_w if said.power_w is not None else said.current_a
    unit = "W" if said.power_w is not None else "A"
    strength = "" if amount is None else f", {amount:g} {unit}"
    LOGGER.info("%s was set by somebody else (%s%s): that holds for an hour", device.name, mode, strength)


class _WatchedEntities:
    """A device behind entities: whoever changes one of them is seen at once."""

    def __init__(
        self, hass: HomeAssistant, entry: EmsConfigEntry, device: SiteDevice, actuator: EntityActuator
    ) -> None:
        self._hass, self._device, self._actuator = hass, device, actuator
        self._dispatcher: Dispatcher = entry.runtime_data.dispatcher
        self._channel = self._dispatcher.channels[device.subentry_id]
        self._due: CALLBACK_TYPE | None = None
        entry.async_on_unload(async_track_state_change_event(hass, actuator.written, self._async_changed))
        entry.async_on_unload(self._async_forget_timer)

    @callback
    def _async_changed(self, event: Event[EventStateChangedData]) -> None:
        old, new, context = event.data["old_state"], event.data["new_state"], event.context
        if not _speaks(new) or self._actuator.is_echo(context) or not self._has_strayed():
            return
        if not _speaks(old):
            # After a restart of it, or of its integration: nobody meant that.
            self._dispatcher.async_forget(self._device.subentry_id)
        elif _is_deliberate(event) or _is_settled(self._channel):
            self._async_heed()
        elif self._due is None:
            self._due = async_call_later(self._hass, GRACE, self._async_look_again)

    @callback
    def _async_look_again(self, _: datetime) -> None:
        """What was seen too soon after our own word was no echo if it still stands."""
        self._due = None
        if not self._has_strayed():
            return
        if _is_settled(self._channel):
            self._async_heed()
        else:
            self._due = async_call_later(self._hass, GRACE, self._async_look_again)

    def _has_strayed(self) -> bool:
        accepted = self._channel.accepted
        return accepted is not None and self._actuator.strayed(_told(self._device, accepted))

    @callback
    def _async_heed(self) -> None:
        said = said_by_entities(self._hass, self._device.role, self._device.source[CONF_ENTITIES])
        mode = _mode_of(self._device, said)
        if mode is None:
            return
        _log(self._device, mode, said)
        self._dispatcher.async_note_hand(
            self._device.subentry_id, mode, power_w=said.power_w, current_a=said.current_a
        )

    @callback
    def _async_forget_timer(self) -> None:
        if self._due:
            self._due()


def _speaks(state: State | None) -> bool:
    return state is not None and state.state not in ("unavailable", "unknown")


def _is_deliberate(event: Event[EventStateChangedData]) -> bool:
    """Tell whether Home Assistant knows that a person or an automation did it: that is no late echo of ours."""
    return event.context.user_id is not None or event.context.parent_id is not None


class _WatchedSettings:
    """A device that EMS reaches itself: seen when its settings are read, and when a renewal finds another value."""

    def __init__(
        self, hass: HomeAssistant, entry: EmsConfigEntry, device: SiteDevice, actuator: ProfileActuator
    ) -> None:
        self._hass, self._entry, self._device, self._actuator = hass, entry, device, actuator
        self._dispatcher: Dispatcher = entry.runtime_data.dispatcher
        self._channel = self._dispatcher.channels[device.subentry_id]
        self._slow = device.settings or device.coordinator
        self._told: Setpoint | None = None
        self._held: Settings | None = None  # what it shows since it took that
        self._gone_at_s: float | None = (
            None  # when it was silent last; until it was read again, it may have restarted
        )
        self._seen: list[SetpointWrite] = []
        self._sent_at: datetime | None = None
        for each in {device.coordinator, self._slow}:
            entry.async_on_unload(each.async_add_listener(self._async_read))
        entry.async_on_unload(self._dispatcher.async_add_listener(self._async_wrote))

    @callback
    def _async_read(self) -> None:
        """Compare what it holds with what it held when it had taken its command."""
        reading = self._slow.data
        if not (self._device.coordinator.last_update_success and self._slow.last_update_success and reading):
            self._gone_at_s = dt_util.utcnow().timestamp()
            return
        accepted = self._channel.accepted
        if self._channel.lock.locked():
            return  # a renewal is on its way, which changes nothing of what is known
        if accepted is None or self._is_news(accepted) or not _is_settled(self._channel):
            self._held = None
        elif self._gone_at_s is None or reading.at_s > self._gone_at_s:
            self._compare(self._settings(accepted.mode), accepted)

    def _is_news(self, accepted: Command) -> bool:
        before, self._told = self._told, _setpoint(accepted)
        return before != self._told

    def _compare(self, now: Settings, accepted: Command) -> None:
        held, was_gone = self._held, self._gone_at_s is not None
        self._held, self._gone_at_s = now, None
        if held is None or not any(self._differ(key, held.get(key), value) for key, value in now.items()):
            return
        if was_gone:
            # It restarted, and begins with what it always begins with: nobody meant that.
            self._dispatcher.async_forget(self._device.subentry_id)
        elif found := self._command(now, accepted):
            self._dispatcher.async_note_hand(
                self._device.subentry_id, found.mode, power_w=found.power_w, current_a=found.current_a
            )

    @callback
    def _async_wrote(self) -> None:
        """Look whether a renewal found another value than the one it renews: it has just written over a hand's."""
        seen, self._seen = self._seen, list(self._channel.writes)
        sent_at, self._sent_at = self._sent_at, self._channel.sent_at
        accepted, held = self._channel.accepted, self._held
        if (
            accepted is None
            or held is None
            or _setpoint(accepted) != self._told
            or self._gone_at_s is not None
        ):
            return
        lease_s = self._actuator.lease_s or float("inf")
        if sent_at is None or (dt_util.utcnow() - sent_at).total_seconds() > lease_s:
            return
        found = {write.register.partition("@")[0]: write.before for write in self._seen if write not in seen}
        theirs = {key: self._shown(key, before) for key, before in found.items() if key in held}
        if any(self._differ(key, held[key], value) for key, value in theirs.items()):
            self._held = None
            if command := self._command({**held, **theirs}, accepted):
                self._entry.async_create_task(self._hass, self._async_restore(command), "ems foreign write")

    async def _async_restore(self, command: Command) -> None:
        """Give a device back what somebody had told it."""
        try:
            await self._dispatcher.async_apply(self._device.subentry_id, command)
        except HomeAssistantError as err:
            LOGGER.warning("%s: what somebody else had set could not be restored: %s", self._device.name, err)

    def _settings(self, mode: str) -> Settings:
        """Return what it holds where a hand would show."""
        role, slow, quick = self._device.role, self._slow.data, self._device.coordinator.data
        return {
            key: value if (value := slow.get(role, key)) is not None else quick.get(role, key)
            for key in watched_points(self._actuator.declared, mode)
        }

    def _command(self, settings: Settings, accepted: Command) -> Command | None:
        said = said_by_settings(self._actuator.declared, settings, accepted.mode)
        mode = _mode_of(self._device, said)
        if mode is None:
            return None
        _log(self._device, mode, said)
        return Command(mode=mode, power_w=said.power_w, current_a=said.current_a, source=Source.OVERRIDE)

    def _shown(self, key: str, before: float | str | None) -> Scalar | None:
        point = self._actuator.declared.point(key)
        return before if point is None or before is None else shown(point, before)

    def _differ(self, key: str, one: Scalar | None, other: Scalar | None) -> bool:
        return differs(self._actuator.declared, key, one, other)
