"""A real broker on loopback: Mosquitto from Debian, as script/setup installs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import shutil
import socket
from typing import Any

from paho.mqtt import publish
import pytest

PROGRAM = shutil.which("mosquitto") or next(
    (str(path) for path in [Path("/usr/sbin/mosquitto")] if path.exists()), None
)


@dataclass
class Mosquitto:
    """A broker that runs."""

    port: int

    async def publish(self, topic: str, payload: Any, *, retain: bool = False) -> None:
        """Publish as a device would: over a connection of its own."""
        await asyncio.to_thread(
            publish.single, topic, payload, qos=1, retain=retain, hostname="127.0.0.1", port=self.port
        )


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Mosquitto]:
    """Run a broker on a free port; skip the test where there is no Mosquitto."""
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed: run script/setup as root on Debian, or install it by hand")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n")
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "-c", str(config), stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await _answering(port)
        yield Mosquitto(port=port)
    finally:
        process.terminate()
        await process.wait()


async def _answering(port: int) -> None:
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise RuntimeError("mosquitto does not answer")
