"""An electric car: when it is at home, how empty it comes, and how it takes the current it is offered."""

from collections import deque
from dataclasses import dataclass, field
from datetime import tzinfo

from .calendar_day import LocalDay
from .noise import uniform
from .trips import COMMUTER, Habits, Trip, trips

type Phases = tuple[float, float, float]

HOUR_S = 3600.0
_SLEEP = 80  # channel of the noise


@dataclass(frozen=True, kw_only=True)
class CarSpec:
    """What is plugged in.

    Attributes
    ----------
    limit : Share of the capacity up to which it charges.
    efficiency : From the socket to the cells.
    notices_after_s, down_a_per_s, up_a_per_s : How it follows another offer. Together never slower downwards than the
        5 s of IEC 61851-1.
    appetite : Share of what it is offered that it takes.
    restarts_after_s : How long it waits after a pause, or after plugging in, before it draws again.
    taper_from, taper_to_a : From this share of the capacity on it takes less, down to this current at its limit.
    sleeps_after_s : After so long without an offer it may fall asleep; None: never. It then ignores an offer, and
        wakes when that is withdrawn and comes again.
    sleepiness : How likely it then does.
    """

    capacity_wh: float = 58_000.0
    limit: float = 0.9
    current_max_a: float = 16.0
    phases: int = 3
    efficiency: float = 0.9
    current_min_a: float = 6.0
    notices_after_s: float = 1.0
    down_a_per_s: float = 8.0
    up_a_per_s: float = 1.0
    appetite: float = 1.0
    restarts_after_s: float = 4.0
    taper_from: float = 0.87
    taper_to_a: float = 10.0
    sleeps_after_s: float | None = None
    sleepiness: float = 0.0
    arrives_wh: float = 40_000.0
    habits: Habits = COMMUTER


@dataclass(kw_only=True)
class Car:
    """A car and its battery. It draws; positive is consumption."""

    seed: int
    zone: tzinfo
    spec: CarSpec = CarSpec()
    energy_wh: float = 40_000.0
    current_a: float = 0.0
    settled_s: float = 0.0  # trips that ended before this instant have been paid for
    stays_s: float = 0.0  # trips that were to begin before this instant are not made
    ready_s: float = 0.0  # it draws nothing before this instant
    idle_s: float = 0.0  # for how long it has not been offered anything
    is_asleep: bool = False
    has_ignored: bool = False  # an offer came while it slept
    _offers: deque[tuple[float, float]] = field(default_factory=deque)
    _day: LocalDay | None = None
    _day_start_s: float = 0.0
    _day_end_s: float = 0.0
    _trips: tuple[Trip, ...] = ()

    def at_home(self, at_s: float) -> bool:
        """Return whether the car stands at home, plugged in, and pay for trips that have ended."""
        if self._day is None or not self._day_start_s <= at_s < self._day_end_s:
            self._turn_page(at_s)
        for trip in self._trips:
            if trip.leave_s < self.stays_s:
                continue
            if self.settled_s < trip.return_s <= at_s:
                self.energy_wh = max(self.energy_wh - trip.energy_wh, 0.08 * self.spec.capacity_wh)
                self.settled_s = trip.return_s
            if trip.leave_s <= at_s < trip.return_s:
                return False
        return True

    def _turn_page(self, at_s: float) -> None:
        self._day = LocalDay.holding(at_s, self.zone)
        self._day_start_s, self._day_end_s = self._day.start_s, self._day.end_s
        self._trips = trips(self.seed, self._day, self.spec.habits)

    def stay(self, at_s: float) -> None:
        """Be at home now: a trip that is under way is not made."""
        self.stays_s = at_s

    def next_departure_s(self, at_s: float) -> float | None:
        """Return when the car next leaves, within the coming week. [s since the epoch]."""
        day = LocalDay.holding(at_s, self.zone)
        for _ in range(8):
            for trip in trips(self.seed, day, self.spec.habits):
                if trip.leave_s > at_s and trip.leave_s >= self.stays_s:
                    return trip.leave_s
            day = day.next
        return None

    @property
    def wants(self) -> bool:
        """Whether it would charge if it could."""
        return self.energy_wh < self.spec.limit * self.spec.capacity_wh

    def take(
        self,
        *,
        now_s: float,
        step_s: float,
        offered_a: float,
        phases: int,
        at_home: bool,
        volts: Phases,
    ) -> Phases:
        """Charge for one step and return the current per terminal at its end. [A].

        It sees an offer `notices_after_s` late, then moves: downwards fast, upwards gently, and below the 6 A of
        IEC 61851-1 it stops.

        Parameters
        ----------
        volts : At the terminals. [V]
        """
        end_s = now_s + step_s
        seen_a = self._seen_a(offered_a, now_s, end_s) if at_home else self._unplug(end_s)
        self.current_a = self._moved_a(self._wish_a(seen_a, end_s, step_s), step_s) if at_home else 0.0
        used = min(phases, self.spec.phases)
        l1_a, l2_a, l3_a = (self.current_a if i < used else 0.0 for i in range(3))
        power_w = l1_a * volts[0] + l2_a * volts[1] + l3_a * volts[2]
        self.energy_wh += self.spec.efficiency * power_w * step_s / HOUR_S
        return l1_a, l2_a, l3_a

    def forget_offers(self, at_s: float) -> None:
        """Take the next offer for one that has long stood: after a jump in time nothing is on its way."""
        self._offers.clear()
        self.ready_s = min(self.ready_s, at_s + self.spec.restarts_after_s)

    def _unplug(self, end_s: float) -> float:
        self._offers.clear()
        self.ready_s = end_s + self.spec.restarts_after_s
        self.idle_s, self.is_asleep, self.has_ignored = 0.0, False, False
        return 0.0

    def _seen_a(self, offered_a: float, now_s: float, end_s: float) -> float:
        """Return the offer as the car knows it at the end of a step. [A]."""
        offers = self._offers
        if not offers or offers[-1][1] != offered_a:
            offers.append((now_s, offered_a))
        while len(offers) > 1 and offers[1][0] <= end_s - self.spec.notices_after_s:
            offers.popleft()
        return offers[0][1]

    def _wish_a(self, seen_a: float, end_s: float, step_s: float) -> float:
        """Return the current it makes for; 0 is a stop. [A]."""
        spec = self.spec
        if seen_a < spec.current_min_a:
            self._rest(end_s, step_s)
            return 0.0
        self.idle_s = 0.0
        if self.is_asleep:
            self.has_ignored = True
            return 0.0
        if end_s < self.ready_s or not self.wants:
            return 0.0
        return max(spec.current_min_a, min(seen_a * spec.appetite, self._accepted_a()))

    def _rest(self, end_s: float, step_s: float) -> None:
        """Live through a step without an offer."""
        spec, before_s = self.spec, self.idle_s
        self.ready_s = end_s + spec.restarts_after_s
        self.idle_s += step_s
        if self.has_ignored:
            self.is_asleep = self.has_ignored = False
        elif spec.sleeps_after_s is not None and before_s < spec.sleeps_after_s <= self.idle_s:
            self.is_asleep = bool(uniform(self.seed, _SLEEP, int(end_s))[0] < spec.sleepiness)

    def _moved_a(self, wish_a: float, step_s: float) -> float:
        """Return the current after a step on the way to another. [A]."""
        spec = self.spec
        if wish_a >= self.current_a:
            start_a = max(self.current_a, spec.current_min_a) if wish_a else 0.0
            return min(wish_a, start_a + spec.up_a_per_s * step_s)
        lower_a = max(wish_a, self.current_a - spec.down_a_per_s * step_s)
        return lower_a if lower_a >= spec.current_min_a else 0.0

    def _accepted_a(self) -> float:
        """Return what the car's own charger lets in: less when nearly full. [A]."""
        spec = self.spec
        soc = self.energy_wh / spec.capacity_wh
        if soc < spec.taper_from:
            return spec.current_max_a
        share = min(1.0, (soc - spec.taper_from) / (spec.limit - spec.taper_from))
        return spec.current_max_a + share * (spec.taper_to_a - spec.current_max_a)
