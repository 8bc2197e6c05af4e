"""A demo that runs until somebody stops it; its home is kept for the next time."""

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
from pathlib import Path
import shutil

from script.lib.ha.login import User
from script.lib.ha.ports import free_ports, is_free

from .dashboard import URL_PATH
from .say import say
from .stage import Stage, set_stage

USUAL_PORT = 8123
# The home takes five ports behind the first of its block, and one for prices and weather.
BLOCKS = range(15020, 15920, 100)
OFFSETS = (1, 2, 3, 4, 5, 60)


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


def _port(wanted: int | None) -> int:
    """Return where Home Assistant is to listen."""
    if is_free(wanted or USUAL_PORT):
        return wanted or USUAL_PORT
    if wanted:
        raise SystemExit(f"error: port {wanted} is taken; choose another with --port")
    return free_ports(1)[0]


def _home_ports(folder: Path) -> tuple[str, str]:
    """Return where the home's devices answer. Home Assistant remembers, so it is always the same place."""
    kept = folder / "ports"
    blocks = [int(kept.read_text())] if kept.exists() else BLOCKS
    for first in blocks:
        if all(is_free(first + offset) for offset in OFFSETS):
            kept.write_text(str(first))
            return "--ports-from", str(first)
    raise SystemExit(
        f"error: the demo home's ports behind {blocks[0]} are taken; stop who has them, or use --fresh"
    )


async def _welcome(stage: Stage, folder: Path) -> str:
    plan, user = await stage.plan(), User()
    chargers = ", ".join(f"{name} {wire.port}" for name, wire in stage.home.chargers.items())
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
{chargers}, prices and weather {stage.home.http}
  logs        {folder / "log"}

Ctrl-C stops everything; the home is kept in {folder}."""


def _forget(folder: Path) -> None:
    """Remove everything but the lock that we hold."""
    for each in folder.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        elif each.name != "lock":
            each.unlink()


async def run_live(folder: Path, *, port: int | None, fresh: bool) -> None:
    """Run until cancelled, or until one of the programs ends by itself."""
    with _alone(folder):
        if fresh:
            _forget(folder)
        async with set_stage(
            folder, logs=folder / "log", port=_port(port), home_ports=_home_ports(folder)
        ) as stage:
            print(await _welcome(stage, folder), flush=True)
            try:
                await stage.ended()
            finally:
                say("stopping …")
