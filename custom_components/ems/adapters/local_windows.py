"""Windows of the local clock as forms store them: {start, end, weekdays}."""

from collections.abc import Mapping
from datetime import time
from typing import Any, TypedDict

from ..engine.local_window import EVERY_DAY

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class WindowTimes(TypedDict):
    """When a `LocalWindow` holds."""

    start: time
    end: time
    weekdays: frozenset[int]


def window_times(stored: Mapping[str, Any]) -> WindowTimes:
    """Return when a stored window holds; without any weekday on every one."""
    days = frozenset(WEEKDAYS.index(day) for day in stored.get("weekdays") or ())
    return WindowTimes(
        start=time.fromisoformat(stored["start"]),
        end=time.fromisoformat(stored["end"]),
        weekdays=days or EVERY_DAY,
    )
