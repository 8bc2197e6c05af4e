"""Counts what is written into memory that wears out, so that no plan can spend a device's life in a year."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from .errors import DeviceWriteError
from .profile.model import Control, PointName, Quantity
from .writer import Pending

_DAY_S: Final = 86_400


def worn_by[P: Quantity](control: Control, pending: Pending[P]) -> list[PointName]:
    """Return what wears when this is written: memory by every write, a relay only where it moves."""
    return [
        target.point.name
        for target in pending.targets
        if target.point.key in control.wears
        and not (control.wears_by_change and pending.before[target.point.name].amount == target.value)
    ]


def bounded[P: Quantity](control: Control, pending: Pending[P], worn: Iterable[PointName]) -> list[PointName]:
    """Return what a budget may refuse. A relay may always be switched to its safe side, whatever was spent."""
    safe = control.commands[control.safe] if control.wears_by_change and control.safe else {}
    to_safe = {t.point.name for t in pending.targets if safe.get(t.point.key) == t.value}
    return [name for name in worn if name not in to_safe]


class WearBudget:
    """How often each point was written in the last day. It forgets with the process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin with nothing spent."""
        self._clock = clock
        self._written_at_s: dict[PointName, deque[float]] = {}

    def check(self, names: Iterable[PointName], per_day: int) -> None:
        """Raise DeviceWriteError where a point was written as often as it may be within a day."""
        for name in names:
            if len(self._recent(name)) >= per_day:
                raise DeviceWriteError(
                    f"{'.'.join(name)} wears out and was written {per_day} times in 24 hours; it rests until "
                    "the first of them is a day old, and the device keeps its last command"
                )

    def note(self, names: Iterable[PointName]) -> None:
        """Remember that points were written now."""
        for name in names:
            self._recent(name).append(self._clock())

    def _recent(self, name: PointName) -> deque[float]:
        times = self._written_at_s.setdefault(name, deque())
        # A clock set back leaves stamps of the future; they count as now rather than for ever.
        while times and not 0 <= self._clock() - times[0] < _DAY_S:
            times.popleft()
        return times
