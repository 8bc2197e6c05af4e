"""How soon a device may be told something new: its profile says what its memory and its patience bear.

A change that comes too early waits, and of several the newest wins. What makes a device do less never waits, nor does
letting it go: then another write is the lesser evil.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from .const import BATTERY, CHARGER, DISPATCH_INTERVAL, LOAD, PV

# Modes in which a device stops what it was told, or goes back to its own rule. For modules that rule is no limit,
# which is more and not less; releasing them does not pass here.
_RESTS: Final[Mapping[str, frozenset[str]]] = {
    BATTERY: frozenset({"automatic"}),
    CHARGER: frozenset({"off"}),
    LOAD: frozenset({"off"}),
    PV: frozenset(),
}
# Less than what was before, whatever that was told.
_LESS: Final = frozenset({("charge", "hold"), ("discharge", "hold"), ("automatic", "limit")})


class Told(Protocol):
    """What a device is told, as far as it is more or less of something."""

    @property
    def mode(self) -> str:
        """What it shall do."""

    @property
    def power_w(self) -> float | None:
        """How strongly. None: as it can."""

    @property
    def current_a(self) -> float | None:
        """How strongly. None: as it can."""


def is_gentler(role: str, new: Told, old: Told | None) -> bool:
    """Tell whether a device does less by the new command than by the old; None is its own rule."""
    before = "automatic" if old is None else old.mode
    if new.mode in _RESTS[role] or (before, new.mode) in _LESS:
        return True
    if old is None or before != new.mode:
        return False
    return _at_most(new.power_w, old.power_w) and _at_most(new.current_a, old.current_a)


def _at_most(new: float | None, old: float | None) -> bool:
    return old is None or (new is not None and new <= old)


def must_wait(least_s: float, changed_at: datetime | None, now: datetime, *, by_person: bool) -> bool:
    """Tell whether a change comes too early for the device.

    least_s : The profile's time between two changes. [s]
    changed_at : When something was written last that was not there before.
    by_person : A person is quicker than our own beat, and only waits for devices that ask for more than that.
    """
    if changed_at is None or (by_person and least_s <= DISPATCH_INTERVAL.total_seconds()):
        return False
    # A clock set back must not become a long wait.
    return timedelta(0) <= now - changed_at < timedelta(seconds=least_s)
