"""What to tell a charger."""

import numpy as np

from ...problem import CarState
from ...steps import Bools, Floats
from ..result import Mode, Reason
from .common import IDLE_KW, Orders, Tariff, money, peak_of_next_run


def charger_orders(car: CarState, power_kw: Floats, value_per_kwh: Floats, tariff: Tariff) -> Orders:
    """Charge where the plan does, else wait, and say for what.

    value_per_kwh : What one more kWh into the car is worth in each step, shape (n,). [currency/kWh]
    """
    charges = power_kw > IDLE_KW
    modes = tuple(Mode.CHARGE if on else Mode.OFF for on in charges.tolist())
    return Orders(modes, _reasons(car, charges, value_per_kwh, tariff))


def _reasons(car: CarState, charges: Bools, value_per_kwh: Floats, tariff: Tariff) -> tuple[Reason, ...]:
    # The next time it charges is told by its cheapest moment.
    later = peak_of_next_run(charges, -tariff.weighed.import_price).tolist()
    weighed = tariff.weighed.import_price.tolist()
    starts, price, worth = tariff.instants(), tariff.import_price.tolist(), value_per_kwh.tolist()
    late = tariff.steps.edges_s[1:] > (np.inf if car.ready_at_s is None else car.ready_at_s)
    kinds = np.select(
        [charges & late, charges & (tariff.import_kw <= IDLE_KW), charges, ~car.connected],
        ["car_charge_late", "car_charge_own", "car_charge", "car_away"],
        default="car_wait",
    ).tolist()

    def waiting(k: int) -> Reason:
        if later[k] < 0:
            return Reason(key="car_needs_nothing")
        if tariff.is_weighed:
            counts = {"weighed": money(weighed[k]), "later_weighed": money(weighed[later[k]])}
            return Reason(key="car_wait_weighed", placeholders={**counts, "later": starts[later[k]]})
        found = {"price": money(price[k]), "later_price": money(price[later[k]]), "later": starts[later[k]]}
        return Reason(key="car_wait", placeholders=found)

    def worded(k: int, key: str) -> Reason:
        if key == "car_wait":
            return waiting(k)
        if key == "car_away":
            return Reason(key=key)
        found = {"price": money(price[k]), "value": money(worth[k])}
        if tariff.is_weighed and key != "car_charge_late":
            return Reason(key="car_charge_weighed", placeholders={**found, "weighed": money(weighed[k])})
        return Reason(key=key, placeholders=found)

    return tuple(worded(k, key) for k, key in enumerate(kinds))
