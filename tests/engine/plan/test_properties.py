"""What holds for every home: a plan, energy conserved, nothing exceeded, nobody poorer for it."""

from dataclasses import replace

from hypothesis import given, settings
import numpy as np

from custom_components.ems.engine.plan import Plan, PlanStatus, solve
from custom_components.ems.engine.plan.baseline import self_consumption
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.search import GAP_ABS
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.steps import Steps
from tests.engine.plan.homes import START_S, battery, bus_residual, homes, problem

TOLERANCE = 1e-6
thorough = settings(max_examples=60, deadline=None)


def in_and_out(plan: Plan) -> np.ndarray:
    return np.minimum(plan.import_kw, plan.export_kw)


def check_physics(asked: Problem, plan: Plan) -> None:
    """Check what no plan may break, whatever was asked."""
    assert np.abs(bus_residual(plan)).max() < 1e-9
    assert in_and_out(plan).max() == 0
    for spec in asked.site.batteries:
        device = plan.devices[spec.id]
        assert np.all(device.power_kw <= spec.discharge_max_kw + TOLERANCE)
        assert np.all(-device.power_kw <= spec.charge_max_kw + TOLERANCE)
        if device.energy_kwh is not None:
            now = asked.batteries[spec.id].energy_kwh
            assert device.energy_kwh[0] == now
            charged, given = np.maximum(-device.power_kw, 0), np.maximum(device.power_kw, 0)
            change = plan.steps.hours * (charged * spec.charge_efficiency - given / spec.discharge_efficiency)
            np.testing.assert_allclose(np.diff(device.energy_kwh), change, atol=TOLERANCE)
            assert device.energy_kwh.max() <= max(spec.capacity_kwh, now) + 1e-5
            assert device.energy_kwh.min() >= min(0, now) - 1e-5
    for spec in asked.site.pvs:
        device = plan.devices[spec.id]
        assert np.all(device.power_kw <= device.available_kw + TOLERANCE)
        assert np.all(device.power_kw >= np.minimum(device.available_kw, 0) - TOLERANCE)
    for spec in asked.site.chargers:
        power, state = plan.devices[spec.id].power_kw, asked.cars[spec.id]
        assert np.all((power >= 0) & (power <= spec.power_max_kw + TOLERANCE))
        assert np.all(power[~state.connected] == 0)
        assert power @ plan.steps.hours <= max(state.energy_max_kwh, state.energy_needed_kwh) + 1e-5


@thorough
@given(homes(sane=False))
def test_there_is_a_plan_whatever_is_measured(asked):
    """Any connection, price, state of charge, sun at night, a deadline in the past: never "infeasible"."""
    plan = solve(asked)
    assert plan.status is PlanStatus.OK
    assert plan.stats.gap_abs <= GAP_ABS
    check_physics(asked, plan)


@thorough
@given(homes())
def test_plan_is_never_dearer_than_self_consumption_where_that_keeps_every_wish(asked):
    inputs = judge(asked)
    rule = self_consumption(inputs, Home(inputs).end_values)
    plan = solve(asked)
    assert plan.baseline_cost == rule.costs.total
    if rule.feasible:
        assert plan.expected_cost <= rule.costs.total + GAP_ABS + 0.002


@thorough
@given(homes())
def test_battery_that_starts_in_its_band_stays_there(asked):
    plan, spec = solve(asked), asked.site.batteries[0]
    energy = plan.devices[spec.id].energy_kwh
    assert (
        energy.min() >= spec.soc_min * spec.capacity_kwh - 1e-5
        or energy[0] < spec.soc_min * spec.capacity_kwh
    )
    assert (
        energy.max() <= spec.soc_max * spec.capacity_kwh + 1e-5
        or energy[0] > spec.soc_max * spec.capacity_kwh
    )
    check_physics(asked, plan)


@settings(max_examples=25, deadline=None)
@given(homes(prices=(-0.8, -0.1)))
def test_burning_energy_for_money_is_never_planned(asked):
    """At deeply negative prices a linear program would charge and discharge, import and export at once."""
    check_physics(asked, solve(asked))


@settings(max_examples=15, deadline=None)
@given(homes())
def test_the_same_question_gets_the_same_answer(asked):
    one, two = solve(asked), solve(asked)
    for id_, device in one.devices.items():
        np.testing.assert_array_equal(device.power_kw, two.devices[id_].power_kw)
        assert device.modes == two.devices[id_].modes


@settings(max_examples=25, deadline=None)
@given(homes())
def test_a_larger_battery_never_costs_more(asked):
    """Floor and start stay where they are in kWh; more room and more power only add choices."""
    (spec,) = asked.site.batteries
    floor = spec.soc_min * spec.capacity_kwh
    asked = replace(
        asked, cars={}, batteries={spec.id: replace(asked.batteries[spec.id], energy_kwh=floor + 0.5)}
    )
    larger = replace(spec, capacity_kwh=2 * spec.capacity_kwh, soc_min=spec.soc_min / 2, soc_max=1.0)
    with_larger = replace(asked, site=replace(asked.site, batteries=(larger,)))
    assert solve(with_larger).expected_cost <= solve(asked).expected_cost + GAP_ABS + 0.002


def test_splitting_steps_changes_nothing():
    """Prices and powers constant within an hour may as well be asked per quarter-hour."""
    price, load, sun = [0.1, 0.4, 0.2, 0.3], [1, 2, 0.5, 1.0], [0, 3, 2, 0]
    coarse = problem(price, load, pv=sun, export_price=0.05, batteries={battery(wear_per_kwh=0.02): 2})
    edges = START_S + 900 * np.arange(17.0)
    fine = problem(
        np.repeat(price, 4).tolist(),
        np.repeat(load, 4).tolist(),
        pv=np.repeat(sun, 4).tolist(),
        export_price=0.05,
        batteries={battery(wear_per_kwh=0.02): 2},
        steps=Steps(edges_s=edges),
    )
    assert abs(solve(coarse).expected_cost - solve(fine).expected_cost) < 1e-4


def test_days_of_23_and_25_hours_are_planned_to_their_last_step():
    """The axis is instants, so that a day without its third hour is simply shorter."""
    for hours in (23, 25):
        n = hours * 4
        price = np.tile([0.1, 0.3, 0.2, 0.4], hours).tolist()
        plan = solve(problem(price, [0.5] * n, minutes=15, batteries={battery(): 3}))
        assert plan.status is PlanStatus.OK
        assert len(plan.import_kw) == n
        assert plan.steps.hours.sum() == hours
