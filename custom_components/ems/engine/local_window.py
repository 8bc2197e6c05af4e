"""A span of the local clock that comes back on some weekdays."""

from dataclasses import dataclass
from datetime import time

import numpy as np

from .local_time import HOUR_S, Ints
from .steps import Bools

EVERY_DAY = frozenset(range(7))
MINUTE_S = 60


@dataclass(frozen=True, kw_only=True)
class LocalWindow:
    """From one time of the local clock to another.

    `weekdays` (Monday is 0) name the day on which the window starts: with 22:00–06:00 from Monday to Friday,
    Saturday's first six hours belong to Friday. Equal times mean the whole day.
    """

    start: time
    end: time
    weekdays: frozenset[int] = EVERY_DAY

    def holds(self, weekday: Ints, second: Ints) -> Bools:
        """Return where the window applies, given weekday and second of the local clock; same shape as these."""
        start, end = (t.hour * HOUR_S + t.minute * MINUTE_S + t.second for t in (self.start, self.end))
        is_day = np.array([day in self.weekdays for day in range(7)])
        today = is_day[weekday]
        if start < end:
            return np.asarray(today & (second >= start) & (second < end))
        yesterday = is_day[weekday - 1]  # before Monday comes the last one, as indices do
        return np.asarray((today & (second >= start)) | (yesterday & (second < end)))
