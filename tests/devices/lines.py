"""Lines with real servers on them: pymodbus in RTU frames, behind a gateway that passes bytes on or a serial port."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import os
import pty
import tty

from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimDevice

from tests.devices.images import Image
from tests.support.registers import simulated


@asynccontextmanager
async def rtu_gateway(units: Mapping[int, Image]) -> AsyncIterator[int]:
    """Yield the TCP port of a server that speaks in frames of the line. Units that are not there stay silent."""
    devices = [SimDevice(unit, simdata=simulated(registers)) for unit, registers in units.items()]

    def silence(is_answer: bool, frame: bytes) -> bytes:
        """Swallow what pymodbus says in the name of a unit that it does not play."""
        return b"" if is_answer and frame[0] not in units else frame

    server = ModbusTcpServer(devices, framer=FramerType.RTU, address=("127.0.0.1", 0), trace_packet=silence)
    await server.serve_forever(background=True)
    assert server.transport is not None
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()
        await asyncio.sleep(0)


@asynccontextmanager
async def serial_line(units: Mapping[int, Image]) -> AsyncIterator[str]:
    """Yield what is opened like a serial port: a pseudo-terminal whose other end is wired to such a server."""
    async with rtu_gateway(units) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ours, theirs = pty.openpty()
        tty.setraw(ours)
        tty.setraw(theirs)
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, lambda: writer.write(os.read(ours, 256)))
        back = asyncio.create_task(_pass_on(reader, ours))
        try:
            yield os.ttyname(theirs)
        finally:
            loop.remove_reader(ours)
            back.cancel()
            writer.close()
            await asyncio.gather(back, return_exceptions=True)
            os.close(ours)
            os.close(theirs)


async def _pass_on(reader: asyncio.StreamReader, end: int) -> None:
    while data := await reader.read(256):
        os.write(end, data)
