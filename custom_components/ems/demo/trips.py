"""When a car is away: its people's habits by weekday, drawn anew from (seed, day) whenever asked for."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .calendar_day import LocalDay

type Span = tuple[float, float]  # drawn evenly between the two

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = range(5)


class Trip(NamedTuple):
    """One absence. [s since the epoch], [Wh]."""

    leave_s: float
    return_s: float
    energy_wh: float


@dataclass(frozen=True, kw_only=True)
class Outing:
    """What the car does on some weekdays; 0 is Monday. Wall times. [h], [Wh]."""

    weekdays: tuple[int, ...]
    leave_h: Span
    return_h: Span
    energy_wh: Span


@dataclass(frozen=True, kw_only=True)
class Habits:
    """A car's week.

    Attributes
    ----------
    stream : Stream of chance, one per car: another car's habits do not move these.
    weekend_chance : How likely a day at the weekend has an outing.
    """

    stream: int
    outings: tuple[Outing, ...]
    weekend_chance: float = 0.6
    weekend_leave_h: Span = (9.5, 13.0)
    weekend_away_h: Span = (2.0, 5.5)
    weekend_energy_wh: Span = (4_000.0, 20_000.0)


COMMUTER = Habits(
    stream=7,
    outings=(
        Outing(
            weekdays=(MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY),
            leave_h=(7.35, 7.65),
            return_h=(17.0, 18.0),
            energy_wh=(7_000.0, 15_000.0),
        ),
    ),
)
# Works in the mornings of three days and has errands on the other two.
PART_TIME = Habits(
    stream=71,
    outings=(
        Outing(
            weekdays=(MONDAY, WEDNESDAY, FRIDAY),
            leave_h=(7.9, 8.4),
            return_h=(12.9, 13.6),
            energy_wh=(5_000.0, 11_000.0),
        ),
        Outing(
            weekdays=(TUESDAY, THURSDAY),
            leave_h=(14.2, 15.0),
            return_h=(16.2, 17.4),
            energy_wh=(2_000.0, 6_000.0),
        ),
    ),
    weekend_chance=0.45,
)
# Late shifts on three days, long drives on the two others.
SHIFTS = Habits(
    stream=72,
    outings=(
        Outing(
            weekdays=(MONDAY, WEDNESDAY, FRIDAY),
            leave_h=(14.4, 14.8),
            return_h=(19.2, 20.5),
            energy_wh=(6_000.0, 12_000.0),
        ),
        Outing(
            weekdays=(TUESDAY, THURSDAY),
            leave_h=(6.2, 6.8),
            return_h=(12.0, 13.5),
            energy_wh=(14_000.0, 26_000.0),
        ),
    ),
    weekend_chance=0.35,
)


def trips(seed: int, day: LocalDay, habits: Habits = COMMUTER) -> tuple[Trip, ...]:
    """Return a day's trips, the earliest first: those of the weekday, now and then one at the weekend."""
    chance = np.random.default_rng([seed, day.day.toordinal(), habits.stream])
    if day.is_weekend:
        return _weekend(chance, day, habits)
    weekday = day.day.weekday()
    return tuple(
        Trip(
            day.at(chance.uniform(*outing.leave_h)),
            day.at(chance.uniform(*outing.return_h)),
            chance.uniform(*outing.energy_wh),
        )
        for outing in habits.outings
        if weekday in outing.weekdays
    )


def _weekend(chance: np.random.Generator, day: LocalDay, habits: Habits) -> tuple[Trip, ...]:
    if chance.random() > habits.weekend_chance:
        return ()
    leave_h = chance.uniform(*habits.weekend_leave_h)
    return_h = leave_h + chance.uniform(*habits.weekend_away_h)
    return (Trip(day.at(leave_h), day.at(return_h), chance.uniform(*habits.weekend_energy_wh)),)
