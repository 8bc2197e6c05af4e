"""What a device makes of wires that fail in every way: one of our errors, the last value with its age, and a way back.

The server is written by hand from the specification, and the client is the one that Home Assistant shares.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from modbus_connection import ModbusTcpParams, tmodbus
import pytest

from custom_components.ems.devices import wire
from custom_components.ems.devices.errors import DeviceConnectionError, DeviceError, DeviceResponseError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.reading import Quality
from tests.devices.bad_wire import BadWire, bad_wire
from tests.devices.images import abb_b23

pytestmark = pytest.mark.usefixtures("socket_enabled")

# fault → what it is for the caller, and what the message says
FAULTS: dict[str, tuple[type[DeviceError], str]] = {
    "silent": (DeviceConnectionError, "no answer"),
    "exception": (DeviceResponseError, r"exception 4 \(server device failure\)"),
    "wrong_unit": (DeviceResponseError, "Unit ID mismatch: expected 0x01, received 0x02"),
    "wrong_transaction": (DeviceConnectionError, "no answer"),  # it belongs to nobody
    "short": (DeviceResponseError, "expected 16, got 15|Invalid register count"),
    "long": (DeviceResponseError, "Invalid register count"),
    "lying_length": (DeviceResponseError, "unusable answer"),
    "half": (DeviceConnectionError, "no answer"),
    "cut": (DeviceConnectionError, "connection lost"),
    "drop": (DeviceConnectionError, "connection lost"),
    "noise": (DeviceConnectionError, "no answer"),
}


@dataclass(kw_only=True)
class Bench:
    """A meter on a wire that can be spoilt, and the time."""

    wire: BadWire
    meter: ModbusDevice
    now_s: float = 1000.0


@pytest.fixture
async def bench(profiles) -> AsyncIterator[Bench]:
    async with bad_wire(abb_b23()) as server:
        params = ModbusTcpParams(host="127.0.0.1", port=server.port)
        connection = tmodbus.ModbusConnection(params, timeout=0.2)
        found: Bench
        meter = ModbusDevice(profiles["abb_b23"], connection.for_unit(1), clock=lambda: found.now_s)
        found = Bench(wire=server, meter=meter)
        yield found
        await connection.close()


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_failure_is_one_of_ours_and_says_what_was_asked(bench: Bench, fault: str):
    kind, says = FAULTS[fault]
    bench.wire.fault = fault
    with pytest.raises(kind, match=says) as caught:
        await bench.meter.async_read()
    assert "holding registers from" in str(caught.value)
    with pytest.raises(DeviceError):
        await bench.meter.async_identify()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_wire_that_is_mended_is_read_again(bench: Bench, fault: str):
    """Half an answer stands in front of the next one: hanging up is what gets rid of it."""
    await bench.meter.async_read()
    bench.wire.fault = fault
    for _ in range(2):
        with pytest.raises(DeviceError):
            await bench.meter.async_read()
    bench.wire.fault = None
    assert (await bench.meter.async_read()).number("meter", "power") == 1251.56


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 7, 8, 9, 10, 11])
async def test_every_exception_code_is_a_clear_word(bench: Bench, code: int):
    """Ten and eleven come from a gateway that finds nobody: for us that is silence."""
    bench.wire.fault, bench.wire.code = "exception", code
    with pytest.raises(DeviceConnectionError if code in (10, 11) else DeviceResponseError) as caught:
        await bench.meter.async_read()
    says = {2: "illegal data address", 10: "gateway", 11: "gateway"}.get(code, str(code))
    assert says in str(caught.value)


async def test_a_device_that_is_always_busy_does_not_hold_its_line_for_a_minute(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    """Exception 6 asks for patience, and the library has a lot of it; others wait behind that request."""
    monkeypatch.setattr(wire, "REQUEST_MAX_S", 0.3)
    bench.wire.fault, bench.wire.code = "exception", 6
    with pytest.raises(DeviceConnectionError, match="no answer"):
        await bench.meter.async_read()
    bench.wire.fault = None
    assert (await bench.meter.async_read()).number("meter", "power") == 1251.56


async def test_a_connection_whose_other_end_is_gone_is_left(bench: Bench):
    """A gateway that was switched off says no goodbye: the old socket stays open and deaf, a new one is answered."""
    await bench.meter.async_read()
    bench.wire.fault = "deaf"
    for _ in range(2):
        with pytest.raises(DeviceConnectionError, match="no answer"):
            await bench.meter.async_read()
    assert bench.wire.connections == 1
    assert (await bench.meter.async_read()).number("meter", "power") == 1251.56
    assert bench.wire.connections == 2


@pytest.mark.parametrize("fault", ["exception", "short", "wrong_unit", "silent"])
async def test_a_spoilt_block_keeps_its_last_value_and_its_age(bench: Bench, fault: str):
    """The energies lie in a block of their own: what fails there says nothing of the powers."""
    await bench.meter.async_read()
    bench.now_s = 1060.0
    bench.wire.fault, bench.wire.only = fault, range(0x5000, 0x5100)
    bench.wire.registers[0x5B15] = 0xE8E5

    reading = await bench.meter.async_read()

    assert reading.number("meter", "power") == 1251.57
    assert reading.roles["meter"]["power"].at_s == 1060.0
    energy = reading.roles["meter"]["import_energy"]
    assert (energy.value, energy.quality, energy.at_s) == (12_345_670, Quality.STALE, 1000.0)


async def test_words_that_are_swapped_on_the_way_are_no_values(bench: Bench):
    """A gateway set to the other order of words: 230 V become fifteen million."""
    words = bench.wire.registers
    for low in [at for at in range(0x5B00, 0x5B26, 2) if {at, at + 1} <= set(words)]:
        words[low], words[low + 1] = words[low + 1], words[low]

    reading = await bench.meter.async_read()

    for point in ("voltage_l1", "voltage_l2", "voltage_l3", "current_l1"):
        assert (point, reading.roles["meter"][point].quality) == (point, Quality.INVALID)
        assert reading.number("meter", point) is None
    assert reading.number("meter", "frequency") == 49.98  # one word has no order


async def test_nobody_listens(bench: Bench, profiles):
    connection = tmodbus.ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=9), timeout=0.2)
    meter = ModbusDevice(profiles["abb_b23"], connection.for_unit(1))
    with pytest.raises(DeviceConnectionError, match="lost or refused"):
        await meter.async_read()
    await connection.close()
