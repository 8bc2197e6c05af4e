"""What a kWh is worth that a car misses: far above any tariff, in any currency."""

import numpy as np
import pytest

from custom_components.ems.adapters.cars import CarNow
from custom_components.ems.adapters.problem import _car_state, shortfall_price
from custom_components.ems.engine.steps import even_steps


@pytest.mark.parametrize(
    ("prices", "worth"),
    [
        ((0.25, 0.40), 2.0),  # euros on a usual day: the engine's own default
        ((0.25, 0.90), 4.5),  # euros in a crisis
        ((1.2, 3.1), 15.5),  # crowns
        ((28, 36), 180.0),  # yen
        ((-0.2, -0.1), 2.0),  # a day that pays
        ((0.0, 0.0), 2.0),
    ],
)
def test_a_missing_kwh_is_worth_five_of_the_dearest_and_never_less_than_two(prices, worth):
    assert shortfall_price(np.array(prices)) == pytest.approx(worth)


def test_cars_carry_it():
    steps = even_steps(0.0, 2, 60)
    now = CarNow(connected=True, energy_needed_kwh=7.0, ready_at_s=3600.0)
    assert _car_state(now, steps, 180.0).shortfall_price_per_kwh == 180.0
    assert _car_state(None, steps, 180.0).shortfall_price_per_kwh == 180.0
