"""Limits that hold at certain times of the local clock: a landlord's, a generator's, a tariff's with cheap nights."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np

from .. import checks
from ..local_time import local_day_and_second, weekday_of
from ..local_window import EVERY_DAY, MINUTE_S, LocalWindow
from ..sampling import samples_of
from ..steps import Floats, Steps


@dataclass(frozen=True, kw_only=True)
class CapWindow(LocalWindow):
    """The most that may flow in at the connection while the window holds. [kW]."""

    limit_kw: float

    def __post_init__(self) -> None:
        """Refuse a limit below zero and days that no week has."""
        checks.at_least_zero(f"{self.start:%H:%M}", limit_kw=self.limit_kw)
        for day in self.weekdays:
            checks.one_of_numbers(f"{self.start:%H:%M}", "weekdays", day, sorted(EVERY_DAY))


def caps_kw(windows: Iterable[CapWindow], steps: Steps, zone: tzinfo) -> Floats | None:
    """Return the limit of each step, shape (n,): infinite where no window holds; None where there are none. [kW].

    A step across a border, to the minute, takes the smaller limit: nobody knows when within it what is drawn.
    """
    samples = samples_of(steps, MINUTE_S)
    day, second = local_day_and_second(samples.at_s, zone)
    found, limits_kw = False, np.full(len(samples.at_s), np.inf)
    for each in windows:
        found, holds = True, each.holds(weekday_of(day), second)
        limits_kw[holds] = np.minimum(limits_kw[holds], each.limit_kw)
    return np.minimum.reduceat(limits_kw, samples.firsts) if found else None


def cap_now_kw(windows: Iterable[CapWindow], now_s: float, zone: tzinfo) -> float | None:
    """Return the smallest limit whose window holds; None where none does. [kW].

    By the local clock: an hour that comes twice has its window twice, one that is left out has none.
    """
    day, second = local_day_and_second(now_s, zone)
    holding = [each.limit_kw for each in windows if each.holds(weekday_of(day), second)]
    return min(holding, default=None)
