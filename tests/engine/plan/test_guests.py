"""Guests: a consumer that brings its own model is planned like everything else in the home."""

from dataclasses import replace

import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import PlanError, PlanStatus, solve
from custom_components.ems.engine.plan.future import scenarios
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.search import relax
from custom_components.ems.engine.plan.solvers import Outcome, Verdict, open_solver
from custom_components.ems.engine.site import Grid, Strategy
from tests.engine.plan.homes import battery, bus_residual, problem
from tests.engine.plan.tank import Tank
from tests.engine.plan.test_scenarios import uncertain

HIGHS = open_solver("highs")


def tapped(*kw: float) -> np.ndarray:
    """Return what is tapped in each hour."""
    return np.array(kw, dtype=float)


def power(plan, id_="tank"):
    """Return what a device draws."""
    return plan.devices[id_].power_kw


def test_tank_is_heated_in_the_cheap_hour_for_the_dear_one():
    """4 kWh are tapped at 0.40; 3 kW fit into the hour at 0.10, one more into the one at 0.20."""
    plan = solve(problem([0.2, 0.1, 0.4], [0.5] * 3), guests=[Tank(tapped_kw=tapped(0, 0, 4))])
    assert_allclose(power(plan), [1, 3, 0], atol=1e-6)
    assert_allclose(plan.import_kw, [1.5, 3.5, 0.5], atol=1e-6)
    assert plan.expected_cost == pytest.approx(0.2 * 1.5 + 0.1 * 3.5 + 0.4 * 0.5)
    assert plan.status is PlanStatus.OK


def test_baseline_holds_what_the_guest_does_without_a_plan():
    """By the rule heat is made when it is tapped: 3 of 4 kW at 0.40."""
    plan = solve(problem([0.2, 0.1, 0.4], [0.5] * 3), guests=[Tank(tapped_kw=tapped(0, 0, 4))])
    assert plan.baseline_cost == pytest.approx(0.2 * 0.5 + 0.1 * 0.5 + 0.4 * 3.5)


def test_guest_is_kept_inside_the_connection_and_its_broken_wish_is_named():
    """2 kW of connection, 1 kW of load: of 4 kWh wanted in the second hour only 2 can be made in time."""
    asked = problem([0.2, 0.2, 0.2], [1.0] * 3, grid=Grid(import_max_kw=2))
    plan = solve(asked, guests=[Tank(tapped_kw=tapped(0, 4, 0))])
    assert np.all(plan.import_kw <= 2 + 1e-6)
    [slack] = plan.slacks
    assert (slack.name, slack.component, slack.first_step) == ("cold_water", "tank", 1)
    assert slack.amount == pytest.approx(2)


def test_battery_may_discharge_into_a_guest():
    """Nothing may be fed in and the home needs nothing: what the battery gives can only go into the tank."""
    asked = problem(
        [0.4, 0.4], [0.0, 0.0], grid=Grid(export_max_kw=0), batteries={battery(capacity_kwh=2.0): 2.0}
    )
    plan = solve(asked, guests=[Tank(tapped_kw=tapped(2, 0))])
    assert_allclose(plan.devices["battery"].power_kw, [2, 0], atol=1e-6)
    assert_allclose(plan.import_kw, 0, atol=1e-6)


def test_guest_counts_on_the_phase_it_hangs_on():
    """A fuse of 16 A carries 3.68 kW; 1 kW on each phase is load: 2.68 kW are left on L2, not 8.04 on all."""
    grid = Grid(phases=3, fuse_a=16, limits_each_phase=True)
    asked = problem([0.1, 0.4], [3.0, 3.0], grid=grid)
    on_one = solve(asked, guests=[Tank(tapped_kw=tapped(0, 3), heater_kw=6, phases=(2,))])
    on_all = solve(asked, guests=[Tank(tapped_kw=tapped(0, 3), heater_kw=6)])
    assert_allclose(power(on_one), [2.68, 0.32], atol=1e-6)
    assert_allclose(power(on_all), [3, 0], atol=1e-6)


def test_guest_lives_in_every_future():
    """Each scenario has a tank of its own after the trunk, and the heat of all balances."""
    asked = problem([0.3] * 4, [0.0] * 4, pv=[0, 1, 1, 1], export_price=0.05)
    asked = uncertain(asked, [0.0, 2.0])
    tank = Tank(tapped_kw=tapped(0, 0, 0, 3), now_kwh=1.0)
    home = Home(judge(asked, [tank]), scenarios(judge(asked)))
    found = relax(home, HIGHS, 5)
    futures = tank.added[-1].value(found.x)[home.horizon.tree.nodes_of_scenarios()]
    assert futures.shape == (2, 4)
    assert_allclose(futures.sum(axis=1), 2, atol=1e-6)
    assert_allclose(futures[1, 1:], [2, 0, 0], atol=1e-6)  # its sun, as early as it comes


def test_scenarios_say_how_much_heat_to_have_when_they_part():
    """A dark day buys all its heat later at 0.60 if none is made now at 0.30; the mean alone would wait for sun."""
    asked = problem([0.3, 0.6, 0.6], [0.0] * 3, pv=[0, 3, 0], export_price=0.05)
    tank = Tank(tapped_kw=tapped(0, 0, 3))
    assert power(solve(asked, guests=[tank]))[0] == pytest.approx(0, abs=1e-6)
    hedged = solve(uncertain(asked, [0.0, 0.0, 0.0, 4.0]), guests=[tank])
    assert power(hedged)[0] == pytest.approx(3, abs=1e-6)
    assert hedged.stats.scenarios == 4


def test_guest_stays_with_what_was_said_where_that_is_free():
    """Two hours cost the same: whichever the last plan named is kept."""
    asked = problem([0.2, 0.2], [0.5, 0.5], minutes=15)
    tank = Tank(tapped_kw=tapped(0, 2), heater_kw=2)
    first = solve(asked, guests=[tank])
    assert_allclose(power(first), [2, 0], atol=1e-6)  # of equals the earlier
    devices = {**first.devices, "tank": replace(first.devices["tank"], power_kw=np.array([0.0, 2.0]))}
    said_late = replace(first, devices=devices)
    again = solve(asked, guests=[tank], previous=said_late)
    assert_allclose(power(again), [0, 2], atol=1e-6)


@pytest.mark.parametrize("strategy", Strategy)
def test_every_strategy_plans_with_a_guest(strategy):
    """The water is warm whatever is weighed, and the bus balances."""
    asked = problem(
        [0.1, 0.4, 0.2, 0.5], [1.0] * 4, pv=[0, 2, 0, 0], batteries={battery(capacity_kwh=2.0): 1.0}
    )
    asked = replace(asked, site=replace(asked.site, strategy=strategy))
    plan = solve(asked, guests=[Tank(tapped_kw=tapped(0, 1, 0, 3), cop=2.0)])
    assert plan.slacks == ()
    assert power(plan).sum() == pytest.approx(2)
    residual = bus_residual(plan)
    assert_allclose(residual, 0, atol=1e-6)


def test_without_a_solver_the_guest_does_what_its_rule_says():
    """A solver that fails leaves the rule, for guests too."""

    def broken(model, *, time_limit_s, gap_abs):
        return Outcome(
            verdict=Verdict.FAILED,
            x=np.zeros(0),
            row_dual=None,
            objective=np.nan,
            gap_abs=np.nan,
            run_ms=0,
        )

    plan = solve(problem([0.2, 0.1], [0.5] * 2), guests=[Tank(tapped_kw=tapped(1, 2))], solver=broken)
    assert plan.status is PlanStatus.FAILED
    assert_allclose(power(plan), [1, 2])
    assert_allclose(plan.import_kw, [1.5, 2.5])


def test_guest_with_another_devices_id_is_refused():
    """One of the two would be lost."""
    asked = problem([0.2], [0.5], batteries={battery(): 1.0})
    with pytest.raises(PlanError, match="battery"):
        solve(asked, guests=[Tank(id="battery", tapped_kw=tapped(0))])
    with pytest.raises(PlanError, match="tank"):
        solve(asked, guests=[Tank(tapped_kw=tapped(0)), Tank(tapped_kw=tapped(0))])
