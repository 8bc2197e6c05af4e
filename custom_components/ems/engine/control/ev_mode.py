"""What a car is to have: off, now, minimum and surplus, surplus, plan. From a mode to a wish; limits come later."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .charger import ChargerSpec
from .claim import Rank
from .flow import NOMINAL_V

# A plan that needs every minute has none left for being late. [h]
SPARE_H: Final = 0.25


class EvMode(StrEnum):
    """How people want a car to be charged."""

    OFF = "off"
    NOW = "now"
    MIN_SURPLUS = "min_surplus"  # the smallest current always, more from surplus
    SURPLUS = "surplus"
    PLAN = "plan"


class Source(StrEnum):
    """Whose word it is, in the order in which they are heard (after protection and the operator, who narrow all)."""

    OVERRIDE = "override"
    SCHEDULE = "schedule"
    PLAN = "plan"
    SURPLUS = "surplus"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What somebody asked of a charger for now.

    Attributes
    ----------
    current_a : As much and no more; None: as much as goes. [A]
    until_s : When it ends by itself; None: not by itself. [s since epoch]
    """

    source: Source
    mode: EvMode
    current_a: float | None = None
    phases: int | None = None
    until_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What the running step of a plan that is young enough says of a charger.

    Attributes
    ----------
    current_a : 0: wait. [A]
    takes_surplus : Whether a kWh into the car is worth more than feeding it in.
    until_s : When the step ends. [s since epoch]
    """

    current_a: float
    phases: int | None = None
    takes_surplus: bool = True
    until_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What the car must have by when: at the socket."""

    missing_kwh: float
    ready_at_s: float

    def is_urgent(self, spec: ChargerSpec, now_s: float) -> bool:
        """Tell whether it misses its hour if it does not charge with all it has.

        missing / P_max ≥ time left - spare
        """
        if self.missing_kwh <= 0:
            return False
        most_kw = spec.current_max_a * spec.phases * NOMINAL_V / 1000
        left_h = (self.ready_at_s - now_s) / 3600
        return self.missing_kwh / most_kw >= left_h - SPARE_H


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is wanted of a charger in this tick, before any limit. [A].

    Attributes
    ----------
    most_a : 0: nothing.
    floor_a : What may come from the grid; all above it has to be surplus where `follows_surplus`.
    phases : On how many it is to charge; None: nobody says.
    key : Which sentence tells why (reasons.py).
    """

    source: Source
    rank: Rank
    most_a: float
    key: str
    floor_a: float = 0.0
    follows_surplus: bool = False
    phases: int | None = None
    until_s: float | None = None


def wish_of(
    spec: ChargerSpec,
    mode: EvMode,
    *,
    now_s: float,
    ask: Ask | None = None,
    planned: Planned | None = None,
    goal: Goal | None = None,
) -> Wish:
    """Return what is wanted, by whose word.

    mode : As set for the charger.
    ask : An override or a schedule that holds now; it goes before the mode.
    planned : None: no plan, or one that is too old: then the sun is followed, and the hour is kept.
    """
    if ask is not None:
        rank = Rank.OVERRIDE if ask.source is Source.OVERRIDE else Rank.SCHEDULE
        wish = _by_mode(spec, ask.mode, now_s, planned, goal)
        return _asked(spec, wish, ask, rank)
    return _by_mode(spec, mode, now_s, planned, goal)


def _asked(spec: ChargerSpec, wish: Wish, ask: Ask, rank: Rank) -> Wish:
    """Put a person's or a schedule's name to a wish, and its current where one was named."""
    most_a = wish.most_a if ask.current_a is None else min(ask.current_a, spec.current_max_a)
    floor_a = most_a if ask.mode is EvMode.NOW else min(wish.floor_a, most_a)
    is_sun = wish.follows_surplus and ask.mode is EvMode.SURPLUS
    return Wish(
        source=ask.source,
        rank=Rank.SURPLUS if is_sun else rank,
        most_a=0.0 if ask.mode is EvMode.OFF else most_a,
        key=f"{ask.source.value}_{ask.mode.value}",
        floor_a=floor_a,
        follows_surplus=wish.follows_surplus,
        phases=ask.phases or wish.phases,
        until_s=ask.until_s,
    )


def _by_mode(
    spec: ChargerSpec, mode: EvMode, now_s: float, planned: Planned | None, goal: Goal | None
) -> Wish:
    most_a = spec.current_max_a
    match mode:
        case EvMode.OFF:
            return Wish(source=Source.OVERRIDE, rank=Rank.OVERRIDE, most_a=0.0, key="ev_off")
        case EvMode.NOW:
            return _from_grid(Source.OVERRIDE, Rank.OVERRIDE, most_a, "ev_now", spec.phases)
        case EvMode.MIN_SURPLUS:
            return _sun(most_a, "ev_min_surplus", floor_a=spec.current_min_a, rank=Rank.PLAN)
        case EvMode.SURPLUS:
            return _sun(most_a, "ev_surplus")
    return _by_plan(spec, now_s, planned, goal)


def _by_plan(spec: ChargerSpec, now_s: float, planned: Planned | None, goal: Goal | None) -> Wish:
    most_a = spec.current_max_a
    if goal is not None and goal.is_urgent(spec, now_s):
        return _from_grid(Source.PLAN, Rank.URGENT, most_a, "ev_urgent", spec.phases)
    if planned is None:
        return _sun(most_a, "ev_no_plan")
    if planned.current_a <= 0:
        wish = _sun(most_a, "ev_plan_waits") if planned.takes_surplus else _sun(0.0, "ev_plan_waits_only")
        return _until(wish, planned)
    floor_a = min(max(planned.current_a, spec.current_min_a), most_a)
    wish = Wish(
        source=Source.PLAN,
        rank=Rank.PLAN,
        most_a=most_a if planned.takes_surplus else floor_a,
        key="ev_plan_charges",
        floor_a=floor_a,
        follows_surplus=planned.takes_surplus,
        phases=planned.phases,
    )
    return _until(wish, planned)


def _until(wish: Wish, planned: Planned) -> Wish:
    return replace(wish, until_s=planned.until_s)


def _from_grid(source: Source, rank: Rank, most_a: float, key: str, phases: int | None) -> Wish:
    return Wish(source=source, rank=rank, most_a=most_a, floor_a=most_a, key=key, phases=phases)


def _sun(most_a: float, key: str, *, floor_a: float = 0.0, rank: Rank = Rank.SURPLUS) -> Wish:
    return Wish(
        source=Source.SURPLUS, rank=rank, most_a=most_a, key=key, floor_a=floor_a, follows_surplus=True
    )
