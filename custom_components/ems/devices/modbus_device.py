"""A device behind a profile and a Modbus unit. It knows no host or port: the caller owns the connection."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
import time

from modbus_connection import ModbusUnit

from .command import DeviceCommand, RegisterWrite
from .errors import DeviceResponseError
from .identify import async_check_expectations, async_is_present, async_serial, async_text, async_word_order
from .identity import Identity
from .line import Line
from .notes import NAMES, Notes, RawRegisters
from .profile.model import DerivedPoint, Point, PointName, Profile, Register, WordOrder
from .profile.ordering import in_order
from .profile.placing import placed
from .reader import BlockReader
from .reading import Reading, Scalar, Value
from .steering import Steering
from .sunspec import ModelPlace, async_walk, find_bases
from .writer import SettingsWriter


@dataclass(frozen=True, kw_only=True)
class _Readers:
    """The two rhythms of a device."""

    fast: BlockReader
    slow: BlockReader


class ModbusDevice:
    """Identify, poll and steer one device.

    roles : Roles in use; what they need of others is read along. All roles of the profile by default.
    profile : As written. What a SunSpec device keeps where is found out on first contact.
    identity_unit : Where the profile keeps identity in another Modbus unit (`profile.identity.unit_id`), that
        unit on the same link; without it those texts stay unknown.
    drops_line : Whether a line that has gone deaf is opened anew (line.py). A serial port has no other end that
        could be gone, and opening it anew disturbs everybody on it.
    """

    def __init__(
        self,
        profile: Profile,
        unit: ModbusUnit,
        *,
        identity_unit: ModbusUnit | None = None,
        roles: Collection[str] | None = None,
        drops_line: bool = True,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Borrow a unit. Nothing is sent yet."""
        self.profile = profile
        self._map = profile  # with every address as it is on this device
        self._found: tuple[tuple[ModelPlace, ...], WordOrder | None] | None = None
        self._unit = unit
        self._line = Line(unit, drops=drops_line)
        self._identity_unit = unit if profile.identity.unit_id is None else identity_unit
        self._roles = tuple(role for role in profile.roles if roles is None or role in roles)
        self._clock = clock
        self._present: dict[str, bool] = {}
        self._readers: _Readers | None = None
        self._latest: dict[PointName, Value] = {}
        self._notes = Notes()
        hands = SettingsWriter(unit, profile.link, clock=clock, sleep=sleep)
        self._steering = Steering(profile, hands, self._latest, clock=clock, sleep=sleep)
        if profile.link.pause_s:
            unit.set_message_spacing(profile.link.pause_s)

    async def async_identify(self) -> Identity:
        """Return who the device is. Raises DeviceResponseError where it is another device."""
        return await self._line.heard(self._async_identify())

    async def _async_identify(self) -> Identity:
        await self._async_locate(again=True)
        with self._notes.taking("proof", self._unit) as unit:
            await async_check_expectations(self._map, unit)
        await self._async_probe(again=True)
        if not any(self._present.values()):
            raise DeviceResponseError(
                f"This is no {self.profile.label}: it has no {', '.join(self.profile.roles)}. Pick another profile"
            )
        wanted = self._map.identity
        maker = wanted.manufacturer
        with self._notes.taking(NAMES, self._identity_unit) as unit:
            said = await async_text(unit, maker) if isinstance(maker, Register) else maker
            return Identity(
                manufacturer=said or self.profile.manufacturer,
                model=await async_text(unit, wanted.model),
                serial=await async_serial(unit, wanted.serial),
                firmware=await async_text(unit, wanted.firmware),
                roles=tuple(role for role in self.profile.roles if self._present.get(role)),
            )

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the roles in use."""
        return self._roles

    @property
    def raw(self) -> RawRegisters:
        """Return what the device answered last, as it came: for diagnostics."""
        readers = self._readers
        return RawRegisters(
            identity=self._map.identity,
            notes=self._notes.answers,
            readings=readers.fast.raw if readers else (),
            settings=readers.slow.raw if readers else (),
        )

    def commands_of(self, role: str) -> tuple[str, ...]:
        """Return what a role can be told: what the profile says, less what this device turned out not to have."""
        return self._map.roles[role].commands

    def switches_phases(self, role: str) -> bool:
        """Tell whether a charger's number of phases can be chosen, as far as is known now."""
        return self._steering.switches_phases(role)

    async def async_read(self) -> Reading:
        """Poll what changes by the second. Raises only where nothing at all came back."""
        return await self._line.heard(self._async_read())

    async def _async_read(self) -> Reading:
        readers = await self._async_readers(again=False)
        return self._remember(await readers.fast.async_read())

    async def async_read_settings(self) -> Reading:
        """Poll what changes by the hour, and look again for parts that were not there."""
        readers = await self._async_readers(again=True)
        return self._remember(await readers.slow.async_read())

    async def async_write_point(self, role: str, key: str, value: Scalar) -> RegisterWrite:
        """Write one setting, in our unit or as a word of its enum; refused outside its bounds."""
        await self._async_locate(again=False)
        return await self._steering.async_write_point(role, key, value)

    async def async_prepare(self) -> list[RegisterWrite]:
        """Write what has to stand before the first command, where it differs. Commands do so themselves."""
        await self._async_locate(again=False)
        return await self._steering.async_prepare(self._roles)

    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[RegisterWrite]:
        """Carry out a command; return what was written, nothing where the device does it already.

        Powers and currents above what the device can are lowered to that; a current below its least is 0.
        `renew` repeats the command to keep its lease alive.
        """
        await self._async_locate(again=False)
        return await self._steering.async_command(command, renew=renew)

    async def async_release(
        self, *, roles: Collection[str] | None = None, force: bool = False
    ) -> list[RegisterWrite]:
        """Leave every role that was commanded in its safe state; with `force` all, after an unclean stop.

        `roles` keeps to some of them: a hybrid's battery may be released while its PV stays commanded.

        A role whose safe state is to let the lease lapse is left alone. One role's failure does not keep the
        others from being released; it is raised at the end.
        """
        chosen = self._roles if roles is None else [role for role in self._roles if role in roles]
        await self._async_locate(again=False)
        return await self._steering.async_release(chosen, force=force)

    async def _async_readers(self, *, again: bool) -> _Readers:
        await self._async_probe(again=again)
        if self._readers is None:
            self._readers = self._plan_readers()
        return self._readers

    async def _async_locate(self, *, again: bool) -> None:
        """Find where the device keeps its SunSpec models, and in which order its words. Most profiles know both."""
        profile = self.profile
        if not (profile.bases or profile.word_order_at) or (self._found is not None and not again):
            return
        with self._notes.taking("places", self._unit) as unit:
            models = await async_walk(unit, profile.bases) if profile.bases else ()
            order = await async_word_order(unit, profile.word_order_at) if profile.word_order_at else None
        if (models, order) != self._found:
            self._found = (models, order)
            ordered = in_order(profile, order) if order else profile
            self._map = placed(ordered, find_bases(profile.bases, models))
            self._steering.use(self._map)
            self._present.clear()
            self._readers = None

    async def _async_probe(self, *, again: bool) -> None:
        """Find out which roles are there. Those that are, stay; those that are not are looked for `again`."""
        await self._async_locate(again=again and not all(self._present.values()))
        for name, role in self._map.roles.items():
            known = self._present.get(name)
            if known or (known is False and not again):
                continue
            there = bool(role.readings or role.derived)  # none of a SunSpec role's models means no such role
            with self._notes.taking(f"presence of {name}", self._unit) as unit:
                found = there and (role.present is None or await async_is_present(unit, role.present))
            if found is not known:
                self._present[name] = found
                self._readers = None

    def _plan_readers(self) -> _Readers:
        roles = [self._map.roles[name] for name in self._roles if self._present.get(name)]
        derived = [self._without_absent(point) for role in roles for point in role.derived.values()]
        needed = {name for role in roles for point in role.settings.values() for name in _plus_of(point)}
        derived += [
            self._without_absent(self._map.roles[role].derived[key])
            for role, key in needed
            if role not in self._roles and key in self._map.roles[role].derived
        ]
        fast: dict[PointName, Point] = {p.name: p for role in roles for p in role.readings.values()}
        for point in derived:
            fast.update({name: self._map.roles[name[0]].terms[name[1]] for name in point.terms})
        fast.update(
            {name: terms[name[1]] for name in needed if name[1] in (terms := self._map.roles[name[0]].terms)}
        )
        slow = [p for role in roles for p in role.settings.values() if p.write is None or p.write.read_back]
        link = self.profile.link
        return _Readers(
            fast=BlockReader(self._unit, link, fast.values(), derived, self._clock),
            slow=BlockReader(self._unit, link, slow, (), self._clock),
        )

    def _without_absent(self, point: DerivedPoint) -> DerivedPoint:
        """Leave out terms of parts that are not there: no battery takes nothing."""
        terms = {name: weight for name, weight in point.terms.items() if self._present.get(name[0])}
        return replace(point, terms=terms)

    def _remember(self, reading: Reading) -> Reading:
        for role, points in reading.roles.items():
            self._latest.update({(role, key): value for key, value in points.items()})
        return reading


def _plus_of(point: Point) -> Collection[PointName]:
    """Return the readings that a setting needs to carry out a power, whoever asked for them."""
    return point.write.plus if point.write else ()
