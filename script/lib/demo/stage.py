"""The whole stage: a simulated home, Home Assistant, and EMS' site in it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from script.lib.ha.config_dir import write_config_dir
from script.lib.ha.instance import HomeAssistant, run_home_assistant
from script.lib.ha.rest import RestError
from script.lib.ha.wait import until

from .dashboard import save_dashboard
from .home import COMPONENT, DemoHome, run_demo_home
from .say import say
from .site import Device, Entity, add_site, devices_of, diagnostics_of, entities_of, find_site
from .wires import Snapshot, read_setpoints

# Planning takes milliseconds; what takes seconds is polling every device once before.
PLAN_TIMEOUT_S = 120


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything that runs, and what the wires looked like before EMS touched them."""

    home: DemoHome
    home_assistant: HomeAssistant
    entry_id: str
    before: Mapping[str, Snapshot]

    async def plan(self) -> dict[str, Any]:
        """Return the current plan, waiting for the first one."""

        async def probe() -> dict[str, Any] | None:
            self.home_assistant.process.raise_if_ended()
            try:
                found: dict[str, Any] = await self.home_assistant.rest.call_with_response(
                    "ems.get_plan", config_entry_id=self.entry_id
                )
            except RestError:
                return None  # no plan yet
            return found

        return await until("the first plan", probe, timeout_s=PLAN_TIMEOUT_S, every_s=1)

    async def devices(self) -> list[Device]:
        """Return the site's devices."""
        return await devices_of(self.home_assistant, self.entry_id)

    async def entities(self) -> list[Entity]:
        """Return the site's entities."""
        return await entities_of(self.home_assistant, self.entry_id)

    async def diagnostics(self) -> Any:
        """Return the site's diagnostics."""
        return await diagnostics_of(self.home_assistant, self.entry_id)

    async def ended(self) -> None:
        """Wait until one of the programs ends by itself, and complain."""
        while True:
            self.home.process.raise_if_ended()
            self.home_assistant.process.raise_if_ended()
            await asyncio.sleep(1)


@asynccontextmanager
async def set_stage(
    folder: Path, *, logs: Path, port: int, home_ports: Sequence[str]
) -> AsyncIterator[Stage]:
    """Start everything in a folder, add the site if it is not there yet, and stop everything in the end."""
    config_dir = folder / "home-assistant"
    write_config_dir(config_dir, port=port, component=COMPONENT)
    async with AsyncExitStack() as stack:
        say("  starting the demo home …")
        home = await stack.enter_async_context(run_demo_home(log=logs / "demo-home.log", ports=home_ports))
        before = await read_setpoints(home)
        say("  starting Home Assistant (20 s the first time) …")
        running = await stack.enter_async_context(
            run_home_assistant(config_dir, port=port, log=logs / "home-assistant.log")
        )
        entry_id = await _site(running, home)
        stage = Stage(home=home, home_assistant=running, entry_id=entry_id, before=before)
        say("  waiting for the first plan …")
        await stage.plan()
        await save_dashboard(running, await stage.devices(), await stage.entities())
        yield stage


async def _site(running: HomeAssistant, home: DemoHome) -> str:
    """Return the site of an earlier start, or add it."""
    if entry_id := await find_site(running):
        return entry_id
    say("  adding the site …")
    return await add_site(running, home.http)
