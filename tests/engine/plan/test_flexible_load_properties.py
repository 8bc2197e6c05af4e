"""What holds for every load, whatever is asked of it: it is planned, its energy adds up, its rules are kept."""

from dataclasses import replace
import itertools

from hypothesis import HealthCheck, assume, given, settings
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from custom_components.ems.engine.plan import Mode, Plan, PlanStatus, solve
from custom_components.ems.engine.plan.baseline import self_consumption
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.program import Model
from custom_components.ems.engine.plan.search import GAP_ABS
from custom_components.ems.engine.plan.solvers import Outcome, Verdict, open_solver
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.steps import Steps
from tests.engine.plan.homes import bus_residual
from tests.engine.plan.loads import homes_with_load, runs_of

thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MINUTE_H = 1 / 60
TINY = 1e-5
IN_ONE_PIECE = (LoadKind.BLOCK, LoadKind.PROGRAMME)


def parts(asked: Problem) -> tuple[FlexibleLoad, LoadState]:
    (spec,) = asked.site.loads
    return spec, asked.loads[spec.id]


def missing_of(plan: Plan, each: LoadTask) -> float:
    """Return what the plan says is missing of a task, found by its window."""
    window = np.flatnonzero(each.allowed)
    first, last = (window[0], window[-1]) if len(window) else (0, len(plan.steps) - 1)
    return sum(
        s.amount
        for s in plan.slacks
        if s.name == "load_energy" and (s.first_step, s.last_step) == (first, last)
    )


def near(steps: Steps) -> int:
    """Return how many steps the near window has."""
    begins = np.cumsum(steps.hours) - steps.hours
    return min(int(np.count_nonzero(begins < 4 - 1e-9)), 24)


def by_minute(steps: Steps, shape_kw: np.ndarray, begin: int) -> np.ndarray:
    """Return the means over each step of a run given minute by minute that begins with a step."""
    edges = np.rint((steps.edges_s - steps.edges_s[0]) / 60).astype(int)
    power = np.zeros(max(edges[-1], edges[begin] + len(shape_kw)))
    power[edges[begin] : edges[begin] + len(shape_kw)] = shape_kw
    return np.array([power[a:b].mean() for a, b in itertools.pairwise(edges)])


def minutes_of(spec: FlexibleLoad, energy_kwh: float) -> np.ndarray:
    """Return a run minute by minute; only for energies that end on a whole minute."""
    if spec.kind is LoadKind.PROGRAMME:
        return np.repeat(spec.profile_kw, round(spec.profile_step_h / MINUTE_H))
    minutes = energy_kwh / spec.power_kw / MINUTE_H
    shares = np.clip(minutes - np.arange(np.ceil(minutes - 1e-9)), 0, 1)
    return np.asarray(spec.power_kw * shares)


@thorough
@given(homes_with_load())
def test_there_is_a_plan_whatever_is_asked(asked):
    """Windows that are shut or too short, tasks of nothing, loads that run already, a connection too small."""
    plan = solve(asked)
    device = plan.devices["load"]
    assert plan.status is PlanStatus.OK
    assert plan.stats.gap_abs <= 2 * GAP_ABS + 1e-9
    assert np.abs(bus_residual(plan)).max() < 1e-9
    assert np.minimum(plan.import_kw, plan.export_kw).max() == 0
    spec, state = parts(asked)
    assert np.all(device.power_kw >= 0)
    assert np.all(device.power_kw <= spec.power_max_kw + TINY)
    ends_by_itself = spec.kind is LoadKind.PROGRAMME and state.is_on
    for k, (mode, kw) in enumerate(zip(device.modes, device.power_kw, strict=True)):
        assert mode is (Mode.ON if kw > 1e-3 or (k == 0 and ends_by_itself) else Mode.OFF)


@thorough
@given(homes_with_load(LoadKind.CONTINUOUS))
def test_energy_and_what_is_missing_make_up_what_was_asked(asked):
    plan, (spec, state) = solve(asked), parts(asked)
    energy = plan.devices[spec.id].power_kw * plan.steps.hours
    for each in state.tasks:
        given_kwh = float(energy[each.allowed].sum())
        if each.reward is None:
            assert given_kwh + missing_of(plan, each) == pytest.approx(each.energy_kwh, abs=TINY)
        assert given_kwh <= each.energy_kwh + TINY
    asked_for = np.any([each.allowed for each in state.tasks], axis=0)
    assert not energy[~asked_for].any()


@thorough
@given(homes_with_load(LoadKind.INTERRUPTIBLE))
def test_relay_gets_what_was_asked_and_at_most_a_shortest_run_more(asked):
    plan, (spec, state) = solve(asked), parts(asked)
    energy = plan.devices[spec.id].power_kw * plan.steps.hours
    run_kwh = spec.power_kw * spec.min_on_h
    for each in state.tasks:
        given_kwh = float(energy[each.allowed].sum())
        if each.reward is None:
            assert given_kwh + missing_of(plan, each) >= each.energy_kwh - TINY
        assert given_kwh <= max(each.energy_kwh, run_kwh) + run_kwh + TINY
    if run_kwh == 0:
        assert energy.sum() <= sum(each.energy_kwh for each in state.tasks) + TINY


@thorough
@given(homes_with_load(LoadKind.INTERRUPTIBLE))
def test_relay_keeps_its_times_in_the_near_window(asked):
    check_times(asked, solve(asked))


def check_times(asked: Problem, plan: Plan) -> None:
    spec, state = parts(asked)
    m, hours = near(plan.steps), plan.steps.hours
    power = plan.devices[spec.id].power_kw
    on_h = hours * power / spec.power_kw
    ends, begins = np.cumsum(hours), np.cumsum(hours) - hours
    for first, past in runs_of(power[:m]):
        ran = float(on_h[first:past].sum()) + (state.since_h or 0.0) * (first == 0 and state.is_on)
        knows = first > 0 or not state.is_on or state.since_h is not None
        # What goes on beyond the window may still become long enough.
        assert past == m or not knows or ran >= spec.min_on_h - TINY
        if first == 0 and not state.is_on and state.since_h is not None:
            assert state.since_h >= spec.min_off_h - TINY
    for (_, stop), (start, _) in zip(runs_of(power[:m]), runs_of(power[:m])[1:], strict=False):
        assert begins[start] - ends[stop - 1] >= spec.min_off_h - TINY
    if state.is_on and state.since_h is not None and power[0] < TINY:
        assert state.since_h >= spec.min_on_h - TINY
        for start, _ in runs_of(power[:m])[:1]:
            assert begins[start] >= spec.min_off_h - TINY


@thorough
@given(homes_with_load(LoadKind.INTERRUPTIBLE))
def test_relay_is_on_or_off_in_the_near_window_but_for_the_end_of_a_task(asked):
    check_on_off(asked, solve(asked))


def check_on_off(asked: Problem, plan: Plan) -> None:
    spec, state = parts(asked)
    m, power = near(plan.steps), plan.devices[spec.id].power_kw
    energy = power * plan.steps.hours
    partial = [k for k in np.flatnonzero(power[:m] > TINY) if power[k] < spec.power_kw - TINY]
    for k in partial:
        owner = next((each for each in state.tasks if each.allowed[k]), None)
        if owner is None:  # it still had to stay on, without a task
            assert state.is_on
            continue
        later = (np.arange(len(power)) > k) & owner.allowed
        assert energy[later].sum() < TINY
        least = spec.power_kw * spec.min_on_h
        assert energy[owner.allowed].sum() >= min(owner.energy_kwh, max(owner.energy_kwh, least)) - TINY


@thorough
@given(homes_with_load(LoadKind.BLOCK))
def test_block_is_one_run_of_one_power(asked):
    check_runs(asked, solve(asked))


@thorough
@given(homes_with_load(LoadKind.PROGRAMME))
def test_programme_keeps_its_shape_to_the_watt(asked):
    check_runs(asked, solve(asked))


def check_runs(asked: Problem, plan: Plan) -> None:
    """Take every run off the plan that a task or a running load explains; nothing may be left."""
    spec, state = parts(asked)
    steps, rest = plan.steps, plan.devices[spec.id].power_kw.copy()
    tasks = list(state.tasks)
    runs_now = state.is_on and (spec.kind is LoadKind.PROGRAMME or (tasks and tasks[0].allowed[0]))
    if runs_now:
        shape = minutes_of(spec, tasks[0].energy_kwh if tasks else 0.0)
        done = round((state.since_h or 0.0) / MINUTE_H) if spec.kind is LoadKind.PROGRAMME else 0
        rest -= by_minute(steps, shape[done:], 0)
        tasks = tasks[1:] if tasks and tasks[0].allowed[0] else tasks
    for each in tasks:
        shape = minutes_of(spec, each.energy_kwh)
        begins = np.flatnonzero((rest > TINY) & each.allowed)
        if len(begins):
            own = by_minute(steps, shape, begins[0])
            assert not own[~each.allowed].any()
            rest -= own
        elif each.reward is None:
            asked_kwh = shape.sum() * MINUTE_H
            assert missing_of(plan, each) == pytest.approx(asked_kwh if asked_kwh > 1e-3 else 0.0, abs=TINY)
    assert_allclose(rest, 0, atol=TINY)


def linear_only(model: Model, *, time_limit_s: float, gap_abs: float) -> Outcome:
    """Solve linear programs, and run out of time over integers."""
    if not model.n_integers:
        return open_solver("highs")(model, time_limit_s=time_limit_s, gap_abs=gap_abs)
    return Outcome(
        verdict=Verdict.TIMEOUT, x=np.zeros(0), row_dual=None, objective=np.nan, gap_abs=np.nan, run_ms=0
    )


@settings(max_examples=100, deadline=None)
@given(homes_with_load())
def test_without_time_for_integers_loads_still_keep_their_rules(asked):
    plan, exact = solve(asked, solver=linear_only), solve(asked)
    spec, _ = parts(asked)
    assert plan.status in (PlanStatus.OK, PlanStatus.DEGRADED)
    assert plan.stats.objective >= exact.stats.objective - GAP_ABS - 1e-6
    if spec.kind is LoadKind.INTERRUPTIBLE:
        check_times(asked, plan)
        check_on_off(asked, plan)
    elif spec.kind in IN_ONE_PIECE:
        check_runs(asked, plan)


@thorough
@given(homes_with_load(limits=(20.0,)))
def test_plan_is_never_dearer_than_running_at_once(asked):
    """Where the rule does all that is asked, so can the plan."""
    spec, _ = parts(asked)
    assume(spec.power_min_kw == 0)  # the rule's last quarter-hour is below the smallest power
    inputs = judge(asked)
    rule, plan = self_consumption(inputs, Home(inputs).end_values), solve(asked)
    assert plan.baseline_cost == rule.costs.total
    if rule.feasible:
        assert plan.expected_cost <= rule.costs.total + GAP_ABS + 0.002


@settings(max_examples=15, deadline=None)
@given(homes_with_load())
def test_the_same_question_gets_the_same_answer(asked):
    one, two = (solve(asked).devices["load"] for _ in range(2))
    np.testing.assert_array_equal(one.power_kw, two.power_kw)
    assert one.reasons == two.reasons


@settings(max_examples=25, deadline=None)
@given(homes_with_load(limits=(2.0, 3.0)))
def test_connection_is_kept_wherever_leaving_the_load_out_keeps_it(asked):
    _, state = parts(asked)
    assume(not state.is_on)
    without = solve(replace(asked, loads={}))
    assume(without.import_kw.max() <= asked.site.grid.import_max_kw)
    over_kw = np.maximum(solve(asked).import_kw - asked.site.grid.import_max_kw, 0)
    assert over_kw @ asked.steps.hours <= 0.01
