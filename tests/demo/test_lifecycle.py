"""Starting, stopping, restarting: nothing lingers, nothing is lost, and what fails says why."""

import asyncio
from dataclasses import replace
import json
from pathlib import Path
from random import Random
import signal
import socket
import sys

import aiohttp
from pymodbus.client import AsyncModbusTcpClient
import pytest

from custom_components.ems.demo import DemoHome, DemoPorts, Fault, HandClock, PortError, hurried_clock
from custom_components.ems.demo.__main__ import main

from .lab import VIENNA, Lab, Wire, instant

pytestmark = pytest.mark.usefixtures("socket_enabled")
ROOT = Path(__file__).parents[2]
START_S = instant("2026-06-15T12:00")


def a_demo(start_s: float = START_S, state: dict | None = None) -> DemoHome:
    """Return a demo home that is not started."""
    return DemoHome(timezone=VIENNA, clock=HandClock(start_s), state=state)


async def test_ports_are_closed_after_stopping_and_it_can_start_again():
    demo = a_demo()
    for _ in range(2):
        await demo.async_start(ports=DemoPorts.free())
        addresses = demo.addresses
        await demo.async_stop()
        for at in (addresses.meter, addresses.inverter, addresses.charger):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(at.host, at.port)
    await demo.async_stop()


async def test_stopping_ends_connections_that_wait_for_an_answer(open_lab):
    """A silent or slow device keeps its clients waiting; a stop must not wait with them."""
    lab: Lab = await open_lab()
    lab.demo.faults.set("meter", Fault.SLOW, seconds=3600)
    lab.demo.faults.set("http", Fault.SILENT)
    wire = await lab.wire("meter", patience_s=30)
    waiting = asyncio.create_task(wire.client.read_holding_registers(0x5B14, count=2, device_id=1))
    async with aiohttp.ClientSession(lab.demo.addresses.http) as session:
        hanging = asyncio.create_task(session.get("/v1/marketdata"))
        await asyncio.sleep(0.1)
        await lab.demo.async_stop()
        results = await asyncio.gather(hanging, return_exceptions=True)
    assert isinstance(results[0], aiohttp.ClientError)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not any("demo" in name for name in names)


@pytest.mark.parametrize("taken", ["meter", "inverter", "charger", "http"])
async def test_a_taken_port_is_named_and_nothing_stays_open(taken: str):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ports = replace(DemoPorts.free(), **{taken: port})
        demo = a_demo()
        with pytest.raises(PortError, match=rf"cannot open 127\.0\.0\.1:{port} for .*{taken}"):
            await demo.async_start(ports=ports)
    with pytest.raises(RuntimeError, match="not started"):
        _ = demo.addresses
    await demo.async_start(ports=DemoPorts.free())
    await demo.async_stop()


async def test_starting_twice_is_a_mistake(lab: Lab):
    with pytest.raises(RuntimeError, match="already started"):
        await lab.demo.async_start(ports=DemoPorts.free())


async def test_two_requests_in_one_packet_get_two_answers_in_order(lab: Lab):
    at = lab.demo.addresses.meter
    reader, writer = await asyncio.open_connection(at.host, at.port)
    frames = [f"{tid:04x}0000000601035b{address:02x}0002" for tid, address in ((1, 0x14), (2, 0x16))]
    writer.write(bytes.fromhex("".join(frames)))
    answers = [await asyncio.wait_for(reader.readexactly(13), 5) for _ in frames]
    assert [int.from_bytes(answer[:2]) for answer in answers] == [1, 2]
    writer.write(bytes.fromhex(frames[0])[:5])  # and one that comes in pieces
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.write(bytes.fromhex(frames[0])[5:])
    assert len(await asyncio.wait_for(reader.readexactly(13), 5)) == 13
    writer.close()


@pytest.mark.parametrize("device", ["meter", "inverter", "charger"])
async def test_noise_on_the_line_does_not_bring_a_device_down(lab: Lab, device: str):
    """Random bytes, frames cut short, unknown functions: the next client is served all the same."""
    chance = Random(1)  # noqa: S311  (noise, not a secret)
    at = getattr(lab.demo.addresses, device)
    for size in (1, 7, 8, 12, 60, 300):
        _, writer = await asyncio.open_connection(at.host, at.port)
        header = bytes.fromhex(f"0001000000{size % 256:02x}01")
        for noise in (chance.randbytes(size), header + chance.randbytes(size)):
            writer.write(noise)
        for function in range(1, 128):
            writer.write(bytes.fromhex(f"000100000003{at.unit_id:02x}{function:02x}00"))
        await writer.drain()
        writer.close()
    wire = await lab.wire(device)
    assert await wire.registers({"meter": 0x5B00, "inverter": 40000, "charger": 300}[device], 2)


async def test_a_function_the_device_lacks_is_answered_with_exception_one(lab: Lab):
    wire = await lab.wire("inverter")
    assert (await wire.client.read_coils(0, count=1, device_id=1)).exception_code == 1
    assert (
        await wire.client.readwrite_registers(
            read_address=0xE004, read_count=1, address=0xE004, values=[4], device_id=1
        )
    ).exception_code == 1
    assert lab.home.inverter.settings.control_mode == 1


async def test_a_mistake_in_one_register_is_a_device_failure_and_nothing_more(lab: Lab, caplog):
    wire = await lab.wire("charger")
    lab.home.charger.energy_wh = None
    response = await wire.client.read_holding_registers(374, count=4, device_id=1)
    assert response.exception_code == 4
    assert "cannot answer" in caplog.text
    assert await wire.registers(300, 1)


async def test_a_broken_simulation_is_logged_and_the_home_can_still_be_stopped(caplog):
    demo = a_demo()
    demo.home.household = None
    demo.clock.advance(100)
    with pytest.raises(AttributeError):
        await demo.async_start(ports=DemoPorts.free())
    demo = a_demo()
    await demo.async_start(ports=DemoPorts.free())
    demo.home.household = None
    demo.clock.advance(100)
    while "simulation broke off" not in caplog.text:  # noqa: ASYNC110  (a log line wakes nobody)
        await asyncio.sleep(0.05)
    await demo.async_stop()


async def test_many_clients_are_served_at_once(lab: Lab):
    wires = [await lab.wire("inverter") for _ in range(5)]
    powers = await asyncio.gather(*(wire.value(0xE174, "FLOAT32", little=True) for wire in wires))
    assert len(set(powers)) == 1


async def test_counters_never_run_backwards_over_a_restart():
    """The people lived on while nobody looked."""
    first = a_demo()
    first.clock.advance(3600)
    first.advance()
    state = json.loads(json.dumps(first.state()))
    for away_s in (0, 5, 7200, 30 * 86_400):
        second = a_demo(START_S + 3600 + away_s, state)
        second.advance()
        for name, wh in first.truth()["energy_wh"].items():
            assert second.truth()["energy_wh"][name] >= wh, name
        if away_s == 7200:
            assert second.truth()["energy_wh"]["household"] > first.truth()["energy_wh"]["household"] + 200


async def test_a_clock_that_was_set_back_does_not_stop_the_home():
    first = a_demo(START_S + 86_400)
    first.home.charger.set_current(16, START_S + 86_400)
    second = a_demo(START_S, first.state())
    before = second.truth()["energy_wh"]["household"]
    assert second.home.charger.remaining_s(START_S) == 0
    assert second.home.car.settled_s <= START_S, "trips to come are paid for again"
    second.clock.advance(600)
    second.advance()
    assert second.truth()["energy_wh"]["household"] > before


async def test_a_foreign_state_is_refused():
    with pytest.raises(ValueError, match="schema 7"):
        a_demo(state={"schema": 7})


async def test_the_running_home_lives_by_itself():
    """A hurried clock: within one tick the home has lived through minutes."""
    demo = DemoHome(timezone=VIENNA, clock=hurried_clock(START_S, 3600))
    await demo.async_start(ports=DemoPorts.free())
    begun = demo.home.at_s
    while demo.home.at_s < begun + 600:  # noqa: ASYNC110  (the home tells nobody that it lives)
        await asyncio.sleep(0.02)
    await demo.async_stop()


def test_default_ports_are_a_block():
    assert DemoPorts() == DemoPorts(meter=15021, inverter=15022, charger=15023, http=15080)
    assert DemoPorts.counted_from(15020) == DemoPorts()
    assert DemoPorts.counted_from(16000, 17000).http == 17000


@pytest.mark.parametrize(
    ("module", "folder"), [("custom_components.ems.demo", ROOT), ("demo", ROOT / "custom_components" / "ems")]
)
async def test_as_a_process_it_prints_its_addresses_and_ends_on_sigterm(module: str, folder: Path):
    arguments = ["-m", module, "--json", "--free-ports", "--start", "2026-06-15T12:00", "--speed", "10"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    addresses = json.loads(await process.stdout.readline())
    client = AsyncModbusTcpClient(addresses["meter"]["host"], port=addresses["meter"]["port"], timeout=5)
    await client.connect()
    assert await Wire(client, addresses["meter"]["unit_id"]).text(0x8960, 6) == "B23 212-100"
    client.close()
    process.send_signal(signal.SIGTERM)
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert errors == b""


async def test_the_process_names_a_taken_port():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "custom_components.ems.demo", "--ports-from", str(port - 1),
            cwd=ROOT, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert str(port) in errors.decode()
    assert "Traceback" not in errors.decode()


def test_help_is_offered(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--speed" in capsys.readouterr().out
