"""A station with a coil, through both Modbus clients and a real server: what a mock cannot contradict."""

from modbus_connection import ModbusTcpParams
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.modbus_device import ModbusDevice
from tests.devices.charger_images import phoenix_ev_eth
from tests.devices.conftest import BACKENDS
from tests.support.registers import simulated


@pytest.fixture(params=BACKENDS)
async def station(request, socket_enabled, profiles):
    """Return a Phoenix controller behind a real link, and the requests it got."""
    box, requests = phoenix_ev_eth(), []

    async def action(code, start, address, count, registers, values):
        requests.append((code, address, count))

    device = SimDevice(
        255,
        simdata=(
            [SimData(400, values=[True] * 8, datatype=DataType.BITS)],
            [SimData(0, values=[False] * 8, datatype=DataType.BITS)],
            simulated(box.holding),
            simulated(box.input),
        ),
        action=action,
    )
    server = ModbusTcpServer([device], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    connection = BACKENDS[request.param](ModbusTcpParams(host="127.0.0.1", port=port), timeout=1)
    yield ModbusDevice(profiles["phoenix_ev_eth"], connection.for_unit(255)), requests
    await connection.close()
    await server.shutdown()


async def test_a_coil_is_switched_by_function_5_and_read_by_function_1(station):
    device, requests = station
    await device.async_identify()
    assert (await device.async_read_settings()).get("charger", "enable") == "on"
    proof = await device.async_command(DeviceCommand(role="charger", mode="off"))
    assert [(write.point, write.before, write.read_back) for write in proof] == [("enable", 1, 0)]
    assert (5, 400, 1) in requests
    assert (1, 400, 1) in requests

    await device.async_command(DeviceCommand(role="charger", mode="charge", current_a=13))
    reading = await device.async_read()
    assert reading.number("charger", "current_setpoint") == 13
    assert (await device.async_read_settings()).get("charger", "enable") == "on"
    assert (6, 528, 1) in requests
