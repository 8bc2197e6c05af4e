"""Days of the demo home at speed: three cars, a battery, 25 A, wishes that change and everything that goes wrong."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from time import process_time
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.closed_loop.clock import WrongClock, shown_by
from benchmarks.closed_loop.devices import CHARGERS, DemoDevices, Writes
from benchmarks.closed_loop.ems import Disk, Ems
from benchmarks.closed_loop.family import Guests, thirsty
from benchmarks.closed_loop.judge import RECOVERY_S, Judge, Run, Worst, worst_by_kind
from benchmarks.closed_loop.ledger import Ledger
from benchmarks.closed_loop.mishaps import FAULTS, Event, Mishap, events
from custom_components.ems.demo import Direct
from custom_components.ems.demo.home import Home
from custom_components.ems.engine.control.charger import house_phases
from custom_components.ems.engine.control.ev_mode import EvMode

ZONE: Final = ZoneInfo("Europe/Vienna")
DAY_S: Final = 86_400
_MODES: Final = (EvMode.PLAN, EvMode.PLAN, EvMode.SURPLUS, EvMode.MIN_SURPLUS, EvMode.NOW)
_MODE_LASTS_S: Final = (8 * 3600, 36 * 3600)
_OVERRIDE_EVERY_S: Final = (2 * 3600, 12 * 3600)
_OVERRIDE_LASTS_S: Final = (300, 5400)


@dataclass
class Report:
    """What became of some days. writes : By day and register. looks : Of the guard."""

    runs: list[Run]
    happened: list[Event]
    writes: list[Writes]
    ledger: Ledger
    looks: int = 0
    cpu_s: float = 0.0
    modes_seen: set[EvMode] = field(default_factory=set)

    @property
    def worst(self) -> dict[Mishap | None, Worst]:
        """Return the worst by mishap; None: without one."""
        return worst_by_kind(self.runs, self.happened)

    @property
    def phase_changes(self) -> dict[str, int]:
        """Return the most changes of phases in a day, by charger."""
        return {key: max(day[f"{key}.phases"] for day in self.writes) for key in CHARGERS}

    @property
    def most_writes(self) -> dict[str, int]:
        """Return the most writes in a day, by register."""
        names = sorted({name for day in self.writes for name in day})
        return {name: max(day[name] for day in self.writes) for name in names}


class Days:
    """A home and EMS on it, second by second."""

    def __init__(self, seed: int, start: datetime, *, mode: EvMode = EvMode.PLAN) -> None:
        """Draw a home and its luck. mode : Of all chargers, until somebody wants something else."""
        self.start_s = int(start.timestamp())
        self.home = Home(
            seed=seed, latitude=48.21, longitude=16.37, zone=ZONE, start_s=self.start_s, points=thirsty()
        )
        self.home.household = cast("Any", Guests(self.home.household, seed, self.start_s))
        self.clock = WrongClock(lambda: float(self.home.at_s))
        self.writes: Writes = Counter()
        self._devices = DemoDevices(Direct(self.home), self.clock, self.writes)
        self.disk = Disk(modes=dict.fromkeys(CHARGERS, mode))
        self._chance = Random(seed)  # noqa: S311  (luck, not a secret)
        self.seed = seed

    def run(self, hours: float) -> Report:
        """Live."""
        with shown_by(self.clock, ZONE):
            return self._run(self.start_s + int(hours * 3600))

    def _run(self, until_s: int) -> Report:
        began, home = process_time(), self.home
        self.ems: Ems | None = self._started()
        setup = self.ems.wired.setup
        safe = [
            sum(
                each.safe_a
                for each in setup.chargers
                if phase in house_phases(each, tuple(range(each.phases)))
            )
            for phase in (1, 2, 3)
        ]
        self.judge, ledger = Judge(home, safe), Ledger(home, setup.chargers, self.disk, ZONE)
        self._ledger = ledger
        report = Report(self.judge.runs, [], [], ledger)
        self._coming, self._wishes = events(self.seed, self.start_s, until_s), self._wished()
        self._event: Event | None = None
        self._next_event, self._next_wish_s = next(self._coming, None), next(self._wishes, None)
        while home.at_s < until_s:
            home.step(1)
            self._happen(report)
            if self.ems is not None:
                self.ems.second()
            self.judge.second(self._event)
            ledger.second()
            if home.at_s % DAY_S == self.start_s % DAY_S or home.at_s >= until_s:
                report.writes.append(Counter(self.writes))
                self.writes.clear()
            report.modes_seen |= set(self.disk.modes.values()) if home.at_s % 3600 == 0 else set()
        self._end_life(report)
        report.cpu_s = process_time() - began
        return report

    def _started(self) -> Ems:
        return Ems(self.home, self._devices, self.disk, self.clock, ZONE)

    def _end_life(self, report: Report) -> None:
        if self.ems is not None:
            self.ems.kill()
            report.looks += self.ems.looks
        self.ems = None

    # What goes wrong.

    def _happen(self, report: Report) -> None:
        at_s, event = self.home.at_s, self._event
        if event is not None and at_s == event.ends_s:
            self._mend(event)
        if event is not None and at_s >= event.ends_s + RECOVERY_S:
            self._event = None
        coming = self._next_event
        if coming is not None and at_s >= coming.starts_s:
            self._event, self._next_event = coming, next(self._coming, None)
            report.happened.append(coming)
            self._break(coming, report)
        if self._next_wish_s is not None and at_s >= self._next_wish_s:
            self._next_wish_s = next(self._wishes, None)

    def _break(self, event: Event, report: Report) -> None:
        if event.kind in FAULTS:
            lasts_s = event.ends_s - event.starts_s
            self.home.faults.set(event.device, FAULTS[event.kind], lasts_s=lasts_s)
        elif event.kind is Mishap.CLOCK_JUMPS:
            self.clock.error_s = event.jump_s
        elif event.kind is Mishap.EMS_KILLED:
            self._end_life(report)
        elif self.ems is not None:
            self.ems.may_plan = False

    def _mend(self, event: Event) -> None:
        if event.kind is Mishap.CLOCK_JUMPS:
            self.clock.error_s = 0.0
        elif event.kind is Mishap.EMS_KILLED:
            self.ems = self._started()
        elif event.kind is Mishap.PLAN_MISSING and self.ems is not None:
            self.ems.may_plan = True

    # What people want.

    def _wished(self) -> Iterator[int]:
        """Yield when somebody wants something else, and let it come true: modes by charger, overrides between."""
        chance = self._chance
        modes_s = {key: self.start_s + chance.randint(*_MODE_LASTS_S) for key in CHARGERS}
        override_s = self.start_s + chance.randint(*_OVERRIDE_EVERY_S)
        while True:
            key = min(modes_s, key=lambda each: modes_s[each])
            yield min(modes_s[key], override_s)
            if override_s <= modes_s[key]:
                self._override()
                override_s += chance.randint(*_OVERRIDE_EVERY_S)
            else:
                self.disk.modes[key] = chance.choice(_MODES)
                modes_s[key] += chance.randint(*_MODE_LASTS_S)

    def _override(self) -> None:
        chance = self._chance
        key, mode = chance.choice(CHARGERS), chance.choice(("charge", "charge", "off"))
        amps = round(float(np.clip(chance.gauss(11, 4), 6, 20)), 1) if mode == "charge" else None
        lasts_s = chance.randint(*_OVERRIDE_LASTS_S)
        if self.ems is not None and self.ems.ask(key, mode, amps, lasts_s):
            self._ledger.excuse(key)
