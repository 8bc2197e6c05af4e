"""Local days × hours of the clock."""

from datetime import tzinfo
from typing import Final

import numpy as np

from ...local_time import DAY_S, HOUR_S, Ints, local_day_and_second
from ...steps import Bools, Floats
from ..history import BIN_S

HOURS: Final = 24
# Half of an hour's quarters; less says too little about the hour.
_ENOUGH_BINS: Final = 2


class DayTable:
    """Means per slot of the local clock. In autumn the doubled hour is averaged; in spring one is missing.

    Attributes
    ----------
    days : Local days (since 1970-01-01) from the first to the last, shape (days,).
    kw : Mean power, NaN where it is not known, shape (days, slots). [kW]
    """

    def __init__(
        self, starts_s: Ints, kw: Floats, zone: tzinfo, width_s: int = HOUR_S, enough: int = _ENOUGH_BINS
    ) -> None:
        slots = DAY_S // width_s
        day, second = local_day_and_second(starts_s, zone)
        self.days: Ints = np.arange(day.min(), day.max() + 1) if len(day) else np.zeros(0, dtype=np.int64)
        cell = (day - (self.days[0] if len(day) else 0)) * slots + second // width_s
        size = len(self.days) * slots
        count = np.bincount(cell, minlength=size).reshape(-1, slots)
        total = np.bincount(cell, weights=kw, minlength=size).reshape(-1, slots)
        known: Bools = count >= min(enough, width_s // BIN_S)
        self.kw: Floats = np.where(known, total / np.maximum(count, 1), np.nan)
