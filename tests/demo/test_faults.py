"""Every way to fail, seen from the other end of the wire."""

import asyncio
from contextlib import suppress
from itertools import pairwise

import aiohttp
from pymodbus.exceptions import ModbusIOException
import pytest

from custom_components.ems.demo import DEVICES, Fault
from custom_components.ems.demo.faults import Faults

from .lab import Lab

REGISTER = {"meter": 0x5B14, "inverter": 0xE174, "charger": 306}
MODBUS = tuple(REGISTER)


@pytest.mark.parametrize("device", MODBUS)
async def test_a_silent_device_takes_the_request_and_says_nothing(lab: Lab, device: str):
    wire = await lab.wire(device, patience_s=0.2)
    lab.demo.faults.set(device, Fault.SILENT)
    with pytest.raises(ModbusIOException):
        await wire.registers(REGISTER[device], 2)
    lab.demo.faults.clear(device)
    assert await wire.registers(REGISTER[device], 2)


@pytest.mark.parametrize("device", MODBUS)
async def test_a_device_answers_with_the_exception_it_was_told(lab: Lab, device: str):
    wire = await lab.wire(device)
    lab.demo.faults.set(device, Fault.EXCEPTION, code=6)
    response = await wire.client.read_holding_registers(REGISTER[device], count=2, device_id=wire.unit)
    assert response.exception_code == 6


@pytest.mark.parametrize("device", MODBUS)
async def test_a_frozen_device_answers_with_yesterdays_values(lab: Lab, device: str):
    wire = await lab.wire(device)
    lab.demo.faults.set(device, Fault.FROZEN)
    before = await wire.registers(REGISTER[device], 2)
    lab.live(3600)
    assert await wire.registers(REGISTER[device], 2) == before
    lab.demo.faults.clear()
    assert await wire.registers(REGISTER[device], 2) != before


async def test_a_frozen_device_still_takes_commands(lab: Lab):
    wire = await lab.wire("charger")
    lab.demo.faults.set("charger", Fault.FROZEN)
    await wire.write(1210, 12.0, "FLOAT32")
    assert await wire.value(1210, "FLOAT32") == 12
    assert lab.home.charger.setpoint_a == 12


@pytest.mark.parametrize("device", MODBUS)
async def test_garbage_is_the_right_length_and_never_the_same(lab: Lab, device: str):
    wire = await lab.wire(device)
    lab.demo.faults.set(device, Fault.GARBAGE)
    seen = [await wire.registers(REGISTER[device], 2) for _ in range(5)]
    assert all(len(words) == 2 for words in seen)
    assert all(a != b for a, b in pairwise(seen))


@pytest.mark.parametrize("device", MODBUS)
async def test_a_slow_device_answers_in_the_end(lab: Lab, device: str):
    hasty, patient = await lab.wire(device, patience_s=0.1), await lab.wire(device, patience_s=10)
    lab.demo.faults.set(device, Fault.SLOW, seconds=0.5)
    with pytest.raises(ModbusIOException):
        await hasty.registers(REGISTER[device], 2)
    assert await patient.registers(REGISTER[device], 2)


@pytest.mark.parametrize("device", MODBUS)
async def test_a_refusing_device_breaks_connections_old_and_new(lab: Lab, device: str):
    at = getattr(lab.demo.addresses, device)
    old_reader, old_writer = await asyncio.open_connection(at.host, at.port)
    lab.demo.faults.set(device, Fault.REFUSE)
    new_reader, new_writer = await asyncio.open_connection(at.host, at.port)
    for reader, writer in ((old_reader, old_writer), (new_reader, new_writer)):
        with suppress(ConnectionResetError):  # as good as an end
            assert await reader.read() == b""
        writer.close()
    lab.demo.faults.clear(device)
    assert await (await lab.wire(device)).registers(REGISTER[device], 2)


async def test_one_devices_failure_leaves_the_others_alone(lab: Lab):
    lab.demo.faults.set("inverter", Fault.EXCEPTION)
    assert await (await lab.wire("meter")).registers(REGISTER["meter"], 2)
    assert await (await lab.wire("charger")).registers(REGISTER["charger"], 2)


async def test_http_fails_in_the_same_ways_and_can_always_be_healed(lab: Lab):
    """Faults over the wire: /demo/fault keeps working while the rest of the server fails."""
    base = lab.demo.addresses.http
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(base, timeout=timeout) as session:

        async def make(fault: str | None, **more: float) -> None:
            async with session.post(
                "/demo/fault", json={"device": "http", "fault": fault, **more}
            ) as response:
                assert response.status == 200

        async def fetch(patience: float = 5) -> tuple[int, bytes]:
            limit = aiohttp.ClientTimeout(total=patience)
            async with session.get("/v1/marketdata", timeout=limit) as response:
                return response.status, await response.read()

        _, healthy = await fetch()
        await make("exception", code=500)
        assert (await fetch())[0] == 500
        await make("frozen")
        lab.live(86_400)
        assert (await fetch())[1] == healthy
        await make("garbage")
        assert (await fetch())[1].endswith(b"\xff")
        await make("slow", seconds=0.01)
        assert (await fetch())[0] == 200
        await make("silent")
        with pytest.raises(TimeoutError):
            await fetch(0.2)
        await make("refuse")
        with pytest.raises(aiohttp.ClientConnectionError):
            await fetch()
        await make(None)
        assert (await fetch())[1] != healthy


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"device": "toaster", "fault": "silent"}, 400),
        ({"device": "meter", "fault": "bored"}, 400),
        ([1], 400),
    ],
)
async def test_a_fault_that_does_not_exist_is_refused(lab: Lab, body, status: int):
    async with aiohttp.ClientSession(lab.demo.addresses.http) as session:
        async with session.post("/demo/fault", json=body) as response:
            assert response.status == status
        async with session.post("/demo/fault", data="device=meter") as response:
            assert response.status == 415


def test_faults_of_unknown_devices_are_refused():
    with pytest.raises(ValueError, match="toaster"):
        Faults().set("toaster", Fault.SILENT)
    assert DEVICES == ("meter", "inverter", "charger", "charger_2", "charger_3", "http")
