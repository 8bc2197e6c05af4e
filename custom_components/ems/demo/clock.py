"""The home's own clock: seconds since the epoch, real, hurried, or moved by hand in a test."""

from collections.abc import Callable
import time

type Clock = Callable[[], float]


def real_clock() -> float:
    """Return the time of the world (or of whoever has replaced `time.time`, as tests do)."""
    return time.time()


def hurried_clock(start_s: float, speed: float = 1.0) -> Clock:
    """Return a clock that begins at `start_s` now and runs `speed` times as fast as the world."""
    begun = time.monotonic()
    return lambda: start_s + speed * (time.monotonic() - begun)


class HandClock:
    """A clock that stands still until told otherwise."""

    def __init__(self, now_s: float) -> None:
        """Set the clock."""
        self.now_s = now_s

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds
