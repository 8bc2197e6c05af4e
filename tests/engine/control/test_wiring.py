"""The guard steers a wrongly wired house, and finds out what is wrong with it."""

from dataclasses import dataclass, field, replace
import random
from typing import override

import pytest

from custom_components.ems.engine.control.battery import BatteryAsk, BatteryNow, BatterySpec
from custom_components.ems.engine.control.charger import ChargerNow
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.engine.control.polarity import Polarity
from custom_components.ems.engine.control.snapshot import BatterySeen, ChargerSeen, State
from custom_components.ems.engine.control.wiring import Wiring, drawn_below, watch_wiring

from .closed_loop import House, SimCar
from .homes import START_S, charger, setup, snapshot


@dataclass(kw_only=True)
class Wired(House):
    """A house whose meter counts each phase with a sign, and whose wiring is watched."""

    signs: tuple[float, float, float] = (1, 1, 1)
    wiring: Wiring = field(default_factory=Wiring)
    commands: int = 0

    @override
    def flows_a(self) -> tuple[float, float, float]:
        true = super().flows_a()
        return tuple(flow * sign for flow, sign in zip(true, self.signs, strict=True))  # type: ignore[return-value]

    @override
    def tick(self) -> None:
        super().tick()
        assert self.decided is not None
        assert self.word is not None
        seen = {
            key: ChargerSeen(now=ChargerNow(is_connected=car.is_connected, drawn_a=car.last))
            for key, car in self.cars.items()
        }
        meters = {"main": self.word}
        picture = snapshot(self.now_s, meters, seen)
        decisions = self.decided.decisions
        self.wiring = watch_wiring(self.wiring, self.setup, picture, self.state, decisions, meters)

    def charge(self, times: int) -> None:
        """Let a car charge and rest in turn, by somebody's word."""
        for _ in range(times):
            self.mode = EvMode.NOW
            self.run(90)
            self.mode = EvMode.OFF
            self.run(90)


def noisy(seed: int) -> House:
    """Return a house that is lived in: some flicker, and a kettle or an oven now and then."""
    chance = random.Random(seed)  # noqa: S311  # a house, no secret
    levels: dict[int, tuple[float, float, float]] = {}

    def load_a(at_s: float) -> tuple[float, float, float]:
        slot = int(at_s) // 40
        if slot not in levels:
            levels[slot] = tuple(  # type: ignore[assignment]
                1.5 + (chance.choice((4, 9, 13)) if chance.random() < 0.1 else 0) for _ in range(3)
            )
        return tuple(level + chance.uniform(-0.2, 0.2) for level in levels[slot])  # type: ignore[return-value]

    return Wired(setup=setup(charger()), cars={"car": SimCar()}, load_a=load_a)


@pytest.mark.parametrize("seed", range(4))
def test_an_inverted_meter_is_found_while_a_car_charges(seed: int) -> None:
    house = noisy(seed)
    assert isinstance(house, Wired)
    house.signs = (-1, -1, -1)
    house.charge(4)
    assert house.wiring.inverted("main") == (1, 2, 3)


@pytest.mark.parametrize("seed", range(4))
def test_a_right_meter_is_never_accused(seed: int) -> None:
    house = noisy(seed)
    assert isinstance(house, Wired)
    for _ in range(20):
        house.charge(1)
        assert house.wiring.inverted("main") == ()
    assert house.wiring.signs["main"].whole.verdict is Polarity.RIGHT


def test_a_car_that_follows_a_cloudy_sun_accuses_no_meter() -> None:
    # The meter is the cause of every command here: clouds come, the car is told less, and the import still rises.
    def load_a(at_s: float) -> tuple[float, float, float]:
        sun_a = 14.0 if int(at_s) // 97 % 2 else 4.0
        return (1.0 - sun_a + at_s % 7 / 50,) * 3

    house = Wired(setup=setup(charger()), cars={"car": SimCar()}, load_a=load_a, mode=EvMode.MIN_SURPLUS)
    for _ in range(60):
        house.run(60)
        assert house.wiring.inverted("main") == ()


def test_one_turned_clamp_is_found() -> None:
    house = noisy(1)
    assert isinstance(house, Wired)
    house.signs = (1, 1, -1)
    house.charge(6)
    assert house.wiring.inverted("main") == (3,)


def test_a_charger_on_another_phase_than_said_is_found() -> None:
    spec = charger(phases=1, rotation=(1,))
    house = Wired(
        setup=setup(spec),
        cars={"car": SimCar(terminals=(2,))},
        load_a=lambda at_s: (2 + at_s % 7 / 50, 2 + at_s % 5 / 40, 2 + at_s % 3 / 30),
    )
    house.charge(5)
    assert house.wiring.found(spec) == (2,)
    assert house.wiring.inverted("main") == ()
    assert house.wiring.found(replace(spec, rotation=(2,))) == ()


def test_nothing_is_learned_while_one_of_ours_is_silent() -> None:
    battery = BatterySpec(key="b", name="B", circuit="main", charge_max_kw=5.0, discharge_max_kw=5.0)
    site = setup(charger(), batteries=(battery,))
    car = ChargerSeen(now=ChargerNow(drawn_a=(6, 0, 0)))
    gives = BatterySeen(now=BatteryNow(power_kw=2.07, soc=0.5), ask=BatteryAsk(mode="automatic"))
    picture = snapshot(START_S, {}, {"car": car}, batteries={"b": gives})
    drawn = drawn_below("main", site, picture, State(), {})
    assert drawn is not None
    assert drawn["car"].amps == (6.0, 0.0, 0.0)
    assert drawn["b"].amps == pytest.approx((-3, -3, -3))
    unknown = replace(gives, now=BatteryNow(power_kw=None, soc=0.5))
    silent = replace(car, now=ChargerNow(is_reachable=False))
    for chargers, batteries in (({"car": car}, {"b": unknown}), ({"car": silent}, {"b": gives})):
        picture = snapshot(START_S, {}, chargers, batteries=batteries)
        assert drawn_below("main", site, picture, State(), {}) is None
