"""When a value is over a threshold: past it for a while, and back only where it is past a band for a while.

A threshold alone flaps: a voltage that rests on it would be news with every poll. So crossing takes a dwell in either
direction, and the way back leads through the hysteresis. All instants here are on a clock that never runs backwards
(see `electrical.step`). Unknown is no value: it neither confirms nor denies, and a dwell that it interrupts begins
anew.
"""

from dataclasses import dataclass
import math
from typing import NamedTuple


class Dwell(NamedTuple):
    """How long samples have to say the same before it counts. [s]."""

    enter_s: float
    leave_s: float


class Trip(NamedTuple):
    """One threshold.

    Attributes
    ----------
    is_over : What counts now; None until anything has lasted.
    leans : What samples say instead, None while they agree.
    leaning_s : Since when they do. [s]
    """

    is_over: bool | None = None
    leans: bool | None = None
    leaning_s: float = 0.0


def trip_step(trip: Trip, excess: float | None, *, hysteresis: float, dwell: Dwell, clock_s: float) -> Trip:
    """Return a threshold after one more sample.

    over  ⇔ excess > 0              where it was not
    over  ⇔ excess > -hysteresis    where it was

    and either counts after it was said without a break for `enter_s` or `leave_s`.

    Parameters
    ----------
    excess : How far the sample is past the threshold; None where it is unknown.
    """
    if excess is None or not math.isfinite(excess):
        return Trip(trip.is_over)
    is_past = excess > (-hysteresis if trip.is_over else 0.0)
    if is_past is trip.is_over:
        return Trip(trip.is_over)
    since_s = trip.leaning_s if trip.leans is is_past else clock_s
    if clock_s - since_s >= (dwell.enter_s if is_past else dwell.leave_s):
        return Trip(is_past)
    return Trip(trip.is_over, is_past, since_s)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Thresholds on both sides of what is normal, the mildest first; levels count them, below normal negative."""

    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    hysteresis: float
    dwell: Dwell

    def excesses(self, value: float | None) -> list[float | None]:
        """Return how far a value is past every threshold, the low ones first."""
        if value is None:
            return [None] * (len(self.low) + len(self.high))
        return [*(at - value for at in self.low), *(value - at for at in self.high)]

    def threshold(self, level: int) -> float | None:
        """Return what was passed to get to a level; None for normal."""
        if level == 0:
            return None
        return self.high[level - 1] if level > 0 else self.low[-level - 1]


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One value on a scale.

    Attributes
    ----------
    trips : One for every threshold; empty before the first sample.
    seen_s : When a value was last known. [s]
    is_known : Whether the level can be believed. Silence ends that, and only a sample that agrees with the level, or
        one that has lasted, brings it back: a value that was normal before a silence need not be afterwards.
    """

    trips: tuple[Trip, ...] = ()
    seen_s: float = -math.inf
    is_known: bool = False

    def level(self, scale: Scale) -> int | None:
        """Return the level, None where it is unknown."""
        if not self.is_known:
            return None
        over = [trip.is_over is True for trip in self.trips]
        return sum(over[len(scale.low) :]) - sum(over[: len(scale.low)])


def watch_step(
    watch: Watch, scale: Scale, value: float | None, *, clock_s: float, patience_s: float
) -> Watch:
    """Return a watched value after one more sample; unknown for longer than `patience_s`, its level is so too."""
    excesses = scale.excesses(value if value is not None and math.isfinite(value) else None)
    before = watch.trips or (Trip(),) * len(excesses)
    trips = tuple(
        trip_step(trip, excess, hysteresis=scale.hysteresis, dwell=scale.dwell, clock_s=clock_s)
        for trip, excess in zip(before, excesses, strict=True)
    )
    if None in excesses:
        is_known = watch.is_known and clock_s - watch.seen_s <= patience_s
        return Watch(trips=trips, seen_s=watch.seen_s, is_known=is_known)
    agrees = all(trip.is_over is not None and trip.leans is None for trip in trips)
    return Watch(trips=trips, seen_s=clock_s, is_known=watch.is_known or agrees)
