"""Writes settings: bounded, only where they differ, and proven by reading back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import math

from modbus_connection import ModbusUnit

from .blocks import plan_blocks
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
    exponent: int


class SettingsWriter:
    """Writes points of one unit. The caller makes sure that only one sequence runs at a time."""

    def __init__(self, unit: ModbusUnit, link: Link) -> None:
        """Remember whom to write to."""
        self._unit = unit
        self._link = link

    async def async_write(
        self, targets: Sequence[Target], *, always: bool = False, renew_last: bool = False
    ) -> list[RegisterWrite]:
        """Make points hold values, in the given order; untouched where they do already, unless `always`.

        `renew_last` repeats the last one whenever another is written: it is the one that starts a lease.
        Raises DeviceWriteError where the device refuses, or keeps another value after a second try.
        """
        before = await self.async_held(target.point for target in targets)
        todo = [t for t in targets if always or not _holds(before[t.point.name], t)]
        if not todo:
            return []
        if renew_last and targets[-1] not in todo:
            todo.append(targets[-1])
        after = await self._write_and_verify(todo, before)
        return [_record(t, before[t.point.name], after[t.point.name]) for t in todo]

    async def async_held(self, points: Iterable[Point]) -> Mapping[PointName, Held]:
        """Read what writable points hold, in few requests."""
        held: dict[PointName, Held] = {}
        for block in plan_blocks(points, max_registers=self._link.max_registers, gap=self._link.gap):
            words = await read_registers(self._unit, block.space, block.address, block.count)
            for point in block.points:
                held[point.name] = _held(point, words, block.address)
        return held

    async def async_value(self, point: Point) -> Scalar | None:
        """Read one point now, as a reading would show it."""
        words = await read_registers(self._unit, point.register.space, point.low, point.high - point.low)
        register, scale = point.register, point.scale_register
        start = register.address - point.low
        scale_words = [words[scale.address - point.low]] if scale else []
        return decode(point, words[start : start + register.count], scale_words)[0]

    async def _write_and_verify(
        self, targets: Sequence[Target], before: Mapping[PointName, Held]
    ) -> Mapping[PointName, Held]:
        after: dict[PointName, Held] = {}
        wrong: Sequence[Target] = targets
        for _ in range(_ATTEMPTS):
            for target in wrong:
                await self._write_one(target, before[target.point.name].exponent)
            after.update(await self.async_held(target.point for target in wrong))
            wrong = [t for t in wrong if not _holds(after[t.point.name], t)]
            if not wrong:
                return after
        raise DeviceWriteError(_mismatch(wrong[0], after[wrong[0].point.name]))

    async def _write_one(self, target: Target, exponent: int) -> None:
        point = target.point
        words = encode(point, target.value, exponent)
        try:
            await write_registers(self._unit, point.register.address, words, single=self._link.single_write)
        except RefusedError as err:
            raise DeviceWriteError(
                f"{point.role}.{point.key}: {target.value:g} was not taken: {err}"
            ) from err


def check_bounds(point: Quantity, value: float, high: float) -> None:
    """Refuse what the profile does not allow to be written. `high` is the bound that holds today."""
    name = f"{point.role}.{point.key}"
    if point.write is None:
        raise DeviceWriteError(f"{name} is read-only in this profile")
    if not math.isfinite(value) or not point.write.low <= value <= high:
        raise DeviceWriteError(
            f"{name}: {value:g} is outside [{point.write.low:g}, {high:g}] {point.unit or ''}"
        )
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


def _record(target: Target, before: Held, after: Held) -> RegisterWrite:
    return RegisterWrite(
        point=target.point.key,
        address=target.point.register.address,
        unit=target.point.unit,
        before=before.amount,
        written=target.value,
        read_back=after.amount,
    )


def _mismatch(target: Target, held: Held) -> str:
    name, unit = f"{target.point.role}.{target.point.key}", target.point.unit or ""
    return f"{name}: wrote {target.value:g} {unit} twice, the device holds {held.amount}"
