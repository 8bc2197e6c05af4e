"""Loads that can wait under uncertainty: what begins before the futures part goes on in all of them."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.flexible_load import LoadKind
from custom_components.ems.engine.plan import PlanStatus, solve
from custom_components.ems.engine.plan.future import scenarios
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.lookahead import look_ahead
from custom_components.ems.engine.plan.search import relax, search
from custom_components.ems.engine.plan.solvers import open_solver
from tests.engine.plan.homes import battery, bus_residual, problem
from tests.engine.plan.loads import homes_with_load, load, task, with_load
from tests.engine.plan.test_scenarios import uncertain

HIGHS = open_solver("highs")


def in_each_future(home, values):
    """Return a series of nodes as one row per scenario."""
    return values[home.horizon.tree.nodes_of_scenarios()]


def test_run_that_has_to_begin_on_the_trunk_goes_on_in_every_branch():
    """Only a start in the first hour fits: 2, 0.5 and 1 kW, two of them after the futures part."""
    asked = problem([0.2] * 5, [0.5] * 5, pv=[0, 1, 1, 0, 0], export_price=0.05)
    asked = uncertain(with_load(asked, load("programme"), task([1, 1, 1, 0, 0])), [0.0, 2.0, 1.0])
    home = Home(judge(asked), scenarios(judge(asked)))
    found = relax(home, HIGHS, 5)
    futures = in_each_future(home, home.loads["load"].value(found.x))
    assert_allclose(futures, np.tile([2, 0.5, 1, 0, 0], (3, 1)), atol=1e-7)


def test_run_waits_for_the_sun_of_each_future():
    """The sun shines in hour 2 of one day and in hour 3 of the other: each has its own start."""
    asked = problem([0.3] * 4, [0.0] * 4, pv=[0, 0, 2, 2], export_price=0.05)
    asked = with_load(asked, load("block"), task([1] * 4, 2))
    days = [(0, 0, 4, 0), (0, 0, 0, 4)]
    found = uncertain(asked, [1.0, 1.0]).scenarios
    lit = tuple(
        replace(one, pv_available_kw={"pv": np.array(day, float)})
        for one, day in zip(found, days, strict=True)
    )
    asked = replace(asked, scenarios=lit, shared_h=1.0)
    home = Home(judge(asked), scenarios(judge(asked)))
    futures = in_each_future(home, home.loads["load"].value(relax(home, HIGHS, 5).x))
    assert_allclose(futures, [[0, 0, 2, 0], [0, 0, 0, 2]], atol=1e-7)


@pytest.mark.parametrize("kind", LoadKind)
def test_every_future_gets_its_energy_or_pays_for_it(kind):
    """Each has its own row: what is missing in one is not made up for by another."""
    asked = problem([0.2, 0.4, 0.3, 0.1], [0.5] * 4, pv=[0, 2, 1, 0], export_price=0.05)
    asked = uncertain(with_load(asked, load(kind), task([1] * 4, 3.5)), [0.0, 1.0, 2.0])
    home = Home(judge(asked), scenarios(judge(asked)))
    power = in_each_future(home, home.loads["load"].value(relax(home, HIGHS, 5).x))
    assert_allclose(power @ asked.steps.hours, 3.5, atol=1e-6)


def test_integers_on_a_tree_are_asked_for_on_its_trunk_alone():
    """Half an hour is shared; 0.7 kW of sun would leave a relay half on in it."""
    asked = problem([0.3] * 6, [0.0] * 6, pv=[0.7] * 6, export_price=0.2, minutes=15)
    asked = uncertain(with_load(asked, load(), task([1] * 6, 1.0)), [0.9, 1.1], shared_h=0.5)
    home = Home(judge(asked), scenarios(judge(asked)))
    found = search(home, HIGHS, 10)
    trunk = home.loads["load"].value(found.x)[home.horizon.tree.trunk]
    assert found.model.n_integers == len(trunk) + 1
    assert np.all((trunk < 1e-6) | (trunk > 2 - 1e-6))


def test_plan_aims_at_what_the_scenarios_want_used_before_they_part():
    """Cheap now, then dear or free, as the sun will have it: all futures together want some of it now."""
    asked = problem([0.2, 0.5, 0.5], [0.0] * 3, pv=[0, 1, 1], export_price=0.01)
    asked = uncertain(with_load(asked, load("continuous"), task([1] * 3, 4)), [0.0, 0.0, 2.0])
    guide = look_ahead(judge(asked), HIGHS, 5).guide
    plan = solve(asked)
    assert guide.energy_kwh["load"] == pytest.approx(2.0)
    assert plan.devices["load"].power_kw[0] == pytest.approx(2.0, abs=1e-6)
    alone = solve(replace(asked, scenarios=()))
    assert alone.devices["load"].power_kw[0] == pytest.approx(2.0, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(homes_with_load(), st.sampled_from([0.25, 1.0, 2.0]))
def test_homes_with_scenarios_and_loads_always_have_a_plan(asked, shared_h):
    plan = solve(uncertain(asked, [0.3, 1.0, 1.6], shared_h=shared_h))
    assert plan.status is PlanStatus.OK
    assert np.abs(bus_residual(plan)).max() < 1e-9
    assert np.minimum(plan.import_kw, plan.export_kw).max() == 0


def test_battery_and_load_agree_on_what_the_scenarios_want():
    """The battery's aim rests on the load's: with both, the plan costs what the first stage promised."""
    asked = problem(
        [0.1, 0.4, 0.4, 0.4],
        [0.2] * 4,
        pv=[0, 2, 2, 0],
        export_price=0.05,
        batteries={battery(capacity_kwh=4.0): 0.0},
    )
    asked = uncertain(with_load(asked, load("block"), task([1] * 4, 2)), [0.5, 1.5])
    guide = look_ahead(judge(asked), HIGHS, 5).guide
    plan = solve(asked)
    assert plan.devices["battery"].energy_kwh[1] == pytest.approx(guide.energy_kwh["battery"], abs=1e-5)
    assert plan.devices["load"].power_kw[0] == pytest.approx(guide.energy_kwh["load"], abs=1e-5)
