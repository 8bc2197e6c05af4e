"""What a poll makes of silence, refusal and recovery."""

from modbus_connection import (
    GatewayTargetError,
    IllegalDataAddressError,
    ModbusConnectionError,
    ModbusDesyncError,
    ModbusTimeoutError,
    ServerDeviceBusyError,
)
import pytest

from custom_components.ems.devices.errors import DeviceConnectionError, DeviceResponseError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.reading import Quality
from tests.devices.images import abb_b23, solaredge


@pytest.fixture
def unit(mock_unit):
    return mock_unit(abb_b23())


@pytest.fixture
def meter(profiles, unit):
    return ModbusDevice(profiles["abb_b23"], unit, clock=lambda: 1000.0)


async def test_a_block_that_was_never_read_has_nothing_to_show(meter, unit):
    unit.fail_read(0x5000, ModbusTimeoutError("slow"))
    value = (await meter.async_read()).roles["meter"]["import_energy"]
    assert (value.value, value.quality) == (None, Quality.MISSING)


@pytest.mark.parametrize(
    "error", [ServerDeviceBusyError(), ModbusDesyncError("whose is this"), ModbusTimeoutError()]
)
async def test_a_failed_block_is_named_and_the_others_are_not(meter, unit, error):
    unit.fail_read(0x5000, error)
    reading = await meter.async_read()
    assert reading.failed == ("holding 20480+8",)
    assert reading.number("meter", "power") == 1251.56


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ModbusTimeoutError("no answer"), DeviceConnectionError),
        (ModbusConnectionError("down"), DeviceConnectionError),
        (GatewayTargetError(), DeviceConnectionError),  # the gateway is well, the meter behind it is not
        (TimeoutError(), DeviceConnectionError),
        (ConnectionResetError(), DeviceConnectionError),
        (ServerDeviceBusyError(), DeviceResponseError),
        (IllegalDataAddressError(), DeviceResponseError),
    ],
)
async def test_a_poll_without_any_answer_raises_one_of_ours(meter, unit, error, raised):
    unit.fail_requests(error)
    with pytest.raises(raised):
        await meter.async_read()


async def test_a_lost_line_is_not_asked_again_and_again(meter, unit):
    """Each further request would wait for its own time-out, and every device on the link with it."""
    unit.fail_requests(ModbusTimeoutError("no answer"))
    with pytest.raises(DeviceConnectionError):
        await meter.async_read()
    assert len(unit.read_events) == 2


async def test_an_answer_of_the_wrong_length_is_refused(meter, unit, monkeypatch):
    async def short(_, count):
        return [0] * (count - 1)

    monkeypatch.setattr(unit, "read_holding_registers", short)
    with pytest.raises(DeviceResponseError):
        await meter.async_read()


async def test_what_was_denied_while_booting_is_asked_for_again_some_day(meter, unit):
    for address in range(0x5004, 0x5008):
        unit.fail_read(address, IllegalDataAddressError())
    assert (await meter.async_read()).roles["meter"]["export_energy"].quality is Quality.MISSING
    for address in range(0x5004, 0x5008):
        unit.fail_read(address, None)

    readings = [await meter.async_read() for _ in range(101)]

    assert readings[0].number("meter", "export_energy") is None
    assert readings[-1].number("meter", "export_energy") == 890_120


async def test_a_sum_is_as_stale_as_its_oldest_term(profiles, mock_unit):
    now = [1000.0]
    unit = mock_unit(solaredge())
    device = ModbusDevice(profiles["solaredge_storedge"], unit, clock=lambda: now[0])
    await device.async_read()
    now[0] = 1005.0
    unit.fail_read(0xE174, ServerDeviceBusyError())

    pv = (await device.async_read()).roles["pv"]["power"]

    assert (pv.value, pv.quality, pv.at_s) == (4620.0, Quality.STALE, 1000.0)


async def test_silence_at_the_probe_does_not_delete_a_part(profiles, mock_unit):
    """A time-out says nothing about whether there is a battery, so it must not be taken for a no."""
    unit = mock_unit(solaredge())
    device = ModbusDevice(profiles["solaredge_storedge"], unit)
    unit.fail_read(0xE144, ModbusTimeoutError("asleep"))
    with pytest.raises(DeviceConnectionError):
        await device.async_read()
    unit.fail_read(0xE144, None)
    assert (await device.async_read()).number("battery", "soc") == 61.5


async def test_a_device_without_settings_is_not_asked_for_them(meter, unit):
    reading = await meter.async_read_settings()
    assert (reading.roles, reading.failed) == ({}, ())
    assert unit.read_events == []
