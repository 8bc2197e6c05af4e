"""A reserve that people ask for: kept against every price, given before the battery's own floor, brought back soon."""

from dataclasses import replace

import cvxpy as cp
from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import Mode, PlanStatus, solve
from custom_components.ems.engine.plan.home import Home, end_values
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.penalties import TIE_PER_KWH, penalties_for
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.site import Grid, Preference, Strategy
from tests.engine.plan.homes import battery, problem
from tests.engine.plan.leanings import leaning


def test_reserve_is_not_given_for_any_price():
    """At 5.00 a kWh the grid is paid all the same; only what lies above the reserve is used."""
    store = battery(reserve_soc=0.3)
    plan = solve(problem([5.0, 0.1], [6, 0], batteries={store: 4}))
    assert_allclose(plan.devices["battery"].power_kw[0], 1)
    assert plan.slacks == ()


def test_battery_at_its_reserve_waits_and_says_why():
    store = battery(reserve_soc=0.3, charge_max_kw=0)
    device = solve(problem([0.3, 0.3], [1, 1], batteries={store: 3})).devices["battery"]
    assert device.modes == (Mode.HOLD, Mode.HOLD)
    assert [reason.key for reason in device.reasons] == ["hold_reserve"] * 2
    assert device.reasons[0].placeholders == {"price": 0.3}


def test_reserve_is_brought_back_in_a_cheap_hour_and_the_slack_is_named():
    """1 kWh is missing at 0.40; an hour without it counts for 0.06, and then it costs 0.10."""
    store = battery(reserve_soc=0.3, charge_max_kw=1)
    plan = solve(problem([0.4, 0.1, 0.4], [0, 0, 0], batteries={store: 2}))
    device = plan.devices["battery"]
    assert_allclose(device.power_kw, [0, -1, 0], atol=1e-6)
    assert device.reasons[1].key == "charge_to_reserve"
    (slack,) = plan.slacks
    assert (slack.name, slack.component, slack.unit) == ("reserve", "battery", "kWh")
    assert (slack.first_step, slack.last_step) == (0, 0)
    assert slack.amount == pytest.approx(1)
    assert slack.cost == pytest.approx(0.75 * 0.2 * 0.4)


def test_reserve_is_not_bought_back_at_any_price():
    """Found 1 kWh below, at 1.00 now and 0.20 in an hour: an hour without costs 0.15."""
    plan = solve(problem([1.0, 0.2], [0, 0], batteries={battery(reserve_soc=0.3, charge_max_kw=1): 2}))
    assert_allclose(plan.devices["battery"].power_kw, [0, -1], atol=1e-6)


def test_reserve_is_given_before_the_floor_and_before_the_connection_is_overloaded():
    """3 kW more than the connection carries: 2 from above the floor, then 1 below it."""
    store = battery(reserve_soc=0.5, soc_min=0.3)
    plan = solve(problem([0.3, 0.3], [13, 0], batteries={store: 5}, grid=Grid(import_max_kw=10)))
    assert plan.import_kw[0] == pytest.approx(10)
    found = {slack.name: slack.amount for slack in plan.slacks}
    assert found == {"reserve": pytest.approx(3), "soc_min": pytest.approx(1)}


def test_connection_is_kept_though_the_battery_is_lossy_and_the_reserve_deep():
    """A kWh at the connection takes 1/0.6 kWh from store, and out of band and reserve: still the lesser evil."""
    store = battery(reserve_soc=1.0, soc_min=0.9, discharge_efficiency=0.6)
    plan = solve(problem([0.3] * 24, [12] + [9.9] * 23, batteries={store: 10}, grid=Grid(import_max_kw=10)))
    assert plan.import_kw.max() == pytest.approx(10)


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("preference", list(Preference))
def test_no_strategy_or_preference_gives_the_reserve_away(strategy, preference):
    store = battery(reserve_soc=0.4, wear_per_kwh=0.02)
    asked = problem([0.1, 0.6, 0.2, 0.6], [1, 4, 1, 4], batteries={store: 6})
    plan = solve(leaning(asked, strategy, preference))
    assert plan.devices["battery"].energy_kwh.min() >= 4 - 1e-6


def test_comfort_asks_for_more_where_people_asked_for_less():
    """Its own 20 % above the floor stay a wish beside a reserve of 10 %, and stand back behind one of 50 %."""
    cheap_soon = problem([0.3, 0.05, 0.3], [0, 0, 0], batteries={battery(reserve_soc=0.1): 0.5})
    energy = solve(leaning(cheap_soon, Strategy.ARBITRAGE, Preference.COMFORT)).devices["battery"].energy_kwh
    assert energy[2] >= 2
    low = problem([0.3, 0.3], [9, 5], batteries={battery(reserve_soc=0.5): 5}, grid=Grid(import_max_kw=5))
    plan = solve(leaning(low, Strategy.ARBITRAGE, Preference.COMFORT))
    assert [slack.name for slack in plan.slacks] == ["reserve"]


def test_reserve_below_the_floor_or_above_the_ceiling_asks_for_no_more_than_them():
    floor = solve(problem([0.5], [5], batteries={battery(reserve_soc=0.1, soc_min=0.2): 4}))
    assert floor.devices["battery"].energy_kwh[-1] == pytest.approx(2)
    full = problem([0.1, 0.1], [0, 0], batteries={battery(reserve_soc=1.0, soc_max=0.8): 8})
    assert solve(full).slacks == ()


def test_battery_without_a_reserve_gets_no_row_for_one():
    plain = problem([0.1, 0.4], [0, 1], batteries={battery(): 3})
    asked = problem([0.1, 0.4], [0, 1], batteries={battery(reserve_soc=0.2): 3})
    assert solve(plain).stats.rows + 4 == solve(asked).stats.rows


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-1, 12),
    st.floats(0, 1),
    st.lists(st.floats(-0.3, 0.6), min_size=6, max_size=6),
    st.sampled_from([0.0, 2.0, 17.25]),
)
def test_there_is_a_plan_from_any_energy_and_no_dip_that_the_connection_does_not_ask_for(
    now, reserve, price, limit
):
    spec = battery(reserve_soc=reserve, soc_min=0.05, discharge_efficiency=0.9)
    asked = problem(price, [1, 0, 2, 0, 3, 1], batteries={spec: now}, grid=Grid(import_max_kw=limit))
    plan = solve(asked)
    assert plan.status is PlanStatus.OK
    kept = min(now, max(reserve, 0.05) * 10)
    if limit > 3:
        assert plan.devices["battery"].energy_kwh.min() >= kept - 1e-5


def oracle(asked) -> float:
    """Return the minimum of a battery with a reserve in CVXPY: the floor and the reserve, each from its price."""
    (spec,) = asked.site.batteries
    worth = end_values(judge(asked))[spec.id]
    penalties, now = penalties_for(asked), asked.batteries[spec.id].energy_kwh
    edges = {"floor": spec.soc_min * spec.capacity_kwh, "reserve": spec.reserve_soc * spec.capacity_kwh}
    weight = {"floor": 1.0, "reserve": 0.75}
    e, cost, rows = now, 0.0, []
    left = {name: max(edge - now, 0) for name, edge in edges.items()}
    for k, h in enumerate(asked.steps.hours):
        c, d, i, x = (cp.Variable(nonneg=True) for _ in range(4))
        after = e + h * (spec.charge_efficiency * c - d / spec.discharge_efficiency)
        rows += [c <= spec.charge_max_kw, d <= spec.discharge_max_kw, after >= 0, after <= spec.capacity_kwh]
        rows.append(i - x + d - c == asked.load_kw[k])
        cost += h * (asked.import_price_per_kwh[k] * i - asked.export_price_per_kwh[k] * x)
        cost += h * penalties.limit * cp.pos(i - asked.site.grid.import_max_kw)
        for name, edge in edges.items():
            below = cp.Variable(nonneg=True)
            rows.append(below >= edge - after)
            further = cp.pos(below - left[name])
            staying = h * penalties.band_staying_per_h * below
            cost += weight[name] * (penalties.band_leaving * further + staying)
            left[name] = below
        e = after
    (first, second), width = worth.per_kwh, worth.widths_kwh[0]
    cost -= cp.minimum(first * e, first * width + second * (e - width))
    return float(cp.Problem(cp.Minimize(cost), rows).solve(solver="CLARABEL"))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(0.02, 0.6), min_size=6, max_size=6),
    st.floats(0, 10),
    st.sampled_from([0.3, 0.8, 1.0]),
    st.sampled_from([2.5, 17.25]),
)
def test_plan_agrees_with_an_independent_model(price, now, reserve, limit):
    spec = battery(reserve_soc=reserve, soc_min=0.1, charge_efficiency=0.9)
    asked = problem(price, [1, 4, 0, 2, 0, 6], batteries={spec: now}, grid=Grid(import_max_kw=limit))
    found = open_solver("highs")(Home(judge(asked)).program.build(), time_limit_s=10, gap_abs=0)
    assert found.objective == pytest.approx(oracle(asked), abs=TIE_PER_KWH * 72 + 1e-5)


def test_larger_battery_never_costs_more_at_the_same_reserve_in_kwh():
    rng = np.random.default_rng(3)
    price, load = rng.uniform(0.05, 0.6, 12).tolist(), rng.uniform(0, 3, 12).tolist()
    small = battery(reserve_soc=0.4)
    costs = []
    for factor in (1, 1.5, 3):
        spec = replace(small, capacity_kwh=10 * factor, reserve_soc=0.4 / factor)
        costs.append(solve(problem(price, load, batteries={spec: 5})).expected_cost)
    assert costs == sorted(costs, reverse=True)
