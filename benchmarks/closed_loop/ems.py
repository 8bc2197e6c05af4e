"""One run of EMS on the demo home: polls, looks, plans and writes as it does in Home Assistant, until it is killed."""

from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final, cast

from homeassistant.exceptions import HomeAssistantError

from benchmarks.closed_loop.clock import WrongClock
from benchmarks.closed_loop.devices import BATTERY, CHARGERS, METER, ROOF, DemoDevices
from benchmarks.closed_loop.planning import SOLVE_EVERY_S, Planner
from custom_components.ems.adapters.cars import CarSessions
from custom_components.ems.adapters.circuit_flows import circuit_word
from custom_components.ems.adapters.circuits import CONNECTION
from custom_components.ems.adapters.guard_commands import guarded
from custom_components.ems.adapters.guard_memory import keep, restored
from custom_components.ems.adapters.guard_setup import make_wired
from custom_components.ems.adapters.guard_snapshot import Step, arrays_kw, battery_seen, charger_seen
from custom_components.ems.adapters.meter_tree import site_meters
from custom_components.ems.adapters.plan_commands import plan_commands
from custom_components.ems.adapters.plan_view import step_now
from custom_components.ems.adapters.site_model import make_site
from custom_components.ems.channel import Command, Source
from custom_components.ems.const import (
    CONF_EXPORT_MAX_KW,
    CONF_FUSE_A,
    CONF_GRID,
    CONF_IMPORT_MAX_KW,
    CONF_PHASES,
    DISPATCH_INTERVAL,
    GUARD_INTERVAL,
    METER_INTERVAL,
    OPERATION_ACTIVE,
    OPT_DEVICES,
    OPT_OPERATION,
    PLAN_INTERVAL,
    PLAN_MAX_AGE_S,
    PV,
)
from custom_components.ems.demo.home import Home
from custom_components.ems.dispatcher import Dispatcher
from custom_components.ems.engine.control.decide import decide
from custom_components.ems.engine.control.decision import Decided
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.engine.control.snapshot import Snapshot
from custom_components.ems.engine.plan import Plan
from custom_components.ems.engine.site import Site, Strategy
from custom_components.ems.settings import SiteSettings

FUSE_A: Final = 25.0
_GRID: Final = {
    CONF_FUSE_A: FUSE_A, CONF_PHASES: 3, CONF_IMPORT_MAX_KW: 17.25, CONF_EXPORT_MAX_KW: 17.25,
}  # fmt: skip
# What people ask for by the hour of the demo's set-up: about what a day's trips take.
NEEDED_KWH: Final[Mapping[str, float]] = MappingProxyType(
    {"charger": 22.0, "charger_2": 14.0, "charger_3": 30.0}
)
_POLL_S: Final = 5
_METER_S: Final = int(METER_INTERVAL.total_seconds())
_LOOK_S: Final = int(GUARD_INTERVAL.total_seconds())
_BEAT_S: Final = int(DISPATCH_INTERVAL.total_seconds())
_PLAN_S: Final = int(PLAN_INTERVAL.total_seconds())


@dataclass
class Disk:
    """What outlives a run: EMS' own store, and what people have set."""

    data: dict[str, Any] = field(default_factory=dict)
    modes: dict[str, EvMode] = field(default_factory=lambda: dict.fromkeys(CHARGERS, EvMode.PLAN))

    def put(self, key: str, value: Any) -> None:
        """Write down."""
        self.data[key] = value


@dataclass
class Entry:
    """What EMS asks of a config entry, and the line of what is to be written."""

    data: Mapping[str, Any] = field(default_factory=lambda: {CONF_GRID: _GRID})
    options: Mapping[str, Any] = field(
        default_factory=lambda: {
            OPT_OPERATION: OPERATION_ACTIVE,
            OPT_DEVICES: {key: {"energy_needed_kwh": kwh} for key, kwh in NEEDED_KWH.items()},
        }
    )
    title: str = "Demo"
    subentries: Mapping[str, Any] = field(
        default_factory=dict
    )  # of circuits: there is none but the connection
    due: deque[Coroutine[Any, Any, None]] = field(default_factory=deque)

    def async_create_background_task(self, _: Any, work: Coroutine[Any, Any, None], _name: str) -> None:
        """Put a write into the line."""
        self.due.append(work)


def finish[T](work: Coroutine[Any, Any, T]) -> T:
    """Run what never waits: nothing here does, one device at a time."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    work.close()
    raise RuntimeError(f"{work!r} waits for somebody")


class Ems:
    """One life of EMS. `second` is one second of it."""

    def __init__(self, home: Home, devices: DemoDevices, disk: Disk, clock: WrongClock, zone: tzinfo) -> None:
        """Start: what was remembered is read, nothing has been heard."""
        self._home, self._devices, self._disk, self._clock, self._zone = home, devices, disk, clock, zone
        self._entry = cast("Any", Entry())
        self._settings = SiteSettings(cast("Any", None), self._entry)
        store = cast("Any", disk)
        self._cars = CarSessions(store, self._settings)
        self.dispatcher = Dispatcher(cast("Any", None), self._entry, self._settings, devices.by_key, store)
        self.dispatcher.look = self.look
        self.wired = make_wired(self._entry, self._settings, devices.by_key, site_meters(devices.by_key))
        self._state, self._planner = restored(store), Planner(home, zone, self._site())
        self._plan: Plan | None = None
        self.may_plan = True
        self.decided: Decided | None = None
        self.looks = 0

    def _site(self) -> Site:
        made = make_site(self._entry, self._settings, self._devices.by_key.values(), "EUR")
        return replace(made, strategy=Strategy.ARBITRAGE)

    def second(self) -> None:
        """Do what is due: first what was decided a second ago goes out."""
        at = int(self._home.at_s)
        while self._entry.due:
            finish(self._entry.due.popleft())
        self._poll(at)
        if at % _PLAN_S == 0:
            self._renew_plan(at)
        if (at % _METER_S == 0 and self._devices.links[METER].last_update_success) or at % _LOOK_S == 0:
            self.look()
        if at % _BEAT_S == _BEAT_S - 1:
            for channel in self.dispatcher.channels.values():
                finish(self.dispatcher._async_settle(channel))  # noqa: SLF001  (its tick, without a loop)

    def kill(self) -> None:
        """Stop in the middle of everything, without a word to any device."""
        for work in self._entry.due:
            work.close()

    def ask(self, key: str, mode: str, amps: float | None, lasts_s: float) -> bool:
        """Let a person override a charger; return whether it took it."""
        until = self._now() + timedelta(seconds=lasts_s)
        wish = Command(mode=mode, current_a=amps, expires_at=until, source=Source.OVERRIDE)
        try:
            finish(self.dispatcher.async_apply(key, wish))
        except HomeAssistantError:
            return False
        return True

    def _now(self) -> datetime:
        return self._clock()

    def _poll(self, at: int) -> None:
        """Ask who is due: the meter every 2 s, the others every 5 s, one after the other."""
        for i, (key, link) in enumerate(self._devices.links.items()):
            is_due = at % _METER_S == 0 if key == METER else at % _POLL_S == i % _POLL_S
            if is_due or link.data is None:
                link.poll()
                if key in CHARGERS:
                    self._cars.observe(self._devices.by_key[key])

    def _renew_plan(self, at: int) -> None:
        """Solve twice an hour, and say so every five minutes."""
        if self.may_plan:
            if self._plan is None or at % SOLVE_EVERY_S == 0:
                soc = self._devices.by_key[BATTERY].fresh_number("soc")
                cars = {key: self._cars.now(each) for key, each in self._devices.chargers().items()}
                self._plan = self._planner.plan(self._clock.now_s, None if soc is None else soc / 10, cars)
            self._plan = replace(self._plan, created_at_s=self._clock.now_s)
        if (plan := self._young()) is None:
            return
        commands = plan_commands(plan, step_now(plan), self._devices.by_key)
        for key, channel in self.dispatcher.channels.items():
            channel.planned = commands.get(key)

    def _young(self) -> Plan | None:
        plan = self._plan
        return plan if plan is not None and self._clock.now_s - plan.created_at_s <= PLAN_MAX_AGE_S else None

    def look(self) -> None:
        """Look, decide, hand on."""
        now, snapshot = self._now(), self._snapshot()
        decided = decide(self.wired.setup, snapshot, self._state)
        self.decided, self._state = decided, decided.state
        self.looks += 1
        keep(cast("Any", self._disk), decided.state)
        most_kw = {each.key: each.charge_max_kw for each in self.wired.setup.batteries}
        channels = self.dispatcher.channels
        self.dispatcher.async_guard(
            {
                key: guarded(decision, channels[key], now, most_kw.get(key, 0.0))
                for key, decision in decided.decisions.items()
                if key in channels
            }
        )

    def _snapshot(self) -> Snapshot:
        setup, devices, channels = self.wired.setup, self._devices.by_key, self.dispatcher.channels
        step, now_s = Step.of(self._young()), self._clock.now_s
        word = circuit_word(setup.connection, [devices[METER]])
        return Snapshot(
            now_s=now_s,
            day=datetime.fromtimestamp(now_s, self._zone).date().isoformat(),
            meters={} if word is None else {CONNECTION: word},
            chargers={
                spec.key: charger_seen(
                    spec, devices[spec.key], channels[spec.key], mode=self._disk.modes[spec.key],
                    scheduled=None, car=self._cars.now(devices[spec.key]), step=step,
                )
                for spec in setup.chargers
            },
            batteries={BATTERY: battery_seen(devices[BATTERY], channels[BATTERY], step, None)},
            arrays_kw=arrays_kw({ROOF: devices[ROOF]}, PV),
            export_price_per_kwh=None if step is None else step.export_price_per_kwh,
        )  # fmt: skip
