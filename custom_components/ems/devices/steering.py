"""The writing half of a device: prepare, command, renew, release. One sequence at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from math import ceil

from .command import DeviceCommand, RegisterWrite
from .commands import assignments_of, control_of, points_of, targets_of
from .errors import DeviceConnectionError, DeviceError, DeviceWriteError
from .hands import Hands
from .phase_choice import PhaseChoice
from .profile.model import Amount, Confirm, Control, Family, PointName, Quantity
from .profile.point_lines import counts
from .ranges import Range, limit_of, range_of, sum_of, write_of
from .reading import Scalar, Value
from .wear import WearBudget, bounded, worn_by
from .writer import Target, Wish, check_bounds

# How often a device is asked whether it acts on what was written (Alfen: "setpoint accounted for").
_CONFIRM_EVERY_S = 0.25


class Steering[P: Quantity]:
    """Writes to one device.

    hands : How a setting is written and read back on this device's transport.
    latest : What the last polls found, for limits that the device itself reports.
    """

    def __init__(
        self,
        profile: Family[P],
        hands: Hands[P],
        latest: Mapping[PointName, Value],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Remember whom to write to. Nothing is sent yet."""
        self._profile = profile
        self._latest = latest
        self._clock = clock
        self._sleep = sleep
        self._hands = hands
        self._wear = WearBudget(clock)
        self._phases = PhaseChoice(latest, clock)
        self._lock = asyncio.Lock()
        self._prepared: set[str] = set()
        self._commanded: set[str] = set()
        self._leased_at_s: dict[str, float] = {}
        self._expiring: set[str] = set()  # roles whose last command runs out by itself

    def use(self, profile: Family[P]) -> None:
        """Write to the places of this profile from now on: where the device keeps its models was found out."""
        self._profile = profile

    def switches_phases(self, role: str) -> bool:
        """Tell whether a charger's number of phases can be chosen, as far as is known now."""
        found = self._profile.roles.get(role)
        return bool(found and self._phases.can_choose(found))

    async def async_write_point(self, role: str, key: str, value: Scalar) -> RegisterWrite:
        """Write one setting, given in our unit or as a word of its enum."""
        point = self._writable(role, key)
        target = Target(point=point, value=_amount_of(point, value))
        async with self._lock:
            limit = await self._async_of(point, write_of(point).limit)
            check_bounds(point, target.value, *limit_of(point, limit))
            control = self._profile.roles[role].control
            if control and any(key in assigned for assigned in control.commands.values()):
                self._commanded.add(role)
            writes = await self._async_write(control, [target], Wish(always=True))
        return writes[0] if writes else _untouched(target)

    async def async_prepare(self, roles: Iterable[str]) -> list[RegisterWrite]:
        """Write what has to stand before the first command, where it differs."""
        async with self._lock:
            steerable = [role for role in roles if self._profile.roles[role].control]
            return [write for role in steerable for write in await self._async_prepare(role)]

    async def async_command(self, command: DeviceCommand, *, renew: bool) -> list[RegisterWrite]:
        """Carry out a command; return what was written."""
        control = control_of(self._profile, command.role)
        async with self._lock:
            command = self._phases.narrowed(self._profile.roles[command.role], command)
            assignments = assignments_of(control, command)
            self._phases.begin(command)
            try:
                targets = await self._async_targets(control, assignments, command)
                # From the first write on, were it only a preparation, the role is owed its release.
                self._commanded.add(command.role)
                writes = await self._async_prepare(command.role)
                writes += await self._async_apply(command, control, targets, renew=renew)
            except DeviceConnectionError:
                self._prepared.discard(command.role)  # it may come back having forgotten
                self._phases.forget(command.role)
                raise
            self._phases.note(command)
            return writes

    async def async_release(self, roles: Iterable[str], *, force: bool) -> list[RegisterWrite]:
        """Leave roles in their safe state: those that were commanded, or all by `force`."""
        writes: list[RegisterWrite] = []
        failure: DeviceError | None = None
        async with self._lock:
            for role in [r for r in roles if force or r in self._commanded]:
                try:
                    writes += await self._async_release(role)
                except DeviceError as err:
                    failure = failure or err
        if failure:
            raise failure
        return writes

    # From here on the lock is held.

    async def _async_apply(
        self, command: DeviceCommand, control: Control, targets: list[Target[P]], *, renew: bool
    ) -> list[RegisterWrite]:
        role = command.role
        # A lease that ran out counts as a change: registers still show a command that the device has left. So does
        # one that runs and must not: a command that stays has to end it.
        stays = command.mode in control.keeps
        always = renew or self._lapsed(role, control) or (stays and role in self._expiring)
        wish = Wish(always=always, renew_last=control.lease_s is not None)
        writes = await self._async_write(control, targets, wish, is_command=True)
        if writes:
            await self._async_confirm(role, control.confirm)
            self._leased_at_s[role] = self._clock()
            (self._expiring.discard if stays else self._expiring.add)(role)
        return writes

    async def _async_write(
        self,
        control: Control | None,
        targets: list[Target[P]],
        wish: Wish,
        *,
        is_command: bool = False,
    ) -> list[RegisterWrite]:
        """Write what is to be written, and keep the books of what wears out.

        Only commands are bounded by them: a release leaves the device safe, whatever was spent. Contactors are
        never told again what they do already.
        """
        wears, together = (control.wears, control.together) if control else (frozenset[str](), ())
        spared = frozenset[str]() if control and control.wears_by_change else wears
        spared |= control.phase_keys if control else frozenset[str]()
        pending = await self._hands.async_pending(targets, replace(wish, wears=spared, together=together))
        worn = worn_by(control, pending) if control else []
        if is_command and control and control.wear_writes_per_day is not None:
            self._wear.check(bounded(control, pending, worn), control.wear_writes_per_day)
        self._wear.note(worn)
        return await self._hands.async_carry_out(pending)

    def _lapsed(self, role: str, control: Control) -> bool:
        if control.lease_s is None:
            return False
        # A clock set back must not make an old lease look young.
        return not 0 <= self._clock() - self._leased_at_s.get(role, float("-inf")) < control.lease_s

    async def _async_prepare(self, role: str) -> list[RegisterWrite]:
        if role in self._prepared:
            return []
        control = control_of(self._profile, role)
        targets = await self._async_targets(
            control, control.prepare, DeviceCommand(role=role, mode="prepare")
        )
        writes = await self._async_write(control, targets, Wish())
        self._prepared.add(role)
        return writes

    async def _async_release(self, role: str) -> list[RegisterWrite]:
        control = self._profile.roles[role].control
        if control is None:
            return []
        writes: list[RegisterWrite] = []
        command = DeviceCommand(role=role, mode=control.safe or "give_back")
        if assignments := assignments_of(control, command) if control.safe else control.give_back:
            targets = await self._async_targets(control, assignments, command)
            writes = await self._async_write(control, targets, Wish(always=True))
        self._commanded.discard(role)
        self._leased_at_s.pop(role, None)
        return writes

    async def _async_targets(
        self, control: Control, assignments: Mapping[str, Amount], command: DeviceCommand
    ) -> list[Target[P]]:
        role = self._profile.roles[command.role]
        ranges = {point.key: await self._async_range(point) for point in points_of(role, assignments)}
        return targets_of(role, control, assignments, command, ranges)

    async def _async_range(self, point: P) -> Range:
        """Return today's bounds: the profile's, or what the device says it can do if that is less."""
        write = write_of(point)
        return range_of(
            point,
            limit=await self._async_of(point, write.limit),
            rating_w=await self._async_of(point, write.percent_of),
            voltage_v=await self._async_of(point, write.amps_at),
            plus_w=sum_of(write.plus, self._latest, self._clock()),
        )

    async def _async_of(self, point: P, key: str | None) -> Scalar | None:
        """Return what another point of the same role says, None where it says nothing."""
        other = self._profile.roles[point.role].point(key) if key else None
        return None if other is None else await self._async_known(other)

    async def _async_known(self, point: P) -> Scalar | None:
        """Return a point from the last poll, else from the device."""
        known = self._latest.get(point.name)
        return known.value if known and known.value is not None else await self._hands.async_value(point)

    async def _async_confirm(self, role: str, confirm: Confirm | None) -> None:
        """Wait until the device says that it acts on what was written; it may lag its own registers."""
        point = self._profile.roles[role].point(confirm.key) if confirm else None
        if confirm is None or point is None:
            return
        for _ in range(ceil(confirm.within_s / _CONFIRM_EVERY_S)):
            if await self._hands.async_value(point) == confirm.value:
                return
            await self._sleep(_CONFIRM_EVERY_S)
        raise DeviceWriteError(
            f"{role}: the device took the value but does not act on it ({confirm.key} is not {confirm.value} "
            f"after {confirm.within_s:g} s). Check in its settings that it may be controlled from outside"
        )

    def _writable(self, role: str, key: str) -> P:
        found = self._profile.roles.get(role)
        point = found.point(key) if found else None
        if point is None or point.write is None:
            raise DeviceWriteError(f"{self._profile.label}: {role}.{key} cannot be written with this profile")
        return point


def _amount_of(point: Quantity, value: Scalar) -> float:
    """Return a value as the number to write: words of an enum by their code."""
    words = point.codes
    if words is not None and (isinstance(value, str | bool) or counts(words)):
        codes = [code for code, word in words.items() if word == value and isinstance(code, int)]
        if not codes:
            raise DeviceWriteError(
                f"{point.role}.{point.key}: {value!r} is none of {', '.join(map(str, words.values()))}"
            )
        return float(codes[0])
    if isinstance(value, str | bool):
        raise DeviceWriteError(f"{point.role}.{point.key}: needs a number, not {value!r}")
    return float(value)


def _untouched[P: Quantity](target: Target[P]) -> RegisterWrite:
    """Return the proof for a register that wears and held the value already."""
    return RegisterWrite(
        point=target.point.key,
        address=target.point.place,
        unit=target.point.unit,
        before=target.value,
        written=target.value,
        read_back=target.value,
    )
