"""What stands in the way, by name and price."""

import pytest

from custom_components.ems.engine.plan import solve
from custom_components.ems.engine.site import Grid
from tests.engine.plan.homes import WALLBOX, battery, car, problem
from tests.engine.plan.loads import load, task, with_load


def test_nothing_stands_in_the_way_of_a_home_without_choices():
    plan = solve(problem([0.2, 0.3], [1, 1]))
    assert plan.binding == ("", "")
    assert plan.binding_value_per_kwh.tolist() == [0.0, 0.0]


def test_the_connection_is_named_where_a_battery_could_buy_more_for_less():
    """Another kWh at 0.10 would replace one at 0.50: it is worth 0.40."""
    asked = problem([0.1, 0.5], [1, 6], grid=Grid(import_max_kw=3), batteries={battery(): 0})
    plan = solve(asked)
    assert plan.binding[0] == "import_limit"
    assert plan.binding_value_per_kwh[0] > 0.39


def test_charging_power_is_named_where_it_is_what_limits():
    plan = solve(problem([0.1, 0.5], [0, 6], batteries={battery(charge_max_kw=2.0): 0}))
    assert plan.binding[0] == "battery.charge_max"
    assert plan.binding_value_per_kwh[0] == pytest.approx(0.4, abs=2e-3)


def test_full_battery_is_named_by_what_one_more_kwh_of_it_would_save():
    plan = solve(problem([0.1, 0.5], [0, 4], batteries={battery(capacity_kwh=2.0): 0}))
    assert plan.binding[0] == "battery.full"
    assert plan.binding_value_per_kwh[0] == pytest.approx(0.4, abs=2e-3)


def test_charger_is_named_where_a_cheap_hour_is_too_short_for_the_car():
    asked = problem([0.1, 0.5], [0, 0], charger=WALLBOX, car=car([True, True], 16.0))
    plan = solve(asked)
    assert plan.binding[0] == "wallbox.power_max"
    assert plan.binding_value_per_kwh[0] == pytest.approx(0.4, abs=2e-3)


@pytest.mark.parametrize("kind", ["continuous", "interruptible"])
def test_load_is_named_where_a_cheap_hour_is_too_short_for_it(kind):
    """2 kW for an hour at 0.10, the rest of 3 kWh at 0.50: one more kW there would save 0.40."""
    plan = solve(with_load(problem([0.1, 0.5], [0, 0]), load(kind), task([1, 1], 3)))
    assert plan.binding[0] == "load.power_max"
    assert plan.binding_value_per_kwh[0] == pytest.approx(0.4, abs=2e-3)


def test_run_in_one_piece_has_no_power_to_be_had_more_of():
    plan = solve(with_load(problem([0.1, 0.5], [0, 0]), load("block"), task([1, 1], 2)))
    assert plan.binding == ("", "")
