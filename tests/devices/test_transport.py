"""RTU on a line: real bytes through a pseudo-terminal and through a gateway that only passes them on."""

import asyncio

from modbus_connection import ModbusSerialParams, ModbusTcpParams, tmodbus
import pytest

from custom_components.ems.devices.errors import DeviceConnectionError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.profile import SerialLine
from custom_components.ems.devices.transport import serial_params, tcp_params
from tests.devices.images import abb_b23, words
from tests.devices.meter_images import carlo_gavazzi_em24, eastron_sdm630
from tests.devices.rtu import PtyLine, RtuLine, checksum

LINE = SerialLine(baudrate=115200, parity="none", stop_bits=1)


def test_the_line_is_opened_as_the_profile_says():
    params = serial_params("/dev/ttyUSB0", SerialLine(baudrate=19200, parity="even", stop_bits=2))
    assert (params.device, params.baudrate, params.parity, params.stopbits) == ("/dev/ttyUSB0", 19200, "E", 2)
    assert params.framer == "rtu"


def test_a_gateway_speaks_tcp_or_passes_the_line_on():
    assert tcp_params("gateway", 502) == ModbusTcpParams(host="gateway", port=502)
    assert tcp_params("gateway", 502, "modbus_rtu_over_tcp") == ModbusSerialParams(
        device="socket://gateway:502", framer="rtu"
    )


def test_the_checksum_is_the_specifications():
    """The worked example of the specification for serial lines: unit 2, function 7."""
    assert checksum(bytes([0x02, 0x07])) == bytes([0x41, 0x12])


async def test_two_meters_on_one_serial_line_are_told_apart(profiles):
    other = abb_b23() | {0x5B14 + n: word for n, word in enumerate(words("i", -250_000))}
    line = RtuLine({1: abb_b23(), 7: other})
    with PtyLine(line) as port:
        connection = tmodbus.ModbusConnection(serial_params(port.device, LINE), timeout=2)
        try:
            meters = [ModbusDevice(profiles["abb_b23"], connection.for_unit(unit)) for unit in (1, 7)]
            readings = await asyncio.gather(*(meter.async_read() for meter in meters))
            identity = await meters[1].async_identify()
        finally:
            await connection.close()

    assert [reading.number("meter", "power") for reading in readings] == [1251.56, -2500.0]
    assert identity.model == "B23 112-100"
    assert {unit for unit, *_ in line.requests} == {1, 7}


async def test_meters_of_two_makers_share_a_line_as_they_leave_the_factory(profiles):
    """An Eastron and a Carlo Gavazzi, both at 9600 8N1 by their profiles, polled at the same time."""
    eastron, gavazzi = profiles["eastron_sdm630"], profiles["carlo_gavazzi_em24"]
    assert eastron.link.serial == gavazzi.link.serial
    line = RtuLine({1: eastron_sdm630()[0], 2: carlo_gavazzi_em24()})
    with PtyLine(line) as port:
        connection = tmodbus.ModbusConnection(serial_params(port.device, eastron.link.serial), timeout=2)
        try:
            identity = await ModbusDevice(gavazzi, connection.for_unit(2)).async_identify()
            readings = await asyncio.gather(
                ModbusDevice(eastron, connection.for_unit(1)).async_read(),
                ModbusDevice(gavazzi, connection.for_unit(2)).async_read(),
            )
        finally:
            await connection.close()

    assert identity.serial == "BX1234567"
    assert [reading.number("meter", "power") for reading in readings] == [1251.56, 1251.6]
    assert [reading.failed for reading in readings] == [(), ()]
    # Eastron is asked by function 4, in one piece; Carlo Gavazzi by function 3, never for more than 11 registers.
    assert {(function, count) for unit, function, _, count in line.requests if unit == 1} == {(4, 76)}
    assert max(count for unit, _, _, count in line.requests if unit == 2) <= 11


async def test_a_unit_that_is_not_on_the_line_is_silent_and_the_others_go_on(profiles):
    with PtyLine(RtuLine({1: abb_b23()})) as port:
        connection = tmodbus.ModbusConnection(serial_params(port.device, LINE), timeout=0.2)
        try:
            with pytest.raises(DeviceConnectionError):
                await ModbusDevice(profiles["abb_b23"], connection.for_unit(9)).async_read()
            reading = await ModbusDevice(profiles["abb_b23"], connection.for_unit(1)).async_read()
        finally:
            await connection.close()
    assert reading.number("meter", "power") == 1251.56


@pytest.mark.usefixtures("socket_enabled")
async def test_a_gateway_that_passes_bytes_through_is_read_as_a_line(profiles):
    line = RtuLine({1: abb_b23()})

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(256):
            writer.write(line.hear(data))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = tmodbus.ModbusConnection(tcp_params("127.0.0.1", port, "modbus_rtu_over_tcp"), timeout=2)
    try:
        reading = await ModbusDevice(profiles["abb_b23"], connection.for_unit(1)).async_read()
    finally:
        await connection.close()
        server.close()
        await server.wait_closed()
    assert reading.number("meter", "power") == 1251.56
