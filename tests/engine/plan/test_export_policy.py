"""Nothing fed in, at all or below a price: with sun that can be held back and with sun that cannot."""

from dataclasses import replace

import cvxpy as cp
from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import Mode, PlanStatus, solve
from custom_components.ems.engine.plan.baseline import self_consumption
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.penalties import TIE_PER_KWH, penalties_for
from custom_components.ems.engine.plan.search import GAP_ABS
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.site import Grid
from tests.engine.plan.homes import battery, bus_residual, problem

ABOVE_5_CT = Grid(export_price_min_per_kwh=0.05)


def test_sun_is_held_back_where_feeding_in_earns_less_than_asked_for():
    """At 0.04 nothing goes out, at 0.05 and above everything."""
    price = [0.04, 0.05, 0.06]
    plan = solve(
        problem([0.3] * 3, [1] * 3, export_price=price, pv=[3] * 3, curtailable=True, grid=ABOVE_5_CT)
    )
    assert_allclose(plan.export_kw, [0, 2, 2], atol=1e-9)
    device = plan.devices["pv"]
    assert device.modes == (Mode.LIMIT, Mode.AUTOMATIC, Mode.AUTOMATIC)
    assert device.reasons[0].key == "pv_limit_policy"
    assert device.reasons[0].placeholders == {"price": 0.04, "least": 0.05}
    assert plan.slacks == ()


def test_sun_that_cannot_be_held_back_is_fed_in_all_the_same_and_reported():
    plan = solve(problem([0.3] * 2, [1] * 2, export_price=[0.04, 0.06], pv=[3, 3], grid=ABOVE_5_CT))
    assert_allclose(plan.export_kw, [2, 2], atol=1e-9)
    (slack,) = plan.slacks
    assert (slack.name, slack.component, slack.unit) == ("export_limit", "grid", "kW")
    assert (slack.amount, slack.first_step, slack.last_step) == (pytest.approx(2), 0, 0)


def test_battery_takes_what_may_not_be_fed_in_and_sells_it_when_it_may():
    plan = solve(
        problem(
            [0.1, 0.4],
            [0, 0],
            export_price=[0.04, 0.25],
            pv=[2, 0],
            curtailable=True,
            batteries={battery(charge_max_kw=2): 0},
            grid=ABOVE_5_CT,
        )
    )
    assert_allclose(plan.devices["battery"].power_kw, [-2, 2], atol=1e-6)
    assert plan.devices["pv"].reasons[0].key == "pv_free"


def test_battery_is_not_sold_below_the_price_though_that_would_pay():
    """Bought at 0.01 and sold at 0.04 it would earn 0.03; people asked for at least 0.05."""
    asked = problem([0.01, 0.01], [0, 0], export_price=0.04, batteries={battery(): 5}, grid=ABOVE_5_CT)
    assert solve(asked).export_kw.max() == 0
    assert solve(replace(asked, site=replace(asked.site, grid=Grid()))).export_kw.max() > 0


def test_no_threshold_is_no_policy_even_at_negative_prices():
    plan = solve(problem([0.3], [0], export_price=-0.05, pv=[3]))
    assert plan.export_kw[0] == 3
    assert plan.slacks == ()


def test_threshold_below_zero_pays_for_getting_rid_of_energy():
    """A home that lets its old array run unless that costs more than 2 ct."""
    plan = solve(
        problem(
            [0.3] * 2,
            [0] * 2,
            export_price=[-0.01, -0.03],
            pv=[3, 3],
            grid=Grid(export_price_min_per_kwh=-0.02),
        )
    )
    assert [slack.first_step for slack in plan.slacks] == [1]


@pytest.mark.parametrize("curtailable", [True, False])
def test_no_export_at_all(curtailable):
    """Sun that can be held back is; the other goes out, over the limit, and the plan says by how much."""
    asked = problem(
        [0.3] * 2, [1, 1], export_price=0.1, pv=[3, 0.5], curtailable=curtailable, grid=Grid(export_max_kw=0)
    )
    plan = solve(asked)
    assert plan.status is PlanStatus.OK
    assert_allclose(plan.export_kw, [0 if curtailable else 2, 0], atol=1e-9)
    assert_allclose(plan.import_kw, [0, 0.5], atol=1e-9)
    assert [slack.name for slack in plan.slacks] == ([] if curtailable else ["export_limit"])
    key = "pv_limit_connection" if curtailable else "pv_free"
    assert [reason.key for reason in plan.devices["pv"].reasons] == [key, "pv_free"]


def test_rule_keeps_the_policy_where_it_can():
    asked = problem(
        [0.3] * 2, [1] * 2, export_price=[0.04, 0.06], pv=[3, 3], curtailable=True, grid=ABOVE_5_CT
    )
    inputs = judge(asked)
    rule = self_consumption(inputs, {})
    assert_allclose(rule.export_kw, [0, 2])
    assert rule.feasible
    stubborn = replace(asked, site=replace(asked.site, pvs=(replace(asked.site.pvs[0], curtailable=False),)))
    assert not self_consumption(judge(stubborn), {}).feasible


steps = 6
prices = st.lists(st.floats(-0.1, 0.2), min_size=steps, max_size=steps)
powers = st.lists(st.floats(0, 5), min_size=steps, max_size=steps)


@settings(max_examples=40, deadline=None)
@given(prices, powers, powers, st.booleans(), st.sampled_from([-0.05, 0.0, 0.05, 0.5]), st.floats(0, 10))
def test_below_its_price_nothing_is_fed_in_that_could_be_kept(sold, load, sun, curtailable, least, now):
    grid = Grid(export_price_min_per_kwh=least)
    asked = problem(
        [0.3] * steps,
        load,
        export_price=sold,
        pv=sun,
        curtailable=curtailable,
        batteries={battery(soc_min=0.1): now},
        grid=grid,
    )
    plan = solve(asked)
    assert plan.status is PlanStatus.OK
    assert np.abs(bus_residual(plan)).max() < 1e-9
    barred = np.array(sold) < least
    surplus = np.zeros(steps) if curtailable else np.maximum(np.array(sun) - np.array(load), 0)
    assert np.all(plan.export_kw[barred] <= surplus[barred] + 1e-6)
    inputs = judge(asked)
    rule = self_consumption(inputs, Home(inputs).end_values)
    if rule.feasible:
        assert plan.expected_cost <= rule.costs.total + GAP_ABS


@settings(max_examples=20, deadline=None)
@given(prices, powers, powers, st.sampled_from([0.0, 0.05, 0.5]), st.sampled_from([0.0, 1.0, 17.25]))
def test_plan_agrees_with_an_independent_model(sold, load, sun, least, limit):
    grid = Grid(export_price_min_per_kwh=least, export_max_kw=limit)
    asked = problem([0.3] * steps, load, export_price=sold, pv=sun, curtailable=True, grid=grid)
    i, x, p = (cp.Variable(steps, nonneg=True) for _ in range(3))
    over = [cp.pos(x[k] - (limit if sold[k] >= least else 0)) for k in range(steps)]
    bill = sum(0.3 * i[k] - sold[k] * x[k] + penalties_for(asked).limit * over[k] for k in range(steps))
    rows = [p <= np.array(sun), i - x + p == np.array(load)]
    expected = cp.Problem(cp.Minimize(bill), rows).solve(solver="CLARABEL")
    found = open_solver("highs")(Home(judge(asked)).program.build(), time_limit_s=10, gap_abs=0)
    assert found.objective == pytest.approx(expected, abs=TIE_PER_KWH * 72 + 1e-5)
