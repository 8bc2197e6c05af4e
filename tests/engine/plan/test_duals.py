"""Marginal values are what a small change is worth: checked by making the change."""

from dataclasses import replace

from hypothesis import given, settings
import numpy as np
import pytest

from custom_components.ems.engine.plan import solve
from custom_components.ems.engine.plan.components.end_value import EndValue
from custom_components.ems.engine.plan.home import BUS, Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.solvers import open_solver
from tests.engine.plan.homes import WALLBOX, battery, car, homes, problem

BUMP_KWH = 1e-3
SLOP = 2e-5  # tie-breakers and the solver's tolerance over the bump


def minimum(model, row: int, bump: float) -> float:
    """Return the objective with one row's right-hand side moved, infinity where that is out of reach."""
    shift = np.zeros(model.n_rows)
    shift[row] = bump
    moved = replace(model, row_lower=model.row_lower + shift, row_upper=model.row_upper + shift)
    outcome = open_solver("highs")(moved, time_limit_s=10, gap_abs=0)
    return outcome.objective if outcome.has_answer else np.inf


@settings(max_examples=15, deadline=None)
@given(homes())
def test_every_kind_of_dual_lies_between_what_more_and_less_would_cost(asked):
    """At a kink a dual is anything between the two one-sided slopes; elsewhere they are one."""
    model = Home(judge(asked)).program.build()
    outcome = open_solver("highs")(model, time_limit_s=10, gap_abs=0)
    for name in (BUS, "battery.battery.balance"):
        row = model.rows[name].start + (model.rows[name].stop - model.rows[name].start) // 2
        more = (minimum(model, row, BUMP_KWH) - outcome.objective) / BUMP_KWH
        less = (outcome.objective - minimum(model, row, -BUMP_KWH)) / BUMP_KWH
        assert less - SLOP <= outcome.row_dual[row] <= more + SLOP


def test_value_of_a_kwh_in_the_home_is_what_less_consumption_saves():
    asked = problem([0.1, 0.45, 0.2], [1, 3, 1], export_price=0.05, batteries={battery(capacity_kwh=2): 0.5})
    plan, k = solve(asked), 1
    load = asked.load_kw.copy()
    load[k] -= BUMP_KWH / plan.steps.hours[k]
    saved = (plan.expected_cost - solve(replace(asked, load_kw=load)).expected_cost) / BUMP_KWH
    assert plan.marginal_value_per_kwh[k] == pytest.approx(saved, abs=1e-3)


def test_value_of_a_stored_kwh_is_what_more_stored_energy_saves():
    """The change of stored energy's own end value is taken out: the kWh given is used, not kept."""
    spec = battery(capacity_kwh=5, charge_max_kw=0, discharge_efficiency=0.9, wear_per_kwh=0.02)
    asked = problem([0.2, 0.45], [1, 3], export_price=0.05, batteries={spec: 1})
    more = replace(asked, batteries={spec.id: replace(asked.batteries[spec.id], energy_kwh=1 + BUMP_KWH)})
    bill = [plan.costs.energy + plan.costs.wear for plan in (solve(asked), solve(more))]
    value = solve(asked).devices[spec.id].marginal_value_per_kwh[0]
    assert value == pytest.approx((bill[0] - bill[1]) / BUMP_KWH, abs=1e-3)
    assert value == pytest.approx((0.45 - 0.02) * 0.9, abs=1e-3)


def test_value_of_a_kwh_in_the_car_is_the_price_of_its_last_hour():
    plan = solve(
        problem([0.1, 0.3, 0.2], [0] * 3, charger=WALLBOX, car=car([True] * 3, 16, energy_max_kwh=20))
    )
    np.testing.assert_allclose(plan.devices["wallbox"].marginal_value_per_kwh, 0.2, atol=5e-4)


def test_integers_still_get_prices():
    """Duals come from the program with its integers held where they ended."""
    asked = problem(
        [0.3] * 8, [0] * 8, export_price=0.1, pv=[2] * 8, charger=WALLBOX, car=car([True] * 8, 3), minutes=30
    )
    plan = solve(asked)
    assert plan.stats.binaries
    assert set(np.round(plan.marginal_value_per_kwh, 2)) <= {0.1, 0.3}


def test_end_value_never_rises_with_energy():
    value = EndValue(widths_kwh=np.array([2.0, 8.0]), per_kwh=np.array([0.3, 0.2]))
    assert value.of(0) == 0
    assert value.of(2) == pytest.approx(0.6)
    assert value.of(12) == pytest.approx(0.6 + 10 * 0.2)
    assert value.of(-1) == pytest.approx(-0.3)
