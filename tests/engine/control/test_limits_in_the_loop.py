"""Limits beside fuses with the loop closed: cars come up slowly, meters speak every two seconds, kettles boil."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from custom_components.ems.engine.control.quarter_hour import Interval, interval_start_s

from .closed_loop import House, SimCar
from .homes import charger, setup

KW_PER_A = 0.23


def kettles(seed: int) -> Callable[[float], tuple[float, float, float]]:
    """Return a household of 0.3 kW on each phase, with an oven or a kettle for some minutes now and then."""
    hours = np.random.default_rng(seed).choice([0.0, 0.0, 0.0, 9.0], (200, 3)).tolist()

    def load_a(at_s: float) -> tuple[float, float, float]:
        busy = hours[int(at_s // 180) % len(hours)]
        one, two, three = (1.3 + at_s % 7 / 50 + amps for amps in busy)
        return one, two, three

    return load_a


@dataclass(kw_only=True)
class Network:
    """The network's meter: it counts every second what really flows in, by its own clock."""

    house: House
    starts_past_s: float = 0.0
    kwh: dict[float, float] = field(default_factory=dict)

    def live(self, seconds: int) -> None:
        """Let the house live, and count."""
        for _ in range(seconds):
            self.house.run(1)
            start_s = interval_start_s(self.house.now_s, starts_past_s=self.starts_past_s)
            drawn_kw = max(0.0, sum(self.house.flows_a()) * KW_PER_A)
            self.kwh[start_s] = self.kwh.get(start_s, 0.0) + drawn_kw / 3600

    def interval(self, now_s: float) -> Interval:
        """Return what the guard is told of it."""
        start_s = interval_start_s(now_s, starts_past_s=self.starts_past_s)
        return Interval(start_s=start_s, imported_kwh=self.kwh.get(start_s, 0.0))

    def means_kw(self) -> list[float]:
        """Return the means of all full intervals."""
        full = sorted(self.kwh)[1:-1]
        return [self.kwh[start_s] * 4 for start_s in full]


@pytest.mark.parametrize(("seed", "starts_past_s"), [(1, 0.0), (2, 40.0)])
def test_no_quarter_hour_exceeds_its_target(seed: int, starts_past_s: float) -> None:
    """Two hungry cars of 11 kW under a target of 8 kW; and holding them back does not mean leaving them empty."""
    house = House(
        setup=setup(charger("a"), charger("b")), cars={"a": SimCar(), "b": SimCar()}, load_a=kettles(seed)
    )
    network = Network(house=house, starts_past_s=starts_past_s)
    house.limits = lambda now_s: {"quarter": network.interval(now_s), "target_kw": 8.0}
    network.live(2 * 3600)
    means = network.means_kw()
    assert len(means) >= 6
    assert max(means) <= 8.0
    assert sum(means) / len(means) >= 0.9 * 8.0


def test_an_operator_s_limit_holds_what_is_steered_and_nothing_else() -> None:
    """4.2 kW for the cars together, whatever the kettles do; and all of it again when the operator lets go."""
    house = House(
        setup=setup(charger("a"), charger("b")), cars={"a": SimCar(), "b": SimCar()}, load_a=kettles(3)
    )
    house.run(180)
    house.limits = lambda _: {"operator_kw": 4.2}
    house.run(20)
    for _ in range(600):
        house.run(1)
        assert sum(car.drawn_a for car in house.cars.values()) * 3 * KW_PER_A <= 4.2
    assert sum(car.drawn_a for car in house.cars.values()) == 6.0  # one of them, with the smallest current
    house.limits = lambda _: {}
    house.run(300)
    assert sum(car.drawn_a for car in house.cars.values()) > 10


def test_a_limit_by_the_clock_holds_all_that_flows_in() -> None:
    """9 kW with a household of 1 to 7 kW: the cars take what is left, and wait where that is too little."""
    house = House(setup=setup(charger("a")), cars={"a": SimCar()}, load_a=kettles(4))
    house.limits = lambda _: {"cap_kw": 9.0}
    house.run(120)
    over_s = longest_s = 0
    for _ in range(3600):
        house.run(1)
        over_s = over_s + 1 if sum(house.flows_a()) * KW_PER_A > 9.0 else 0
        longest_s = max(longest_s, over_s)
    assert house.cars["a"].drawn_a > 0
    assert longest_s <= 9  # two readings, and the five seconds a car may take to come down
