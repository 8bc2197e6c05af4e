"""Plans under uncertainty: first decisions that suit every way the day may go."""

from dataclasses import replace

from hypothesis import given, settings
import numpy as np
import pytest

from custom_components.ems.engine.plan import PlanStatus, solve
from custom_components.ems.engine.plan.future import expected, scenarios
from custom_components.ems.engine.plan.home import BUS, Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.lookahead import look_ahead
from custom_components.ems.engine.plan.risk import add_risk
from custom_components.ems.engine.plan.search import relax
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.plan.tree import TRUNK, scenario_tree, single_path
from custom_components.ems.engine.problem import Problem, Scenario
from tests.engine.plan.homes import battery, homes, problem
from tests.engine.plan.test_properties import check_physics

HIGHS = open_solver("highs")


def uncertain(asked: Problem, factors: list[float], *, shared_h: float = 1.0) -> Problem:
    """Return a problem in which the sun may shine by these factors, all equally likely."""
    pv = asked.pv_available_kw
    found = tuple(
        Scenario(load_kw=asked.load_kw, pv_available_kw={id_: kw * factor for id_, kw in pv.items()})
        for factor in factors
    )
    return replace(asked, scenarios=found, shared_h=shared_h)


def dull_or_bright() -> Problem:
    """Return a home that may charge for 0.20 now and needs 4 kWh at 0.40 after an hour that brings sun, or none."""
    asked = problem(
        [0.2, 0.4, 0.4],
        [0, 0, 4],
        export_price=0.1,
        pv=[0, 2, 0],
        batteries={battery(capacity_kwh=4.0): 0.0},
    )
    return uncertain(asked, [0.0, 2.0])


def test_first_decision_is_hedged_as_worked_by_hand():
    """The mean brings 2 kWh of sun: buy the other 2 now. Without sun two more have to be bought at 0.40.

    A kWh more now costs 0.20. In the dark (half the time) it saves 0.40; in the light, sun worth 0.10 is sold for
    it, so that it earns 0.10: 0.25 together, more than 0.20. So all 4 kWh are bought.
    """
    asked = dull_or_bright()
    assert solve(replace(asked, scenarios=())).devices["battery"].power_kw[0] == pytest.approx(-2, abs=1e-6)
    hedged = solve(asked)
    assert hedged.devices["battery"].power_kw[0] == pytest.approx(-4, abs=1e-6)
    assert hedged.stats.scenarios == 2
    assert hedged.status is PlanStatus.OK


def test_value_of_the_first_step_is_the_mean_over_what_may_come():
    """With 4 kWh it is full: one kWh less costs 0.20 to buy again, one more could only be sold now, for 0.10."""
    device = solve(dull_or_bright()).devices["battery"]
    assert device.export_value_per_kwh[0] == pytest.approx(0.20, abs=5e-4)
    assert device.import_value_per_kwh[0] == pytest.approx(0.20, abs=5e-4)


def test_scenarios_that_all_say_the_mean_change_nothing():
    asked = problem([0.1, 0.3, 0.2, 0.4], [1, 1, 2, 1], pv=[0, 2, 1, 0], batteries={battery(): 2})
    plain, same = solve(asked), solve(uncertain(asked, [1.0, 1.0, 1.0]))
    np.testing.assert_allclose(same.devices["battery"].power_kw, plain.devices["battery"].power_kw, atol=1e-6)
    assert same.expected_cost == pytest.approx(plain.expected_cost, abs=1e-6)


def test_tree_of_one_scenario_is_the_program_of_that_scenario():
    asked = uncertain(problem([0.1, 0.3, 0.2], [1, 1, 2], pv=[1, 2, 1], batteries={battery(): 2}), [1.0])
    inputs = judge(asked)
    one, tree = Home(inputs, expected(inputs)), Home(inputs, scenarios(inputs))
    assert relax(one, HIGHS, 10).objective == pytest.approx(relax(tree, HIGHS, 10).objective, abs=1e-9)


def test_trunk_is_decided_once_and_branches_continue_it():
    asked = uncertain(problem([0.1] * 4, [1] * 4, pv=[1] * 4), [0.5, 1.5], shared_h=2.0)
    tree = scenario_tree(asked)
    assert tree.step.tolist() == [0, 1, 2, 3, 2, 3]
    assert tree.parent.tolist() == [-1, 0, 1, 2, 1, 4]
    assert tree.branch.tolist() == [TRUNK, TRUNK, 0, 0, 1, 1]
    assert tree.leaves.tolist() == [3, 5]
    assert tree.share.tolist() == [1, 1, 0.5, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(("shared_h", "trunk"), [(0, 1), (2.5, 2), (99, 3)])
def test_running_step_is_always_shared_and_the_last_never(shared_h, trunk):
    asked = uncertain(problem([0.1] * 4, [1] * 4, pv=[1] * 4), [0.5, 1.5], shared_h=shared_h)
    assert len(scenario_tree(asked).trunk) == trunk


def test_one_path_is_its_own_trunk():
    tree = single_path(3)
    assert tree.paths(np.array([0, 2])).row.tolist() == [0, 0]
    assert tree.leaves.tolist() == [2]


def test_risk_weight_of_one_plans_for_the_worst_tenth():
    """Ten ways, one of them dark: the mean would buy nothing at 0.38, the worst case would."""
    asked = problem(
        [0.38, 0.4, 0.4] + [0.05] * 9,
        [0, 0, 2] + [0] * 9,
        export_price=0.04,
        pv=[0, 2, 0] + [0] * 9,
        batteries={battery(capacity_kwh=4.0): 0.0},
    )
    asked = uncertain(asked, [0.0] + [1.0] * 9)
    calm = look_ahead(judge(asked), HIGHS, 10).guide
    wary = look_ahead(judge(replace(asked, site=replace(asked.site, risk_weight=1.0))), HIGHS, 10).guide
    assert calm.energy_kwh["battery"] == pytest.approx(0, abs=1e-6)
    assert wary.energy_kwh["battery"] == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_risk_is_the_mean_of_the_worst_tenth(weight):
    """The objective less what it is without risk is w·(CVaR - mean) of the bills at its solution."""
    asked = uncertain(
        problem([0.1, 0.3, 0.4, 0.2], [1, 1, 2, 1], pv=[0, 2, 1, 0], batteries={battery(): 1}),
        [0.0, 0.4, 0.8, 1.2, 1.6],
    )
    home = Home(judge(asked), scenarios(judge(asked)))
    add_risk(home, weight)
    found = relax(home, HIGHS, 10)
    bills = found.x[found.model.columns["risk.bill"].span]
    plain = float(found.model.cost @ found.x) + weight * bills.mean()
    threshold = found.x[found.model.columns["risk.threshold"].span][0]
    beyond = found.x[found.model.columns["risk.beyond"].span]
    worst = threshold + beyond.mean() / 0.1
    assert worst == pytest.approx(bills.max(), abs=1e-6)  # a tenth of five is less than one
    assert found.objective == pytest.approx(plain - weight * bills.mean(), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(homes(sane=False))
def test_there_is_a_physical_plan_whatever_the_scenarios_say(asked):
    plan = solve(uncertain(asked, [0.0, 0.7, 1.6]))
    assert plan.status is PlanStatus.OK
    check_physics(asked, plan)


@settings(max_examples=15, deadline=None)
@given(homes(prices=(-0.5, 0.1)))
def test_no_branch_burns_energy_for_money(asked):
    """At negative prices each future's directions are settled too, or their values would be lies."""
    inputs = judge(uncertain(asked, [0.5, 1.5]))
    home = Home(inputs, scenarios(inputs))
    found = relax(home, HIGHS, 10)
    for spec in home.batteries.values():
        both = np.minimum(spec.charge.value(found.x), spec.discharge.value(found.x))
        assert both.max() < 1e-4
    assert np.minimum(home.grid.imports.value(found.x), home.grid.exports.value(found.x)).max() < 1e-4


def test_scenarios_with_gaps_are_left_out_and_said():
    asked = dull_or_bright()
    holes = Scenario(load_kw=np.array([1.0, np.nan, 1.0]), pv_available_kw={"pv": np.zeros(3)})
    plan = solve(replace(asked, scenarios=(*asked.scenarios, holes)))
    assert plan.stats.scenarios == 2
    assert [(reason.key, reason.placeholders["count"]) for reason in plan.reasons] == [
        ("scenarios_unusable", 1.0)
    ]


def test_bus_value_of_the_trunk_is_not_bent_by_the_aim():
    """The published plan is led to the scenarios' energy by a price; that price is nobody's value."""
    plan = solve(dull_or_bright())
    assert plan.marginal_value_per_kwh[0] == pytest.approx(0.2, abs=1e-3)
    inputs = judge(dull_or_bright())
    home = Home(inputs, scenarios(inputs))
    found = relax(home, HIGHS, 10)
    assert found.dual_of(BUS)[0] == pytest.approx(plan.marginal_value_per_kwh[0], abs=1e-9)
