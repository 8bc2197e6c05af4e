"""What to tell a charger."""

from dataclasses import dataclass

import numpy as np

from ...problem import CarState
from ...steps import Bools, Floats
from ..result import Mode, Reason
from .common import IDLE_KW, READABLE, Orders, Tariff, money, monies, peak_of_next_run


@dataclass(frozen=True, kw_only=True, eq=False)
class CarFlow:
    """What the plan does with a car. Series have shape (n,); prices are at the socket.

    Attributes
    ----------
    power_kw : Into the car; negative while it feeds the home. [kW]
    value_per_kwh : What one more kWh into the car is worth. [currency/kWh]
    given_per_kwh : What a kWh that the car feeds costs it, wear included. [currency/kWh]
    surplus_kw : What the sun leaves of what cannot move. [kW]
    least_kw : The smallest power the car can charge with. [kW]
    short_kwh : What it lacks when it is to be ready. [kWh]
    """

    power_kw: Floats
    value_per_kwh: Floats
    given_per_kwh: Floats
    surplus_kw: Floats
    least_kw: float
    short_kwh: float


def charger_orders(car: CarState, flow: CarFlow, tariff: Tariff) -> Orders:
    """Charge and feed where the plan does, else wait, and say for what."""
    charges, feeds = flow.power_kw > IDLE_KW, flow.power_kw < -IDLE_KW
    names = (Mode.CHARGE, Mode.DISCHARGE, Mode.OFF)
    modes = tuple(names[i] for i in np.select([charges, feeds], [0, 1], default=2).tolist())
    kinds = _kinds(car, flow, tariff, charges=charges, feeds=feeds)
    words = _Words(car, flow, tariff, charges)
    return Orders(modes, tuple(words.of(k, kind) for k, kind in enumerate(kinds)))


def _kinds(car: CarState, flow: CarFlow, tariff: Tariff, *, charges: Bools, feeds: Bools) -> list[str]:
    late = tariff.steps.edges_s[1:] > (np.inf if car.ready_at_s is None else car.ready_at_s)
    choice = np.select(
        [
            feeds & (tariff.export_kw > IDLE_KW),
            feeds,
            charges & car.surplus_only,
            charges & late,
            charges & (tariff.import_kw <= IDLE_KW),
            charges,
            ~car.connected,
            np.full(len(charges), car.surplus_only),
        ],
        [
            "car_sell",
            "car_feed",
            "car_surplus_charge",
            "car_charge_late",
            "car_charge_own",
            "car_charge",
            "car_away" if car.is_wanted else "car_off",
            "car_surplus_wait",
        ],
        default="car_wait",
    )
    kinds: list[str] = choice.tolist()
    return kinds


# What money decides, and what is said in its place where a strategy or preference weighs more than money.
_WEIGHED_KEYS = {
    "car_sell": "car_feed_weighed",
    "car_feed": "car_feed_weighed",
    "car_charge_own": "car_charge_weighed",
    "car_charge": "car_charge_weighed",
}


class _Words:
    """Words each step of one car."""

    def __init__(self, car: CarState, flow: CarFlow, tariff: Tariff, charges: Bools) -> None:
        self._flow, self._tariff = flow, tariff
        # Of the home's own energy, a kWh into the car costs what it would have earned.
        gives = (tariff.export_kw > IDLE_KW) | (charges & (tariff.import_kw <= IDLE_KW))
        paid = np.where(gives, tariff.export_price, tariff.import_price)
        counts = np.where(gives, tariff.weighed.export_price, tariff.weighed.import_price)
        self._paid, self._counts = monies(paid), monies(counts)
        self._exactly, self._weighs = counts.tolist(), tariff.weighs(counts, paid).tolist()
        # The next time it charges is told by its cheapest moment; surplus has no price, so by its first.
        weight = np.zeros(len(charges)) if car.surplus_only else -counts
        self._later = peak_of_next_run(charges, weight).tolist()
        self._starts = tariff.instants()

    def of(self, k: int, key: str) -> Reason:
        """Return the reason of a step."""
        if key in ("car_surplus_wait", "car_wait"):
            return self._waiting(k, key)
        if key in ("car_away", "car_off"):
            return Reason(key=key)
        if key == "car_surplus_charge":
            return Reason(key=key, placeholders=self._surplus(k))
        return self._flowing(k, key)

    def _flowing(self, k: int, key: str) -> Reason:
        """Say why energy goes into the car, or out of it."""
        sells, gives = key == "car_sell", key in ("car_sell", "car_feed")
        tariff, flow = self._tariff, self._flow
        price = float((tariff.export_price if sells else tariff.import_price)[k])
        counts = float((tariff.weighed.export_price if sells else tariff.weighed.import_price)[k])
        value = float((flow.given_per_kwh if gives else flow.value_per_kwh)[k])
        if key == "car_charge" and counts > value + READABLE:
            return Reason(key="car_charge_best")  # a smallest current, or what else runs, decides
        found = {"price": money(price), "value": money(value)}
        if key not in _WEIGHED_KEYS or abs(counts - price) <= READABLE:
            return Reason(key=key, placeholders=found)
        return Reason(key=_WEIGHED_KEYS[key], placeholders={**found, "weighed": money(counts)})

    def _surplus(self, k: int) -> dict[str, str | float]:
        return {"surplus_kw": round(float(self._flow.surplus_kw[k]), 2)}

    def _waiting(self, k: int, key: str) -> Reason:
        later = self._later[k]
        if key == "car_surplus_wait":
            return self._waiting_for_surplus(k, later)
        if later < 0:
            return Reason(key="car_needs_nothing")
        then, price, counts = {"later": self._starts[later]}, self._paid, self._counts
        if self._exactly[k] <= self._exactly[later] + READABLE:
            return Reason(key="car_wait_best", placeholders=then)
        if self._weighs[k] or self._weighs[later]:
            found = {"weighed": counts[k], "later_weighed": counts[later]}
            return Reason(key="car_wait_weighed", placeholders={**found, **then})
        return Reason(key="car_wait", placeholders={"price": price[k], "later_price": price[later], **then})

    def _waiting_for_surplus(self, k: int, later: int) -> Reason:
        flow = self._flow
        if later < 0 and flow.short_kwh <= IDLE_KW:
            return Reason(key="car_needs_nothing")
        if later >= 0 and flow.surplus_kw[k] >= flow.least_kw:
            return Reason(key="car_surplus_later", placeholders={"later": self._starts[later]})
        least = {"least_kw": round(flow.least_kw, 2)}
        return Reason(key="car_surplus_wait", placeholders={**self._surplus(k), **least})
