"""Limits by the clock in the plan, worked by hand: hours in which less may be drawn than the connection carries."""

from dataclasses import replace

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
import pytest

from custom_components.ems.engine.errors import PlanError
from custom_components.ems.engine.plan import solve
from custom_components.ems.engine.plan.baseline import self_consumption
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.serial import problem_from_json, problem_to_json
from custom_components.ems.engine.problem import Problem, Scenario
from custom_components.ems.engine.site import Grid
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, problem

FREE = np.inf


def capped(asked: Problem, *cap_kw: float) -> Problem:
    """Return the same question with limits by the clock."""
    return replace(asked, import_cap_kw=np.array(cap_kw))


def test_a_battery_buys_no_more_than_the_hour_allows():
    """4 kWh are wanted in the dear hour, and the cheap one lets 3 through beside the load of 1."""
    asked = problem([0.1, 0.4], [1, 4], batteries={battery(capacity_kwh=4): 0})
    assert_allclose(solve(asked).import_kw, [5, 0], atol=1e-6)
    plan = solve(capped(asked, 4, FREE))
    assert_allclose(plan.import_kw, [4, 1], atol=1e-6)
    assert plan.slacks == ()


def test_a_car_charges_around_the_hours_in_which_little_may_be_drawn():
    """12 kWh by the fourth hour; the cheapest hour has no room for the car's smallest current."""
    wants = car([True] * 4, 12, ready_at_s=START_S + 4 * 3600)
    asked = problem([0.3, 0.1, 0.2, 0.4], [1] * 4, charger=WALLBOX, car=wants)
    plan = solve(capped(asked, FREE, 3, FREE, FREE))
    assert plan.import_kw[1] == pytest.approx(1)
    assert sum(plan.devices["wallbox"].power_kw) == pytest.approx(12)
    assert plan.slacks == ()


def test_what_nobody_can_move_is_over_the_limit_and_said_to_be():
    """A plan must exist all the same; the battery helps as far as it goes."""
    (slack,) = solve(capped(problem([0.3] * 3, [3] * 3), FREE, 2, FREE)).slacks
    assert (slack.name, slack.component) == ("import_limit", "grid")
    assert (slack.amount, slack.first_step, slack.last_step) == (pytest.approx(1), 1, 1)
    helped = solve(capped(problem([0.3] * 3, [3] * 3, batteries={battery(): 1}), FREE, 2, FREE))
    assert helped.slacks == ()
    assert helped.import_kw[1] == pytest.approx(2)


def test_a_battery_may_go_below_its_floor_for_the_limit_of_an_hour():
    """As it may for the connection's: the limit is worth more than a band."""
    store = battery(soc_min=0.5)
    asked = problem([0.3, 0.3], [3, 3], batteries={store: 5})
    assert solve(capped(asked, 0, 3)).import_kw[0] == pytest.approx(0, abs=1e-6)


def test_the_hour_never_lifts_what_the_connection_carries():
    asked = problem([0.1, 0.4], [0, 4], batteries={battery(): 0}, grid=Grid(import_max_kw=2))
    assert_array_equal(solve(capped(asked, 10, 10)).import_kw, solve(asked).import_kw)
    assert_array_equal(solve(capped(asked, FREE, FREE)).import_kw, solve(asked).import_kw)


def test_every_future_keeps_to_the_hour():
    """Two suns, one limit: what is bought before anybody knows which it will be stays below it, too."""
    futures = (
        Scenario(load_kw=np.array([1.0, 1, 5, 1]), pv_available_kw={}),
        Scenario(load_kw=np.array([1.0, 1, 2, 1]), pv_available_kw={}),
    )
    asked = problem([0.1, 0.1, 0.5, 0.3], [1, 1, 3.5, 1], batteries={battery(): 0}, scenarios=futures)
    plan = solve(capped(asked, 2, 2, FREE, FREE))
    assert plan.stats.scenarios == 2
    assert plan.import_kw[:2].max() <= 2 + 1e-6
    assert solve(asked).import_kw[:2].max() > 2


def test_the_rule_that_plans_are_compared_with_is_judged_by_the_hour_too():
    """It may break a limit that a plan keeps, and must not stand in for one then."""
    wants = car([True] * 2, 11)
    asked = judge(problem([0.3, 0.3], [1, 1], charger=WALLBOX, car=wants))
    tight = judge(capped(problem([0.3, 0.3], [1, 1], charger=WALLBOX, car=wants), 5, FREE))
    assert self_consumption(asked, Home(asked).end_values).feasible
    assert not self_consumption(tight, Home(tight).end_values).feasible


@pytest.mark.parametrize(
    ("cap_kw", "key"),
    [
        ([1.0], "wrong_length"),
        ([1.0, float("nan")], "not_a_number"),
        ([1.0, float("-inf")], "not_a_number"),
        ([1.0, -0.1], "below_zero"),
        ([1.0, 1e9], "absurd_value"),
    ],
)
def test_a_series_that_is_no_limit_is_refused_by_name(cap_kw, key):
    with pytest.raises(PlanError, match="import_cap_kw") as refused:
        solve(capped(problem([0.3, 0.3], [1, 1]), *cap_kw))
    assert refused.value.key == key


def test_infinity_survives_a_file():
    read = problem_from_json(problem_to_json(capped(problem([0.3, 0.3], [1, 1]), 4, FREE)))
    assert_array_equal(read.import_cap_kw, [4, FREE])
