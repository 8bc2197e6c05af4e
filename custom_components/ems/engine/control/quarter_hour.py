"""A capacity tariff counts the mean of each interval: what is left of its energy is a limit that breathes.

    P_max(t) = (P_target · T - E(t)) / (T - t)

with E(t) imported since the interval began. Drawing less at first leaves more for the rest, and the other way round.
"""

from dataclasses import dataclass
from typing import Final

# In the last seconds of an interval a watt-hour is worth kilowatts, and no car follows that.
LEAST_LEFT_S: Final = 30.0
# Meters round, and cars come down a little late.
MARGIN: Final = 0.98


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The running interval of a network's meter.

    Attributes
    ----------
    start_s : When it began by the meter's clock. [s since epoch]
    imported_kwh : What was imported since.
    length_s : Its length. [s]
    """

    start_s: float
    imported_kwh: float
    length_s: float = 900.0


def interval_start_s(now_s: float, length_s: float = 900.0, starts_past_s: float = 0.0) -> float:
    """Return when the running interval began. [s since epoch].

    starts_past_s : By how much the meter's intervals start after the full hour of UTC, its clock's error included. [s]
    """
    return (now_s - starts_past_s) // length_s * length_s + starts_past_s


def limit_kw(target_kw: float, interval: Interval, now_s: float) -> float:
    """Return what may be drawn on average for the rest of the interval, never below 0. [kW]."""
    left_s = interval.start_s + interval.length_s - now_s
    # An interval that is over, or has not begun, says nothing of this moment: the target itself holds.
    if not 0 < left_s <= interval.length_s:
        return target_kw
    left_kwh = MARGIN * target_kw * interval.length_s / 3600 - interval.imported_kwh
    return max(0.0, left_kwh * 3600 / max(left_s, LEAST_LEFT_S))
