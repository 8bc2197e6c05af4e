"""Registers: how values lie on the wire, and a table of them that answers reads and judges writes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
import math
import struct

from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData, SimDevice

type Value = float | str | None
type Read = Callable[[], Value]
type Words = list[int]


@dataclass(frozen=True, kw_only=True)
class Codec:
    """How one value is laid out in 16-bit words, most significant word first unless swapped.

    `None` is written as the type's "not available": all ones, the most negative number, or NaN.
    """

    form: str  # of struct, or "s" for text
    words: int
    swapped: bool = False

    def encode(self, value: Value) -> Words:
        """Return the words of a value; numbers beyond the type stick to its ends."""
        raw = self._text(value) if self.form == "s" else struct.pack(f">{self.form}", self._number(value))
        words = [int.from_bytes(raw[i : i + 2]) for i in range(0, len(raw), 2)]
        return words[::-1] if self.swapped else words

    def decode(self, words: Words) -> float:
        """Return the number in the words."""
        ordered = words[::-1] if self.swapped else words
        raw = b"".join(word.to_bytes(2) for word in ordered)
        return float(struct.unpack(f">{self.form}", raw)[0])

    def _text(self, value: Value) -> bytes:
        return str(value or "").encode("ascii")[: 2 * self.words].ljust(2 * self.words, b"\0")

    def _number(self, value: Value) -> float:
        if self.form in "fd":
            return math.nan if value is None else float(value)
        bits = 16 * self.words
        unsigned = self.form.isupper()
        low, high = (0, (1 << bits) - 1) if unsigned else (-(1 << bits - 1), (1 << bits - 1) - 1)
        if value is None:
            return high if unsigned else low
        return min(max(round(float(value)), low), high)

    @property
    def little(self) -> Codec:
        """The same with the least significant word first."""
        return Codec(form=self.form, words=self.words, swapped=True)


U16, S16 = Codec(form="H", words=1), Codec(form="h", words=1)
U32, S32 = Codec(form="I", words=2), Codec(form="i", words=2)
U64, S64 = Codec(form="Q", words=4), Codec(form="q", words=4)
F32, F64 = Codec(form="f", words=2), Codec(form="d", words=4)


def text(words: int) -> Codec:
    """Return a codec for text of two characters per word, padded with zeros."""
    return Codec(form="s", words=words)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One quantity at one address. Writable when it says what it accepts."""

    address: int
    codec: Codec
    read: Read
    write: Callable[[float], None] | None = None
    accepts: Callable[[float], bool] = math.isfinite

    @property
    def end(self) -> int:
        """First address behind the point."""
        return self.address + self.codec.words


def each[I](of: Callable[[I], Value], which: Iterable[I]) -> list[Read]:
    """Return one reading per index, phase or name."""
    return [partial(of, item) for item in which]


def constant(value: Value, count: int = 1) -> list[Read]:
    """Return readings that never change."""
    return [lambda: value] * count


def row(address: int, codec: Codec, reads: Iterable[Read]) -> list[Point]:
    """Return points of one type that follow one another."""
    return [Point(address=address + i * codec.words, codec=codec, read=read) for i, read in enumerate(reads)]


class RegisterTable:
    """One unit's registers behind pymodbus' simulator.

    Parameters
    ----------
    functions : Function codes the device knows; others get exception 1 as from the real one.
    """

    def __init__(self, unit: int, points: Iterable[Point], functions: frozenset[int]) -> None:
        """Lay out the table."""
        self.unit = unit
        self._points = sorted(points, key=lambda point: point.address)
        self._functions = functions
        self._at = {address: point for point in self._points for address in range(point.address, point.end)}
        self._frozen: dict[int, Words] | None = None

    def device(self) -> SimDevice:
        """Return the unit as pymodbus serves it: what is not in the table gets exception 2."""
        return SimDevice(
            id=self.unit,
            simdata=[
                SimData(address=p.address, count=p.codec.words, datatype=DataType.UINT16)
                for p in self._points
            ],
            action=self._answer,
        )

    def freeze(self, frozen: bool) -> None:
        """Hold the measured values still, or let them go; settings stay alive."""
        measured = (p for p in self._points if p.write is None)
        self._frozen = {p.address: p.codec.encode(p.read()) for p in measured} if frozen else None

    async def _answer(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Refresh what is read, or carry out what is written, just before pymodbus does."""
        if function not in self._functions:
            return ExcCodes.ILLEGAL_FUNCTION
        if values is not None:
            refusal = self._write(address, [int(value) for value in values])
            if refusal:
                return refusal
        for point in self._overlapping(address, count):
            registers[point.address - start : point.end - start] = self._words(point)
        return None

    def _words(self, point: Point) -> Words:
        if self._frozen is not None and point.address in self._frozen:
            return self._frozen[point.address]
        return point.codec.encode(point.read())

    def _overlapping(self, address: int, count: int) -> list[Point]:
        found = (self._at.get(a) for a in range(address, address + count))
        return list(dict.fromkeys(point for point in found if point is not None))

    def _write(self, address: int, values: Words) -> ExcCodes | None:
        """Carry out a write as a whole or not at all."""
        end = address + len(values)
        if any(a not in self._at for a in range(address, end)):
            return ExcCodes.ILLEGAL_ADDRESS
        orders: list[tuple[Callable[[float], None], float]] = []
        for point in self._overlapping(address, len(values)):
            if point.write is None:
                return ExcCodes.ILLEGAL_ADDRESS
            if point.address < address or point.end > end:
                return ExcCodes.ILLEGAL_VALUE  # half a number
            number = point.codec.decode(values[point.address - address : point.end - address])
            if not math.isfinite(number) or not point.accepts(number):
                return ExcCodes.ILLEGAL_VALUE
            orders.append((point.write, number))
        for write, number in orders:
            write(number)
        return None
