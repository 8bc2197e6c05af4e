"""Reads the devices' registers without EMS: another client, and a table of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
import struct

from pymodbus.client import AsyncModbusTcpClient

from .home import DemoHome, Wire


@dataclass(frozen=True, kw_only=True)
class Register:
    """A value in holding registers. SolarEdge's own have the low word first, Alfen's the high one."""

    name: str
    address: int
    code: str  # of struct, big-endian words
    low_word_first: bool = False

    @property
    def words(self) -> int:
        """Return how many registers it takes."""
        return struct.calcsize(f">{self.code}") // 2

    def decode(self, registers: Sequence[int]) -> float:
        """Return the number."""
        ordered = reversed(registers) if self.low_word_first else registers
        (value,) = struct.unpack(f">{self.code}", struct.pack(f">{self.words}H", *ordered))
        return float(value)


# SolarEdge, "Power Control Open Protocol", storage control block 0xE004 to 0xE010.
INVERTER = (
    Register(name="control_mode", address=0xE004, code="H"),
    Register(name="default_mode", address=0xE00A, code="H"),
    Register(name="command_timeout", address=0xE00B, code="I", low_word_first=True),
    Register(name="command_mode", address=0xE00D, code="H"),
    Register(name="charge_limit", address=0xE00E, code="f", low_word_first=True),
    Register(name="discharge_limit", address=0xE010, code="f", low_word_first=True),
)
# Alfen, "Modbus Slave TCP/IP for NG9xx", socket measurements and setpoints.
CHARGER = (Register(name="current_setpoint", address=1210, code="f"),)

type Snapshot = dict[int, float]  # by address


@asynccontextmanager
async def _client(wire: Wire) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient(wire.host, port=wire.port)
    if not await client.connect():
        raise ConnectionError(f"no Modbus device at {wire.host}:{wire.port}")
    try:
        yield client
    finally:
        client.close()


async def _read(wire: Wire, registers: Sequence[Register]) -> Snapshot:
    found: Snapshot = {}
    async with _client(wire) as client:
        for each in registers:
            answer = await client.read_holding_registers(
                each.address, count=each.words, device_id=wire.unit_id
            )
            if answer.isError():
                raise ConnectionError(f"{each.name} at {each.address}: {answer}")
            found[each.address] = each.decode(answer.registers)
    return found


async def read_setpoints(home: DemoHome) -> dict[str, Snapshot]:
    """Return, by device, every setpoint register of the home as it is on the wire now."""
    found = {"inverter": await _read(home.inverter, INVERTER)}
    for name, wire in home.chargers.items():
        found[name] = await _read(wire, CHARGER)
    return found
