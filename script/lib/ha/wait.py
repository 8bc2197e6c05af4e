"""Waiting for something to become true, without guessing how long it takes."""

import asyncio
from collections.abc import Awaitable, Callable
import time


async def until[T](
    what: str, probe: Callable[[], Awaitable[T | None]], *, timeout_s: float, every_s: float = 0.3
) -> T:
    """Return the probe's first answer that is not None or False; TimeoutError names what was waited for."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = await probe()
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:.0f} s in vain for {what}")
        await asyncio.sleep(every_s)
