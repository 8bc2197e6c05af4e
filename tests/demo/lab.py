"""A laboratory around the demo home: a clock moved by hand, free ports, an independent Modbus reader."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from pymodbus.client import AsyncModbusTcpClient

from custom_components.ems.demo import DemoHome, DemoPorts, HandClock
from custom_components.ems.demo.home import Home

VIENNA = ZoneInfo("Europe/Vienna")


def instant(text: str) -> float:
    """Return an ISO instant (Vienna time if bare) in seconds since the epoch."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=VIENNA)).timestamp()


def a_home(start: str = "2026-06-15T12:00", seed: int = 1) -> Home:
    """Return the physics alone."""
    return Home(seed=seed, latitude=48.21, longitude=16.37, zone=VIENNA, start_s=instant(start))


def fill_other_cars(home: Home) -> None:
    """Leave the first car as the only one that may charge, until the others have been away."""
    for point in home.points[1:]:
        point.car.energy_wh = point.car.spec.capacity_wh


class Wire:
    """An independent reader: pymodbus' own client and its own decoding."""

    def __init__(self, client: AsyncModbusTcpClient, unit: int) -> None:
        self.client = client
        self.unit = unit

    async def registers(self, address: int, count: int) -> list[int]:
        """Read holding registers."""
        response = await self.client.read_holding_registers(address, count=count, device_id=self.unit)
        assert not response.isError(), response
        return response.registers

    async def value(self, address: int, kind: str, *, little: bool = False):
        """Read one number; `kind` is a pymodbus data type."""
        datatype = self.client.DATATYPE[kind]
        words = await self.registers(address, datatype.value[1])
        return self.client.convert_from_registers(words, datatype, word_order="little" if little else "big")

    async def text(self, address: int, words: int) -> str:
        """Read text."""
        raw = self.client.convert_from_registers(
            await self.registers(address, words), self.client.DATATYPE.STRING
        )
        return raw.rstrip("\0")

    async def write(self, address: int, value: float, kind: str, *, little: bool = False):
        """Write one number in one request and return the response."""
        datatype = self.client.DATATYPE[kind]
        words = self.client.convert_to_registers(value, datatype, word_order="little" if little else "big")
        return await self.client.write_registers(address, words, device_id=self.unit)


class Lab:
    """A running demo home, its clock, and wires to its devices."""

    def __init__(self, demo: DemoHome, clock: HandClock, stack: AsyncExitStack) -> None:
        self.demo = demo
        self.home = demo.home
        self.clock = clock
        self._stack = stack

    async def wire(self, device: str, unit: int | None = None, patience_s: float = 3.0) -> Wire:
        """Connect to a device."""
        at = getattr(self.demo.addresses, device)
        client = AsyncModbusTcpClient(at.host, port=at.port, timeout=patience_s, retries=0, reconnect_delay=0)
        await client.connect()
        self._stack.callback(client.close)
        return Wire(client, at.unit_id if unit is None else unit)

    def live(self, seconds: float) -> None:
        """Let time pass in the home."""
        self.clock.advance(seconds)
        self.demo.advance()


@asynccontextmanager
async def run_lab(start: str, seed: int) -> AsyncIterator[Lab]:
    """Run a demo home and everything connected to it, then stop both."""
    clock = HandClock(instant(start) - 10)
    demo = DemoHome(seed=seed, timezone=VIENNA, clock=clock)
    fill_other_cars(demo.home)
    clock.advance(10)
    async with AsyncExitStack() as stack:
        await demo.async_start(ports=DemoPorts.free())
        stack.push_async_callback(demo.async_stop)
        yield Lab(demo, clock, stack)
