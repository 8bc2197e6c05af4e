"""The clock that EMS looks at: the home's own, and as wrong as somebody sets it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo

from homeassistant.util import dt as dt_util


class WrongClock:
    """A clock that somebody may set. The home's devices have their own."""

    def __init__(self, home_s: Callable[[], float]) -> None:
        """Go right."""
        self._home_s = home_s
        self.error_s = 0.0

    @property
    def now_s(self) -> float:
        """Return what it shows. [s since epoch]."""
        return self._home_s() + self.error_s

    def __call__(self) -> datetime:
        """Return the same, as Home Assistant asks for it."""
        return datetime.fromtimestamp(self.now_s, UTC)


@contextmanager
def shown_by(clock: WrongClock, zone: tzinfo) -> Iterator[None]:
    """Let everything in this process that asks Home Assistant for the time look at a clock."""
    before, zone_before = dt_util.utcnow, dt_util.DEFAULT_TIME_ZONE
    dt_util.utcnow = clock  # type: ignore[assignment]
    dt_util.set_default_time_zone(zone)
    try:
        yield
    finally:
        dt_util.utcnow = before
        dt_util.set_default_time_zone(zone_before)
