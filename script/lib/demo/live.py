"""A demo that runs until somebody stops it; its home is kept for the next time."""

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
from pathlib import Path
import socket

from script.lib.ha.login import User
from script.lib.ha.ports import free_ports

from .dashboard import URL_PATH
from .say import say
from .stage import Stage, set_stage

USUAL_PORT = 8123
# Home Assistant remembers where the devices answer, so a kept home has to come back to the same place.
HOME_PORTS = ("--ports-from", "15020")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder: two Home Assistants on one database destroy it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"error: a demo is already running in {folder}") from None
        yield


def _free_or_usual(port: int | None) -> int:
    wanted = port or USUAL_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            if port:
                raise SystemExit(f"error: port {port} is taken; choose another with --port") from None
            return free_ports(1)[0]
    return wanted


async def _welcome(stage: Stage, folder: Path) -> str:
    plan, user = await stage.plan(), User()
    devices = ", ".join(f"{each.title} ({each.type})" for each in await stage.devices())
    return f"""
EMS runs in Home Assistant {await stage.home_assistant.version()}

  open        {stage.home_assistant.base}/{URL_PATH}
  user        {user.username}
  password    {user.password}

  devices     {devices}
  plan        {plan["status"]}: {len(plan["steps"])} steps, {plan["expected_cost"]:.2f} {plan["currency"]} \
instead of {plan["baseline_cost"]:.2f}
  wires       meter {stage.home.meter.port}, inverter {stage.home.inverter.port}, \
charger {stage.home.charger.port}, prices and weather {stage.home.http}
  logs        {folder / "log"}

Ctrl-C stops everything; the home is kept in {folder}."""


async def run_live(folder: Path, port: int | None) -> None:
    """Run until cancelled, or until one of the programs ends by itself."""
    with _alone(folder):
        async with set_stage(
            folder, logs=folder / "log", port=_free_or_usual(port), home_ports=HOME_PORTS
        ) as stage:
            print(await _welcome(stage, folder), flush=True)
            try:
                await stage.ended()
            finally:
                say("stopping …")
