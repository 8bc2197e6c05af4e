"""One tick: look at everything, decide for every device, remember what has to be remembered.

The order in which it is narrowed is the order of what matters: whether meters can be believed, what people, schedules
and the plan want, what the sun leaves over, then every limit at once, and last how fast a change may come.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..plan.result import Reason
from .battery import (
    CHARGE,
    DISCHARGE,
    HOLD,
    IGNORES_AFTER_S,
    PROTECTS,
    BatteryOrder,
    BatterySpec,
    above_since,
    calmed,
    fitted,
    has_hands,
    relieved,
    wanted,
)
from .cars import Car, claim_of, held_reason, look, phase_wish, told, wants_from_grid, with_phases
from .circuit import CircuitNow
from .claim import Claim, Rank
from .decision import Decided, Decision
from .freshness import Heard, Patience, hear
from .pv import NO_ASK, ArrayAsk, next_limit_kw
from .quarter_hour import limit_kw
from .rows import KW_PER_A, Bound, BoundKind, PowerBound, Rows, is_known, rows_of
from .setup import Setup
from .share import Shared, share
from .snapshot import ChargerState, Snapshot, State
from .surplus import Follower, follow_sun, surplus_kw
from .unhurried import unhurried


def decide(setup: Setup, snapshot: Snapshot, state: State) -> Decided:
    """Return what every device is told now, and the state for the next look.

    Pure: the same site, picture and memory give the same answer. `snapshot.now_s` is the only clock.
    """
    return _Tick(setup, snapshot, state).decided()


class _Tick:
    """The steps of one tick, in their order."""

    def __init__(self, setup: Setup, snapshot: Snapshot, state: State) -> None:
        self._setup, self._seen, self._before = setup, snapshot, state
        self._now_s = snapshot.now_s
        self._heard = {circuit.key: self._hear(circuit.key) for circuit in setup.tree.circuits}
        self._circuits = self._circuits_now()
        self._unknown = frozenset(
            circuit.key
            for circuit in setup.tree.circuits
            if circuit.is_metered and not is_known(circuit, self._circuits[circuit.key])
        )
        self._net_kw = self._net()
        self._cars = self._look_at_cars()
        self._surplus_kw = self._surplus()

    def _hear(self, key: str) -> Heard:
        word, heard = self._seen.meters.get(key), self._before.meters.get(key, Heard())
        patience = self._setup.patience.get(key, Patience())
        if word is None:
            return hear(heard, None, (), self._now_s, patience)
        flows = [flow.active_a if flow else None for flow in word.flows.values()]
        return hear(heard, word.at_s, word.values or flows, self._now_s, patience)

    def _circuits_now(self) -> dict[str, CircuitNow]:
        return {
            key: CircuitNow(
                flows=word.flows if (word := self._seen.meters.get(key)) else {}, trust=heard.trust
            )
            for key, heard in self._heard.items()
        }

    def _net(self) -> float | None:
        """Return what flows in at the connection; None where that is not known. [kW]."""
        key = self._setup.connection.key
        flows = [self._circuits[key].flows.get(phase) for phase in self._setup.connection.phases]
        if key in self._unknown or not all(flows):
            return None
        return sum(flow.active_a for flow in flows if flow) * KW_PER_A

    def _look_at_cars(self) -> list[Car]:
        return [
            look(spec, seen, self._before.chargers.get(spec.key, ChargerState()), self._now_s)
            for spec in self._setup.chargers
            if (seen := self._seen.chargers.get(spec.key)) is not None
        ]

    # What the sun leaves over.

    def _surplus(self) -> float | None:
        if self._net_kw is None:
            return None
        followers_kw = sum(car.drawn_kw for car in self._cars if car.wish.follows_surplus)
        powers = [each.now.power_kw for each in self._seen.batteries.values()]
        if any(power is None for power in powers):
            return None
        socs = [each.now.soc for each in self._seen.batteries.values()]
        known = [soc for soc in socs if soc is not None]
        soc = min(known) if len(known) == len(socs) and known else None
        return surplus_kw(self._net_kw, followers_kw, sum(filter(None, powers)), soc, self._setup.sun)

    def _follow_sun(self) -> None:
        """Let those that need the sun begin or end, the highest priority first."""
        waiting = sorted((car for car in self._cars if car.needs_sun), key=lambda car: -car.spec.priority)
        followers = [Follower(least_kw=car.least_kw, sun=car.state.sun) for car in waiting]
        # Without a meter nobody knows of any sun: who charges goes on as long as a cloud may last.
        total_kw = float("-inf") if self._surplus_kw is None else self._surplus_kw - self._taken_kw()
        switches = follow_sun(followers, total_kw, self._now_s, self._setup.sun)
        turned = {car.spec.key: sun for car, sun in zip(waiting, switches, strict=True)}
        self._cars = [
            replace(car, state=replace(car.state, sun=turned.get(car.spec.key, car.state.sun)))
            for car in self._cars
        ]

    def _taken_kw(self) -> float:
        """Return the surplus that is used already by those who would charge without it. [kW]."""
        return sum(car.drawn_kw for car in self._cars if car.wish.follows_surplus and not car.needs_sun)

    def _change_phases(self) -> None:
        self._cars = [
            with_phases(car, phase_wish(car, self._surplus_kw), self._seen.day, self._now_s, self._setup)
            for car in self._cars
        ]

    # Limits.

    def _powers(self) -> list[PowerBound]:
        """Return the limits on power that hold now, besides those of circuits."""
        seen, at, found = self._seen, self._setup.connection.key, []
        if seen.quarter is not None and seen.target_kw is not None and self._net_kw is not None:
            most_kw = limit_kw(seen.target_kw, seen.quarter, self._now_s)
            found.append(
                PowerBound(kind=BoundKind.QUARTER_HOUR, circuit=at, limit_kw=most_kw, net_kw=self._net_kw)
            )
        if seen.cap_kw is not None and self._net_kw is not None:
            found.append(
                PowerBound(kind=BoundKind.CAP, circuit=at, limit_kw=seen.cap_kw, net_kw=self._net_kw)
            )
        if seen.operator_kw is not None:
            found.append(
                PowerBound(
                    kind=BoundKind.OPERATOR, circuit=at, limit_kw=seen.operator_kw + self._own_sun_kw()
                )
            )
        if self._surplus_kw is not None:
            drawn_kw = sum(car.drawn_kw for car in self._cars if car.wish.follows_surplus)
            found.append(
                PowerBound(
                    kind=BoundKind.SURPLUS,
                    circuit=at,
                    limit_kw=self._surplus_kw,
                    net_kw=drawn_kw,
                    only_surplus=True,
                )
            )
        return found

    def _own_sun_kw(self) -> float:
        """Return what comes from the home's own roof: an operator limits what is drawn from the network. [kW]."""
        if self._net_kw is None:
            return 0.0
        powers = (each.now.power_kw for each in self._seen.batteries.values())
        own_kw = sum(car.drawn_kw for car in self._cars) - sum(min(0.0, power or 0.0) for power in powers)
        return max(0.0, own_kw - self._net_kw)

    def _battery_orders(self) -> dict[str, BatteryOrder]:
        load_kw = self._load_kw()
        from_grid_kw = sum(car.drawn_kw for car in self._cars if wants_from_grid(car))
        return {
            spec.key: wanted(
                spec,
                seen.now,
                seen.ask,
                load_kw,
                car_from_grid_kw=from_grid_kw,
                rules=self._setup.battery,
            )
            for spec in self._setup.batteries
            if (seen := self._seen.batteries.get(spec.key)) is not None
        }

    def _load_kw(self) -> float | None:
        """Return what the home draws less what its roof gives; None where a meter is silent. [kW]."""
        powers = [each.now.power_kw for each in self._seen.batteries.values()]
        if self._net_kw is None or any(power is None for power in powers):
            return None
        return self._net_kw + sum(filter(None, powers))

    def _battery_claim(self, spec: BatterySpec, order: BatteryOrder) -> Claim:
        """Return what a battery asks of the limits: what it would draw, and that it may stop giving."""
        power_kw = self._seen.batteries[spec.key].now.power_kw or 0.0
        per_a = KW_PER_A * (len(spec.on) or 3)
        charges = order.mode == CHARGE
        ignores = self._ignores(spec) or (power_kw < 0 and not has_hands(spec))
        # One that gives and goes on giving stays part of what the meters show; what it stops giving comes for sure.
        falls_kw = (
            0.0 if charges or self._is_told(spec, order) else power_kw - _goes_on_giving_kw(order, power_kw)
        )
        drawn_kw = -power_kw if charges or power_kw < 0 else -falls_kw
        return Claim(
            key=spec.key,
            circuit=spec.circuit,
            on=spec.on,
            terminals=len(spec.on) or 3,
            most_a=(order.power_kw or 0.0) / per_a if charges else max(0.0, drawn_kw / per_a),
            drawn_a=max(drawn_kw, -power_kw) / per_a if ignores else drawn_kw / per_a,
            rank=Rank.STORE if charges else Rank.SURPLUS,
            # Others have what one that does not listen, or cannot, leaves.
            fixed_a=-power_kw / per_a if ignores else (0.0 if falls_kw > 0 else None),
        )

    def _left_kw(self, spec: BatterySpec, claim: Claim, amps: float) -> float:
        """Return what a battery is told to take at most: one that does not listen, no more than before. [kW]."""
        if not self._ignores(spec):
            return amps * claim.kw_per_a
        last = self._before.batteries.get(spec.key)
        return (last.power_kw or 0.0) if last is not None and last.mode == CHARGE else claim.drawn_kw

    def _is_told(self, spec: BatterySpec, order: BatteryOrder) -> bool:
        """Tell whether a battery has its order already: meters show what came of it before its own reading does."""
        last = self._before.batteries.get(spec.key)
        least_kw = (order.power_kw or 0.0) + self._setup.battery.deadband_kw
        return last is not None and last.mode == order.mode and (last.power_kw or 0.0) <= least_kw

    # The outcome.

    def decided(self) -> Decided:
        self._follow_sun()
        self._change_phases()
        orders = self._battery_orders()
        specs = {spec.key: spec for spec in self._setup.batteries}
        claims = [claim_of(self._setup, car, self._now_s, self._unknown) for car in self._cars]
        claims += [self._battery_claim(specs[key], order) for key, order in orders.items()]
        rows = rows_of(self._setup.tree, self._circuits, claims, self._powers())
        shared = share(claims, rows)
        self._cars, amps = unhurried(self._cars, claims, rows, shared, self._now_s)
        decisions, chargers = self._tell_cars(rows, replace(shared, amps=amps))
        batteries = self._tell_batteries(orders, rows, claims, shared, decisions)
        limits = self._tell_arrays(decisions)
        return Decided(
            decisions=decisions,
            state=State(meters=self._heard, chargers=chargers, batteries=batteries, limits_kw=limits),
            surplus_kw=self._surplus_kw,
            trusts={key: heard.trust.value for key, heard in self._heard.items()},
        )

    def _tell_cars(self, rows: Rows, shared: Shared) -> tuple[dict[str, Decision], dict[str, ChargerState]]:
        decisions, states = {}, {}
        over = (rows.load > 0) & (rows.room < 0)[:, np.newaxis]
        names = {circuit.key: circuit.name for circuit in self._setup.tree.circuits}
        for j, car in enumerate(self._cars):
            held_by = shared.held_by[j]
            knows = self._unknown.isdisjoint(self._setup.tree.path(car.spec.circuit))
            amps = -1.0 if not car.is_steerable and over[:, j].any() else float(shared.amps[j])
            states[car.spec.key], decision = told(self._setup, car, amps, held_by, self._now_s, knows=knows)
            if held_by is not None and decision.reason.key.startswith("held_"):
                decision = replace(decision, reason=held_reason(held_by, names))
            decisions[car.spec.key] = decision
        return decisions, states

    def _tell_batteries(
        self,
        orders: Mapping[str, BatteryOrder],
        rows: Rows,
        claims: list[Claim],
        shared: Shared,
        decisions: dict[str, Decision],
    ) -> dict[str, BatteryOrder]:
        """Fit what batteries want into what is left, and let them help where the home alone is too much."""
        short_a, found = self._short_a(rows, shared), {}
        for spec in self._setup.batteries:
            if spec.key not in orders:
                continue
            j = next(i for i, claim in enumerate(claims) if claim.key == spec.key)
            order, held_by = orders[spec.key], shared.held_by[j]
            # Blind, it is left to its own meter: what it takes by itself is surplus.
            if order.key != "battery_blind" and has_hands(spec):
                given_kw = self._left_kw(spec, claims[j], float(shared.amps[j]))
                order = fitted(spec, order, claims[j].drawn_kw, given_kw)
            # An ampere less on each of its phases.
            short_kw = short_a * claims[j].kw_per_a
            order, at_once = self._helping(spec, order, short_kw, claims[j], is_held=held_by is not None)
            found[spec.key] = order
            decisions[spec.key] = self._battery_decision(spec, order, held_by, at_once=at_once)
        return found

    def _helping(
        self, spec: BatterySpec, order: BatteryOrder, short_kw: float, claim: Claim, *, is_held: bool
    ) -> tuple[BatteryOrder, bool]:
        """Return what it is told, and whether that goes out at once."""
        last, seen = self._before.batteries.get(spec.key), self._seen.batteries[spec.key]
        rules, now_s = self._setup.battery, self._now_s
        # What one gives that is to stop is off the rows already.
        counted_kw = max(0.0, -claim.drawn_kw)
        order = relieved(
            spec, seen.now, order, short_kw,
            last=last, counted_kw=counted_kw, now_s=now_s, dwell_s=rules.dwell_s,
        )  # fmt: skip
        # A person's word goes out at once, and so does the end of it.
        by_person = "override" in (seen.ask.source, last.source if last else "")
        at_once = order.key in (PROTECTS, "battery_blind") or is_held or by_person
        order = calmed(order, last, now_s, rules, at_once=at_once)
        above_at_s = above_since(seen.now, last, self._net_kw, now_s)
        return replace(order, source=seen.ask.source, above_at_s=above_at_s), at_once

    def _ignores(self, spec: BatterySpec) -> bool:
        """Tell whether a battery has taken more than it was told for longer than following takes."""
        now, last = self._seen.batteries[spec.key].now, self._before.batteries.get(spec.key)
        above_at_s = above_since(now, last, self._net_kw, self._now_s)
        return above_at_s is not None and self._now_s - above_at_s > IGNORES_AFTER_S

    def _short_a(self, rows: Rows, shared: Shared) -> float:
        """Return by how much the home alone exceeds a fuse; below 0: it does not. [A]."""
        left = rows.room - rows.load @ shared.amps
        fuses = [i for i, bound in enumerate(rows.bounds) if bound.kind is BoundKind.FUSE]
        return max((-float(left[i]) for i in fuses), default=0.0)

    def _battery_decision(
        self, spec: BatterySpec, order: BatteryOrder, held_by: Bound | None, *, at_once: bool
    ) -> Decision:
        seen = self._seen.batteries[spec.key]
        protects = order.key in (PROTECTS, "battery_blind", "battery_limited")
        power = {} if order.power_kw is None else {"power": round(order.power_kw, 2)}
        return Decision(
            key=spec.key,
            mode=order.mode,
            power_kw=order.power_kw,
            source="protection" if protects else seen.ask.source,
            reason=Reason(key=order.key, placeholders=power),
            held_by=None if protects else held_by,
            renews=self._unknown.isdisjoint(self._setup.tree.path(spec.circuit)),
            at_once=at_once,
            next_change_s=seen.ask.until_s,
        )

    def _tell_arrays(self, decisions: dict[str, Decision]) -> dict[str, float | None]:
        rules, found = self._setup.export, {}
        most_kw = rules.allowed_kw(self._seen.export_price_per_kwh)
        for spec in self._setup.arrays:
            ask = self._seen.array_asks.get(spec.key, NO_ASK)
            allowed_kw = most_kw if ask.export_kw is None else min(most_kw, ask.export_kw)
            before_kw, pv_kw = self._before.limits_kw.get(spec.key), self._seen.arrays_kw.get(spec.key)
            limit = next_limit_kw(spec, before_kw, pv_kw, self._net_kw, allowed_kw, rules)
            found[spec.key] = limit
            if spec.can_limit:
                knows = self._net_kw is not None
                decisions[spec.key] = array_decision(spec.key, limit, allowed_kw, ask, knows=knows)
        return found


def _goes_on_giving_kw(order: BatteryOrder, power_kw: float) -> float:
    """Return how much of what a battery gives it will still give by an order. [kW]."""
    kept_kw = {HOLD: 0.0, DISCHARGE: order.power_kw or 0.0}.get(order.mode, power_kw)
    return min(power_kw, kept_kw)


def array_decision(
    key: str, limit_kw: float | None, allowed_kw: float, ask: ArrayAsk, *, knows: bool
) -> Decision:
    """Return what an array is told: the tighter of what may be fed in and what somebody asked for."""
    if ask.limit_kw is not None and (limit_kw is None or ask.limit_kw <= limit_kw):
        return Decision(
            key=key,
            mode="limit",
            power_kw=ask.limit_kw,
            source=ask.source,
            reason=Reason(key="pv_asked", placeholders={"power": round(ask.limit_kw, 2)}),
            next_change_s=ask.until_s,
        )
    if limit_kw is None:
        return Decision(
            key=key, mode="automatic", source="none", reason=Reason(key="pv_free"), next_change_s=ask.until_s
        )
    power = {"power": round(limit_kw, 2), "allowed": round(allowed_kw, 2)}
    reason = Reason(key="pv_limited", placeholders=power) if knows else Reason(key="pv_blind")
    return Decision(
        key=key, mode="limit", power_kw=limit_kw, source="protection", reason=reason, at_once=True
    )
