"""Writes settings: bounded, only where they differ, and proven by reading back."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
import math

from modbus_connection import ModbusUnit

from .blocks import Block, plan_blocks, split_block
from .codec import decode, decode_amount, decode_exponent, encode, resolution
from .command import RegisterWrite
from .errors import DeviceWriteError
from .profile.model import Link, Point, PointName, Quantity
from .reading import Quality, Scalar
from .wire import RefusedError, read_registers, write_registers

# A device may still be busy with the last change; one more try tells a hiccup from a refusal.
_ATTEMPTS = 2


@dataclass(frozen=True, kw_only=True)
class Target[P: Quantity = Point]:
    """A point and the value it is to have, in our unit; enums by their code."""

    point: P
    value: float


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a point holds now, and the exponent its register is scaled with."""

    amount: float | None
    exponent: int = 0


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How targets are to be written.

    always : Also what holds its value already, unless it wears.
    renew_last : Repeat the last one whenever another is written: it is the one that starts a lease.
    wears : Keys kept in memory that wears out: written only where they differ.
    together : Groups of neighbours that only go out in one request.
    """

    always: bool = False
    renew_last: bool = False
    wears: Collection[str] = ()
    together: Sequence[Collection[str]] = ()


@dataclass(frozen=True, kw_only=True)
class Pending[P: Quantity = Point]:
    """What has to be written, what was there before, and which points only go out in one request."""

    targets: tuple[Target[P], ...]
    before: Mapping[PointName, Held]
    together: tuple[frozenset[str], ...] = ()


def pending_of[P: Quantity](
    targets: Sequence[Target[P]],
    before: Mapping[PointName, Held],
    holds: Callable[[Held, Target[P]], bool],
    wish: Wish,
) -> Pending[P]:
    """Return what has to be written, in the given order: what differs, and what is wished beside that."""
    keys = [target.point.key for target in targets]
    differs = {t.point.key for t in targets if not holds(before[t.point.name], t)}
    wanted = differs | ({t.point.key for t in targets if wish.always} - set(wish.wears))
    if wanted and wish.renew_last:
        wanted |= {next((key for key in reversed(keys) if key not in wish.wears), keys[-1])} - set(wish.wears)
    wanted.update(*(group for group in wish.together if wanted & set(group)))
    todo = tuple(t for t in targets if t.point.key in wanted)
    return Pending(targets=todo, before=before, together=tuple(map(frozenset, wish.together)))


class SettingsWriter:
    """Writes points of one unit. The caller makes sure that only one sequence runs at a time."""

    def __init__(
        self,
        unit: ModbusUnit,
        link: Link,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Remember whom to write to."""
        self._unit = unit
        self._link = link
        self._clock = clock
        self._sleep = sleep
        self._wrote_at_s = float("-inf")

    async def async_pending(self, targets: Sequence[Target], wish: Wish) -> Pending:
        """Return what has to be written. Nothing is written yet."""
        before = await self.async_held(target.point for target in targets)
        return pending_of(targets, before, _holds, wish)

    async def async_carry_out(self, pending: Pending) -> list[RegisterWrite]:
        """Write and read back.

        Raises DeviceWriteError where the device refuses, or keeps another value after a second try.
        """
        if not pending.targets:
            return []
        after = await self._write_and_verify(pending)
        return records_of(pending, after)

    async def async_held(self, points: Iterable[Point]) -> Mapping[PointName, Held]:
        """Read what writable points hold, in few requests; nothing is known of those that cannot be read."""
        wanted = list(points)
        held = {p.name: Held(amount=None, exponent=0) for p in wanted if not _is_readable(p)}
        readable = [p for p in wanted if _is_readable(p)]
        for block in plan_blocks(readable, max_registers=self._link.max_registers, gap=self._link.gap):
            held |= await self._async_held(block)
        return held

    async def _async_held(self, block: Block) -> dict[PointName, Held]:
        """Read a block; where the device denies what lies between its points, read them in pieces."""
        try:
            words = await read_registers(self._unit, block.space, block.address, block.count)
        except RefusedError as err:
            pieces = split_block(block, max_registers=self._link.max_registers)
            if not err.unknown_address or len(pieces) < 2:
                raise
            return {name: held for piece in pieces for name, held in (await self._async_held(piece)).items()}
        return {point.name: _held(point, words, block.address) for point in block.points}

    async def async_value(self, point: Point) -> Scalar | None:
        """Read one point now, as a reading would show it."""
        words = await read_registers(self._unit, point.register.space, point.low, point.high - point.low)
        register, scale = point.register, point.scale_register
        start = register.address - point.low
        scale_words = [words[scale.address - point.low]] if scale else []
        return decode(point, words[start : start + register.count], scale_words)[0]

    async def _write_and_verify(self, pending: Pending) -> Mapping[PointName, Held]:
        after: dict[PointName, Held] = {}
        wrong = pending.targets
        for _ in range(_ATTEMPTS):
            for batch in _batches(pending, wrong):
                await self._write_batch(batch, pending.before)
            after.update(await self.async_held(target.point for target in wrong))
            wrong = tuple(t for t in wrong if _is_readable(t.point) and not _holds(after[t.point.name], t))
            if not wrong:
                return after
        raise DeviceWriteError(_mismatch(wrong[0], after[wrong[0].point.name]))

    async def _write_batch(self, batch: Sequence[Target], before: Mapping[PointName, Held]) -> None:
        first = batch[0].point
        words = [w for t in batch for w in encode(t.point, t.value, before[t.point.name].exponent)]
        await self._async_pause()
        try:
            await write_registers(
                self._unit,
                first.register.address,
                words,
                single=self._link.single_write,
                space=first.register.space,
            )
        except RefusedError as err:
            values = ", ".join(f"{target.value:g}" for target in batch)
            raise DeviceWriteError(f"{first.role}.{first.key}: {values} was not taken: {err}") from err

    async def _async_pause(self) -> None:
        """Leave the device the time it wants between two writes."""
        pause_s = self._link.write_pause_s
        passed_s = self._clock() - self._wrote_at_s
        if 0 <= passed_s < pause_s:  # a clock set back must not become a long wait
            await self._sleep(pause_s - passed_s)
        self._wrote_at_s = self._clock()


def _is_readable(point: Point) -> bool:
    return point.write is None or point.write.read_back


def check_bounds(point: Quantity, value: float, low: float, high: float) -> None:
    """Refuse what the profile does not allow to be written. `low` and `high` are the bounds that hold today."""
    name = f"{point.role}.{point.key}"
    if point.write is None:
        raise DeviceWriteError(f"{name} is read-only in this profile")
    if not math.isfinite(value) or not low <= value <= high:
        raise DeviceWriteError(f"{name}: {value:g} is outside [{low:g}, {high:g}] {point.unit or ''}")
    if point.codes is not None and value not in point.codes:
        raise DeviceWriteError(f"{name}: {value:g} is none of its values {sorted(map(str, point.codes))}")


def _held(point: Point, words: list[int], start: int) -> Held:
    def at(address: int, count: int) -> list[int]:
        return words[address - start : address - start + count]

    scale = at(point.scale_register.address, 1) if point.scale_register else []
    exponent = decode_exponent(point, scale)
    if isinstance(exponent, Quality):
        raise DeviceWriteError(
            f"{point.role}.{point.key}: its scale register holds {scale}, no exponent to write with"
        )
    register = point.register
    return Held(
        amount=decode_amount(point, at(register.address, register.count), exponent), exponent=exponent
    )


def _holds(held: Held, target: Target) -> bool:
    if held.amount is None:
        return False
    allowed = resolution(target.point, target.value, held.exponent)
    if target.point.write is not None:
        allowed = max(allowed, target.point.write.tolerance)
    return abs(held.amount - target.value) <= allowed


def _batches(pending: Pending, wrong: Sequence[Target]) -> list[list[Target]]:
    """Return requests for those that are `wrong`, and for their groups as a whole, in the order of writing."""
    batches: dict[frozenset[str], list[Target]] = {}
    keys = {target.point.key for target in wrong}
    for target in pending.targets:
        group = next((g for g in pending.together if target.point.key in g), frozenset((target.point.key,)))
        if keys & group:
            batches.setdefault(group, []).append(target)
    return [sorted(batch, key=lambda t: t.point.register.address) for batch in batches.values()]


def records_of[P: Quantity](pending: Pending[P], after: Mapping[PointName, Held]) -> list[RegisterWrite]:
    """Return the proof of what was written."""
    return [
        RegisterWrite(
            point=target.point.key,
            address=target.point.place,
            unit=target.point.unit,
            before=pending.before[target.point.name].amount,
            written=target.value,
            read_back=after[target.point.name].amount,
        )
        for target in pending.targets
    ]


def _mismatch(target: Target, held: Held) -> str:
    name, unit = f"{target.point.role}.{target.point.key}", target.point.unit or ""
    return f"{name}: wrote {target.value:g} {unit} twice, the device holds {held.amount}"
