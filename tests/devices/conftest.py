"""Wires for the device tests: an in-memory unit, and real Modbus TCP servers on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from aiohttp import ClientSession
from modbus_connection import ModbusConnection, ModbusTcpParams, ModbusUnit, pymodbus, tmodbus
from modbus_connection.mock import MockModbusConnection, MockModbusUnit
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimDevice
import pytest

from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.profile import Profile
from tests.devices.images import Image
from tests.devices.web import WebDevice, serving
from tests.support.registers import simulated


@pytest.fixture
def profiles() -> Mapping[str, Profile]:
    """Every profile EMS ships."""
    return load_profiles()


@pytest.fixture
def mock_unit() -> Callable[[Image], MockModbusUnit]:
    """Return a maker of in-memory units that hold an image, and zeros everywhere else."""

    def make(registers: Image) -> MockModbusUnit:
        unit = MockModbusConnection().for_unit(1)
        unit.holding.update(registers)
        return unit

    return make


class Wire:
    """A Modbus TCP server on loopback with a client on it."""

    connection: ModbusConnection

    def __init__(self) -> None:
        """Start without faults."""
        self.requests: list[tuple[int, int, int]] = []  # function code, address, count
        self.exceptions: dict[int, ExcCodes] = {}  # address → what a request touching it is answered with
        self.silent: set[int] = set()  # addresses whose requests get no answer
        self.stuck: set[int] = set()  # addresses whose writes are acknowledged and forgotten
        self.teardown = asyncio.Event()

    def unit(self, unit_id: int) -> ModbusUnit:
        """Return a unit as the code under test sees it."""
        return self.connection.for_unit(unit_id)

    async def action(self, code, start, address, count, registers, values) -> ExcCodes | None:
        """Record a request and play the fault that was asked for."""
        self.requests.append((code, address, count))
        span = range(address, address + count)
        if self.silent.intersection(span):
            await self.teardown.wait()
        if values is not None and self.stuck.intersection(span):
            values[:] = registers[address - start : address - start + count]
        return next((self.exceptions[at] for at in span if at in self.exceptions), None)


# Tools and tests outside Home Assistant use pymodbus; Home Assistant's shared link is a tmodbus client.
BACKENDS = {"pymodbus": pymodbus.ModbusConnection, "tmodbus": tmodbus.ModbusConnection}


@pytest.fixture(params=BACKENDS)
async def wire(
    request,
    socket_enabled,
) -> AsyncIterator[Callable[[dict[int, Image]], Awaitable[Wire]]]:
    """Return a starter of servers that hold one image per unit id."""
    running: list[tuple[ModbusTcpServer, Wire]] = []

    async def start(images: dict[int, Image]) -> Wire:
        play = Wire()

        async def action(*request) -> ExcCodes | None:
            return await play.action(*request)

        devices = [
            SimDevice(unit, simdata=simulated(registers), action=action) for unit, registers in images.items()
        ]
        server = ModbusTcpServer(devices, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        port = server.transport.sockets[0].getsockname()[1]
        client = BACKENDS[request.param]
        play.connection = client(ModbusTcpParams(host="127.0.0.1", port=port), timeout=0.2)
        running.append((server, play))
        return play

    yield start
    for server, play in running:
        play.teardown.set()
        await play.connection.close()
        await server.shutdown()
        await asyncio.sleep(0)


@pytest.fixture
async def web(socket_enabled) -> AsyncIterator[WebDevice]:
    """Run a web server that plays a device."""
    async with serving(WebDevice()) as device:
        yield device


@pytest.fixture
async def session(socket_enabled) -> AsyncIterator[ClientSession]:
    """Open a client session."""
    async with ClientSession() as client:
        yield client
