"""A house in a few lines of physics, for closing the loop around the guard faster than real time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from custom_components.ems.engine.control.charger import ChargerNow
from custom_components.ems.engine.control.decide import decide
from custom_components.ems.engine.control.decision import Decided
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.engine.control.flow import PhaseFlow
from custom_components.ems.engine.control.reasons import CONTROL_REASONS
from custom_components.ems.engine.control.setup import Setup
from custom_components.ems.engine.control.snapshot import ChargerSeen, MeterWord, Snapshot, State

# Cars come up by an ampere a second and go down within the 5 s that IEC 61851-1 gives them.
RISE_A = 1.0
FALL_A = 3.2


@dataclass(kw_only=True)
class SimCar:
    """A car at its charger. Its lease is kept as a real one keeps it."""

    terminals: tuple[int, ...] = (1, 2, 3)  # phases of the house
    takes_a: float = 16.0
    offered_a: float = 0.0
    told_at_s: float = -1e9
    drawn_a: float = 0.0
    lease_s: float | None = 60.0
    safe_a: float = 6.0
    is_obedient: bool = True
    is_reachable: bool = True
    is_connected: bool = True
    last: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def tell(self, amps: float, now_s: float) -> None:
        """Take a setpoint, if it listens."""
        if self.is_obedient and self.is_reachable:
            self.offered_a, self.told_at_s = amps, now_s

    def step(self, now_s: float) -> None:
        """Live for a second."""
        lapsed = self.lease_s is not None and now_s - self.told_at_s > self.lease_s
        offered = self.safe_a if lapsed else self.offered_a
        goal = min(offered, self.takes_a) if offered >= 6 and self.is_connected else 0.0
        if goal > self.drawn_a:
            self.drawn_a = min(goal, max(self.drawn_a + RISE_A, 6.0 if self.drawn_a == 0 else 0.0))
        else:
            self.drawn_a = max(goal, self.drawn_a - FALL_A)

    def on(self, phase: int) -> float:
        """Return what it draws from a phase of the house. [A]."""
        return self.drawn_a if phase in self.terminals else 0.0

    def measured(self) -> tuple[float, float, float]:
        """Return what its own meter shows, by terminal."""
        used = len(self.terminals)
        return tuple(self.drawn_a if i < used else 0.0 for i in range(3))  # type: ignore[return-value]


@dataclass(kw_only=True)
class House:
    """Loads by phase, cars, a meter that speaks every two seconds, and the guard."""

    setup: Setup
    cars: dict[str, SimCar]
    load_a: Callable[[float], tuple[float, float, float]]
    mode: EvMode = EvMode.NOW
    now_s: float = 1_750_000_000.0
    meter_works: Callable[[float], bool] = lambda _: True
    meter_repeats_itself: bool = False
    ems_works: Callable[[float], bool] = lambda _: True
    state: State = field(default_factory=State)
    word: MeterWord | None = None
    decided: Decided | None = None
    over_s: dict[int, float] = field(default_factory=lambda: {1: 0.0, 2: 0.0, 3: 0.0})
    _run_s: dict[int, float] = field(default_factory=lambda: {1: 0.0, 2: 0.0, 3: 0.0})
    longest_over_s: float = 0.0
    clock_error_s: float = 0.0
    # What else limits now, by the field of the snapshot.
    limits: Callable[[float], dict[str, Any]] = lambda _: {}

    def flows_a(self) -> tuple[float, float, float]:
        """Return what flows in on each phase now."""
        load = self.load_a(self.now_s)
        return tuple(load[p - 1] + sum(car.on(p) for car in self.cars.values()) for p in (1, 2, 3))  # type: ignore[return-value]

    def run(self, seconds: int, every_s: int = 2) -> None:
        """Live for a while."""
        for _ in range(seconds):
            self.now_s += 1
            for car in self.cars.values():
                car.step(self.now_s)
            self._measure()
            if int(self.now_s) % every_s == 0:
                self.tick()

    def _measure(self) -> None:
        limit = self.setup.connection.limit_a
        for phase, amps in zip((1, 2, 3), self.flows_a(), strict=True):
            listening = (car for car in self.cars.values() if car.is_obedient and car.is_reachable)
            own = sum(car.on(phase) for car in listening)
            # What nothing that listens could change is nothing a guard can help.
            over = amps > limit + 0.5 and own > 0
            self._run_s[phase] = self._run_s[phase] + 1 if over else 0.0
            self.over_s[phase] += over
            self.longest_over_s = max(self.longest_over_s, self._run_s[phase])

    def tick(self) -> None:
        """Poll, decide, write."""
        now_s = self.now_s + self.clock_error_s
        if self.meter_repeats_itself and self.word:
            self.word = replace(self.word, at_s=now_s)
        elif self.meter_works(self.now_s):
            flows = self.flows_a()
            self.word = MeterWord(at_s=now_s, flows={p: PhaseFlow(active_a=flows[p - 1]) for p in (1, 2, 3)})
        if not self.ems_works(self.now_s):
            self.state = State()
            return
        for car in self.cars.values():
            if car.is_reachable:
                car.last = car.measured()
        chargers = {
            key: ChargerSeen(
                now=ChargerNow(
                    is_reachable=car.is_reachable,
                    is_connected=car.is_connected,
                    drawn_a=car.last,
                    offered_a=car.offered_a,
                ),
                mode=self.mode,
            )
            for key, car in self.cars.items()
        }
        meters = {"main": self.word} if self.word else {}
        picture = Snapshot(
            now_s=now_s, day="2025-06-15", meters=meters, chargers=chargers, **self.limits(now_s)
        )
        self.decided = decide(self.setup, picture, self.state)
        self.state = self.decided.state
        for decision in self.decided.decisions.values():
            assert set(decision.reason.placeholders) == CONTROL_REASONS[decision.reason.key].placeholders
        for key, decision in self.decided.decisions.items():
            car = self.cars[key]
            if decision.renews or decision.at_once:
                car.tell(decision.current_a or 0.0, self.now_s)
