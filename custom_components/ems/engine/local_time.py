"""Local clock time of many instants at once: days of 23, 24 and 25 hours included."""

from datetime import datetime, tzinfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

type Ints = NDArray[np.int64]

DAY_S = 86400
HOUR_S = 3600
# 1 January 1970 was a Thursday; Monday is 0, as in `datetime.weekday`.
EPOCH_WEEKDAY = 3


def _offset_s(at_s: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(at_s, zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def _change_between(early_s: int, late_s: int, zone: tzinfo) -> int:
    """Return the first second of the later offset, by bisection."""
    before = _offset_s(early_s, zone)
    while late_s - early_s > 1:
        middle = (early_s + late_s) // 2
        if _offset_s(middle, zone) == before:
            early_s = middle
        else:
            late_s = middle
    return late_s


def utc_offsets_s(at_s: ArrayLike, zone: tzinfo) -> Ints:
    """Return the zone's offset from UTC at each instant, same shape. [s].

    Zones are asked once a day and bisected where the answer changes: a year of quarter-hours costs 366
    questions rather than 35,040. No zone in use changes its offset twice within one day.
    """
    instants = np.asarray(at_s, dtype=np.float64)
    if instants.size == 0:
        return np.zeros(instants.shape, dtype=np.int64)
    first, last = int(np.floor(instants.min())), int(np.ceil(instants.max()))
    days = range(first, last + DAY_S, DAY_S)
    offsets = [_offset_s(day, zone) for day in days]
    changes = [i for i in range(1, len(offsets)) if offsets[i] != offsets[i - 1]]
    since = [first, *(_change_between(days[i - 1], days[i], zone) for i in changes)]
    values = np.array([offsets[0], *(offsets[i] for i in changes)], dtype=np.int64)
    index = np.searchsorted(since, instants, side="right") - 1
    return np.asarray(values[np.maximum(index, 0)])


def local_day_and_second(at_s: ArrayLike, zone: tzinfo) -> tuple[Ints, Ints]:
    """Return the local calendar day (days since 1970-01-01) and the second of its clock, same shape each."""
    instants = np.floor(np.asarray(at_s, dtype=np.float64)).astype(np.int64)
    local = instants + utc_offsets_s(instants, zone)
    return local // DAY_S, local % DAY_S


def weekday_of(local_day: Ints) -> Ints:
    """Return the weekday of local calendar days; Monday is 0."""
    return (local_day + EPOCH_WEEKDAY) % 7
