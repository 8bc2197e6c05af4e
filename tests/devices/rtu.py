"""A Modbus RTU line, played by hand: frames with their checksum, on a pseudo-terminal or through a socket.

Written from the Modbus specification alone, so that it can contradict the client under test.
"""

import asyncio
from collections.abc import Mapping
import os
import pty
import struct
import tty
from typing import Self

from tests.devices.images import Image

_REQUEST = 8  # unit, function, address, count, checksum: what functions 3 and 4 take


def checksum(frame: bytes) -> bytes:
    """Return the CRC-16 of Modbus, low byte first."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


class RtuLine:
    """Meters on one line, one image of registers per unit. Units that are not there stay silent, as on RS-485."""

    def __init__(self, units: Mapping[int, Image]) -> None:
        """Wait for requests."""
        self.requests: list[tuple[int, int, int, int]] = []  # unit, function, address, count
        self._units = units
        self._heard = b""

    def hear(self, data: bytes) -> bytes:
        """Return the answer to what came over the line, nothing while a request is not whole."""
        self._heard += data
        if len(self._heard) < _REQUEST:
            return b""
        frame, self._heard = self._heard[:_REQUEST], b""
        unit, function, address, count = struct.unpack(">BBHH", frame[:6])
        if checksum(frame[:6]) != frame[6:] or unit not in self._units:
            return b""
        self.requests.append((unit, function, address, count))
        answer = self._answer(self._units[unit], function, address, count)
        head = bytes([unit])
        return head + answer + checksum(head + answer)

    def _answer(self, registers: Image, function: int, address: int, count: int) -> bytes:
        words = [registers.get(at) for at in range(address, address + count)]
        if None in words:
            return bytes([function | 0x80, 2])
        return bytes([function, 2 * count]) + struct.pack(f">{count}H", *words)


class PtyLine:
    """The line behind a pseudo-terminal: `device` is what a client opens like a serial port."""

    def __init__(self, line: RtuLine) -> None:
        """Open both ends."""
        self._line = line
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._ours)
        tty.setraw(self._theirs)
        self.device = os.ttyname(self._theirs)

    def __enter__(self) -> Self:
        """Listen."""
        asyncio.get_running_loop().add_reader(self._ours, self._on_bytes)
        return self

    def __exit__(self, *_: object) -> None:
        """Close both ends."""
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)

    def _on_bytes(self) -> None:
        answer = self._line.hear(os.read(self._ours, 256))
        if answer:
            os.write(self._ours, answer)
