"""Batteries whose power depends on how full they are: as lines, as plans, and against an independent model."""

from dataclasses import replace

import cvxpy as cp
from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import PlanStatus, solve
from custom_components.ems.engine.plan.baseline import self_consumption
from custom_components.ems.engine.plan.components.curve import power_lines
from custom_components.ems.engine.plan.home import Home, end_values
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.penalties import TIE_PER_KWH, penalties_for
from custom_components.ems.engine.plan.search import GAP_ABS
from custom_components.ems.engine.plan.solvers import open_solver
from tests.engine.plan.homes import battery, problem

# Full power to 80 %, then falling to a fifth of it.
TAPER = ((0.0, 5.0), (0.8, 5.0), (1.0, 1.0))
# Little when empty.
WEAK_BELOW = ((0.0, 1.0), (0.2, 5.0))


def lines(curve, *, limit=5.0, capacity=10.0, now=5.0):
    return power_lines(curve, limit_kw=limit, capacity_kwh=capacity, energy_now_kwh=now)


def test_taper_is_one_line_and_the_limit():
    """From 5 kW at 8 kWh to 1 kW at 10 kWh: 21 - 2·e. What is flat at the limit needs no line."""
    found = lines(TAPER)
    assert found.most_kw == 5
    assert_allclose(found.offset_kw, [21])
    assert_allclose(found.slope_per_h, [-2])


def test_no_curve_and_a_flat_one_are_no_lines():
    assert not len(lines(()).slope_per_h)
    assert not len(lines(((0.0, 7.0), (1.0, 7.0))).slope_per_h)
    assert lines(((0.0, 3.0), (1.0, 3.0))).most_kw == 3
    assert lines(((0.5, 3.0),)).most_kw == 3, "a single point holds everywhere"


def test_line_that_never_comes_below_the_limit_is_left_out():
    assert not len(lines(((0.0, 20.0), (1.0, 6.0))).slope_per_h)
    assert len(lines(((0.0, 20.0), (1.0, 4.0))).slope_per_h) == 1


def test_limit_that_rises_faster_than_the_battery_fills_is_no_limit():
    """At p ≤ 1 + 4·(p/2) a stronger current only raises its own limit; falling, p ≤ 21 - 2·(9 + p/2) is 1.5 kW."""
    assert lines(((0.0, 1.0), (0.1, 5.0))).most_at(0.0, 1.0) == 5
    assert lines(TAPER).most_at(9.0, 1.0) == pytest.approx(1.5)
    assert lines(TAPER, now=12.0).most_at(12.0, 1.0) == pytest.approx(2 / 3), (
        "13 - e, as far as the energy goes"
    )


def test_dent_in_a_curve_is_bridged():
    """A linear program knows only the hull: 2 kW at half full lie below the line from 5 kW to 1 kW."""
    found = lines(((0.0, 5.0), (0.5, 2.0), (1.0, 1.0)))
    assert_allclose(found.offset_kw, [5])
    assert_allclose(found.slope_per_h, [-0.4])


def test_step_down_at_one_state_of_charge_is_the_higher_value_there():
    found = lines(((0.0, 5.0), (1.0, 5.0), (1.0, 1.0)))
    assert not len(found.slope_per_h)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 8)), min_size=1, max_size=6),
    st.floats(-5, 20),
    st.floats(0, 1),
)
def test_lines_never_forbid_what_the_curve_allows_and_never_forbid_nothing(points, now, soc):
    """Above the curve everywhere, and at or above zero wherever the energy may be."""
    curve = tuple(sorted((round(s, 3), kw) for s, kw in points))
    found = lines(curve, limit=6.0, now=now)
    for energy in (soc * 10, now, min(0.0, now), max(10.0, now)):
        assert np.all(found.offset_kw + found.slope_per_h * energy >= -1e-9)
    allowed = min(6.0, np.interp(soc, [s for s, _ in curve], [kw for _, kw in curve]))
    hull = min(found.most_kw, np.min(found.offset_kw + found.slope_per_h * soc * 10, initial=np.inf))
    if len({s for s, _ in curve}) == len(curve):
        assert hull >= allowed - 1e-9


def test_charging_slows_down_near_full_by_hand():
    """The line is 21 - 2·e at the mean energy: c = 21 - 2·(8 + c/4) in half an hour, so c = 10/3."""
    plan = solve(problem([0.0, 0.9], [0, 9], batteries={battery(charge_curve=TAPER): 8}, minutes=30))
    assert plan.devices["battery"].power_kw[0] == pytest.approx(-10 / 3)


def test_discharging_slows_down_near_empty_by_hand():
    """The line is 1 + 2·e: d = 1 + 2·(1.5 - d/4) in half an hour, so d = 8/3."""
    store = battery(discharge_curve=((0.0, 1.0), (1.0, 21.0)))
    plan = solve(problem([0.9, 0.1], [9, 0], batteries={store: 1.5}, minutes=30))
    assert plan.devices["battery"].power_kw[0] == pytest.approx(8 / 3)


def test_curve_in_the_way_is_named():
    """At 0.90 the home would take 9 kW; the battery gives 2.67, and 1/1.5 kW more with a line 1 kW higher."""
    store = battery(discharge_curve=((0.0, 1.0), (1.0, 21.0)))
    plan = solve(problem([0.9, 0.1], [9, 0], batteries={store: 1.5}, minutes=30))
    assert plan.binding[0] == "battery.discharge_curve"
    assert plan.binding_value_per_kwh[0] == pytest.approx(0.4 / 1.5, abs=1e-3)


def test_loss_is_inside_the_battery_and_the_curve_at_its_terminal():
    """2 kW at the terminal at any efficiency; 1 kWh arrives at 0.5."""
    store = battery(charge_curve=((0.0, 2.0),), charge_efficiency=0.5)
    device = solve(problem([0.0, 0.9], [0, 9], batteries={store: 0})).devices["battery"]
    assert device.power_kw[0] == pytest.approx(-2)
    assert device.energy_kwh[1] == pytest.approx(1)


def test_value_of_a_stored_kwh_knows_that_a_fuller_battery_gives_more():
    """With d = (e[0] + e[1])/4 at 0.50 and 0.30 at the end, one more kWh lets 0.4 more out now: 0.38 in all.

    The optimiser's own price is that of a kWh that arrives during the step, and counts half for its mean: 0.34.
    """
    store = battery(discharge_curve=((0.0, 0.0), (1.0, 5.0)), charge_max_kw=0)
    plans = [solve(problem([0.5, 0.1], [9, 9], batteries={store: energy})) for energy in (4.0, 4.1)]
    first, second = (plan.stats.objective for plan in plans)
    assert (first - second) / 0.1 == pytest.approx(0.38, abs=1e-3)
    assert plans[0].devices["battery"].power_kw[0] == pytest.approx(1.6)
    assert plans[0].devices["battery"].marginal_value_per_kwh[0] == pytest.approx(0.34, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-2, 16),
    st.lists(st.floats(-0.3, 0.6), min_size=6, max_size=6),
    st.sampled_from([TAPER, WEAK_BELOW, ((0.0, 0.0), (1.0, 5.0)), ((0.3, 5.0), (0.9, 0.0)), ()]),
    st.sampled_from([TAPER, WEAK_BELOW, ((0.0, 0.0), (1.0, 5.0)), ((0.3, 5.0), (0.9, 0.0)), ()]),
    st.sampled_from([0.7, 1.0]),
)
def test_there_is_a_plan_for_any_measured_energy_and_its_power_keeps_to_the_hull(now, price, up, down, eta):
    spec = battery(charge_curve=up, discharge_curve=down, charge_efficiency=eta, discharge_efficiency=0.9)
    plan = solve(problem(price, [1, 0, 2, 0, 3, 1], export_price=-0.05, batteries={spec: now}))
    assert plan.status is PlanStatus.OK
    device = plan.devices["battery"]
    middle = (device.energy_kwh[1:] + device.energy_kwh[:-1]) / 2
    for power, curve in ((-device.power_kw, up), (device.power_kw, down)):
        found = lines(curve, now=now)
        assert power.max() <= found.most_kw + 1e-6
        for offset, slope in zip(found.offset_kw, found.slope_per_h, strict=True):
            assert np.all(power <= np.maximum(offset + slope * middle, 0) + 1e-5)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.5, 9.5),
    st.lists(st.floats(0.02, 0.6), min_size=6, max_size=6),
    st.lists(st.floats(0, 5), min_size=6, max_size=6),
)
def test_rule_keeps_to_the_curve_and_the_plan_is_never_dearer(now, price, sun):
    spec = battery(charge_curve=TAPER, discharge_curve=WEAK_BELOW, charge_efficiency=0.9)
    asked = problem(price, [1, 0, 2, 0, 3, 1], export_price=0.01, pv=sun, batteries={spec: now})
    inputs = judge(asked)
    rule, plan = self_consumption(inputs, Home(inputs).end_values), solve(asked)
    energy, power = rule.energy_kwh["battery"], rule.battery_kw["battery"]
    middle = (energy[1:] + energy[:-1]) / 2
    assert np.all(-power <= np.minimum(5, 21 - 2 * middle) + 1e-9)
    assert np.all(power <= np.minimum(5, 1 + 2 * middle) + 1e-9)
    assert rule.feasible
    assert plan.expected_cost <= rule.costs.total + GAP_ABS


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 5), st.lists(st.floats(0.02, 0.6), min_size=6, max_size=6), st.sampled_from([1.3, 2.0]))
def test_larger_battery_never_costs_more(now, price, factor):
    """At the same energy it is less full, so that it charges no slower; what it can give might be less."""
    small = battery(charge_curve=TAPER, charge_efficiency=0.9)
    large = replace(small, capacity_kwh=small.capacity_kwh * factor)
    costs = [
        solve(problem(price, [1, 0, 2, 0, 3, 1], batteries={spec: now})).expected_cost
        for spec in (small, large)
    ]
    assert costs[1] <= costs[0] + GAP_ABS


def oracle(asked) -> float:
    """Return the minimum of a battery with curves in CVXPY, from the equations, step by step."""
    (spec,) = asked.site.batteries
    worth = end_values(judge(asked))[spec.id]
    penalties, now = penalties_for(asked), asked.batteries[spec.id].energy_kwh
    e, cost, rows = now, 0.0, []
    left = {1: max(-now, 0), -1: max(now - spec.capacity_kwh, 0)}
    for k, h in enumerate(asked.steps.hours):
        c, d, i, x = (cp.Variable(nonneg=True) for _ in range(4))
        after = cp.Variable()
        rows += [c <= spec.charge_max_kw, d <= spec.discharge_max_kw, after >= min(0, now)]
        rows += [after <= max(spec.capacity_kwh, now), i - x + d - c == asked.load_kw[k]]
        rows.append(after == e + h * (spec.charge_efficiency * c - d / spec.discharge_efficiency))
        middle = (e + after) / 2
        rows += [c <= 21 - 2 * middle, d <= 1 + 2 * middle]
        cost += h * (asked.import_price_per_kwh[k] * i - asked.export_price_per_kwh[k] * x)
        for side, edge in ((1, 0.0), (-1, spec.capacity_kwh)):
            out = cp.Variable(nonneg=True)
            rows.append(out >= side * (edge - after))
            cost += penalties.band_leaving * cp.pos(out - left[side])
            cost += penalties.band_staying_per_h * h * out
            left[side] = out
        e = after
    (first, second), width = worth.per_kwh, worth.widths_kwh[0]
    cost -= cp.minimum(first * e, first * width + second * (e - width))
    return float(cp.Problem(cp.Minimize(cost), rows).solve(solver="CLARABEL"))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.02, 0.6), min_size=6, max_size=6), st.floats(0, 10), st.sampled_from([0.8, 1.0]))
def test_plan_agrees_with_an_independent_model(price, now, eta):
    spec = battery(charge_curve=TAPER, discharge_curve=WEAK_BELOW, charge_efficiency=eta)
    asked = problem(price, [1, 4, 0, 2, 0, 6], batteries={spec: now})
    found = open_solver("highs")(Home(judge(asked)).program.build(), time_limit_s=10, gap_abs=0)
    assert found.objective == pytest.approx(oracle(asked), abs=TIE_PER_KWH * 72 + 1e-5)
