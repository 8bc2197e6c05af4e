"""The simulated home as a process of its own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import sys
from typing import Any

from script.lib.ha.process import Process
from script.lib.ha.wait import until

ROOT = Path(__file__).parents[3]
COMPONENT = ROOT / "custom_components" / "ems"
START_TIMEOUT_S = 60
# What EMS calls them, and what the home does.
CHARGERS = {"Garage": "charger", "Carport": "charger_2", "Courtyard": "charger_3"}


@dataclass(frozen=True, kw_only=True)
class Wire:
    """Where a Modbus device answers."""

    host: str
    port: int
    unit_id: int


@dataclass(frozen=True, kw_only=True)
class DemoHome:
    """A running home: its devices, and a web server with prices and weather. Chargers go by their names in EMS."""

    process: Process
    meter: Wire
    inverter: Wire
    chargers: Mapping[str, Wire]
    http: str


def _parse(line: str) -> dict[str, Any]:
    """Return the addresses that the home prints first."""
    found: dict[str, Any] = json.loads(line)
    wires = {name: Wire(**found[name]) for name in ("meter", "inverter")}
    chargers = {title: Wire(**found[name]) for title, name in CHARGERS.items()}
    return {**wires, "chargers": chargers, "http": found["http"]}


@asynccontextmanager
async def run_demo_home(*, log: Path, ports: Sequence[str] = ("--free-ports",)) -> AsyncIterator[DemoHome]:
    """Start a home and stop it in the end; `ports` are its arguments that say where to listen."""
    command = [sys.executable, "-m", "custom_components.ems.demo", "--json", *ports]
    process = await Process.start("the demo home", command, log=log, cwd=ROOT)

    async def addresses() -> dict[str, Any] | None:
        process.raise_if_ended()
        line = next((line for line in process.tail().splitlines() if line.startswith("{")), None)
        return _parse(line) if line else None

    try:
        found = await until("the demo home's addresses", addresses, timeout_s=START_TIMEOUT_S)
        yield DemoHome(process=process, **found)
    finally:
        await process.stop()
