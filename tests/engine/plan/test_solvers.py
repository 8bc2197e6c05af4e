"""Two solvers, one answer; and what happens when a solver has none."""

from dataclasses import replace
import sys
import threading

import highspy
from hypothesis import given, settings
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import Mode, PlanError, PlanStatus, solve
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.program import Program, Term
from custom_components.ems.engine.plan.solvers import Outcome, Verdict, highs, open_solver
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, homes, problem


def evening() -> object:
    """Return an hour-by-hour evening with a battery and a car under a little sun."""
    return problem(
        [0.3, 0.2, 0.45, 0.4, 0.15, 0.25],
        [1, 2, 3, 2, 1, 0.5],
        export_price=0.08,
        pv=[4, 3, 0, 0, 0, 0],
        curtailable=True,
        batteries={battery(wear_per_kwh=0.02, charge_efficiency=0.95): 3},
        charger=WALLBOX,
        car=car([True] * 6, 9, ready_at_s=START_S + 5 * 3600),
    )


@settings(max_examples=15)
@given(homes())
def test_interior_point_and_simplex_agree_on_every_linear_program(asked):
    """Clarabel, through CVXPY, is an unrelated method: what both find is the minimum."""
    model = Home(judge(asked)).program.build()
    one = open_solver("highs")(model, time_limit_s=10, gap_abs=0)
    two = open_solver("cvxpy:CLARABEL")(model, time_limit_s=10, gap_abs=0)
    assert two.objective == pytest.approx(one.objective, abs=1e-5)
    assert (
        np.abs(np.clip(model.activity(two.x), model.row_lower, model.row_upper) - model.activity(two.x)).max()
        < 1e-5
    )


def test_duals_agree_where_they_are_unique():
    """Both count a dual as the minimum's change per unit of right-hand side, for =, ≤ and ≥ alike."""
    program = Program()
    x = program.variables("x", 3, cost=[2.0, 3.0, -4.0])
    program.rows("equal", 1.0, 1.0, Term(x[:2], 1.0, np.zeros(2, int)))
    program.rows("at_least", 0.4, np.inf, Term(x[1:2], 1.0))
    program.rows("at_most", -np.inf, 2.0, Term(x[2:], 1.0))
    outcomes = [open_solver(name)(program.build(), time_limit_s=5, gap_abs=0) for name in ("highs", "cvxpy")]
    for outcome in outcomes:
        assert_allclose(outcome.row_dual, [2, 1, -4], atol=1e-6)
        assert_allclose(outcome.x, [0.6, 0.4, 2], atol=1e-6)


def test_whole_plans_agree():
    one, two = solve(evening()), solve(evening(), solver="cvxpy")
    assert two.expected_cost == pytest.approx(one.expected_cost, abs=1e-4)
    assert two.stats.solver == "cvxpy"
    assert_allclose(two.marginal_value_per_kwh, one.marginal_value_per_kwh, atol=1e-3)


def dim_sun() -> object:
    """Return 2 kW of sun, and a car that charges with 4.14 kW or not at all."""
    wants = car([True] * 8, 3)
    return problem([0.3] * 8, [0] * 8, export_price=0.1, pv=[2] * 8, charger=WALLBOX, car=wants, minutes=30)


def test_integer_plans_agree():
    """CVXPY hands integers to its own HiGHS; both prove the same minimum within the gap."""
    asked = problem(
        [0.3] * 8, [0] * 8, export_price=0.1, pv=[2] * 8, charger=WALLBOX, car=car([True] * 8, 3), minutes=30
    )
    one, two = solve(asked), solve(asked, solver="cvxpy")
    assert one.stats.binaries == two.stats.binaries == 8
    assert abs(one.expected_cost - two.expected_cost) <= 0.02


def test_integers_found_are_the_best_of_all_by_enumeration():
    """Four half-hours, a car that needs 4.5 kWh: every on-off pattern, with everything else left open."""
    asked = problem(
        [0.30, 0.28, 0.33, 0.31],
        [0] * 4,
        export_price=0.1,
        pv=[2, 3, 1, 2],
        charger=WALLBOX,
        car=car([True] * 4, 4.5),
        minutes=30,
    )
    plan = solve(asked)
    home = Home(judge(asked))
    home.choices[-1].enforce(home.program, np.arange(4))
    model = home.program.build()
    on = model.columns["charger.wallbox.on"].span
    found = []
    for pattern in range(16):
        x = np.zeros(model.n_columns)
        x[on] = [pattern >> bit & 1 for bit in range(4)]
        found.append(open_solver("highs")(model.with_integers_fixed(x), time_limit_s=5, gap_abs=0).objective)
    assert plan.stats.binaries == 4
    assert min(found) <= plan.stats.objective <= min(found) + 0.01


def test_unknown_solver_is_named():
    with pytest.raises(PlanError) as caught:
        solve(evening(), solver="abacus")
    assert (caught.value.key, caught.value.placeholders) == ("unknown_solver", {"solver": "abacus"})


def test_solver_that_is_not_installed_is_named(monkeypatch):
    """CVXPY is nobody's requirement: asking for it where it is missing is a sentence, not a traceback."""
    monkeypatch.setitem(sys.modules, "cvxpy", None)
    monkeypatch.delitem(sys.modules, "custom_components.ems.engine.plan.solvers.cvxpy", raising=False)
    with pytest.raises(PlanError) as caught:
        solve(evening(), solver="cvxpy")
    assert caught.value.key == "solver_unavailable"


def test_time_out_without_an_answer_falls_back_on_the_rule():
    plan = solve(evening(), time_limit_s=0.0)
    assert plan.status is PlanStatus.FAILED
    assert [reason.key for reason in plan.reasons] == ["solver_timeout", "fell_back_to_rule"]
    assert plan.expected_cost == plan.baseline_cost
    assert plan.devices["battery"].modes == (Mode.AUTOMATIC,) * 6
    assert plan.devices["wallbox"].modes[0] is Mode.CHARGE


def test_time_out_without_an_answer_keeps_the_last_valid_plan_and_tells_its_age():
    """Age is told anew each time, not piled up."""
    last = solve(evening(), now_s=START_S)
    kept = solve(evening(), time_limit_s=0.0, previous=last, now_s=START_S + 600)
    assert kept.status is PlanStatus.FAILED
    assert kept.reasons[-1].placeholders == {"age_min": 10.0}
    assert kept.created_at_s == last.created_at_s
    assert kept.devices is last.devices
    older = solve(evening(), time_limit_s=0.0, previous=kept, now_s=START_S + 1200)
    assert [reason.key for reason in older.reasons] == ["solver_timeout", "kept_last_plan"]
    assert older.reasons[-1].placeholders == {"age_min": 20.0}


def test_plan_that_has_run_out_is_not_kept():
    """A plan that ended before now has nothing left to say."""
    last = solve(evening())
    later = replace(evening(), steps=replace(last.steps, edges_s=last.steps.edges_s + 7 * 3600))
    plan = solve(later, time_limit_s=0.0, previous=last)
    assert plan.reasons[-1].key == "fell_back_to_rule"


def test_without_time_for_integers_directions_are_settled_and_the_plan_says_so(monkeypatch):
    """Negative prices make a linear program burn energy; without time to branch it is told where to lean."""
    asked = problem(
        [-0.6, -0.5, -0.6, 0.3],
        [0.5] * 4,
        export_price=-0.7,
        pv=[3, 3, 2, 0],
        batteries={battery(charge_efficiency=0.8): 3},
    )

    def linear_only(model, *, time_limit_s, gap_abs):
        if model.n_integers:
            nothing = np.zeros(0)
            return Outcome(
                verdict=Verdict.TIMEOUT, x=nothing, row_dual=None, objective=np.nan, gap_abs=np.nan, run_ms=0
            )
        return highs.solve_with_highs(model, time_limit_s=time_limit_s, gap_abs=gap_abs)

    monkeypatch.setattr("custom_components.ems.engine.plan.planner.open_solver", lambda _name: linear_only)
    settled = solve(asked)
    monkeypatch.undo()
    exact = solve(asked)
    assert exact.stats.binaries > 0
    assert settled.status is PlanStatus.DEGRADED
    assert [reason.key for reason in settled.reasons] == ["stopped_early"]
    assert (
        exact.expected_cost - 0.01
        <= settled.expected_cost
        <= exact.expected_cost + settled.stats.gap_abs + 0.01
    )


def test_plan_is_made_although_another_user_of_highs_claimed_more_threads():
    """HiGHS keeps a scheduler per thread, and refuses to run with another number of threads than it has."""
    seen = []

    def work() -> None:
        highspy.Highs.resetGlobalScheduler(True)
        other = highspy.Highs()
        other.setOptionValue("output_flag", False)
        other.setOptionValue("threads", 2)
        other.addVar(0, 1)
        other.run()
        seen.append(solve(evening()).status)
        highspy.Highs.resetGlobalScheduler(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [PlanStatus.OK]


def test_second_opinion_is_asked_and_would_object(second_opinion, monkeypatch):
    """Every linear program of these tests is solved by Clarabel too: a wrong minimum is found out."""
    solve(evening())
    assert second_opinion.checked > 0

    def too_cheap(model, *, time_limit_s, gap_abs):
        outcome = highs.solve_with_highs(model, time_limit_s=time_limit_s, gap_abs=gap_abs)
        return replace(outcome, objective=outcome.objective - 0.01)

    monkeypatch.setattr("tests.engine.plan.conftest.solve_with_highs", too_cheap)
    with pytest.raises(AssertionError):
        solve(evening())
