"""The guard of a home: with every word of its meters it looks at everything, decides, and hands the orders on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..adapters.cars import CarSessions, ev_mode_of
from ..adapters.circuit_flows import circuit_word, word_of_power
from ..adapters.circuits import CONNECTION
from ..adapters.guard_commands import guarded, scheduled
from ..adapters.guard_memory import as_found, keep, restored, untold
from ..adapters.guard_setup import Wired, make_wired
from ..adapters.guard_snapshot import Step, array_ask, arrays_kw, battery_seen, charger_seen, local_day
from ..adapters.limits_now import LimitsBook
from ..adapters.schedules import battery_ask, charger_ask
from ..channel import Channel, Guarded
from ..const import GUARD_INTERVAL, LOAD, LOGGER, OPERATION_ACTIVE, PV
from ..dispatcher import Dispatcher
from ..engine.control.battery import AUTOMATIC, BatteryAsk, BatteryNow, BatterySpec
from ..engine.control.charger import ChargerNow, ChargerSpec
from ..engine.control.circuit import Circuit
from ..engine.control.decide import decide
from ..engine.control.decision import Decided, Decision
from ..engine.control.pv import NO_ASK, ArrayAsk, PvSpec
from ..engine.control.setup import Setup
from ..engine.control.snapshot import BatterySeen, ChargerSeen, ChargerState, MeterWord, Snapshot, State
from ..engine.plan import PlanError
from ..follow_watch import FollowWatch
from ..settings import SiteSettings
from ..site_device import SiteDevice
from ..store import SiteStore
from ..wiring_watch import WiringWatch
from .gathered import Gathered
from .mishaps import Mishaps
from .plan import PlanCoordinator
from .site import SiteCoordinator

# A meter that speaks ten times a second is listened to four times.
APART_S = 0.25
# What counts of a device that cannot even be looked at: it is silent, and its word runs out.
SILENT_CHARGER = ChargerSeen(now=ChargerNow(is_reachable=False))
SILENT_BATTERY = BatterySeen(
    now=BatteryNow(power_kw=None, soc=None), ask=BatteryAsk(mode=AUTOMATIC, source="none")
)


@dataclass(frozen=True, kw_only=True)
class GuardState:
    """What the guard saw and decided last. Keys of decisions are subentry ids, of trusts circuits."""

    at: datetime
    decisions: Mapping[str, Decision]
    surplus_kw: float | None
    trusts: Mapping[str, str]
    setup: Setup
    snapshot: Snapshot | None = None


class GuardCoordinator(DataUpdateCoordinator[GuardState]):
    """Looks with every update of a meter, and every few seconds where none comes. It polls nothing itself."""

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        settings: SiteSettings,
        devices: Mapping[str, SiteDevice],
        site: SiteCoordinator,
        dispatcher: Dispatcher,
        *,
        cars: CarSessions,
        plan: PlanCoordinator,
        limits: LimitsBook,
        store: SiteStore,
    ) -> None:
        """Learn the home. Raises PlanError where its set-up contradicts itself."""
        super().__init__(hass, LOGGER, config_entry=entry, name=f"{entry.title} guard", update_interval=None)
        self._settings, self._devices, self._site = settings, devices, site
        self._dispatcher, self._cars, self._plan = dispatcher, cars, plan
        self._known = entry.options, self._abilities()
        self._wired = self._wire()
        self._limits, self._store = limits, store
        self._wiring, self._followers = WiringWatch(hass, entry), FollowWatch(hass, entry)
        self._state = restored(store)
        self._met = set[str]()  # chargers that were heard in this run
        self._mishaps = Mishaps(self.name)
        self.data = GuardState(
            at=dt_util.utcnow(), decisions={}, surplus_kw=None, trusts={}, setup=self._wired.setup
        )

    def _wire(self) -> Wired:
        return make_wired(self.config_entry, self._settings, self._devices, self._site.meters)

    @callback
    def async_start(self) -> None:
        """Begin to look."""
        entry = self.config_entry
        self._dispatcher.look = self.async_look
        gathered = Gathered(self.hass, entry, self.async_look, APART_S)
        heard = {self._devices[key].coordinator for keys in self._wired.meters.values() for key in keys}
        for coordinator in heard:
            entry.async_on_unload(coordinator.async_add_listener(gathered.async_ask))

        @callback
        def beat(_: datetime) -> None:
            gathered.async_ask()

        entry.async_on_unload(async_track_time_interval(self.hass, beat, GUARD_INTERVAL, name="EMS guard"))
        # What to show at once; links that were just opened are not written to yet.
        self._mishaps.attempt("a look", lambda: self._look(hands_on=False), None)

    @callback
    def async_look(self) -> None:
        """Look, decide, hand on.

        Nothing is raised: whoever told of a meter has others to tell. Words that do not come run out, and devices are
        released.
        """
        self._mishaps.attempt("a look", lambda: self._look(hands_on=True), None)

    def _look(self, *, hands_on: bool) -> None:
        decided = self._decide()
        if hands_on:
            self._hand_on(decided, self.data.at)
        # Last: what goes wrong with somebody who only shows it must not keep a car from being slowed down.
        self._mishaps.attempt("telling of a look", lambda: self.async_set_updated_data(self.data), None)

    def _decide(self) -> Decided:
        wired, now = self._current(), dt_util.utcnow()
        words = self._words(wired)
        snapshot = self._snapshot(wired, words, now.timestamp())
        decided = decide(wired.setup, snapshot, self._remembered(wired, snapshot))
        self._state = decided.state
        decided = self._watched_or_not(wired, words, snapshot, decided)
        keep(self._store, decided.state)
        self.data = GuardState(
            at=now,
            decisions=decided.decisions,
            surplus_kw=decided.surplus_kw,
            trusts=decided.trusts,
            setup=wired.setup,
            snapshot=snapshot,
        )
        return decided

    def _watched_or_not(
        self, wired: Wired, words: Mapping[str, MeterWord], snapshot: Snapshot, decided: Decided
    ) -> Decided:
        return self._mishaps.attempt(
            "watching", lambda: self._watched(wired, words, snapshot, decided), decided
        )

    def _current(self) -> Wired:
        """Return the home as it is set up now; what people turn holds from the next look on."""
        known = self.config_entry.options, self._abilities()
        if known[0] is not self._known[0] or known[1] != self._known[1]:
            self._known = known
            try:
                self._wired = self._wire()
            except PlanError as err:
                LOGGER.error(
                    "%s: the last settings cannot be guarded, the ones before hold: %s", self.name, err
                )
        return self._wired

    def _watched(
        self, wired: Wired, words: Mapping[str, MeterWord], snapshot: Snapshot, decided: Decided
    ) -> Decided:
        """Learn from what devices made of their orders; say it where one made nothing of it."""
        is_active = self._settings.operation == OPERATION_ACTIVE
        if is_active:
            names = {
                key: ", ".join(self._devices[each].name for each in found)
                for key, found in wired.meters.items()
            }
            self._wiring.async_look(wired.setup, snapshot, decided, words, names)
        deaf = self._followers.async_look(wired.setup, snapshot, decided, is_active=is_active)
        decisions = {
            key: replace(each, reason=deaf[key]) if key in deaf else each
            for key, each in decided.decisions.items()
        }
        return replace(decided, decisions=decisions)

    def _abilities(self) -> list[tuple[tuple[str, ...], bool]]:
        """Return what devices can be told: they say some of it themselves, once they have answered."""
        hands = [each.actuator for each in self._devices.values() if each.actuator]
        return [(tuple(each.modes), each.switches_phases) for each in hands]

    def _hand_on(self, decided: Decided, now: datetime) -> None:
        charge_max_kw = {each.key: each.charge_max_kw for each in self.data.setup.batteries}
        words: dict[str, Guarded | None] = {}
        for key, channel in self._dispatcher.channels.items():
            decision = decided.decisions.get(key)
            is_load = channel.device.role == LOAD
            # Who could not be looked at hears nothing new, and is released when its last word is over.
            if key in self._mishaps or not (is_load or decision):
                continue
            word = partial(self._word_for, channel, decision, now, charge_max_kw.get(key, 0.0))
            self._mishaps.attempt(f"{key} word", partial(_put, words, key, word), None, channel.device.name)
        self._dispatcher.async_guard(words)

    def _word_for(
        self, channel: Channel, decision: Decision | None, now: datetime, charge_max_kw: float
    ) -> Guarded | None:
        if decision is None:
            return scheduled(self._settings, channel, now)
        return guarded(decision, channel, now, charge_max_kw)

    # What is seen.

    def _words(self, wired: Wired) -> dict[str, MeterWord]:
        """Return what every circuit's meter says."""
        words = {
            circuit.key: self._mishaps.attempt(
                f"{circuit.key} meter", partial(self._word, circuit, wired), None, circuit.name
            )
            for circuit in wired.setup.tree.circuits
        }
        return {key: word for key, word in words.items() if word is not None}

    def _snapshot(self, wired: Wired, words: Mapping[str, MeterWord], now_s: float) -> Snapshot:
        step, setup, limits = Step.of(self._plan.current), wired.setup, self._limits.now(now_s)
        return Snapshot(
            now_s=now_s,
            day=local_day(),
            # A meter that counts backwards says nothing that a fuse could be kept by.
            meters={key: word for key, word in words.items() if not self._wiring.is_inverted(key)},
            chargers={
                spec.key: self._attempt(
                    spec.key, partial(self._charger_seen, spec, step, now_s), SILENT_CHARGER
                )
                for spec in setup.chargers
            },
            batteries={
                spec.key: self._attempt(
                    spec.key, partial(self._battery_seen, spec, step, now_s), SILENT_BATTERY
                )
                for spec in setup.batteries
            },
            arrays_kw=arrays_kw(self._devices, PV),
            array_asks={
                spec.key: self._attempt(spec.key, partial(self._array_ask, spec, step), NO_ASK)
                for spec in setup.arrays
            },
            operator_kw=limits.operator_kw,
            cap_kw=limits.cap_kw,
            quarter=limits.quarter,
            target_kw=limits.target_kw,
            export_price_per_kwh=None if step is None else step.export_price_per_kwh,
        )

    def _attempt[T](self, key: str, action: Callable[[], T], otherwise: T) -> T:
        return self._mishaps.attempt(key, action, otherwise, self._devices[key].name)

    def _charger_seen(self, spec: ChargerSpec, step: Step | None, now_s: float) -> ChargerSeen:
        device = self._devices[spec.key]
        return charger_seen(
            spec,
            device,
            self._dispatcher.channels[spec.key],
            mode=ev_mode_of(self._settings, spec.key),
            scheduled=charger_ask(self._settings, device, dt_util.utc_from_timestamp(now_s)),
            car=self._cars.now(device),
            step=step,
        )

    def _battery_seen(self, spec: BatterySpec, step: Step | None, now_s: float) -> BatterySeen:
        device = self._devices[spec.key]
        scheduled = battery_ask(self._settings, device, dt_util.utc_from_timestamp(now_s))
        return battery_seen(device, self._dispatcher.channels.get(spec.key), step, scheduled)

    def _array_ask(self, spec: PvSpec, step: Step | None) -> ArrayAsk:
        channel = self._dispatcher.channels.get(spec.key)
        return NO_ASK if channel is None else array_ask(channel, step)

    def _word(self, circuit: Circuit, wired: Wired) -> MeterWord | None:
        meters = [self._devices[key] for key in wired.meters.get(circuit.key, ())]
        if circuit.key == CONNECTION and self._site.meters.tree.grid_is_derived:
            heard = [each.coordinator.data.at_s for each in meters if each.coordinator.data]
            return word_of_power(circuit, self._site.power_now().grid_w, min(heard, default=None))
        return circuit_word(circuit, meters)

    def _remembered(self, wired: Wired, snapshot: Snapshot) -> State:
        """Return what is remembered; of chargers that were told nothing yet, or are never told, what is found."""
        is_active = self._settings.operation == OPERATION_ACTIVE
        chargers = dict(self._state.chargers)
        for spec in wired.setup.chargers:
            now, before = snapshot.chargers[spec.key].now, chargers.get(spec.key, ChargerState())
            if not is_active:
                chargers[spec.key] = untold(spec, now, before)
            elif spec.key not in self._met and now.is_reachable:
                chargers[spec.key] = as_found(spec, now, before)
            if now.is_reachable:
                self._met.add(spec.key)
        return replace(self._state, chargers=chargers)


def _put[T](found: dict[str, T], key: str, make: Callable[[], T]) -> None:
    found[key] = make()
