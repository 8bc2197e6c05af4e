"""What is measured: every case by name, with the time that design §8 grants it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.chores import with_chores
from benchmarks.days import with_past_days
from benchmarks.facility import facility
from benchmarks.homes import HOURS, START_S, SUNDAY_S, home, live_home, negative_home, with_strategy
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.site import Strategy
from custom_components.ems.engine.steps import even_steps, tiered_steps

# How much the worst tenth of ten scenarios counts beside their mean.
_RISK_WEIGHT: Final = 0.3
_DEVICES: Final = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One instance and its budget.

    Attributes
    ----------
    problem : Makes the instance: the same one every time, on every machine.
    budget_ms : For build, solve and extract together; None where nobody has granted one. [ms]
    """

    name: str
    problem: Callable[[], Problem]
    budget_ms: float | None = None


def cases() -> tuple[Case, ...]:
    """Return every case, in the order of design §8."""
    return (*_HOMES, *_NEGATIVE, *_SCENARIOS, *_LIVE, *_strategies(), *_AUTO, *_CHORES, _MANY)


_HOMES: Final = (
    Case(name="lp-48h-15min", problem=lambda: home(15, car_now=False), budget_ms=20),
    Case(name="near-48h-15min", problem=lambda: home(15, car_now=True), budget_ms=200),
    Case(name="lp-48h-5min", problem=lambda: home(5, car_now=False), budget_ms=200),
    Case(name="near-48h-5min", problem=lambda: home(5, car_now=True), budget_ms=800),
)
_NEGATIVE: Final = (
    Case(
        name="negative-48h-15min",
        problem=lambda: negative_home(even_steps(SUNDAY_S, HOURS, 15), feed_in_per_kwh=None),
        budget_ms=400,
    ),
    Case(
        name="negative-fed-in-48h-15min",
        problem=lambda: negative_home(even_steps(SUNDAY_S, HOURS, 15), feed_in_per_kwh=0.08),
        budget_ms=400,
    ),
    Case(
        name="negative-unpaid-48h-15min",
        problem=lambda: negative_home(even_steps(SUNDAY_S, HOURS, 15), feed_in_per_kwh=0.0),
        budget_ms=400,
    ),
)
_SCENARIOS: Final = (
    Case(
        name="scenarios10-48h-15min",
        problem=lambda: with_past_days(home(15, car_now=False), 10, risk_weight=_RISK_WEIGHT),
        budget_ms=250,
    ),
    Case(
        name="scenarios28-live",
        problem=lambda: with_past_days(live_home(car_now=False), 28),
        budget_ms=800,
    ),
)
_LIVE: Final = (
    Case(name="live", problem=lambda: live_home(car_now=False)),
    Case(name="live-near", problem=lambda: live_home(car_now=True)),
    Case(name="live-negative", problem=lambda: negative_home(tiered_steps(SUNDAY_S), feed_in_per_kwh=None)),
)
_AUTO: Final = (
    Case(
        name="auto-48h-15min",
        problem=lambda: with_strategy(home(15, car_now=False), Strategy.AUTO),
    ),
    Case(
        name="auto-scenarios28-live",
        problem=lambda: with_strategy(with_past_days(live_home(car_now=False), 28), Strategy.AUTO),
    ),
)
_CHORES: Final = (
    Case(name="loads-live", problem=lambda: with_chores(live_home(car_now=False))),
    Case(name="loads-48h-15min", problem=lambda: with_chores(home(15, car_now=False))),
    Case(name="loads-48h-5min", problem=lambda: with_chores(home(5, car_now=False))),
)
_MANY: Final = Case(
    name="many-devices",
    problem=lambda: facility(even_steps(START_S, HOURS, 15), _DEVICES, cars_now=True),
)


def _strategies() -> Iterator[Case]:
    for strategy in (Strategy.PEAK_SHAVING, Strategy.SELF_CONSUMPTION, Strategy.LOAD_BALANCING):
        for kind, now in (("lp", False), ("near", True)):
            yield Case(name=f"{strategy}-{kind}-48h-15min", problem=_leaning(strategy, car_now=now))


def _leaning(strategy: Strategy, *, car_now: bool) -> Callable[[], Problem]:
    return lambda: with_strategy(home(15, car_now=car_now), strategy)
