"""Independent Modbus clients: what EMS says it wrote is looked up here."""

from pymodbus.client import AsyncModbusTcpClient

from custom_components.ems.demo import DemoHome
from tests.demo.lab import Wire

# SolarEdge power control protocol: the storage block, 32-bit values with the low word first.
CONTROL_MODE, DEFAULT_MODE, COMMAND_TIMEOUT, COMMAND_MODE = 0xE004, 0xE00A, 0xE00B, 0xE00D
CHARGE_LIMIT, DISCHARGE_LIMIT = 0xE00E, 0xE010
REMOTE = 4
PV_AND_GRID, MAXIMISE_EXPORT, SELF_CONSUMPTION = 3, 4, 7
# Alfen NG9xx: the socket's current setpoint.
CURRENT_SETPOINT = 1210


class Wires:
    """Reads registers of the demo home as any other Modbus client would."""

    def __init__(self, home: DemoHome) -> None:
        """Remember whose."""
        self._home = home
        self._clients: list[AsyncModbusTcpClient] = []

    async def _wire(self, device: str) -> Wire:
        at = getattr(self._home.addresses, device)
        client = AsyncModbusTcpClient(at.host, port=at.port, timeout=3, retries=0, reconnect_delay=0)
        await client.connect()
        self._clients.append(client)
        return Wire(client, at.unit_id)

    async def battery_mode(self) -> int:
        """Return the inverter's storage command."""
        return await (await self._wire("inverter")).value(COMMAND_MODE, "UINT16")

    async def battery_limit_w(self, address: int) -> float:
        """Return the inverter's charge or discharge limit. [W]."""
        return await (await self._wire("inverter")).value(address, "FLOAT32", little=True)

    async def current_a(self) -> float:
        """Return the charger's current setpoint. [A]."""
        return await (await self._wire("charger")).value(CURRENT_SETPOINT, "FLOAT32")

    def close(self) -> None:
        """Hang up."""
        for client in self._clients:
            client.close()
