"""A device behind a profile and an MQTT broker: it speaks when it wants to, and its last word is kept."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
import time
from typing import Final

from .broker import Broker
from .command import DeviceCommand, RegisterWrite
from .document_codec import READINGS, Document, decode_code, decode_document, encode_value
from .document_hands import DocumentTarget, holds, mismatch
from .document_identity import identity_of, wanted_origins
from .errors import DeviceConnectionError, DeviceWriteError
from .identity import Identity
from .ledger import Ledger
from .mqtt_inbox import MqttInbox, newest_s
from .profile.documents import DocumentPoint, DocumentProfile, MqttLink
from .profile.model import PointName
from .reading import Reading, Scalar, Value
from .roles import readings_of, settings_of
from .steering import Steering
from .writer import Held, Pending, Wish, pending_of, records_of

# Counters come once a minute on some devices, but powers within seconds; who sets a device up waits this long.
IDENTIFY_S: Final = 20.0
# A site that starts waits no longer for its first words; they are taken whenever they come.
FIRST_S: Final = 3.0
# A device that was told something says so within this time.
_READ_BACK_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.25


class MqttDevice:
    """Identify, hear and steer one device.

    prefix : What its topics begin with.
    channel : Which of the device's meters; 0 where there is one.
    """

    def __init__(
        self,
        profile: DocumentProfile,
        broker: Broker,
        *,
        prefix: str = "",
        channel: int = 0,
        roles: Collection[str] | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        identify_s: float = IDENTIFY_S,
        first_s: float = FIRST_S,
    ) -> None:
        """Borrow a broker. Nothing is subscribed yet."""
        self.profile = profile.filled(channel=channel, prefix=prefix)
        link = self.profile.link
        assert isinstance(link, MqttLink)  # noqa: S101  # who builds devices looks at the transport first
        self._link, self._clock = link, clock
        self._identify_s, self._first_s = identify_s, first_s
        self._roles = tuple(role for role in profile.roles if roles is None or role in roles)
        self._fast = Ledger(*readings_of(self.profile, self._roles))
        self._slow = Ledger(settings_of(self.profile, self._roles))
        self._latest: dict[PointName, Value] = {}
        self.inbox = MqttInbox(link, broker, clock)
        hands = MqttHands(inbox=self.inbox, broker=broker, sleep=sleep)
        self._steering = Steering(self.profile, hands, self._latest, clock=clock, sleep=sleep)

    async def async_identify(self) -> Identity:
        """Return who the device is. Raises DeviceResponseError where its topics say something else, or nothing."""
        await self.inbox.async_open()
        wanted = wanted_origins(self.profile)
        await self.inbox.async_wait(wanted, self._identify_s)
        if not self.inbox.documents.keys() & set(wanted):
            raise DeviceConnectionError(
                f"no message on {self.inbox.topics(wanted)} within {self._identify_s:g} s{self._broken()}. "
                "Check what the topics begin with, and that the device publishes to this broker"
            )
        # What else it tells is worth a moment, since people are about to look at it.
        await self.inbox.async_wait(self._fast.origins, self._first_s)
        return identity_of(self.profile, self.inbox.documents)

    def commands_of(self, role: str) -> tuple[str, ...]:
        """Return what a role can be told: what the profile says."""
        return self.profile.roles[role].commands

    def switches_phases(self, role: str) -> bool:
        """Tell whether a charger's number of phases can be chosen, as far as is known now."""
        return self._steering.switches_phases(role)

    async def async_read(self) -> Reading:
        """Return what the device said last. Raises where it is away, or silent for too long."""
        await self.inbox.async_open()
        if not self.inbox.documents:
            await self.inbox.async_wait(self._fast.origins, self._first_s)
        await self.inbox.async_ask_again(self._fast.origins)
        return self.reading()

    async def async_read_settings(self) -> Reading:
        """Return what changes by the hour. What was never published is unknown."""
        await self.inbox.async_open()
        return self.settings_reading()

    def settings_reading(self) -> Reading:
        """Return what the device said last of its limits and modes."""
        return self._remembered(self._slow.reading(self.inbox.documents, self._clock()))

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the roles in use."""
        return self._roles

    @property
    def raw(self) -> Mapping[str, Mapping[str, Document]]:
        """Return the last message of every topic, by its name: for diagnostics. Topics have one rhythm."""
        return {READINGS: self.inbox.documents}

    def reading(self) -> Reading:
        """Return what the device said last. Raises where it is away, or silent for too long."""
        if self.inbox.is_dead:
            raise DeviceConnectionError("the device is off line: that is what its availability topic says")
        now_s = self._clock()
        old_s = now_s - self._link.max_age_s
        if newest_s(self.inbox.documents, self._fast.origins) < old_s:
            raise DeviceConnectionError(
                f"no message on {self.inbox.topics(self._fast.origins)} for {self._link.max_age_s:g} s{self._broken()}"
            )
        failed = tuple(self.inbox.broken.values())
        return self._remembered(self._fast.reading(self.inbox.documents, now_s, failed=failed, old_s=old_s))

    async def async_write_point(self, role: str, key: str, value: Scalar) -> RegisterWrite:
        """Write one setting, in our unit or as a word of its enum; refused outside its bounds."""
        return await self._steering.async_write_point(role, key, value)

    async def async_prepare(self) -> list[RegisterWrite]:
        """Write what has to stand before the first command, where it differs."""
        return await self._steering.async_prepare(self._roles)

    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[RegisterWrite]:
        """Carry out a command; return what was written, nothing where the device does it already."""
        return await self._steering.async_command(command, renew=renew)

    async def async_release(
        self, *, roles: Collection[str] | None = None, force: bool = False
    ) -> list[RegisterWrite]:
        """Leave every role that was commanded in its safe state; with `force` all, after an unclean stop."""
        chosen_roles = [role for role in self._roles if roles is None or role in roles]
        return await self._steering.async_release(chosen_roles, force=force)

    def close(self) -> None:
        """Listen no more."""
        self.inbox.close()

    def _broken(self) -> str:
        return f" that could be used ({'; '.join(self.inbox.broken.values())})" if self.inbox.broken else ""

    def _remembered(self, reading: Reading) -> Reading:
        for role, points in reading.roles.items():
            self._latest.update({(role, key): value for key, value in points.items()})
        return reading


@dataclass(frozen=True, kw_only=True)
class MqttHands:
    """Writes points by messages, and waits until the device says so itself."""

    inbox: MqttInbox
    broker: Broker
    sleep: Callable[[float], Awaitable[None]]

    async def async_pending(self, targets: Sequence[DocumentTarget], wish: Wish) -> Pending[DocumentPoint]:
        """Return what has to be written. Nothing is written yet."""
        await self.inbox.async_open()
        before = {target.point.name: self._held(target.point) for target in targets}
        return pending_of(targets, before, holds, wish)

    async def async_carry_out(self, pending: Pending[DocumentPoint]) -> list[RegisterWrite]:
        """Send and listen. Raises DeviceWriteError where the device does not come to hold a value."""
        for target in pending.targets:
            await self._async_send(target)
        after = {target.point.name: await self._async_heard(target) for target in pending.targets}
        return records_of(pending, after)

    async def async_value(self, point: DocumentPoint) -> Scalar | None:
        """Return what the device said last of a point."""
        if any(origin not in self.inbox.documents for origin in point.origins):
            return None
        return decode_document(point, self.inbox.documents).value

    def _held(self, point: DocumentPoint) -> Held:
        document = self.inbox.documents.get(point.origins[0])
        return Held(amount=decode_code(point, document.content) if document else None)

    async def _async_send(self, target: DocumentTarget) -> None:
        send = target.point.send
        if send is None or send.body is None:
            raise DeviceWriteError(f"{target.point.role}.{target.point.key} is read-only in this profile")
        payload = send.body.replace("{value}", encode_value(target.point, target.value))
        await self.broker.async_publish(send.target, payload, retain=send.retain)

    async def _async_heard(self, target: DocumentTarget) -> Held:
        for _ in range(ceil(_READ_BACK_S / _LOOK_EVERY_S)):
            if holds(held := self._held(target.point), target):
                return held
            await self.sleep(_LOOK_EVERY_S)
        raise DeviceWriteError(mismatch(target, self._held(target.point)))
