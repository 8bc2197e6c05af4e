"""What a Modbus device answered last, written down so that a test can answer the same: without its serial number.

A block is `{unit, table, address, words}` and the occasion on which it was read. `words` are four hexadecimal digits
each; `----` stands for a register that was only read along, because no line of the profile is made of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from .blocks import Block
from .codec import meets
from .document_codec import IDENTITY, READINGS, SETTINGS
from .modbus_device import ModbusDevice
from .notes import NAMES, RawRegisters
from .profile.model import Point, Register
from .pseudonym import MASKS, Mask, masked_words

UNREAD: Final = "----"

type _Words = list[int | None]


def capture_registers(device: ModbusDevice, unit_id: int) -> dict[str, Any]:
    """Return every block that the device's last polls and its identity were made of."""
    raw, profile = device.raw, device.profile
    names_id = profile.identity.unit_id
    names_id = unit_id if names_id is None else names_id
    hide = _Hider(raw, is_shared=names_id == unit_id)
    blocks = [
        _block(
            names_id if occasion == NAMES else unit_id,
            IDENTITY,
            space,
            address,
            hide.note(occasion, space, address, words),
        )
        for occasion, answers in raw.notes.items()
        for (space, address), words in answers.items()
    ]
    for occasion, polled in ((READINGS, raw.readings), (SETTINGS, raw.settings)):
        for block, words in polled:
            blocks.append(_block(unit_id, occasion, block.space, block.address, hide.block(block, words)))
    return {"transport": "modbus", "roles": list(device.roles), "blocks": blocks, **hide.told}


def _block(unit_id: int, occasion: str, table: str, address: int, words: _Words) -> dict[str, Any]:
    shown = " ".join(UNREAD if word is None else f"{word:04x}" for word in words)
    return {"unit": unit_id, "occasion": occasion, "table": table, "address": address, "words": shown}


class _Hider:
    """Puts a pseudonym where the serial number is."""

    def __init__(self, raw: RawRegisters, *, is_shared: bool) -> None:
        """Choose the pseudonym. `is_shared` says that names and values are in one unit."""
        serial = raw.identity.serial
        self._serial = serial if serial and serial.base is None else None
        self._is_shared = is_shared
        self._mask, self._is_proof_hidden = self._choose(raw)

    @property
    def told(self) -> dict[str, Any]:
        """Return what was hidden."""
        if self._serial is None:
            return {"redacted": []}
        where = f"{self._serial.space} {self._serial.address}+{self._serial.count}"
        return {"redacted": [f"serial number: {where}"]} | (
            {"proof_hidden": True} if self._is_proof_hidden else {}
        )

    def note(self, occasion: str, space: str, address: int, words: Sequence[int]) -> _Words:
        """Return an answer of the first contact."""
        concerned = self._is_shared or occasion == NAMES
        return list(self._hidden(space, address, words, self._mask) if concerned else words)

    def block(self, block: Block, words: Sequence[int]) -> _Words:
        """Return what a poll read, without what it only read along."""
        hidden = self._hidden(block.space, block.address, words, self._mask) if self._is_shared else words
        needed = set(_addresses(block.points))
        return [word if block.address + n in needed else None for n, word in enumerate(hidden)]

    def _choose(self, raw: RawRegisters) -> tuple[Mask, bool]:
        """Return the first mask under which the device still proves to be what it is, and whether none does."""
        proofs = [
            (expected, words)
            for expected in raw.identity.expect
            if self._is_shared
            and (
                words := raw.notes.get("proof", {}).get((expected.register.space, expected.register.address))
            )
        ]
        for mask in MASKS:
            if all(
                meets(expected, self._hidden(expected.register.space, expected.register.address, words, mask))
                for expected, words in proofs
            ):
                return mask, False
        return MASKS[0], True

    def _hidden(self, space: str, address: int, words: Sequence[int], mask: Mask) -> list[int]:
        found, serial = list(words), self._serial
        if serial is None or serial.space != space:
            return found
        low, high = max(address, serial.address), min(address + len(found), serial.end)
        if low >= high:
            return found
        part = found[low - address : high - address]
        is_whole = high - low == serial.count or serial.type == "string"
        found[low - address : high - address] = (
            masked_words(serial, part, mask) if is_whole else [0] * len(part)
        )
        return found


def _addresses(points: Iterable[Point]) -> Iterator[int]:
    for point in points:
        for register in filter(None, (point.register, point.scale_register)):
            yield from _span(register)


def _span(register: Register) -> Iterable[int]:
    return range(register.address, register.end)
