"""Polls points in few requests. What stays silent is named in the reading and keeps its last value."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from modbus_connection import ModbusUnit

from .blocks import Block, plan_blocks, split_block
from .codec import decode
from .errors import DeviceConnectionError, DeviceError, DeviceResponseError
from .profile.model import DerivedPoint, Link, Point, PointName
from .reading import Quality, Reading, Value
from .wire import RefusedError, SilentError, read_registers

# Two blocks without any answer are a device that is gone; asking for the rest would only add time-outs.
_SILENT_BLOCKS_MAX = 2
# What a device refused in one piece is asked for in pieces; what it denies to have is not asked for again.
# It may have been booting, so both are forgotten now and then (every eight minutes at 5 s) and after a loss.
_REPLAN_POLLS = 100


# A request and its answer, as it came.
type RawBlock = tuple[Block, list[int]]


class BlockReader:
    """Reads one set of points from one unit, and remembers the last good value of each."""

    def __init__(
        self,
        unit: ModbusUnit,
        link: Link,
        points: Iterable[Point],
        derived: Iterable[DerivedPoint],
        clock: Callable[[], float],
    ) -> None:
        """Plan the requests. `derived` points are computed after each poll."""
        self._unit = unit
        self._link = link
        self._clock = clock
        self._derived = tuple(derived)
        self._planned = plan_blocks(points, max_registers=link.max_registers, gap=link.gap)
        self._blocks = self._planned
        self._points = tuple(point.name for block in self._planned for point in block.points)
        self._polls = 0
        self._last: dict[PointName, Value] = {}
        self._raw: list[RawBlock] = []

    @property
    def raw(self) -> Sequence[RawBlock]:
        """Return what the last poll that brought anything was made of, for diagnostics."""
        return self._raw

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Return the read requests of the next poll."""
        return self._blocks

    async def async_read(self) -> Reading:
        """Poll once. Raises only where nothing at all came back."""
        poll = _Poll(self._clock())
        try:
            await self._read_blocks(poll)
        except DeviceConnectionError:
            self._blocks = self._planned
            raise
        if poll.failures and not poll.answered:
            self._blocks = self._planned
            raise _worst(poll.failures)
        self._polls += 1
        self._raw = poll.raw
        self._blocks = self._planned if self._polls % _REPLAN_POLLS == 0 else tuple(poll.settled)
        return self._reading(poll)

    async def _read_blocks(self, poll: _Poll) -> None:
        work = deque(self._blocks)
        while work:
            block = work.popleft()
            try:
                words = await read_registers(self._unit, block.space, block.address, block.count)
            except RefusedError as err:
                pieces = split_block(block, max_registers=self._link.max_registers)
                if err.unknown_address and len(pieces) > 1:
                    work.extendleft(reversed(pieces))
                    continue
                poll.refused(block, err)
            except SilentError as err:
                poll.silent(block, err)
            else:
                poll.answer(block, words)

    def _reading(self, poll: _Poll) -> Reading:
        lacking = Value(value=None, quality=Quality.MISSING, at_s=poll.at_s)
        values = {name: poll.values.get(name, lacking) for name in self._points}
        for block in poll.failed:
            for point in block.points:
                values[point.name] = self._stale(point.name, poll.at_s)
        for derived in self._derived:
            values[derived.name] = derive(derived, values, poll.at_s)
        self._last.update((name, v) for name, v in values.items() if v.quality is Quality.GOOD)
        roles: dict[str, dict[str, Value]] = {}
        for (role, key), value in values.items():
            roles.setdefault(role, {})[key] = value
        return Reading(at_s=poll.at_s, roles=roles, failed=tuple(block.name for block in poll.failed))

    def _stale(self, name: PointName, at_s: float) -> Value:
        last = self._last.get(name)
        if last is None:
            return Value(value=None, quality=Quality.MISSING, at_s=at_s)
        return Value(value=last.value, quality=Quality.STALE, at_s=last.at_s)


class _Poll:
    """What one round of requests brought."""

    def __init__(self, at_s: float) -> None:
        self.at_s = at_s
        self.values: dict[PointName, Value] = {}
        self.failed: list[Block] = []
        self.failures: list[DeviceError] = []
        self.settled: list[Block] = []
        self.raw: list[RawBlock] = []
        self.answered = 0
        self._silent = 0

    def answer(self, block: Block, words: list[int]) -> None:
        self.answered += 1
        self.settled.append(block)
        self.raw.append((block, words))
        for point in block.points:
            value, quality = decode(
                point,
                _slice(block, words, point.register.address, point.register.count),
                _slice(block, words, point.scale_register.address, 1) if point.scale_register else (),
            )
            self.values[point.name] = Value(value=value, quality=quality, at_s=self.at_s)

    def refused(self, block: Block, err: RefusedError) -> None:
        """Note a refusal. A point whose address the device denies is a point it lacks, not a failure."""
        self.failures.append(err)
        if not (err.unknown_address and len(block.points) == 1):
            self.failed.append(block)
            self.settled.append(block)

    def silent(self, block: Block, err: SilentError) -> None:
        self.failures.append(err)
        self.failed.append(block)
        self.settled.append(block)
        self._silent += 1
        if not self.answered and self._silent >= _SILENT_BLOCKS_MAX:
            raise err


def _worst(failures: list[DeviceError]) -> DeviceError:
    """Return what a poll without any answer raises: silence before refusal, since it asks for patience."""
    silence = next((err for err in failures if isinstance(err, DeviceConnectionError)), None)
    return silence or DeviceResponseError(f"every block was refused; the first: {failures[0]}")


def _slice(block: Block, words: list[int], address: int, count: int) -> list[int]:
    start = address - block.address
    return words[start : start + count]


def derive(point: DerivedPoint, values: Mapping[PointName, Value], at_s: float) -> Value:
    """Return Σ weight · term; as good as the worst of its terms and as old as the oldest."""
    total, quality, oldest = 0.0, Quality.GOOD, at_s
    for name, weight in point.terms.items():
        term = values.get(name)
        if term is None or not isinstance(term.value, int | float):
            return Value(value=None, quality=Quality.MISSING, at_s=at_s)
        total += weight * float(term.value)
        oldest = min(oldest, term.at_s)
        quality = Quality.STALE if term.quality is Quality.STALE else quality
    if point.valid is not None and not point.valid[0] <= total <= point.valid[1]:
        return Value(value=None, quality=Quality.INVALID, at_s=at_s)
    total = round(total, 6)  # sums of decimals leave binary dust
    floored = total if point.floor is None else max(total, point.floor)
    return Value(value=floored, quality=quality, at_s=oldest)
