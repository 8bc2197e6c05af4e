"""A running Home Assistant, logged in."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import sys
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from .login import User, obtain_tokens
from .process import Process
from .rest import Rest
from .wait import until
from .websocket import Websocket

# A first start compiles, creates its database and sets up every platform: 20 s on two idle cores.
START_TIMEOUT_S = 240


@dataclass(frozen=True, kw_only=True)
class HomeAssistant:
    """What a user of the instance needs."""

    base: str
    config_dir: Path
    process: Process
    session: ClientSession
    rest: Rest
    websocket: Websocket
    tokens: dict[str, Any]

    @property
    def log(self) -> Path:
        """Return the file with everything it logged."""
        return self.process.log

    async def version(self) -> str:
        """Return Home Assistant's version."""
        version: str = (await self.rest.get("/api/config"))["version"]
        return version


async def _start(config_dir: Path, log: Path) -> Process:
    # The workshop has every requirement already; what is missing should fail, not be fetched on the quiet.
    command = [sys.executable, "-m", "homeassistant", "-c", str(config_dir), "--skip-pip", "--log-no-color"]
    return await Process.start("Home Assistant", command, log=log, cwd=config_dir)


async def _wait_until_running(session: ClientSession, base: str, process: Process) -> None:
    async def answers() -> bool:
        process.raise_if_ended()
        try:
            async with session.get(f"{base}/manifest.json") as response:
                return response.ok
        except ClientError, TimeoutError:
            return False

    await until("Home Assistant's web server", answers, timeout_s=START_TIMEOUT_S)


async def _wait_until_started(rest: Rest, process: Process) -> None:
    async def started() -> bool:
        process.raise_if_ended()
        return bool((await rest.get("/api/config"))["state"] == "RUNNING")

    await until("Home Assistant to have started", started, timeout_s=START_TIMEOUT_S)


async def _long_lived_token(session: ClientSession, base: str, token: str) -> str:
    async with Websocket.connect(session, base, token) as websocket:
        # Names must be unique, and the token of an earlier start still exists.
        tokens = await websocket.call("auth/refresh_tokens")
        name = f"driver {len(tokens)}"
        made: str = await websocket.call("auth/long_lived_access_token", client_name=name, lifespan=1)
    return made


@asynccontextmanager
async def run_home_assistant(
    config_dir: Path, *, port: int, log: Path, user: User | None = None
) -> AsyncIterator[HomeAssistant]:
    """Start Home Assistant on a written configuration folder, log in, and stop it in the end."""
    base = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession(timeout=ClientTimeout(total=120)))
        process = await _start(config_dir, log)
        stack.push_async_callback(process.stop)
        await _wait_until_running(session, base, process)
        tokens = await obtain_tokens(session, base, user or User(), config_dir)
        token = await _long_lived_token(session, base, tokens["access_token"])
        rest = Rest(session, base, token)
        await _wait_until_started(rest, process)
        yield HomeAssistant(
            base=base,
            config_dir=config_dir,
            process=process,
            session=session,
            rest=rest,
            websocket=await stack.enter_async_context(Websocket.connect(session, base, token)),
            tokens=tokens,
        )
