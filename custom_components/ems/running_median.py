"""A short memory against meters that do not read at the same instant.

Consumption is a difference: what the grid meter says plus what the inverter gives. They are polled seconds apart, so
when a battery jumps by 5 kW, consumption seems to jump too, until both have seen it. The median over a few polls does
not believe what only one of them says.
"""

from collections import deque
from statistics import median


class RunningMedian:
    """The median of what was seen within a window. Unknown forgets everything: silence is not bridged."""

    def __init__(self, window_s: float) -> None:
        """Begin with nothing."""
        self._window_s = window_s
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, at_s: float, value: float | None) -> float | None:
        """Take a value in and return the median, None while the value is unknown."""
        if value is None:
            self._seen.clear()
            return None
        if not self._window_s:
            return value
        self._seen.append((at_s, value))
        while self._seen[0][0] < at_s - self._window_s:
            self._seen.popleft()
        known = [value for _, value in self._seen]
        # Of an even number the newest waits for company: half-way between two truths lies none.
        return median(known[:-1] if len(known) % 2 == 0 else known)
