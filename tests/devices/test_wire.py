"""Over a real Modbus TCP server on loopback: read, write, read back, refusals, silence."""

from pymodbus.constants import ExcCodes
import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import (
    DeviceConnectionError,
    DeviceResponseError,
    DeviceWriteError,
)
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.reading import Quality
from tests.devices.images import abb_b23, alfen_socket, alfen_station, solaredge, swapped, words


async def test_a_meter_tells_who_it_is_and_what_it_measures(wire, profiles):
    line = await wire({1: abb_b23()})
    meter = ModbusDevice(profiles["abb_b23"], line.unit(1), clock=lambda: 1000.0)

    identity = await meter.async_identify()
    reading = await meter.async_read()

    assert (identity.manufacturer, identity.model, identity.serial, identity.firmware) == (
        "ABB",
        "B23 112-100",
        "12345678",
        "B1.23.4",
    )
    assert reading.at_s == 1000.0
    assert reading.failed == ()
    assert reading.number("meter", "power") == 1251.56
    assert reading.number("meter", "power_l3") == -548.44
    assert reading.number("meter", "current_l1") == 1.01
    assert reading.number("meter", "import_energy") == 12_345_670
    assert reading.number("meter", "frequency") == 49.98


async def test_an_inverter_is_commanded_and_an_independent_read_sees_it(wire, profiles):
    line = await wire({1: solaredge()})
    inverter = ModbusDevice(profiles["solaredge_storedge"], line.unit(1))

    writes = await inverter.async_command(DeviceCommand(role="battery", mode="charge", power_w=2345.5))

    proof = {write.point: (write.before, write.written, write.read_back) for write in writes}
    assert proof["charge_limit"] == (5000.0, 2345.5, 2345.5)
    assert proof["command_mode"] == (7.0, 3.0, 3.0)
    assert proof["command_timeout"] == (3600.0, 60.0, 60.0)
    other = line.unit(1)
    assert await other.read_holding_registers(0xE00E, 2) == swapped("f", 2345.5)
    assert await other.read_holding_registers(0xE00D, 1) == [3]


async def test_a_float_setpoint_goes_out_in_one_request(wire, profiles):
    """Alfen sees half a float otherwise."""
    line = await wire({1: alfen_socket(), 200: alfen_station()})
    charger = ModbusDevice(profiles["alfen_eve"], line.unit(1), identity_unit=line.unit(200))

    identity = await charger.async_identify()
    line.requests.clear()
    await charger.async_command(DeviceCommand(role="charger", mode="charge", current_a=16))

    assert identity.serial == "ACE0123456"
    assert [request for request in line.requests if request[0] in {6, 16}] == [(16, 1210, 2)]
    assert await line.unit(1).read_holding_registers(1210, 2) == words("f", 16.0)


async def test_a_device_that_forgets_a_write_is_found_out(wire, profiles):
    """Acknowledged is not done: some boxes say yes and keep the old value."""
    line = await wire({1: solaredge()})
    line.stuck = {0xE00E, 0xE00F}
    inverter = ModbusDevice(profiles["solaredge_storedge"], line.unit(1))

    with pytest.raises(DeviceWriteError, match=r"battery.charge_limit: wrote 1000 W twice, .* holds 5000"):
        await inverter.async_command(DeviceCommand(role="battery", mode="charge", power_w=1000))

    assert [r for r in line.requests if r[:2] == (16, 0xE00E)] == [(16, 0xE00E, 2)] * 2


async def test_a_refused_write_names_the_point_and_the_code(wire, profiles):
    line = await wire({1: solaredge()})
    inverter = ModbusDevice(profiles["solaredge_storedge"], line.unit(1))
    await inverter.async_prepare()
    original = line.action

    async def refuse_writes(code, *rest):
        return ExcCodes.ILLEGAL_VALUE if code == 16 else await original(code, *rest)

    line.action = refuse_writes
    with pytest.raises(DeviceWriteError, match=r"battery\.charge_limit.*illegal data value"):
        await inverter.async_command(DeviceCommand(role="battery", mode="charge", power_w=1000))


async def test_one_silent_block_does_not_blank_the_rest(wire, profiles):
    line = await wire({1: abb_b23()})
    now = [1000.0]
    meter = ModbusDevice(profiles["abb_b23"], line.unit(1), clock=lambda: now[0])
    await meter.async_read()
    line.silent = {0x5000}
    now[0] = 1005.0

    reading = await meter.async_read()

    assert reading.failed == ("holding 20480+8",)
    assert reading.roles["meter"]["import_energy"].quality is Quality.STALE
    assert reading.roles["meter"]["import_energy"].value == 12_345_670
    assert reading.roles["meter"]["import_energy"].at_s == 1000.0
    assert reading.roles["meter"]["power"].quality is Quality.GOOD
    assert reading.roles["meter"]["power"].at_s == 1005.0


async def test_an_exception_code_fails_its_block_only(wire, profiles):
    line = await wire({1: abb_b23()})
    line.exceptions = {0x5004: ExcCodes.DEVICE_FAILURE}
    meter = ModbusDevice(profiles["abb_b23"], line.unit(1))

    reading = await meter.async_read()

    assert reading.failed == ("holding 20480+8",)
    assert reading.roles["meter"]["import_energy"].value is None
    assert reading.number("meter", "power") == 1251.56


async def test_a_device_that_says_nothing_is_a_lost_connection(wire, profiles):
    line = await wire({1: abb_b23()})
    meter = ModbusDevice(profiles["abb_b23"], line.unit(1))
    line.silent = set(range(0x10000))

    with pytest.raises(DeviceConnectionError, match="no answer"):
        await meter.async_read()

    line.silent = set()
    assert (await meter.async_read()).number("meter", "power") == 1251.56


async def test_a_device_that_refuses_everything_answered_but_not_as_promised(wire, profiles):
    line = await wire({1: {0: 0}})
    meter = ModbusDevice(profiles["abb_b23"], line.unit(1))

    with pytest.raises(DeviceResponseError, match="every block was refused"):
        await meter.async_read()


async def test_a_wrong_unit_id_is_no_raw_error(wire, profiles):
    line = await wire({1: abb_b23()})
    meter = ModbusDevice(profiles["abb_b23"], line.unit(9))

    with pytest.raises((DeviceConnectionError, DeviceResponseError)):
        await meter.async_read()


async def test_a_closed_port_is_a_lost_connection(wire, profiles):
    line = await wire({1: abb_b23()})
    await line.connection.close()
    meter = ModbusDevice(profiles["abb_b23"], line.unit(1))

    with pytest.raises(DeviceConnectionError):
        await meter.async_read()
    with pytest.raises(DeviceConnectionError):
        await meter.async_identify()


async def test_another_device_is_told_apart_by_what_was_expected_and_read(wire, profiles):
    line = await wire({1: abb_b23()})
    wrong = ModbusDevice(profiles["solaredge_storedge"], line.unit(1))

    with pytest.raises(DeviceResponseError, match=r"expected the SunSpec marker .* 40000 .*, read a refusal"):
        await wrong.async_identify()


async def test_holes_a_device_refuses_are_stepped_over(wire, profiles):
    """An ABB without the phase-angle registers refuses the block that reads along with them, once."""
    registers = {at: word for at, word in abb_b23().items() if not 0x5B2D <= at < 0x5B3A}
    line = await wire({1: registers})
    meter = ModbusDevice(profiles["abb_b23"], line.unit(1))

    first = await meter.async_read()
    line.requests.clear()
    second = await meter.async_read()

    assert first.failed == second.failed == ()
    assert second.number("meter", "power_factor") == 0.993
    assert (3, 0x5B00, 62) not in line.requests


async def test_a_point_the_device_lacks_is_missing_and_keeps_its_neighbours(wire, profiles):
    """Steel models of the ABB meters count import only."""
    registers = {at: word for at, word in abb_b23().items() if not 0x5004 <= at < 0x5008}
    line = await wire({1: registers})
    meter = ModbusDevice(profiles["abb_b23"], line.unit(1))

    reading = await meter.async_read()

    assert reading.failed == ()
    assert reading.roles["meter"]["export_energy"].quality is Quality.MISSING
    assert reading.number("meter", "import_energy") == 12_345_670
