"""Modbus TCP as bad devices, gateways and networks speak it: no number comes of it, and it passes.

By the client that Home Assistant's shared link is (tmodbus).
"""

import asyncio
import contextlib

from modbus_connection import ModbusTcpParams, ModbusTimeoutError
from modbus_connection.tmodbus import ModbusConnection
import pytest

from custom_components.ems.devices.errors import DeviceError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.reading import Quality
from tests.devices.images import abb_b23

IMAGE = abb_b23()
TIMEOUT_S = 0.3


class Meter:
    """An ABB B23 by hand: it answers as it should, until a test has it answer otherwise."""

    def __init__(self):
        self.bad = None  # (request, right answer) → what is sent instead, None for nothing
        self.lines = []  # every connection that was ever made

    async def serve(self, reader, writer):
        self.lines.append(writer)
        try:
            while True:
                head = await reader.readexactly(7)
                pdu = await reader.readexactly(int.from_bytes(head[4:6]) - 1)
                right = frame(head, answer(pdu))
                said = self.bad(head, right) if self.bad else right
                if said:
                    writer.write(said)
        except asyncio.IncompleteReadError, ConnectionError:
            writer.close()


def answer(pdu):
    start, count = int.from_bytes(pdu[1:3]), int.from_bytes(pdu[3:5])
    words = [IMAGE.get(at, 0) for at in range(start, start + count)]
    return bytes((pdu[0], 2 * count)) + b"".join(word.to_bytes(2) for word in words)


def frame(head, pdu, **other):
    transaction = other.get("transaction", head[:2])
    unit = other.get("unit", head[6])
    length = other.get("length", len(pdu) + 1)
    return transaction + b"\0\0" + length.to_bytes(2) + bytes((unit,)) + pdu


@pytest.fixture
def meet(socket_enabled, profiles):
    """Return a maker of a meter and of the device that reads it."""

    @contextlib.asynccontextmanager
    async def make():
        meter = Meter()
        server = await asyncio.start_server(meter.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        link = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=port), timeout=TIMEOUT_S)
        try:
            yield meter, ModbusDevice(profiles["abb_b23"], link.for_unit(1))
        finally:
            await link.close()
            server.close()
            for line in meter.lines:
                line.transport.abort()
            await server.wait_closed()
            await asyncio.sleep(0)

    return make


RIGHT = {
    "power": 1251.56,
    "current_l1": 1.01,
    "import_energy": 12_345_670,
    "voltage_l1": 230.1,
    "frequency": 49.98,
}


def is_right(reading):
    """Return whether a poll brought everything. What it brought has to be right in any case."""
    meter = reading.roles["meter"]
    for key, value in RIGHT.items():
        assert meter[key].value == value or meter[key].quality is not Quality.GOOD
    return all(meter[key].quality is Quality.GOOD for key in RIGHT)


WRONG = {
    "a frame that ends early": lambda _, right: right[:-5],
    "a length that is shorter than what is said": lambda head, right: frame(head, right[7:], length=3),
    "fewer registers than were asked for": lambda head, right: frame(head, bytes((3, 4)) + right[9:13]),
    "more registers than were asked for": lambda head, _: frame(head, bytes((3, 250)) + b"\1" * 250),
    "a byte count that lies": lambda head, right: frame(head, bytes((3, 200)) + right[9:]),
    "nothing but a header": lambda head, _: frame(head, b""),
    "the answer of another unit": lambda head, right: frame(head, right[7:], unit=9),
    "the answer to another question": lambda head, right: frame(head, right[7:], transaction=b"\xaa\xaa"),
    "another function": lambda head, right: frame(head, b"\4" + right[8:]),
    "an exception nobody knows": lambda head, _: frame(head, b"\x83\x63"),
    "noise": lambda *_: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "nothing": lambda *_: None,
}


async def polls_until_right(device):
    """Return how many polls a link needs to find its feet again."""
    for n in range(1, 10):
        try:
            if is_right(await device.async_read()):
                return n
        except DeviceError:
            continue
    raise AssertionError("it never comes back")


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_no_answer_is_an_error_and_the_next_poll_is_right(meet, wrong):
    """Never a number out of it: what a frame like this holds belongs to nobody."""
    async with meet() as (meter, device):
        assert is_right(await device.async_read())
        meter.bad = WRONG[wrong]
        with pytest.raises(DeviceError):
            await device.async_read()
        meter.bad = None
        assert await polls_until_right(device) <= 3


async def test_a_half_open_line_is_given_up_for_a_new_one(meet):
    """A router that restarted has forgotten the connection: whatever is sent on it is lost without a word."""
    async with meet() as (meter, device):
        assert is_right(await device.async_read())
        deaf = len(meter.lines)

        def bad(head, right):
            return right if len(meter.lines) > deaf else None

        meter.bad = bad
        assert await polls_until_right(device) <= 3


async def test_a_line_that_was_cut_between_two_polls_costs_at_most_one(meet):
    async with meet() as (meter, device):
        assert is_right(await device.async_read())
        meter.lines[-1].transport.abort()
        await asyncio.sleep(0.05)
        assert await polls_until_right(device) <= 2


async def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(meet):
    """Its registers are right, for another question: taken for this one, volts would become watts."""
    async with meet() as (meter, device):
        assert is_right(await device.async_read())
        late = []

        def bad(head, right):
            if not late:
                late.append(frame(head, bytes((3, right[8])) + b"\x11" * right[8]))
                return None
            return late[0] + right

        meter.bad = bad
        for _ in range(3):
            try:
                reading = await device.async_read()
            except DeviceError:
                continue
            is_right(reading)
        meter.bad = None
        assert await polls_until_right(device) <= 2


async def test_a_dead_device_does_not_cost_its_neighbours_the_line_again_and_again(profiles, mock_unit):
    """Behind a gateway all units share one connection: it is dropped ever more rarely, and anew after an answer."""
    unit, dropped = mock_unit(IMAGE), []
    device = ModbusDevice(profiles["abb_b23"], unit)

    async def disconnect():
        dropped.append(polls)

    unit.disconnect = disconnect
    for polls in range(1, 40):
        unit.fail_requests(None if polls == 20 else ModbusTimeoutError("no answer"))
        with contextlib.suppress(DeviceError):
            await device.async_read()
    assert dropped == [2, 4, 8, 16, 22, 24, 28, 36]
