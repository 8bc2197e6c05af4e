"""What the people of the home switch on: a stochastic day, drawn anew from (seed, day) whenever asked for."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .calendar_day import LocalDay

type Phases = tuple[float, float, float]

HOUR_S = 3600.0
_PLANS_DAY, _FRIDGE, _BASE = 1, 2, 3  # separate streams of chance: a changed recipe does not move the fridge


class Pulse(NamedTuple):
    """Constant power on the three phases for a while. [s since the epoch], [W]."""

    start_s: float
    end_s: float
    l1_w: float = 0.0
    l2_w: float = 0.0
    l3_w: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Profile:
    """A day's load as a step function: `watts[i]` holds from `edges_s[i]` on."""

    start_s: float
    end_s: float
    edges_s: list[float]
    watts: list[Phases]


class Household:
    """A family of four in an electric kitchen, about 4 MWh a year."""

    def __init__(self, seed: int, zone: tzinfo) -> None:
        """Move in."""
        self._seed = seed
        self._zone = zone
        self._profile: _Profile | None = None

    def power_w(self, at_s: float) -> Phases:
        """Return what L1, L2 and L3 consume at an instant. [W]."""
        profile = self._profile
        if profile is None or not profile.start_s <= at_s < profile.end_s:
            profile = self._profile = _profile(self._seed, LocalDay.holding(at_s, self._zone))
        return profile.watts[bisect_right(profile.edges_s, at_s) - 1]


def _profile(seed: int, day: LocalDay) -> _Profile:
    """Add up everything that runs on a day, including what was started the evening before."""
    start_s, end_s = day.start_s, day.end_s
    pulses = np.array([*_pulses(seed, day.previous), *_pulses(seed, day)])
    pulses = pulses[(pulses[:, 1] > start_s) & (pulses[:, 0] < end_s)]
    edges = np.concatenate([np.maximum(pulses[:, 0], start_s), pulses[:, 1]])
    steps = np.concatenate([pulses[:, 2:], -pulses[:, 2:]])
    order = np.argsort(edges, kind="stable")
    watts = np.maximum(np.cumsum(steps[order], axis=0), 0.0)  # rounding may leave -1e-13
    return _Profile(
        start_s=start_s,
        end_s=end_s,
        edges_s=edges[order].tolist(),
        watts=[(row[0], row[1], row[2]) for row in watts.tolist()],
    )


def _pulses(seed: int, day: LocalDay) -> Iterator[Pulse]:
    """Draw one day's switchings."""
    ordinal = day.day.toordinal()
    yield from _base(np.random.default_rng([seed, ordinal, _BASE]), day)
    yield from _cooling(np.random.default_rng([seed, ordinal, _FRIDGE]), day)
    chance = np.random.default_rng([seed, ordinal, _PLANS_DAY])
    for activity in (_morning, _kitchen, _evening, _laundry, _office):
        yield from activity(chance, day)


def _base(chance: np.random.Generator, day: LocalDay) -> Iterator[Pulse]:
    """Router, standby, pumps and chargers: never off, never quite constant."""
    edges = np.arange(day.start_s, day.end_s + 1, 300.0)
    noise = chance.gamma(12.0, 1 / 12.0, size=(len(edges) - 1, 3))
    for (start_s, end_s), (a, b, c) in zip(pairwise(edges.tolist()), noise.tolist(), strict=True):
        yield Pulse(start_s, end_s, 55 * a, 35 * b, 40 * c)


def _cooling(chance: np.random.Generator, day: LocalDay) -> Iterator[Pulse]:
    """A fridge on L2 and a freezer on L3, each a compressor that comes and goes."""
    for watts, on_s, period_s, phase in ((85.0, 900.0, 2700.0, 1), (95.0, 1200.0, 4200.0, 2)):
        at_s = day.start_s + chance.uniform(0, period_s)
        while at_s < day.end_s:
            yield _single(at_s, at_s + on_s * chance.uniform(0.85, 1.15), watts, phase)
            at_s += period_s * chance.uniform(0.9, 1.1)


def _morning(chance: np.random.Generator, day: LocalDay) -> Iterator[Pulse]:
    """Getting up: light, kettle, toaster, hair dryer; later at the weekend."""
    up_h = chance.normal(8.3 if day.is_weekend else 6.4, 0.25)
    yield _single(day.at(up_h), day.at(up_h + 1.3), 90.0, 0)
    yield _single(day.at(up_h + 0.3), day.at(up_h + 0.36), 2000.0, 1)
    yield _single(day.at(up_h + 0.4), day.at(up_h + 0.47), 850.0, 1)
    if chance.random() < 0.5:
        yield _single(day.at(up_h + 0.6), day.at(up_h + 0.7), 1600.0, 2)


def _kitchen(chance: np.random.Generator, day: LocalDay) -> Iterator[Pulse]:
    """Hot meals on a three-phase stove, and the dishwasher that follows."""
    if day.is_weekend or chance.random() < 0.25:
        yield from _meal(chance, day, chance.normal(12.3, 0.4))
    dinner_h = chance.normal(18.6, 0.5)
    yield from _meal(chance, day, dinner_h)
    if chance.random() < 0.75:
        wash_h = max(dinner_h + chance.uniform(0.8, 2.5), 19.0)
        for begin_h, end_h, watts in (
            (0.0, 0.3, 2000.0),
            (0.3, 1.2, 90.0),
            (1.2, 1.5, 2000.0),
            (1.5, 1.9, 50.0),
        ):
            yield _single(day.at(wash_h + begin_h), day.at(wash_h + end_h), watts, 1)


def _meal(chance: np.random.Generator, day: LocalDay, hour: float) -> Iterator[Pulse]:
    """A stove's thermostats: full power first, then bursts."""
    end_s = day.at(hour + chance.uniform(0.5, 0.9))
    for phase, watts in ((0, 1800.0), (2, 2200.0)):
        at_s = day.at(hour) + chance.uniform(0, 300)
        on_s = chance.uniform(360, 600)
        while at_s < end_s:
            yield _single(at_s, at_s + on_s, watts, phase)
            at_s += on_s + chance.uniform(60, 240)
            on_s = chance.uniform(40, 150)


def _evening(chance: np.random.Generator, day: LocalDay) -> Iterator[Pulse]:
    """Lights room by room, television, a console."""
    bed_h = chance.normal(23.4 if day.is_weekend else 22.6, 0.4)
    for phase, watts in ((0, 70.0), (1, 60.0), (2, 80.0)):
        yield _single(day.at(chance.normal(17.6, 0.5)), day.at(bed_h - chance.uniform(0, 1)), watts, phase)
    yield _single(day.at(chance.normal(19.6, 0.4)), day.at(bed_h), 130.0, 0)
    if chance.random() < 0.4:
        yield _single(day.at(16.0), day.at(16.0 + chance.uniform(1, 3)), 160.0, 2)


def _laundry(chance: np.random.Generator, day: LocalDay) -> Iterator[Pulse]:
    """Washing on some days, more at the weekend, and a heat-pump dryer after it."""
    if chance.random() > (0.7 if day.is_weekend else 0.35):
        return
    hour = chance.uniform(9, 15) if day.is_weekend else chance.uniform(15.5, 19)
    for begin_h, end_h, watts in ((0.05, 0.4, 2050.0), (0.4, 1.3, 160.0), (1.3, 1.5, 420.0)):
        yield _single(day.at(hour + begin_h), day.at(hour + end_h), watts, 2)
    if chance.random() < 0.7:
        yield _single(day.at(hour + 1.7), day.at(hour + 1.7 + chance.uniform(1.5, 2.2)), 620.0, 1)


def _office(chance: np.random.Generator, day: LocalDay) -> Iterator[Pulse]:
    """Somebody works at home on two weekdays in five."""
    if day.is_weekend or chance.random() > 0.4:
        return
    yield _single(day.at(chance.normal(8.6, 0.3)), day.at(chance.normal(16.6, 0.4)), 170.0, 0)
    for hour in (10.0, 13.5, 15.2):
        at_h = hour + chance.uniform(0, 0.6)
        yield _single(day.at(at_h), day.at(at_h + 0.05), 2000.0, 1)


def _single(start_s: float, end_s: float, watts: float, phase: int) -> Pulse:
    """Return a pulse on one phase."""
    l1_w, l2_w, l3_w = (watts if i == phase else 0.0 for i in range(3))
    return Pulse(start_s, max(start_s, end_s), l1_w, l2_w, l3_w)
