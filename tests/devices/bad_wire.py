"""A Modbus TCP server written by hand, which answers as badly as it is told. Nothing of a Modbus library is in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import struct

from tests.devices.images import Image


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request to read registers, as it came over the wire."""

    transaction: int
    unit: int
    function: int
    address: int
    count: int

    def frame(self, body: bytes, *, unit: int | None = None, transaction: int | None = None) -> bytes:
        """Return an answer with its header."""
        number = self.transaction if transaction is None else transaction
        return struct.pack(">HHHB", number, 0, len(body) + 1, self.unit if unit is None else unit) + body


class BadWire:
    """Holds an image and plays one fault at a time; `fault` None answers as it should.

    Faults: silent · deaf (this connection will never be answered again, new ones are) · exception · wrong_unit ·
    wrong_transaction · short · long · lying_length · half (stops within an answer) · cut (hangs up within one) ·
    drop (hangs up) · noise (speaks something else).
    """

    def __init__(self, registers: Image) -> None:
        """Begin well."""
        self.registers = dict(registers)
        self.fault: str | None = None
        self.code = 4
        self.only: range | None = None  # addresses that the fault keeps to
        self.port = 0
        self.connections = 0
        self._deaf: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves."""
        self.connections += 1
        self._open.add(writer)
        try:
            while True:
                transaction, _, _, *rest = struct.unpack(">HHHBBHH", await reader.readexactly(12))
                unit, function, address, count = rest
                asked = Asked(
                    transaction=transaction, unit=unit, function=function, address=address, count=count
                )
                if self._answer(asked, writer):
                    break
        except asyncio.IncompleteReadError, ConnectionError:
            pass  # the client has had enough
        finally:
            self._open.discard(writer)
            writer.close()

    def close(self) -> None:
        """Hang up on everybody."""
        for writer in list(self._open):
            writer.close()

    def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        """Write what is to be answered; return whether to hang up after it."""
        if self.fault == "deaf":
            self._deaf.add(writer)
            self.fault = None
        if writer not in self._deaf:
            writer.write(self._spoilt(asked))
        return self.fault in {"cut", "drop"}

    def _spoilt(self, asked: Asked) -> bytes:
        good = asked.frame(self._body(asked, asked.count))
        match self.fault if self.only is None or asked.address in self.only else None:
            case "silent" | "drop":
                return b""
            case "exception":
                return asked.frame(bytes([asked.function | 0x80, self.code]))
            case "wrong_unit":
                return asked.frame(self._body(asked, asked.count), unit=asked.unit + 1)
            case "wrong_transaction":
                return asked.frame(self._body(asked, asked.count), transaction=asked.transaction + 100)
            case "short":
                return asked.frame(self._body(asked, asked.count - 1))
            case "long":
                return asked.frame(self._body(asked, asked.count + 1))
            case "lying_length":
                return good[:8] + bytes([250]) + good[9:]
            case "half" | "cut":
                return good[: len(good) // 2]
            case "noise":
                return b"HTTP/1.1 400 Bad Request\r\n\r\n"
        return good

    def _body(self, asked: Asked, count: int) -> bytes:
        words = [self.registers.get(at) for at in range(asked.address, asked.address + asked.count)]
        if None in words:
            return bytes([asked.function | 0x80, 2])
        told = [word or 0 for word in words][:count] + [0] * (count - asked.count)
        return bytes([asked.function, 2 * count]) + struct.pack(f">{count}H", *told)


@asynccontextmanager
async def bad_wire(registers: Image) -> AsyncIterator[BadWire]:
    """Serve on loopback."""
    wire = BadWire(registers)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        wire.close()
        await server.wait_closed()
        await asyncio.sleep(0)
