"""What a stored kWh is worth, from both sides, against exact methods that know nothing of linear programs."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import numpy as np

from custom_components.ems.engine.plan import Plan, solve
from custom_components.ems.engine.plan.home import Home, end_values
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.steps import even_steps
from tests.engine.plan.exact import stored_values
from tests.engine.plan.homes import START_S, battery, problem

# Tie-breaks are within 0.03 ct per kWh, and a value carries several of them.
TOLERANCE = 6e-4


@st.composite
def stored(draw: st.DrawFn) -> Problem:
    """Return a home with a battery, sun and load whose prices are all different and make no money machine."""
    n, rng = draw(st.sampled_from([4, 12, 24])), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spec = battery(
        capacity_kwh=draw(st.sampled_from([2.0, 10.0])),
        charge_max_kw=draw(st.sampled_from([1.0, 5.0])),
        charge_efficiency=0.95,
        discharge_efficiency=0.9,
        soc_min=0.1,
        wear_per_kwh=0.02,
    )
    price = rng.uniform(0.05, 0.6, n)
    return problem(
        price.tolist(),
        rng.uniform(0.1, 3, n).tolist(),
        export_price=(price * rng.uniform(0.2, 0.9, n)).tolist(),
        pv=(rng.uniform(0, 6, n) * (rng.random(n) < 0.6)).tolist(),
        batteries={spec: draw(st.floats(0.1, 1.0)) * spec.capacity_kwh},
        steps=even_steps(START_S, n, 60),
    )


def both_sides(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    device = plan.devices["battery"]
    return device.import_value_per_kwh, device.export_value_per_kwh


@settings(max_examples=60, deadline=None)
@given(stored())
def test_values_of_the_running_step_are_those_of_an_exact_dynamic_programme(asked):
    (spec,) = asked.site.batteries
    plan = solve(asked)
    first = stored_values(asked, spec, end_values(judge(asked))[spec.id])[0]
    left, right = first.slopes_at(plan.devices[spec.id].energy_kwh[0])
    more, less = both_sides(plan)
    # Where the store can take no more, or give no more, there is no such side and the dual stands in.
    assert abs(more[0] - right) < TOLERANCE or not np.isfinite(right)
    assert abs(less[0] - left) < TOLERANCE or not np.isfinite(left)


@settings(max_examples=60, deadline=None)
@given(stored())
def test_values_of_later_steps_lie_between_the_slopes_of_the_dynamic_programme(asked):
    """The programme asks what a kWh is worth that turns up unforeseen; a plan would have made use of it before."""
    (spec,) = asked.site.batteries
    plan = solve(asked)
    functions = stored_values(asked, spec, end_values(judge(asked))[spec.id])
    slopes = [f.slopes_at(e) for f, e in zip(functions, plan.devices[spec.id].energy_kwh, strict=False)]
    left, right = np.array(slopes).T
    for value in (*both_sides(plan), plan.devices[spec.id].marginal_value_per_kwh):
        assert np.all(value <= left + TOLERANCE)
        assert np.all(value >= right - TOLERANCE)


@settings(max_examples=10, deadline=None)
@given(stored(), st.integers(0, 3))
def test_values_of_every_step_are_finite_differences_of_the_whole_cost(asked, step):
    """A kWh that is known to turn up in a step, or to be missing there: the program solved again with it."""
    home = Home(judge(asked))
    model, solver = home.program.build(), open_solver("highs")
    row = model.rows["battery.battery.balance"].start + step
    more, less = both_sides(solve(asked))

    def objective(change: float) -> float:
        low, high = model.row_lower.copy(), model.row_upper.copy()
        low[row] += change
        high[row] += change
        changed = replace(model, row_lower=low, row_upper=high)
        return solver(changed, time_limit_s=10, gap_abs=0).objective

    middle, apart = objective(0), 1e-3
    gained, lost = (middle - objective(apart)) / apart, (objective(-apart) - middle) / apart
    assert np.isnan(gained) or abs(gained - more[step]) < TOLERANCE
    assert np.isnan(lost) or abs(lost - less[step]) < TOLERANCE


@settings(max_examples=20, deadline=None)
@given(stored())
def test_values_of_the_first_step_are_what_a_little_more_or_less_energy_changes(asked):
    """By solving again with another measured energy: no dual involved."""
    (spec,) = asked.site.batteries
    now = asked.batteries[spec.id]
    plan, step = solve(asked), 1e-3
    more, less = both_sides(plan)

    def objective(change: float) -> float:
        changed = {spec.id: replace(now, energy_kwh=now.energy_kwh + change)}
        return solve(replace(asked, batteries=changed)).stats.objective

    low, high = spec.soc_min * spec.capacity_kwh, spec.capacity_kwh
    if now.energy_kwh + step < high:
        assert abs((objective(0) - objective(step)) / step - more[0]) < TOLERANCE
    if now.energy_kwh - step > low:
        assert abs((objective(-step) - objective(0)) / step - less[0]) < TOLERANCE


@settings(max_examples=30, deadline=None)
@given(stored())
def test_the_optimisers_own_price_lies_between_the_two(asked):
    plan = solve(asked)
    more, less = both_sides(plan)
    value = plan.devices["battery"].marginal_value_per_kwh
    assert np.all(more <= value + 1e-9)
    assert np.all(value <= less + 1e-9)


def test_full_battery_is_worth_less_for_one_more_kwh_than_for_one_less():
    """Worked by hand: nothing fits in, so one more could only be sold for 0.05; one less is bought for 0.30."""
    asked = problem([0.3, 0.3], [0, 2], export_price=0.05, batteries={battery(capacity_kwh=2.0): 2.0})
    more, less = both_sides(solve(asked))
    assert abs(less[0] - 0.30) < TOLERANCE
    assert abs(more[0] - 0.05) < TOLERANCE
