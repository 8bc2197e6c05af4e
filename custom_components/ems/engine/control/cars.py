"""Charging points in a tick: from what is seen to claims, and from what they may have to what they are told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..plan.result import Reason
from .charger import (
    ACTIVE_A,
    SLACK_A,
    ChargerNow,
    ChargerSpec,
    active_terminals,
    counted_a,
    drawn_most_a,
    house_phases,
    may_draw_a,
    perhaps_drawn_a,
)
from .claim import Claim, Rank
from .decision import Decision
from .ev_mode import Source, Wish, wish_of
from .flow import NOMINAL_V
from .phase_switch import IDLE, PhaseWish, next_phases
from .ramp import Offer, next_offer
from .rows import Bound, BoundKind
from .setup import Setup
from .snapshot import ChargerSeen, ChargerState
from .timer import elapsed_s
from .wake_up import WakeState, wake

# More than this above what was offered, for longer than it takes to follow, is not following: cars and their
# chargers measure differently by some per cent.
_OVER: Final = 1.1
_OVER_A: Final = 1.0
# What reading it takes beyond its own reaction.
_READING_S: Final = 3.0
# A car that takes less than it is offered for so long is left what it takes, and a little more.
_LESS_AFTER_S: Final = 60.0
# As long as so much stays unused, it still takes less: rounding must not look like an appetite.
_KEEPS_SPARE_A: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Car:
    """One charging point in the middle of a tick."""

    spec: ChargerSpec
    seen: ChargerSeen
    state: ChargerState
    wish: Wish
    ignores: bool = False

    @property
    def now(self) -> ChargerNow:
        """Return what it says."""
        return self.seen.now

    @property
    def is_steerable(self) -> bool:
        """Tell whether it does what it is told."""
        return self.now.is_reachable and not self.ignores

    @property
    def is_awaited(self) -> bool:
        """Tell whether a person wants it ready for a car that is not there: it then has what others leave."""
        asked = self.seen.ask is not None and self.wish.source is Source.OVERRIDE
        return asked and self.now.is_connected is False and self.wish.most_a > 0

    @property
    def needs_sun(self) -> bool:
        """Tell whether it may not even begin without surplus."""
        return self.wish.follows_surplus and self.wish.floor_a < self.spec.current_min_a <= self.wish.most_a

    @property
    def phases(self) -> int:
        """Return on how many phases it is to charge."""
        return self.state.phases.phases if self.spec.switches_phases else self.spec.phases

    @property
    def least_kw(self) -> float:
        """Return the smallest power it can charge with. [kW]."""
        return self.spec.current_min_a * len(self.terminals) * NOMINAL_V / 1000

    @property
    def terminals(self) -> tuple[int, ...]:
        """Return its terminals that carry current, or would."""
        return active_terminals(replace(self.spec, phases=self.phases), self.now)

    @property
    def drawn_kw(self) -> float:
        """Return what it draws. [kW]."""
        if self.now.drawn_a is None:
            amps = counted_a(self.now, self.state.offer.amps) * len(self.terminals)
        else:
            amps = sum(self.now.drawn_a)
        return amps * NOMINAL_V / 1000


def look(spec: ChargerSpec, seen: ChargerSeen, state: ChargerState, now_s: float) -> Car:
    """Return a charging point with what is wanted of it and what is remembered of it, brought up to now."""
    if not state.phases.day and seen.now.phases_in_use:
        state = replace(state, phases=replace(state.phases, phases=seen.now.phases_in_use))
    drawn, offered = drawn_most_a(seen.now), state.offer.amps
    over = drawn is not None and drawn > _OVER * offered + _OVER_A and seen.now.is_reachable
    spare_a = _KEEPS_SPARE_A if state.below_at_s is not None else SLACK_A / 2
    perhaps = perhaps_drawn_a(seen.now)
    less = perhaps is not None and offered > 0 and perhaps < offered - spare_a
    state = replace(
        state,
        silent_at_s=_since(state.silent_at_s, now_s, holds=not seen.now.is_reachable),
        above_at_s=_since(state.above_at_s, now_s, holds=over),
        below_at_s=_since(state.below_at_s, now_s, holds=less),
    )
    wish = wish_of(spec, seen.mode, now_s=now_s, ask=seen.ask, planned=seen.planned, goal=seen.goal)
    above_s = 0.0 if state.above_at_s is None else now_s - state.above_at_s
    state = replace(state, wake=_wake(spec, seen, state, wish, now_s))
    return Car(
        spec=spec, seen=seen, state=state, wish=wish, ignores=above_s > spec.reacts_within_s + _READING_S
    )


def _wake(spec: ChargerSpec, seen: ChargerSeen, state: ChargerState, wish: Wish, now_s: float) -> WakeState:
    """Return whether a car sleeps. Where nobody says that there is one, or that it charges, none is woken."""
    drawn = drawn_most_a(seen.now)
    takes = seen.now.is_charging if drawn is None else drawn >= ACTIVE_A
    # Told is not offered: the charger may not have taken it yet, or nothing is written at all.
    offered_a = state.offer.amps if seen.now.offered_a is None else min(state.offer.amps, seen.now.offered_a)
    return wake(
        state.wake,
        is_there=seen.now.is_connected is True,
        is_offered=min(offered_a, wish.most_a) >= spec.current_min_a,
        takes=takes if seen.now.is_reachable else None,
        now_s=now_s,
    )


def _since(since_s: float | None, now_s: float, *, holds: bool) -> float | None:
    """Return since when something holds; a clock that was set back begins anew."""
    if not holds:
        return None
    return now_s if since_s is None or since_s > now_s else since_s


def claim_of(setup: Setup, car: Car, now_s: float, unknown: frozenset[str]) -> Claim:
    """Return what a charging point asks of the limits.

    unknown : Circuits whose current nobody knows.
    """
    spec, wish, state = car.spec, car.wish, car.state
    untrusted = [setup.untrusted_a[key][spec.key] for key in setup.tree.path(spec.circuit) if key in unknown]
    silent_s = elapsed_s(state.silent_at_s, now_s) if state.silent_at_s is not None else 0.0
    drawn_a = counted_a(car.now, state.offer.amps)
    fixed_a = None if car.is_steerable else may_draw_a(spec, car.now, silent_s)
    return Claim(
        key=spec.key,
        circuit=spec.circuit,
        on=house_phases(spec, car.terminals),
        terminals=len(car.terminals),
        least_a=spec.current_min_a,
        most_a=_most_a(car, now_s),
        # What a silent one was told last no longer flows when its lease is over.
        drawn_a=drawn_a if fixed_a is None else min(drawn_a, fixed_a),
        # A full car that is offered more all night must not keep others from their smallest current.
        rank=Rank.SURPLUS if car.is_awaited or state.wake.sleeps else wish.rank,
        priority=spec.priority,
        turn=_turn(setup, state, now_s),
        fixed_a=fixed_a,
        untrusted_a=min(untrusted, default=spec.safe_a),
        follows_surplus=wish.follows_surplus,
        floor_a=_floor_a(car),
        step_a=spec.step_a,
    )


def _floor_a(car: Car) -> float:
    """Return what need not come from the sun: a charge that has begun bridges a cloud with its smallest current."""
    return car.spec.current_min_a if car.needs_sun and car.state.sun.is_on else car.wish.floor_a


def _most_a(car: Car, now_s: float) -> float:
    if car.now.is_connected is False and not car.is_awaited:
        return 0.0
    if car.state.phases.must_pause or car.state.wake.must_pause:
        return 0.0
    if car.needs_sun and not car.state.sun.is_on:
        return 0.0
    most_a, below_at_s = car.wish.most_a, car.state.below_at_s
    if below_at_s is not None and now_s - below_at_s >= _LESS_AFTER_S:
        drawn_a = perhaps_drawn_a(car.now)
        drawn_a = counted_a(car.now, car.state.offer.amps) if drawn_a is None else drawn_a
        takes_a = max(car.spec.current_min_a, drawn_a + SLACK_A)
        return min(most_a, takes_a)
    return most_a


def _turn(setup: Setup, state: ChargerState, now_s: float) -> tuple[float, float]:
    """Return its place in the queue: who charges goes on for a slice, then who has waited longest."""
    if state.served_at_s is not None:
        has_had = now_s - state.served_at_s >= setup.slice_s
        return (2.0 if has_had else 0.0), state.served_at_s
    return 1.0, state.waiting_at_s if state.waiting_at_s is not None else now_s


def phase_wish(car: Car, surplus_kw: float | None) -> PhaseWish:
    """Return on how many phases a charging point would do better.

    A person or a plan says it; the sun decides by what it leaves over: three phases need three times the smallest
    current, and one carries no more than a third of the largest.
    """
    spec, wish = car.spec, car.wish
    if not spec.switches_phases or car.now.is_connected is False or wish.most_a <= 0:
        return IDLE
    if wish.phases is not None and not car.needs_sun:
        gain_kw = spec.current_min_a * NOMINAL_V / 1000 * abs(wish.phases - car.phases)
        return PhaseWish(phases=wish.phases, gain_kw=gain_kw, at_once=True)
    if surplus_kw is None or not wish.follows_surplus:
        return IDLE
    now_kw, other = _usable_kw(spec, car.phases, surplus_kw), 1 if car.phases > 1 else spec.phases
    return PhaseWish(phases=other, gain_kw=_usable_kw(spec, other, surplus_kw) - now_kw)


def _usable_kw(spec: ChargerSpec, phases: int, surplus_kw: float) -> float:
    """Return how much of a surplus a number of phases can use. [kW]."""
    per_a = phases * NOMINAL_V / 1000
    if surplus_kw < spec.current_min_a * per_a:
        return 0.0
    return min(surplus_kw, spec.current_max_a * per_a)


def told(
    setup: Setup, car: Car, amps: float, held_by: Bound | None, now_s: float, *, knows: bool
) -> tuple[ChargerState, Decision]:
    """Return what is remembered of a charging point from now on, and what it is told.

    amps : What it may have; less than 0 for one that cannot be steered on a circuit that is over its limit. [A]
    knows : Whether all meters above it are believed.
    """
    if car.is_awaited and car.is_steerable:
        offer = Offer(amps=amps, changed_at_s=now_s)  # nothing flows that would have to rise gently
    elif car.is_steerable:
        limited = _is_protection(held_by)
        offer = next_offer(
            car.spec,
            car.state.offer,
            amps,
            now_s,
            setup.pace,
            is_limited=limited,
            asked_a=car.wish.most_a,
        )
    else:
        offer = _last_or_none(car, now_s, is_over=amps < 0)
    wants = _most_a(car, now_s) >= car.spec.current_min_a
    state = replace(
        car.state,
        offer=offer,
        served_at_s=_since(car.state.served_at_s, now_s, holds=offer.amps > 0),
        waiting_at_s=_since(car.state.waiting_at_s, now_s, holds=wants and offer.amps == 0),
    )
    return state, _decision(car, offer, car.state.offer, held_by, knows=knows)


def _last_or_none(car: Car, now_s: float, *, is_over: bool) -> Offer:
    """Return what to go on telling a charger that does not listen: stop, where its current is too much."""
    offer = car.state.offer
    return Offer(amps=0.0, changed_at_s=now_s, stopped_at_s=now_s) if is_over and offer.amps > 0 else offer


def _is_protection(held_by: Bound | None) -> bool:
    return held_by is not None and held_by.kind is not BoundKind.SURPLUS


def _decision(car: Car, offer: Offer, before: Offer, held_by: Bound | None, *, knows: bool) -> Decision:
    return Decision(
        key=car.spec.key,
        mode="charge" if offer.amps > 0 else "off",
        current_a=offer.amps,
        phases=car.phases,
        source="protection" if _is_protection(held_by) or not car.is_steerable else car.wish.source.value,
        reason=_reason(car, held_by),
        held_by=held_by,
        renews=knows,
        at_once=offer.amps < before.amps,
        next_change_s=car.wish.until_s,
    )


def _reason(car: Car, held_by: Bound | None) -> Reason:
    """Return the one thing that explains most: what cannot be helped first, then the limit, then the wish."""
    if not car.is_steerable:
        key = "ev_ignores" if car.now.is_reachable else "ev_silent"
        return Reason(key=key, placeholders={"current": round(may_draw_a(car.spec, car.now, 0.0), 1)})
    if car.now.is_connected is False:
        return Reason(key="ev_no_car")
    if car.state.phases.must_pause:
        phases = car.state.phases.target or car.state.phases.phases
        return Reason(key="ev_changing_phases", placeholders={"phases": phases})
    if car.state.wake.must_pause:
        return Reason(key="ev_waking")
    if car.needs_sun and not car.state.sun.is_on:
        return Reason(key="ev_surplus_waits", placeholders={"power": round(car.least_kw, 2)})
    if car.state.wake.sleeps and car.wish.most_a > 0:
        return Reason(key="ev_car_sleeps")
    return Reason(key=car.wish.key) if held_by is None or car.wish.most_a <= 0 else held_reason(held_by)


def held_reason(bound: Bound, names: Mapping[str, str] | None = None) -> Reason:
    """Return the sentence for a limit."""
    circuit = (names or {}).get(bound.circuit, bound.circuit)
    found: dict[str, str | float] = {}
    if bound.kind in (BoundKind.FUSE, BoundKind.POWER, BoundKind.UNTRUSTED):
        found["circuit"] = circuit
    if bound.phase is not None:
        found["phase"] = f"L{bound.phase}"
    return Reason(key=f"held_{bound.kind.value}", placeholders=found)


def with_phases(car: Car, wish: PhaseWish, snapshot_day: str, now_s: float, setup: Setup) -> Car:
    """Return the car one look further in changing its phases."""
    drawn = drawn_most_a(car.now)
    phases = next_phases(car.state.phases, wish, drawn, now_s, snapshot_day, setup.switching)
    return replace(car, state=replace(car.state, phases=phases))


def wants_from_grid(car: Car) -> bool:
    """Tell whether a car charges by somebody's word or the plan's, and not from surplus."""
    return car.wish.rank in (Rank.OVERRIDE, Rank.URGENT, Rank.SCHEDULE, Rank.PLAN) and car.wish.floor_a > 0
