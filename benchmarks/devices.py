"""What 200 polled devices cost a Home Assistant: time on its event loop, share of a core, missed polls, memory.

Devices are served by another process on the other core, MQTT runs through a real Mosquitto, Home Assistant is the real
one with its recorder on SQLite. Two windows: one left alone, for the share of a core by process time, and one with a
watch on the event loop. With --json one object on the last line of stdout.
"""

import argparse
import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
import json
import os
from pathlib import Path
import shutil
import signal
import sys
import tempfile
from typing import Any, Final

from benchmarks.fleet import Fleet, make_fleet, ports_needed
from script.lib.ha.config_dir import write_config_dir
from script.lib.ha.ports import free_ports

ROOT: Final = Path(__file__).parents[1]
EVERY_S: Final = 5.0
P99_BUDGET_MS: Final = 5.0
CPU_BUDGET_PCT: Final = 30.0
_STAMP: Final = "2026-01-01T00:00:00+00:00"
_START_TIMEOUT_S: Final = 300


def config_entry(domain: str, title: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a config entry as Home Assistant stores it. Its id is its domain."""
    return {
        "created_at": _STAMP,
        "data": data,
        "discovery_keys": {},
        "disabled_by": None,
        "domain": domain,
        "entry_id": domain,
        "minor_version": 1,
        "modified_at": _STAMP,
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": title,
        "unique_id": domain,
        "version": 1,
        **more,
    }


def write_config(folder: Path, fleet: Fleet, port: int, broker_port: int | None) -> None:
    """Write a configuration in which a site has every device of the fleet already."""
    write_config_dir(folder, port=port, component=ROOT / "custom_components" / "ems")
    path = folder / "configuration.yaml"
    quiet = path.read_text(encoding="utf-8").replace(
        "custom_components.ems: debug", "custom_components.ems: info"
    )
    path.write_text(quiet.replace("commit_interval: 1", "commit_interval: 5"), encoding="utf-8")
    site = {
        "kind": "home",
        "grid": {"phases": 3, "fuse_a": 400.0, "import_max_kw": 276.0, "export_max_kw": 276.0},
        "tariff": {"kind": "fixed", "import_price": 0.30, "export_price": 0.08},
        "weather": {"kind": "none"},
    }
    entries = [config_entry("ems", "Facility", site, subentries=fleet.subentries)]
    if broker_port:
        broker = {"broker": "127.0.0.1", "port": broker_port, "protocol": "5"}
        entries.append(config_entry("mqtt", "Mosquitto", broker, minor_version=2))
    store_entries(folder, entries)


def store_entries(folder: Path, entries: list[dict[str, Any]]) -> None:
    """Store config entries where Home Assistant finds them when it starts."""
    store = {"version": 1, "minor_version": 5, "key": "core.config_entries", "data": {"entries": entries}}
    (folder / ".storage" / "core.config_entries").write_text(json.dumps(store), encoding="utf-8")


def _pin(core: int) -> Any:
    """Return what keeps a child on one core, where there are several."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[core % len(cores)]})


@asynccontextmanager
async def _running(*command: str, core: int, log: Path, **pipes: Any) -> AsyncIterator[Process]:
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stderr=output, preexec_fn=_pin(core), limit=2**22, **pipes
        )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(child.wait(), 60)
            except TimeoutError:
                child.kill()
                await child.wait()


def _mosquitto() -> str | None:
    found = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    return found if Path(found).exists() else None


@asynccontextmanager
async def _stage(folder: Path, fleet: Fleet, port: int, broker_port: int | None) -> AsyncIterator[Process]:
    """Run broker, fleet and Home Assistant."""
    served = folder / "fleet.json"
    served.write_text(fleet.as_json(), encoding="utf-8")
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        if broker_port and (program := _mosquitto()):
            settings = folder / "mosquitto.conf"
            settings.write_text(
                f"listener {broker_port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n"
            )
            await enter(
                _running(program, "-c", str(settings), core=1, log=folder / "mosquitto.log", stdout=DEVNULL)
            )
        module = (sys.executable, "-m")
        devices = await enter(
            _running(
                *module,
                "benchmarks.fleet_server",
                str(served),
                str(broker_port or 0),
                core=1,
                log=folder / "fleet.log",
                stdout=PIPE,
            )
        )
        assert devices.stdout  # noqa: S101  # asked for above
        await asyncio.wait_for(devices.stdout.readline(), 60)
        config = folder / "home-assistant"
        write_config(config, fleet, port, broker_port)
        yield await enter(
            _running(
                *module,
                "benchmarks.watched_core",
                "-c",
                str(config),
                "--skip-pip",
                "--log-no-color",
                core=0,
                log=folder / "home-assistant.log",
                stdin=PIPE,
                stdout=PIPE,
            )
        )


async def _tell(core: Process, line: str) -> None:
    assert core.stdin  # noqa: S101  # a pipe, see _stage
    core.stdin.write(f"{line}\n".encode())
    await core.stdin.drain()


async def _report(core: Process) -> dict[str, Any]:
    assert core.stdout  # noqa: S101  # a pipe, see _stage
    await _tell(core, "report")
    while line := await core.stdout.readline():
        if line.startswith(b"@@"):
            found: dict[str, Any] = json.loads(line[2:])
            return found
    raise RuntimeError("Home Assistant ended; its log says why")


async def _until_set_up(core: Process, log: Path, devices: int) -> None:
    """Wait for Home Assistant to have started with every device."""
    for _ in range(_START_TIMEOUT_S // 2):
        await asyncio.sleep(2)
        text = await asyncio.to_thread(log.read_text, encoding="utf-8", errors="replace")
        if core.returncode is not None:
            raise RuntimeError(f"Home Assistant ended with {core.returncode}:\n{text[-4000:]}")
        if "Home Assistant initialized in" in text:
            break
    await asyncio.sleep(5)
    found = await _report(core)
    if found["devices"] != devices:
        raise RuntimeError(f"{found['devices']} of {devices} devices are set up; {log} says why")


def _serials_from_documents(fleet: Fleet) -> None:
    """Give HTTP devices the serial that set-up would have stored: what their document says."""
    keys = {
        "shelly_gen1_3em_http": ("/shelly", "mac"),
        "shelly_3em_http": ("/rpc/Shelly.GetDeviceInfo", "mac"),
        "homewizard_p1": ("/api", "serial"),
        "goe_charger_http": ("/api/status?filter=sse,typ,fwv,oem", "sse"),
    }
    for subentry in fleet.subentries:
        source = subentry["data"]["source"]
        if source["link"]["transport"] == "http":
            path, key = keys[source["profile"]]
            source["serial"] = json.loads(fleet.http[source["link"]["port"]][path][0])[key]
            subentry["unique_id"] = f"{subentry['subentry_type']}:{source['serial']}"


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure one or both windows."""
    has_broker = _mosquitto() is not None
    ports = free_ports(ports_needed() + 2)
    fleet = await make_fleet(ports[2:], with_mqtt=has_broker)
    _serials_from_documents(fleet)
    with tempfile.TemporaryDirectory(prefix="ems-bench-") as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        async with _stage(folder, fleet, ports[0], ports[1] if has_broker else None) as core:
            _say("  starting Home Assistant with every device …")
            await _until_set_up(core, folder / "home-assistant.log", len(fleet.subentries))
            await _tell(core, f"polls {EVERY_S}")
            _say(f"  warming up for {options.warm_up} s …")
            await asyncio.sleep(options.warm_up)
            found = {how: await _window(core, how, options.window) for how in options.windows}
    return _judged(found, has_broker=has_broker)


async def _window(core: Process, how: str, seconds: float) -> dict[str, Any]:
    _say(f"  measuring for {seconds:g} s, {how} …")
    await _tell(core, f"begin {how}")
    await asyncio.sleep(seconds)
    found = await _report(core)
    return found | {
        "polls_per_s": round(found["answered"] / found["seconds"], 2),
        "polls_missed": found["failed"],
        # Home Assistant counts the interval from the answer on, so it is a little longer than what was asked for.
        "every_s": round(found["polled"] * found["seconds"] / found["answered"], 2),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def _judged(found: dict[str, Any], *, has_broker: bool) -> dict[str, Any]:
    """Put the two budgets beside what was found."""
    answer: dict[str, Any] = {
        "mqtt": "mosquitto" if has_broker else "not measured: no mosquitto here",
        **found,
    }
    if plain := found.get("plain"):
        answer["cpu"] = {"pct": plain["cpu_pct"], "budget_pct": CPU_BUDGET_PCT}
    if watched := found.get("watched"):
        answer["callbacks"] = {
            "p99_ms": watched["clock_ms"]["p99"],
            "p99_cpu_ms": watched["cpu_ms"]["p99"],
            "budget_ms": P99_BUDGET_MS,
        }
    return answer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="script/bench devices", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--window", type=float, default=60, help="length of each window [s]")
    parser.add_argument("--warm-up", type=float, default=30, help="time before the first window [s]")
    parser.add_argument(
        "--windows", nargs="+", default=["plain", "watched"], choices=["plain", "watched", "profiled"]
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="leave configuration, database and logs there"
    )
    options = parser.parse_args()
    found = asyncio.run(measure(options))
    for window in found.values():
        if isinstance(window, dict) and "profile" in window:
            _say(window.pop("profile"))
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


def _say(text: str) -> None:
    """Show progress where it does not disturb who reads the answer."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
