"""A harder life than the demo home's own: guests, ovens and heaters at random, and cars that come home empty."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final

from custom_components.ems.demo.car import CarSpec
from custom_components.ems.demo.charging_point import POINTS, PointSpec
from custom_components.ems.demo.household import Household

type Phases = tuple[float, float, float]

# Kettles, heaters and irons on one phase, an oven or a sauna on three. [W]
_SINGLE_W: Final = (500.0, 3_600.0)
_TRIPLE_W: Final = (900.0, 2_700.0)
_LASTS_S: Final = (8, 900)
_APART_S: Final = (5, 500)
_TRIPLE_SHARE: Final = 0.25
# Trips take so many times as much.
_THIRST: Final = 2.0


def thirsty() -> tuple[PointSpec, ...]:
    """Return the demo's places to charge with cars that drive more."""
    return tuple(replace(point, car=_driven_more(point.car)) for point in POINTS)


def _driven_more(car: CarSpec) -> CarSpec:
    outings = tuple(
        replace(each, energy_wh=(_THIRST * each.energy_wh[0], _THIRST * each.energy_wh[1]))
        for each in car.habits.outings
    )
    return replace(car, habits=replace(car.habits, outings=outings), arrives_wh=0.35 * car.capacity_wh)


class Guests:
    """A household with guests: its own loads, and others that come and go within seconds and minutes."""

    def __init__(self, household: Household, seed: int, start_s: float) -> None:
        """Open the door."""
        self._household = household
        self._loads = [_loads(Random(seed * 10 + i), start_s) for i in range(2)]  # noqa: S311  (luck)
        self._now = [next(loads) for loads in self._loads]

    def power_w(self, at_s: float) -> Phases:
        """Return what L1, L2 and L3 consume. [W]. Asked in the order of time."""
        total = list(self._household.power_w(at_s))
        for i, loads in enumerate(self._loads):
            while at_s >= self._now[i][1]:
                self._now[i] = next(loads)
            starts_s, _, watts = self._now[i]
            if at_s >= starts_s:
                total = [one + more for one, more in zip(total, watts, strict=True)]
        return total[0], total[1], total[2]


def _loads(chance: Random, at_s: float) -> Iterator[tuple[float, float, Phases]]:
    """Yield loads one after the other: from, until, and on which phases."""
    while True:
        at_s += chance.uniform(*_APART_S)
        until_s = at_s + chance.uniform(*_LASTS_S)
        if chance.random() < _TRIPLE_SHARE:
            each_w = chance.uniform(*_TRIPLE_W)
            yield at_s, until_s, (each_w, each_w, each_w)
        else:
            phase, single_w = chance.randrange(3), chance.uniform(*_SINGLE_W)
            yield at_s, until_s, (single_w * (phase == 0), single_w * (phase == 1), single_w * (phase == 2))
        at_s = until_s
