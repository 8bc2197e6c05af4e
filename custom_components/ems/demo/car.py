"""The electric car: when it is at home, how empty it comes, and how it takes the current it is offered."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import NamedTuple

import numpy as np

from .calendar_day import LocalDay

type Phases = tuple[float, float, float]

HOUR_S = 3600.0
_TRIPS = 7  # stream of chance


class Trip(NamedTuple):
    """One absence. [s since the epoch], [Wh]."""

    leave_s: float
    return_s: float
    energy_wh: float


def trips(seed: int, day: LocalDay) -> tuple[Trip, ...]:
    """Return a day's trips: to work and back on weekdays, now and then an outing at the weekend."""
    chance = np.random.default_rng([seed, day.day.toordinal(), _TRIPS])
    if not day.is_weekend:
        leave_h, return_h = 7.5 + chance.uniform(-0.15, 0.15), chance.uniform(17.0, 18.0)
        return (Trip(day.at(leave_h), day.at(return_h), chance.uniform(7_000, 15_000)),)
    if chance.random() > 0.6:
        return ()
    leave_h = chance.uniform(9.5, 13.0)
    return (Trip(day.at(leave_h), day.at(leave_h + chance.uniform(2, 5.5)), chance.uniform(4_000, 20_000)),)


@dataclass(frozen=True, kw_only=True)
class CarSpec:
    """What stands in the garage."""

    capacity_wh: float = 58_000.0
    limit: float = 0.9  # charges up to here
    current_max_a: float = 16.0
    phases: int = 3
    efficiency: float = 0.9  # socket to cells
    ramp_a_per_s: float = 1.0
    taper_from: float = 0.87  # the last per cent go in slowly
    current_min_a: float = 6.0


@dataclass(kw_only=True)
class Car:
    """A car and its battery. It draws; positive is consumption."""

    seed: int
    zone: tzinfo
    spec: CarSpec = CarSpec()
    energy_wh: float = 40_000.0
    current_a: float = 0.0
    settled_s: float = 0.0  # trips that ended before this instant have been paid for
    _day: LocalDay | None = None
    _day_end_s: float = 0.0
    _trips: tuple[Trip, ...] = ()

    def at_home(self, at_s: float) -> bool:
        """Return whether the car stands at home, plugged in, and pay for trips that have ended."""
        if self._day is None or not self._day.start_s <= at_s < self._day_end_s:
            self._day = LocalDay.holding(at_s, self.zone)
            self._day_end_s, self._trips = self._day.end_s, trips(self.seed, self._day)
        for trip in self._trips:
            if self.settled_s < trip.return_s <= at_s:
                self.energy_wh = max(self.energy_wh - trip.energy_wh, 0.08 * self.spec.capacity_wh)
                self.settled_s = trip.return_s
        return not any(trip.leave_s <= at_s < trip.return_s for trip in self._trips)

    def next_departure_s(self, at_s: float) -> float | None:
        """Return when the car next leaves, within the coming week. [s since the epoch]."""
        day = LocalDay.holding(at_s, self.zone)
        for _ in range(8):
            for trip in trips(self.seed, day):
                if trip.leave_s > at_s:
                    return trip.leave_s
            day = day.next
        return None

    @property
    def wants(self) -> bool:
        """Whether it would charge if it could."""
        return self.energy_wh < self.spec.limit * self.spec.capacity_wh

    def take(self, *, offered_a: float, phases: int, at_home: bool, volts: Phases, step_s: float) -> Phases:
        """Charge for one step and return the current per phase. [A].

        Below the 6 A of IEC 61851 a car takes nothing; upwards it moves gently, downwards at once.
        """
        spec = self.spec
        wish_a = min(offered_a, spec.current_max_a, self._accepted_a())
        target_a = wish_a if at_home and self.wants and wish_a >= spec.current_min_a else 0.0
        start_a = max(self.current_a, spec.current_min_a) if target_a else 0.0
        self.current_a = min(target_a, start_a + spec.ramp_a_per_s * step_s)
        used = min(phases, spec.phases)
        l1_a, l2_a, l3_a = (self.current_a if i < used else 0.0 for i in range(3))
        power_w = l1_a * volts[0] + l2_a * volts[1] + l3_a * volts[2]
        self.energy_wh += spec.efficiency * power_w * step_s / HOUR_S
        return l1_a, l2_a, l3_a

    def _accepted_a(self) -> float:
        """Return what the car's own charger lets in: less when nearly full."""
        soc = self.energy_wh / self.spec.capacity_wh
        return 10.0 if soc >= self.spec.taper_from else self.spec.current_max_a
