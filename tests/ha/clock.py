"""One clock for everything in a test: Home Assistant, the event loop's timers, the devices and the demo home."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
import time

from freezegun import api, freeze_time
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

# A June noon in Vienna: the sun is high, prices are known until midnight.
START = datetime.fromisoformat("2026-06-15T12:00:30+02:00")


class Clock:
    """Stands still on the wall until told otherwise; sockets and their time-outs go on as ever.

    The event loop's time is the real one plus what was ticked, so timers that a tick makes due fire by themselves.
    """

    def __init__(self, frozen: api.FrozenDateTimeFactory) -> None:
        """Start at the frozen instant."""
        self._frozen = frozen
        self._shift_s = 0.0
        self.followers: list[Callable[[], None]] = []  # demo homes live along

    def loop_time(self) -> float:
        """Return what the event loop shall believe."""
        # Looked up there: freezing replaces every copy of this function in other modules.
        return api.real_monotonic() + self._shift_s

    def move(self, seconds: float) -> None:
        """Let time pass, without waiting for what it starts."""
        self._frozen.tick(seconds)
        self._shift_s += seconds
        for follow in self.followers:
            follow()

    async def tick(self, hass: HomeAssistant, seconds: float) -> None:
        """Let time pass in one leap, and wait until all is done that it started."""
        self.move(seconds)
        await settle(hass)

    async def live(self, hass: HomeAssistant, seconds: float, step_s: float = 5.0) -> None:
        """Let time pass in steps short enough that every reading stays fresh."""
        while seconds > 0:
            await self.tick(hass, min(step_s, seconds))
            seconds -= step_s

    async def move_to(self, hass: HomeAssistant, when: str) -> None:
        """Go to an instant in one leap."""
        await self.tick(hass, (datetime.fromisoformat(when) - dt_util.utcnow()).total_seconds())


async def settle(hass: HomeAssistant) -> None:
    """Wait until Home Assistant has nothing left to do, timers that are due included."""
    for _ in range(3):
        await asyncio.sleep(0)  # due timers become tasks
        await hass.async_block_till_done(wait_background_tasks=True)


@contextmanager
def one_clock(loop: asyncio.AbstractEventLoop, start: datetime = START) -> Iterator[Clock]:
    """Freeze the wall clock and let the loop follow it."""
    with freeze_time(start) as frozen:
        clock = Clock(frozen)
        loop.time = clock.loop_time  # type: ignore[method-assign]
        try:
            yield clock
        finally:
            del loop.time


def wall_s() -> float:
    """Return the seconds since the epoch that everybody believes."""
    return time.time()
