"""The one way to a device: the guard, the plan and a hand all pass here, and what was accepted can be seen.

Order of who is heard: where a guard looks after a device, its word, which has weighed all others; else a person's
override, then the plan, then nothing (the device's own automatic).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .adapters.meter_tree import site_meters
from .channel import Channel, Command, Guarded, Source, is_over
from .const import DISPATCH_INTERVAL, DOMAIN, LOGGER, OPERATION_ACTIVE, OVERRIDE
from .devices.command import DeviceCommand
from .lease import lease_of, let_lapse
from .settings import SiteSettings
from .site_device import SetpointWrite, SiteDevice
from .store import SiteStore
from .turns import RETRY_AFTER, is_blind, is_done, is_early, is_stop, may_send_guarded, may_try, since

__all__ = ["RETRY_AFTER", "Channel", "Command", "Dispatcher", "Source"]

KEPT_WRITES = 20
STORE_KEY = "commanded"


class Dispatcher:
    """Carries commands to devices, on change, and renews leases while the inputs are fresh."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        settings: SiteSettings,
        devices: Mapping[str, SiteDevice],
        store: SiteStore,
    ) -> None:
        """Open a channel to every device that has hands."""
        self._hass, self._entry, self._settings = hass, entry, settings
        # At the grid connection, or what stands in for a meter there.
        self._meters = [devices[key] for key in site_meters(devices).tree.connection_meters]
        self._store = store
        # What a run that ended without a word had commanded is still to be released.
        left = store.data.get(STORE_KEY, [])
        self.channels = {
            key: Channel(device=device, is_touched=key in left)
            for key, device in devices.items()
            if device.actuator
        }
        self._listeners: list[CALLBACK_TYPE] = []
        self._stopped = False
        # Looks at everything anew and calls `async_guard`; without one, devices get what is wanted as it is.
        self.look: Callable[[], None] = lambda: None

    @callback
    def async_start(self) -> None:
        """Begin to beat."""
        self._entry.async_on_unload(
            async_track_time_interval(self._hass, self.async_tick, DISPATCH_INTERVAL, name="EMS dispatch")
        )

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back whenever an accepted command changed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_apply(self, device_id: str, command: Command) -> list[SetpointWrite]:
        """Take a command. A person's goes out at once and raises when refused; the plan's waits for its turn.

        Where a device asks for more time between two changes, a person's waits too: the newest of them.
        Returns what was written for a person, with what came back; nothing where it waits.
        """
        channel = self.channels[device_id]
        if command.source is Source.OVERRIDE:
            expires_at = command.expires_at or dt_util.utcnow() + OVERRIDE
            async with channel.lock:
                if self._stopped:
                    raise HomeAssistantError(translation_domain=DOMAIN, translation_key="site_stopped")
                override = replace(command, expires_at=expires_at)
                channel.is_restored = False
                channel.waiting = override if is_early(channel, override) else None
                if not channel.waiting:
                    return await self._async_override(channel, override)
                self._notify()
        else:
            channel.planned = command
            self.look()
            await self._async_settle(channel)
        return []

    async def _async_override(self, channel: Channel, override: Command) -> list[SetpointWrite]:
        """Send a person's command, once: a refused wish must not be tried again behind people's backs."""
        before, channel.override = channel.override, override
        self.look()
        wanted = self._wanted(channel)
        if wanted is None and self._is_guarded(channel):
            # The guard leaves it to itself, or has fallen silent: nobody has weighed what this person wants.
            await self._async_release(channel, at_once=True)
            return []
        try:
            writes = await self._async_send(channel, wanted or override)
        except BaseException:
            channel.override = before
            self.look()  # what was decided for it must not be tried again either
            raise
        self._notify()
        return writes

    @callback
    def async_guard(self, words: Mapping[str, Guarded | None]) -> None:
        """Take the guard's word for devices, and send what it changes without waiting for the beat.

        None: it has nothing to say of the device, which follows people and the plan.
        """
        for device_id, word in words.items():
            channel = self.channels[device_id]
            channel.guarded = word
            wanted = self._wanted(channel)
            does = is_done(channel, wanted) if wanted else not channel.is_touched
            # What is just being written may be what was wanted before this word.
            is_idle = does and not channel.lock.locked()
            if not (is_idle or channel.is_queued or self._stopped):
                channel.is_queued = True
                task = self._async_guarded(channel)
                self._entry.async_create_background_task(self._hass, task, "ems guard")

    async def _async_guarded(self, channel: Channel) -> None:
        async with channel.lock:
            channel.is_queued = False
            await self._async_settle_locked(channel)

    async def _async_waited(self, channel: Channel, override: Command) -> None:
        """Send what waited. It waits no longer, whether the device takes it or not."""
        try:
            await self._async_override(channel, override)
        finally:
            if channel.waiting is override:
                channel.waiting = None

    @callback
    def async_restore(self, device_id: str, override: Command) -> None:
        """Let an override of the last run wait for its device, and for what may be steered by."""
        channel = self.channels[device_id]
        channel.waiting, channel.is_restored = override, True

    @callback
    def async_note_hand(
        self, device_id: str, mode: str, *, power_w: float | None = None, current_a: float | None = None
    ) -> None:
        """Take what somebody did to the device itself for an override: whoever went there means it."""
        channel = self.channels[device_id]
        expires_at = dt_util.utcnow() + OVERRIDE
        channel.override = Command(
            mode=mode, power_w=power_w, current_a=current_a, source=Source.OVERRIDE, expires_at=expires_at
        )
        channel.accepted, channel.waiting = channel.override, None
        self.look()  # before anybody writes over it what was decided without it
        self._notify()

    @callback
    def async_forget(self, device_id: str) -> None:
        """Send the wanted command anew: the device has lost it."""
        self.channels[device_id].accepted = None
        self._notify()

    async def async_clear_override(self, device_id: str) -> None:
        """Give a device back to the plan."""
        channel = self.channels[device_id]
        # In its turn: an override that is just being written would come to stand after this.
        async with channel.lock:
            channel.override = channel.waiting = None
            self.look()
            self._notify()
            await self._async_settle_locked(channel)

    async def async_set_plan(self, commands: Mapping[str, Command]) -> None:
        """Take the plan's commands for all devices; a device without one is left to itself."""
        for device_id, channel in self.channels.items():
            channel.planned = commands.get(device_id)
        self.look()
        await self.async_tick()

    async def async_tick(self, now: datetime | None = None) -> None:
        """Expire overrides, send what changed, renew leases. One device's failure never stops the next."""
        if not self._stopped:
            await asyncio.gather(*(self._async_settle(channel) for channel in self.channels.values()))

    async def async_release_all(self) -> None:
        """Write every device's safe state: on unload, on stop, when operation goes back to advisory."""
        await asyncio.gather(*(self._async_release_locked(channel) for channel in self.channels.values()))

    async def _async_release_locked(self, channel: Channel) -> None:
        async with channel.lock:
            await self._async_release(channel, at_once=True)

    async def async_stop(self) -> None:
        """Release everything and stay silent."""
        self._stopped = True
        self.look = lambda: None
        await self.async_release_all()

    async def _async_settle(self, channel: Channel) -> None:
        """Bring one device to where it should be. One sequence of writes at a time."""
        async with channel.lock:
            await self._async_settle_locked(channel)

    async def _async_settle_locked(self, channel: Channel) -> None:
        if self._stopped:
            return  # it waited for its turn while everything was being released
        self._look(channel)
        wanted = self._wanted(channel)
        channel.waiting = None if is_over(channel.waiting) else channel.waiting
        try:
            if channel.waiting and self._may_follow(channel, channel.waiting):
                await self._async_waited(channel, channel.waiting)
            elif wanted is None:
                await self._async_release(channel)
            elif not is_done(channel, wanted):
                if self._may_send(channel, wanted):
                    await self._async_send(channel, wanted)
            elif self._renewal_is_due(channel, wanted):
                await self._async_send(channel, wanted, renew=True)
            elif channel.accepted and (same := wanted.at_setpoint_of(channel.accepted)) != channel.accepted:
                channel.accepted = same  # another reason for the same setpoint
                self._notify()
        except Exception as err:  # noqa: BLE001  # noted, whatever it is: no device's mistake stops another
            self._note_failure(channel, err)

    def _look(self, channel: Channel) -> None:
        """Note when the inputs were fresh last, and what has run out by itself."""
        if self._inputs_are_fresh(channel):
            channel.seen_at = dt_util.utcnow()
        if let_lapse(channel, dt_util.utcnow()):
            self._notify()

    def _wanted(self, channel: Channel) -> Command | None:
        """Return whose word counts now. Overrides run out, and so does a plan that nobody renews."""
        if is_over(channel.override):
            channel.override = None
        is_active = self._settings.operation == OPERATION_ACTIVE
        if is_active and channel.guarded is not None:
            return channel.guarded.command if dt_util.utcnow() < channel.guarded.until else None
        if channel.override:
            return channel.override
        if not is_active or is_over(channel.planned) or is_blind(channel):
            return None
        return channel.planned

    def _may_follow(self, channel: Channel, waiting: Command) -> bool:
        """Tell whether the time of a command that waits has come."""
        if is_early(channel, waiting):
            return False
        actuator = channel.device.actuator
        return not channel.is_restored or bool(
            actuator and actuator.is_there and self._inputs_are_fresh(channel)
        )

    def _may_send(self, channel: Channel, command: Command) -> bool:
        if self._is_guarded(channel):
            return may_send_guarded(channel, command)
        # A plan's new command would start a new lease: blind, that is no better than renewing the old one. So is
        # anybody's command whose lease ran out.
        if (command.source is Source.PLAN or channel.lapsed_at) and not self._inputs_are_fresh(channel):
            return False
        # While a person waits for the device, a plan's change would only make the wait longer.
        if channel.waiting or is_early(channel, command) or not may_try(channel):
            return False
        return since(channel.sent_at) >= DISPATCH_INTERVAL

    def _renewal_is_due(self, channel: Channel, wanted: Command) -> bool:
        """Renew only on fresh inputs: a lease that runs out is the device's own fail-safe at work.

        A stop is renewed blind, too: a charger's own safe current would be more than nothing.
        """
        renew_s = channel.device.actuator.renew_s if channel.device.actuator else None
        if renew_s is None or channel.sent_at is None:
            return False
        if guarded := self._is_guarded(channel):
            may_renew = (guarded.renews or is_stop(channel, wanted)) and channel.device.is_fresh
        else:
            may_renew = self._inputs_are_fresh(channel)
        if not may_renew:
            return False
        return since(channel.sent_at) >= timedelta(seconds=renew_s)

    def _is_guarded(self, channel: Channel) -> Guarded | None:
        """Return the guard's word where it counts. In advisory operation people command as they like."""
        return channel.guarded if self._settings.operation == OPERATION_ACTIVE else None

    def _inputs_are_fresh(self, channel: Channel) -> bool:
        return channel.device.is_fresh and all(meter.is_fresh for meter in self._meters)

    async def _async_send(
        self, channel: Channel, command: Command, *, renew: bool = False
    ) -> list[SetpointWrite]:
        """Write, and remember what the device took."""
        actuator = channel.device.actuator
        if actuator is None:
            return []
        role = channel.device.role
        told = DeviceCommand(
            role=role,
            mode=command.mode,
            power_w=command.power_w,
            current_a=command.current_a,
            phases=command.phases,
        )
        self._touch(channel, touched=True)
        channel.asked = command
        try:
            writes = await actuator.async_command(told, renew=renew)
        except BaseException:
            # Half of it may stand in the device now, which is nobody's command: the next one is sent as a whole.
            channel.accepted = channel.accepted if renew else None
            raise
        channel.sent_at, channel.accepted = dt_util.utcnow(), command
        channel.failed_at = channel.error = channel.lapsed_at = None
        if not renew:
            LOGGER.debug(
                "%s: %s by %s, %d writes", channel.device.name, command.mode, command.source, len(writes)
            )
        # Renewals rewrite what is there; only changes are worth keeping.
        changes = [write for write in writes if write.before != write.written]
        channel.writes = [*channel.writes, *changes][-KEPT_WRITES:]
        channel.changed_at = dt_util.utcnow() if changes else channel.changed_at
        self._notify()
        return writes

    async def _async_release(self, channel: Channel, *, at_once: bool = False) -> None:
        """Put a device into its safe state, if we ever touched it; where it refuses, again and again."""
        if channel.device.actuator is None or not channel.is_touched or not (at_once or may_try(channel)):
            return
        channel.asked = None
        try:
            writes = await channel.device.actuator.async_release()
        except Exception as err:  # noqa: BLE001  # noted: the others must be released, too
            self._note_failure(channel, err)
        else:
            channel.writes = [*channel.writes, *writes][-KEPT_WRITES:]
            if any(write.before != write.written for write in writes):
                channel.changed_at = dt_util.utcnow()
            channel.failed_at = channel.error = channel.lapsed_at = None
            self._touch(channel, touched=False)
        # Also after a failure: a lease runs out by itself, and nobody renews it any more.
        channel.accepted = channel.sent_at = None
        self._notify()

    def _touch(self, channel: Channel, *, touched: bool) -> None:
        """Remember, over a crash too, whom a safe state is owed."""
        if channel.is_touched is not touched:
            channel.is_touched = touched
            self._store.put(STORE_KEY, [key for key, each in self.channels.items() if each.is_touched])
            if touched and lease_of(channel.device.actuator, None) is None:
                # What it is told stays: a crash within the minute of the usual delay must not forget it.
                flush = self._store.async_flush()
                self._entry.async_create_background_task(self._hass, flush, "ems commanded")

    def _note_failure(self, channel: Channel, err: Exception) -> None:
        """Log a device's refusal once, and try again later; a mistake of ours with its trace."""
        if channel.error is None:
            told = None if isinstance(err, HomeAssistantError) else err
            name = channel.device.name
            LOGGER.warning("%s did not take its setpoint, next try in a minute: %s", name, err, exc_info=told)
        channel.failed_at, channel.error = dt_util.utcnow(), str(err) or type(err).__name__
        self._notify()

    @callback
    def _notify(self) -> None:
        for listener in list(self._listeners):
            try:
                listener()
            except Exception:  # noqa: BLE001  # logged: who only shows it must not pass for the device's refusal
                LOGGER.exception("What a device was told could not be shown")
