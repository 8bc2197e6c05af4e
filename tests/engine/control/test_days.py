"""Whole days in a home with everything: nobody is overloaded, nothing flaps, and the sun goes where it belongs."""

from dataclasses import dataclass, field, replace
from math import pi, sin
from random import Random

import pytest

from custom_components.ems.engine.control.battery import BatteryAsk, BatteryNow, BatterySpec
from custom_components.ems.engine.control.charger import ChargerNow
from custom_components.ems.engine.control.circuit import Circuit
from custom_components.ems.engine.control.decide import decide
from custom_components.ems.engine.control.ev_mode import EvMode, Planned
from custom_components.ems.engine.control.flow import PhaseFlow
from custom_components.ems.engine.control.pv import ExportPolicy, ExportRules, PvSpec
from custom_components.ems.engine.control.setup import Setup
from custom_components.ems.engine.control.snapshot import (
    BatterySeen,
    ChargerSeen,
    MeterWord,
    Snapshot,
    State,
)

from .closed_loop import SimCar
from .homes import charger, setup

PER_A = 0.69  # kW of an ampere on three phases
EVERY_S = 2
# Two polls and the car's own five seconds.
REACTION_S = 2 * EVERY_S + 5 + 1
BATTERY = BatterySpec(
    key="battery", name="Battery", circuit="main", charge_max_kw=8.0, discharge_max_kw=8.0, reserve_soc=0.1
)


@dataclass(kw_only=True)
class Store:
    """A house battery with a mind of its own: told nothing else, it covers the home and stores what is left over."""

    soc: float = 0.4
    power_kw: float = 0.0  # + discharging
    capacity_kwh: float = 12.0

    def step(self, mode: str, power_kw: float | None, need_kw: float, step_s: float) -> None:
        """Live for a while. need_kw : What the home draws less what its roof gives."""
        wish = {
            "automatic": need_kw,
            "hold": min(0.0, need_kw),
            "charge": -(power_kw or 0.0),
            "discharge": power_kw or 0.0,
        }[mode]
        most = min(8.0, self.soc * self.capacity_kwh * 3600 / step_s)
        least = -min(8.0, (1 - self.soc) * self.capacity_kwh * 3600 / step_s)
        self.power_kw = min(max(wish, least), most)
        self.soc -= self.power_kw * step_s / 3600 / self.capacity_kwh


@dataclass(kw_only=True)
class Day:
    """A simulated home from midnight on: kettles and ovens by chance, sun by the hour, three cars."""

    site: Setup
    modes: dict[str, EvMode]
    seed: int
    sun_kw: float = 9.0
    cars: dict[str, SimCar] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    pv_limit_kw: float | None = None
    ask: BatteryAsk = field(default_factory=lambda: BatteryAsk(mode="automatic"))
    order: tuple[str, float | None] = ("automatic", None)
    planned: Planned | None = None
    longest_over_s: float = 0.0
    exported_kwh: float = 0.0
    charged_kwh: float = 0.0
    charged_by_night_kwh: float = 0.0
    writes: dict[str, int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)

    def live(self, from_h: float, until_h: float) -> None:
        """Live from one hour of the day to another, and note what has to be judged."""
        chance, state, over_s = Random(self.seed), State(), 0.0  # noqa: S311
        switched = [0.0, 0.0, 0.0]
        for second in range(int(from_h * 3600), int(until_h * 3600), EVERY_S):
            if second % 60 == 0:
                switched = [chance.choice([0.0, 0.0, 0.0, 4.0, 9.0, 13.0]) for _ in range(3)]
            load = [1.0 + amps + chance.random() / 5 for amps in switched]
            pv_kw = max(0.0, self.sun_kw * sin(pi * (second / 3600 - 6) / 12)) * chance.uniform(0.9, 1.0)
            pv_kw = pv_kw if self.pv_limit_kw is None else min(pv_kw, self.pv_limit_kw)
            for car in self.cars.values():
                for _ in range(EVERY_S):
                    car.step(second)
            own = [sum(car.on(phase) for car in self.cars.values()) for phase in (1, 2, 3)]
            need_kw = sum(load + own) * 0.23 - pv_kw
            self.store.step(*self.order, need_kw, EVERY_S)
            even = (pv_kw + self.store.power_kw) / PER_A
            flows = [load[i] + own[i] - even for i in range(3)]
            fuse = self.site.connection.limit_a
            charges = any(own) or self.store.power_kw < 0
            over_s = over_s + EVERY_S if charges and max(flows) > fuse + 0.5 else 0.0
            self.longest_over_s = max(self.longest_over_s, over_s)
            self._count(flows, own, second)
            state = self._tick(state, flows, pv_kw, second)

    def _count(self, flows: list[float], own: list[float], second: int) -> None:
        self.exported_kwh += max(0.0, -sum(flows)) * 0.23 * EVERY_S / 3600
        charged = sum(own) * 0.23 * EVERY_S / 3600
        self.charged_kwh += charged
        self.charged_by_night_kwh += charged if not 6 <= second / 3600 % 24 <= 18 else 0.0

    def _tick(self, state: State, flows: list[float], pv_kw: float, second: int) -> State:
        picture = Snapshot(
            now_s=float(second),
            day=str(second // 86400),
            meters={
                "main": MeterWord(
                    at_s=float(second), flows={i + 1: PhaseFlow(active_a=flows[i]) for i in range(3)}
                )
            },
            chargers={
                key: ChargerSeen(
                    now=ChargerNow(is_connected=True, drawn_a=car.measured()),
                    mode=self.modes[key],
                    planned=self.planned,
                )
                for key, car in self.cars.items()
            },
            batteries={
                "battery": BatterySeen(
                    now=BatteryNow(power_kw=self.store.power_kw, soc=self.store.soc), ask=self.ask
                )
            },
            arrays_kw={"roof": pv_kw},
        )
        found = decide(self.site, picture, state)
        for key, car in self.cars.items():
            amps = found.decisions[key].current_a or 0.0
            self.writes[key] = self.writes.get(key, 0) + (amps != car.offered_a)
            self.starts[key] = self.starts.get(key, 0) + (car.offered_a == 0 < amps)
            car.tell(amps, second)
        battery = found.decisions["battery"]
        self.writes["battery"] = self.writes.get("battery", 0) + (battery.mode != self.order[0])
        self.order = (battery.mode, battery.power_kw)
        self.pv_limit_kw = found.decisions["roof"].power_kw
        return found.state


def home(*, fuse_a: float = 25.0, export: ExportRules | None = None) -> Setup:
    """Return three chargers, one of them on one phase, a battery and a roof behind one connection."""
    site = setup(
        charger("first"),
        charger("second", rotation=(2, 3, 1)),
        charger("third", phases=1, rotation=(2,)),
        circuits=(Circuit(key="main", name="House", limit_a=fuse_a, allowance_a=4.0),),
        batteries=(BATTERY,),
        arrays=(PvSpec(key="roof", name="Roof", power_max_kw=10.0),),
    )
    return replace(site, export=export) if export else site


def cars() -> dict[str, SimCar]:
    """Return two cars on three phases and one on one."""
    return {"first": SimCar(), "second": SimCar(), "third": SimCar(terminals=(2,))}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("mode", list(EvMode))
def test_no_phase_is_overloaded_whatever_the_cars_want(seed: int, mode: EvMode) -> None:
    day = Day(
        site=home(), modes=dict.fromkeys(cars(), mode), seed=seed, cars=cars(), planned=Planned(current_a=10)
    )
    day.live(11, 12)
    assert day.longest_over_s <= REACTION_S


def test_a_battery_that_buys_and_cars_that_charge_share_a_fuse() -> None:
    day = Day(
        site=home(fuse_a=16.0),
        modes=dict.fromkeys(cars(), EvMode.NOW),
        seed=4,
        cars=cars(),
        ask=BatteryAsk(mode="charge"),
    )
    day.live(2, 3)
    assert day.longest_over_s <= REACTION_S
    assert day.charged_kwh > 2


def test_cars_that_follow_the_sun_charge_by_day_and_not_by_night() -> None:
    day = Day(site=home(), modes=dict.fromkeys(cars(), EvMode.SURPLUS), seed=5, cars=cars())
    day.live(14, 20)
    assert day.charged_kwh > 5
    # A cloud is bridged for three minutes; the sun does not set at six sharp.
    assert day.charged_by_night_kwh < 0.05 * day.charged_kwh


def test_a_home_that_may_not_feed_in_feeds_next_to_nothing_in() -> None:
    never = ExportRules(export_max_kw=10.0, policy=ExportPolicy.NEVER)
    free = Day(
        site=home(), modes=dict.fromkeys(cars(), EvMode.OFF), seed=6, cars=cars(), store=Store(soc=1.0)
    )
    held = Day(
        site=home(export=never),
        modes=dict.fromkeys(cars(), EvMode.OFF),
        seed=6,
        cars=cars(),
        store=Store(soc=1.0),
    )
    for day in (free, held):
        day.live(10, 13)
    assert free.exported_kwh > 5
    assert held.exported_kwh < 0.02 * free.exported_kwh


def test_a_day_costs_few_writes_and_few_starts() -> None:
    day = Day(site=home(), modes=dict.fromkeys(cars(), EvMode.NOW), seed=7, cars=cars())
    day.live(0, 3)
    # Loads jump every minute here, far more often than in a home.
    assert max(day.writes[key] for key in cars()) < 3 * 60 * 2
    assert day.writes["battery"] < 3 * 10
