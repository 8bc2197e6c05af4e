"""The home as it is, as plain self-consumption would run it, and as EMS decides: three accounts of the same minutes.

What the home needs is measured, and the same for all: grid plus batteries. Each account lets batteries do what its
policy says, on virtual batteries with the limits and losses that are set up, and counts

    cost = energy bill + wear + peak charges - change of stored energy's value

as plans do (plan/costs.py). Stored energy is revalued by every step's `worth`, so that differences between accounts
add up over any number of days: what one account holds more than another counts once, at what it is worth now.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from ..plan.baseline import follow
from ..site import Battery
from .battery import CHARGE, DISCHARGE, HOLD
from .shadow_ledger import (
    KEPT_DAYS,
    PLAN,
    REAL,
    RULE,
    Account,
    Day,
    Ledger,
    Order,
    Step,
    account_names,
    but_for,
)

# A restart takes minutes. What the real battery takes in a longer silence is on no bill, and would look like a gift:
# all accounts begin anew with what is measured.
MAX_GAP_H: Final = 5 / 60


def account(ledger: Ledger | None, step: Step) -> Ledger:
    """Return the ledger with one more step; the first one, and the first after a silence, only set the accounts.

    A step with anything unknown in it is counted as missing, and so is the time between two steps.
    """
    if ledger is None:
        return replace(_unopened(step), accounts=_begun(step) if _is_known(step) else {})
    ledger = _turned(ledger, step)
    passed_h = step.hours + max(0.0, (step.start_s - ledger.seen_s) / 3600)
    if not _is_known(step):
        return _missed(replace(ledger, seen_s=step.end_s), passed_h)
    if _is_broken_off(ledger, step):
        ledger = replace(ledger, accounts=_begun(step), is_active=step.is_active)
        return _missed(replace(ledger, seen_s=step.end_s, counted_s=step.end_s), passed_h)
    gone_h = passed_h - step.hours
    return _counted(_missed(ledger, gone_h) if gone_h > 0 else ledger, step)


def _unopened(step: Step) -> Ledger:
    return Ledger(
        since_s=step.end_s,
        seen_s=step.end_s,
        counted_s=step.end_s,
        today=Day(day=step.day, for_money=step.for_money),
        is_active=step.is_active,
        accounts={},
    )


def _is_known(step: Step) -> bool:
    ids = [battery.id for battery in step.batteries]
    numbers = (
        step.grid_kw,
        step.import_price_per_kwh,
        step.export_price_per_kwh,
        *(known.get(id_) for id_ in ids for known in (step.battery_kw, step.energy_kwh)),
        *(car.measured_kw for car in step.cars.values()),
    )
    return None not in numbers and all(id_ in step.worth for id_ in ids)


def _is_broken_off(ledger: Ledger, step: Step) -> bool:
    """Return whether the virtual batteries say nothing any more: a long gap, other batteries, another operation."""
    held = ledger.accounts.get(REAL)
    return (
        step.start_s - ledger.counted_s > MAX_GAP_H * 3600
        or ledger.is_active is not step.is_active
        or held is None
        or set(held.energy_kwh) != {battery.id for battery in step.batteries}
        or set(ledger.accounts) != set(account_names(step.batteries))
    )


def _begun(step: Step) -> dict[str, Account]:
    """Return all accounts at what is measured. Nothing is gained or lost by it: what was held is let go."""
    energy = {battery.id: step.energy_kwh[battery.id] or 0.0 for battery in step.batteries}
    same = Account(energy_kwh=energy, held=_value(energy, step), month=_month_of(step), peak_kw=step.peak_kw)
    return dict.fromkeys(account_names(step.batteries), same)


def _booked(
    ledger: Ledger, spent: Mapping[str, float], *, saved: float = 0.0, possible: float = 0.0
) -> Ledger:
    """Return the ledger with costs by account, and with what came of them."""
    today = replace(
        ledger.today,
        cost={**ledger.today.cost, **{key: ledger.today.cost.get(key, 0.0) + spent[key] for key in spent}},
        saved=ledger.today.saved + saved,
        could_have_saved=ledger.today.could_have_saved + possible,
    )
    return replace(
        ledger,
        today=today,
        saved=ledger.saved + saved,
        could_have_saved=ledger.could_have_saved + possible,
    )


def _month_of(step: Step) -> str:
    return step.day[:7]


def _value(energy_kwh: Mapping[str, float], step: Step) -> float:
    return sum(step.worth[id_].of(energy) for id_, energy in energy_kwh.items())


def _missed(ledger: Ledger, hours: float) -> Ledger:
    today = replace(ledger.today, missing_h=ledger.today.missing_h + hours)
    return replace(ledger, today=today, missing_h=ledger.missing_h + hours)


def _turned(ledger: Ledger, step: Step) -> Ledger:
    """Close the day where another has begun.

    What is really steered does what its virtual battery does, but for losses nobody knows: once a day it is set
    right.
    """
    today = ledger.today
    if step.day == today.day:
        return replace(ledger, today=replace(today, for_money=today.for_money and step.for_money))
    new = Day(day=step.day, for_money=step.for_money)
    turned = replace(ledger, today=new, days=(*ledger.days, today)[-KEPT_DAYS:])
    if not step.steered or not _is_known(step) or _is_broken_off(turned, step):
        return turned
    return replace(
        turned,
        accounts={name: _set_right(name, one, turned, step) for name, one in turned.accounts.items()},
    )


def _set_right(name: str, one: Account, ledger: Ledger, step: Step) -> Account:
    right = {id_ for id_ in step.steered if _is_planned(name, id_)}
    measured = ledger.accounts[REAL].energy_kwh
    energy = {id_: measured[id_] if id_ in right else kwh for id_, kwh in one.energy_kwh.items()}
    return replace(
        one, energy_kwh=energy, held=one.held + _value(energy, step) - _value(one.energy_kwh, step)
    )


def _is_planned(name: str, battery_id: str) -> bool:
    """Return whether a battery does what EMS decides in an account."""
    return name not in (REAL, RULE, but_for(battery_id))


def _counted(ledger: Ledger, step: Step) -> Ledger:
    runs = {name: _Run(name, one, step) for name, one in ledger.accounts.items()}
    spent = {name: run.cost for name, run in runs.items()}
    if step.is_active:
        booked = _booked(ledger, spent, saved=spent[RULE] - spent[REAL])
    else:
        booked = _booked(ledger, spent, possible=spent[REAL] - spent[PLAN])
    today = replace(
        booked.today,
        hours=booked.today.hours + step.hours,
        turnover=booked.today.turnover + runs[RULE].turnover,
    )
    return replace(
        booked,
        seen_s=step.end_s,
        counted_s=step.end_s,
        accounts={name: run.account for name, run in runs.items()},
        today=today,
        hours=booked.hours + step.hours,
    )


class _Run:
    """One step of one account: what it costs, and where the account stands then."""

    def __init__(self, name: str, one: Account, step: Step) -> None:
        self._name, self._one, self._step = name, one, step
        self.cost = 0.0
        owed_kwh, moved_kw = self._cars()
        need_kw = (step.grid_kw or 0.0) + sum(kw or 0.0 for kw in step.battery_kw.values()) + moved_kw
        energy_kwh, power_kw = self._batteries(need_kw)
        grid_kw = need_kw - sum(power_kw.values())
        paid = max(grid_kw, 0.0) * step.hours * (step.import_price_per_kwh or 0.0)
        earned = max(-grid_kw, 0.0) * step.hours * (step.export_price_per_kwh or 0.0)
        self.turnover = abs(paid) + abs(earned)
        wear = sum(battery.wear_per_kwh * max(power_kw[battery.id], 0.0) for battery in step.batteries)
        owed_price = step.import_price_per_kwh if step.owed_per_kwh is None else step.owed_per_kwh
        debt = sum(owed_kwh.values()) * (owed_price or 0.0)  # a car that waits is no saving yet
        held = _value(energy_kwh, step) - debt
        peaked = self._peaked(max(grid_kw, 0.0) * step.hours)
        self.cost += paid - earned + wear * step.hours - (held - one.held)
        self.account = replace(peaked, energy_kwh=energy_kwh, held=held, owed_kwh=owed_kwh)

    def _cars(self) -> tuple[dict[str, float], float]:
        """Return what this account's cars still owe, and what they draw more than the measured ones. [kW].

        A car never takes what the measured one has not taken yet, so that both end up with the same energy. One
        that drives off with less is charged what the rest costs at that moment.
        """
        step, owed_kwh, moved_kw = self._step, {}, 0.0
        if self._name in (REAL, RULE) or step.is_active:
            return {}, 0.0
        gone = sum(owed for id_, owed in self._one.owed_kwh.items() if id_ not in step.cars)
        for id_, car in step.cars.items():
            taken_kw = car.measured_kw or 0.0
            owed = self._one.owed_kwh.get(id_, 0.0) + taken_kw * step.hours
            most_kw = car.power_max_kw if car.offered_kw is None else car.offered_kw
            draws_kw = min(owed / step.hours, max(most_kw, 0.0)) if car.connected else 0.0
            owed -= draws_kw * step.hours
            moved_kw += draws_kw - taken_kw
            if car.connected:
                owed_kwh[id_] = owed
            else:
                gone += owed
        self.cost += gone * (step.import_price_per_kwh or 0.0)
        return owed_kwh, moved_kw

    def _batteries(self, need_kw: float) -> tuple[dict[str, float], dict[str, float]]:
        """Return energy and power (+ discharge) of each, in the site's order; those that are told a power first."""
        step, energy, power_kw = self._step, {}, {}
        if self._name == REAL:
            ids = [battery.id for battery in step.batteries]
            return (
                {id_: step.energy_kwh[id_] or 0.0 for id_ in ids},
                {id_: step.battery_kw[id_] or 0.0 for id_ in ids},
            )
        orders = {battery.id: self._order(battery.id) for battery in step.batteries}
        for battery in sorted(
            step.batteries, key=lambda each: orders[each.id].mode not in (CHARGE, DISCHARGE)
        ):
            asked_kw = _asked_kw(battery, orders[battery.id], need_kw)
            kw, after = _moved(battery, self._one.energy_kwh[battery.id], asked_kw, step.hours)
            power_kw[battery.id], energy[battery.id] = kw, after
            # What one battery buys or sells is nothing for the next one to cover or store.
            need_kw = min(max(need_kw - kw, min(need_kw, 0.0)), max(need_kw, 0.0))
        return energy, power_kw

    def _order(self, battery_id: str) -> Order:
        planned = self._step.orders.get(battery_id) if _is_planned(self._name, battery_id) else None
        return planned or Order()

    def _peaked(self, import_kwh: float) -> Account:
        """Return the account with the running peak interval, after paying for one that has raised the peak."""
        demand, one = self._step.demand, self._one
        if demand is None:
            return replace(one, month=_month_of(self._step), interval_kwh=0.0)
        width_s = demand.interval_min * 60
        interval = int((self._step.start_s - demand.starts_past_min * 60) // width_s)
        if interval == one.interval:
            return replace(one, interval_kwh=one.interval_kwh + import_kwh)
        mean_kw, month = one.interval_kwh / (width_s / 3600), _month_of(self._step)
        self.cost += demand.price_per_kw * max(0.0, mean_kw - one.peak_kw)
        peak_kw = max(one.peak_kw, mean_kw) if month == one.month else 0.0
        return replace(one, month=month, peak_kw=peak_kw, interval=interval, interval_kwh=import_kwh)


def _asked_kw(battery: Battery, order: Order, need_kw: float) -> float:
    """Return what a battery would do if nothing limited it: + discharge. [kW].

    On hold it keeps what it has, and surplus may still enter.
    """
    if order.mode == CHARGE:
        return -(battery.charge_max_kw if order.power_kw is None else order.power_kw)
    if order.mode == DISCHARGE:
        return battery.discharge_max_kw if order.power_kw is None else order.power_kw
    return min(need_kw, 0.0) if order.mode == HOLD else need_kw


def _moved(battery: Battery, energy_kwh: float, asked_kw: float, hours: float) -> tuple[float, float]:
    """Return what a battery does of what is asked, and what it stores then.

    A reserve is people's wish in every account: who keeps it must not look poorer than who does not.
    """
    floor = max(battery.soc_min, battery.reserve_soc)
    kept = replace(battery, soc_min=min(floor, battery.soc_max))
    power, energy = follow(kept, energy_kwh, np.array([asked_kw]), np.array([hours]))
    return float(power[0]), float(energy[-1])
