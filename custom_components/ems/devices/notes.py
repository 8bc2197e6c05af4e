"""What registers a device showed to prove who it is, and what its last polls were made of. For diagnostics."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from .profile.model import IdentityMap, Space
from .reader import RawBlock
from .wire import Readable

type Place = tuple[Space, int]  # table and first address
type Answers = dict[Place, list[int]]

# The occasion on which a device tells its names; a profile may keep them in another unit.
NAMES: Final = "names"


@dataclass(frozen=True, kw_only=True)
class RawRegisters:
    """What a device answered last, as it came.

    identity : Where it keeps its names, with the addresses found on this device.
    notes : Occasion → answers on first contact. Those of `NAMES` come from the identity's unit.
    readings, settings : What the last polls were made of.
    """

    identity: IdentityMap
    notes: Mapping[str, Answers]
    readings: Sequence[RawBlock]
    settings: Sequence[RawBlock]


class Notes:
    """Keeps what was answered on each occasion; the next time replaces it, a failure does not."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.answers: dict[str, Answers] = {}

    @contextmanager
    def taking[U: Readable | None](self, occasion: str, unit: U) -> Iterator[NotedUnit | U]:
        """Read through the unit that is handed out; what it answered counts once all went well."""
        answers: Answers = {}
        yield unit if unit is None else NotedUnit(unit, answers)
        if answers:
            self.answers[occasion] = answers


class NotedUnit:
    """Asks the unit behind it, and writes down what comes."""

    def __init__(self, unit: Readable, answers: Answers) -> None:
        """Remember whom to ask and where to write."""
        self._unit, self._answers = unit, answers

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Function 3."""
        words = await self._unit.read_holding_registers(address, count)
        self._answers["holding", address] = words
        return words

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Function 4."""
        words = await self._unit.read_input_registers(address, count)
        self._answers["input", address] = words
        return words

    async def read_coils(self, address: int, count: int) -> list[bool]:
        """Function 1."""
        states = await self._unit.read_coils(address, count)
        self._answers["coil", address] = [int(state) for state in states[:count]]
        return states
