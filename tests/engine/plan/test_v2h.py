"""Cars that feed the home: what they lend, and that it is back in time."""

from dataclasses import replace

import cvxpy as cp
from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import Mode, Plan, PlanStatus, solve
from custom_components.ems.engine.plan.future import scenarios as futures
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.penalties import TIE_PER_KWH
from custom_components.ems.engine.plan.reasons import STEP_REASONS
from custom_components.ems.engine.plan.risk import add_risk
from custom_components.ems.engine.plan.search import GAP_ABS, search
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.problem import Problem, Scenario
from custom_components.ems.engine.site import Charger, Grid
from custom_components.ems.engine.steps import even_steps
from tests.engine.plan.homes import START_S, WALLBOX, battery, bus_residual, car, no_integers, problem

# Lossless and without wear: the arithmetic of a test stays in its head.
LENDER = Charger(
    id="wallbox",
    name="Wallbox",
    discharge_max_kw=10,
    charge_efficiency=1.0,
    discharge_efficiency=1.0,
    wear_per_kwh=0.0,
)


def lender(**changes) -> Charger:
    return replace(LENDER, **changes)


def lends(connected: list[bool], spare: float, needed: float = 0.0, **changes):
    return car(connected, needed, energy_spare_kwh=spare, **{"energy_max_kwh": needed, **changes})


def planned(asked: Problem) -> np.ndarray:
    return solve(asked).devices["wallbox"].power_kw


def energy(asked: Problem, plan: Plan) -> np.ndarray:
    """Return what is in the car after each step beyond what is there now. [kWh]."""
    spec, power = asked.site.chargers[0], plan.devices["wallbox"].power_kw
    stored = np.maximum(power, 0) * spec.charge_efficiency - np.maximum(-power, 0) / spec.discharge_efficiency
    return np.cumsum(stored * asked.steps.hours)


def test_car_lends_in_the_dear_hour_and_gets_it_back_in_the_cheap_one():
    """5 kWh at 0.50, back at 0.10: 2.00 saved."""
    plan = solve(problem([0.5, 0.1], [5, 0], charger=LENDER, car=lends([True, True], 8)))
    device = plan.devices["wallbox"]
    assert_allclose(device.power_kw, [-5, 5], atol=1e-6)
    assert plan.expected_cost == pytest.approx(0.5)
    assert device.modes == (Mode.DISCHARGE, Mode.CHARGE)
    assert device.reasons[0].key == "car_feed"
    assert device.reasons[0].placeholders == {"price": 0.5, "value": pytest.approx(0.1, abs=1e-3)}
    assert plan.devices["wallbox"].phases.tolist() == [3, 3]


def test_what_is_lost_on_the_way_decides():
    """4 kWh for the home are 5 from the car; to bring them back takes 5/0.9, and wears 0.05 for each of the 4."""
    spec = lender(charge_efficiency=0.9, discharge_efficiency=0.8, wear_per_kwh=0.05)
    plan = solve(problem([0.5, 0.1], [4, 0], charger=spec, car=lends([True, True], 5)))
    assert_allclose(plan.devices["wallbox"].power_kw, [-4, 5 / 0.9], atol=1e-5)
    assert plan.costs.wear == pytest.approx(0.2)
    assert plan.expected_cost == pytest.approx(0.2 + 0.5 / 0.9, abs=1e-5)


@pytest.mark.parametrize(("wear", "lent"), [(0.27, 5.0), (0.29, 0.0)])
def test_wear_and_losses_stop_a_trade_that_earns_less(wear, lent):
    """0.40 now against 0.10/(0.9·0.9) = 0.123 then: 0.277 to earn."""
    spec = lender(charge_efficiency=0.9, discharge_efficiency=0.9, wear_per_kwh=wear)
    power = planned(problem([0.4, 0.1], [5, 0], charger=spec, car=lends([True, True], 8)))
    assert power[0] == pytest.approx(-lent, abs=1e-5)


def test_car_gives_no_more_than_it_may_spare():
    power = planned(problem([0.5, 0.1], [9, 0], charger=LENDER, car=lends([True, True], 6)))
    assert_allclose(power, [-6, 6], atol=1e-6)


def test_car_without_anything_to_spare_lends_only_what_it_took_before():
    """Bought at 0.05, used at 0.50, and nothing is missing at any time."""
    wants = lends([True] * 2, 0, energy_max_kwh=20)
    assert_allclose(planned(problem([0.05, 0.5], [0, 6], charger=LENDER, car=wants)), [6, -6], atol=1e-6)


def test_what_cannot_be_back_in_time_is_not_lent():
    """The car leaves after the second hour and can take 11.04 kWh in it: that much, and not 20, it lends."""
    wants = lends([True, True, False], 20, ready_at_s=START_S + 2 * 3600)
    power = planned(problem([0.5, 0.1, 0.01], [20, 0, 0], charger=lender(discharge_max_kw=20), car=wants))
    assert_allclose(power, [-11.04, 11.04, 0], atol=1e-6)


def test_wish_and_loan_are_kept_together():
    """6 kWh needed: what was lent for the dear hour is on top of them."""
    wants = lends([True] * 3, 5, needed=6, ready_at_s=START_S + 3 * 3600)
    plan = solve(problem([0.5, 0.1, 0.2], [5, 0, 0], charger=LENDER, car=wants))
    assert_allclose(plan.devices["wallbox"].power_kw, [-5, 11, 0], atol=1e-6)
    assert plan.slacks == ()


def test_impossible_deadline_is_a_named_slack_and_nothing_is_lent_before_it():
    wants = lends([True] * 3, 5, needed=20, ready_at_s=START_S + 3600)
    plan = solve(problem([0.5, 0.3, 0.29], [5, 0, 0], charger=LENDER, car=wants))
    assert_allclose(plan.devices["wallbox"].power_kw, [11.04, 8.96, 0], atol=1e-6)
    (slack,) = plan.slacks
    assert (slack.name, slack.component, slack.unit) == ("car_ready", "wallbox", "kWh")
    assert slack.amount == pytest.approx(8.96)


def test_car_that_came_back_lends_in_the_evening_without_being_called_late():
    """Ready at hour 1, away, back at hour 2: what it lends then is to be back at the end, not at once."""
    wants = lends([True, False, True, True, True], 6, needed=5, ready_at_s=START_S + 3600)
    plan = solve(problem([0.2, 0.2, 0.5, 0.3, 0.1], [0, 0, 6, 0, 0], charger=LENDER, car=wants))
    assert_allclose(plan.devices["wallbox"].power_kw, [5, 0, -6, 0, 6], atol=1e-6)


def test_car_sells_where_feeding_in_earns_more_than_its_energy_costs():
    device = solve(
        problem([0.6, 0.1], [0, 0], export_price=[0.4, 0.0], charger=LENDER, car=lends([True] * 2, 6))
    ).devices["wallbox"]
    assert_allclose(device.power_kw, [-6, 6], atol=1e-6)
    assert device.reasons[0].key == "car_sell"
    assert device.reasons[0].placeholders["price"] == pytest.approx(0.4)


def test_both_sides_of_a_kwh_in_the_car_at_the_socket():
    """To be had back at 0.10: a kWh into the car is worth that; one out costs it through both losses, and wear."""
    spec = lender(charge_efficiency=0.9, discharge_efficiency=0.8, wear_per_kwh=0.05)
    asked = problem([0.15, 0.1], [1, 0], charger=spec, car=lends([True] * 2, 8, 5, energy_max_kwh=9))
    device = solve(asked).devices["wallbox"]
    assert_allclose(device.marginal_value_per_kwh, [0.1, 0.1], atol=1e-3)
    assert_allclose(device.import_value_per_kwh, [0.1, 0.1], atol=1e-3)
    assert_allclose(device.export_value_per_kwh, 0.1 / 0.72 + 0.05, atol=1e-3)


def test_car_covers_the_home_before_its_connection_is_overloaded():
    wants = lends([True] * 2, 10)
    plan = solve(problem([0.3, 0.3], [12, 0], charger=LENDER, car=wants, grid=Grid(import_max_kw=10)))
    assert plan.import_kw[0] <= 10 + 1e-6
    assert plan.slacks == ()


def test_car_on_surplus_may_lend_and_takes_it_back_from_the_sun_alone():
    wants = lends([True] * 3, 6, surplus_only=True)
    power = planned(problem([0.5, 0.01, 0.3], [6, 0, 0], pv=[0, 0, 6], charger=LENDER, car=wants))
    assert_allclose(power, [-6, 0, 6], atol=1e-6)


@pytest.mark.parametrize("ready_h", [-1, 1.5, 3, None])
def test_car_that_never_lends_is_planned_as_one_that_cannot(ready_h):
    """Wear above any price: the energy in the car then counts exactly as the sums of a car that only takes."""
    ready = None if ready_h is None else START_S + ready_h * 3600
    wants = car([True] * 6, 25, energy_max_kwh=25, energy_spare_kwh=9, ready_at_s=ready)
    price = [0.3, 0.1, 0.2, 0.4, 0.1, 0.3]
    plain, dear = (
        problem(price, [2] * 6, charger=spec, car=wants, grid=Grid(import_max_kw=9))
        for spec in (replace(WALLBOX, charge_efficiency=0.8), lender(wear_per_kwh=99, charge_efficiency=0.8))
    )
    one, two = solve(plain), solve(dear)
    assert_allclose(one.devices["wallbox"].power_kw, two.devices["wallbox"].power_kw, atol=1e-5)
    assert [slack.amount for slack in one.slacks] == pytest.approx([slack.amount for slack in two.slacks])
    if ready_h != -1:  # what is late already costs the same whatever is done, and is left out
        assert one.stats.objective == pytest.approx(two.stats.objective, abs=2e-3)
        assert one.slacks == () or one.slacks[0].cost >= 2 * one.slacks[0].amount - 1e-6


# Always.


@st.composite
def lending(draw: st.DrawFn) -> Problem:
    """Return a home with a car that feeds it, on quarter-hours or on a day of the clock change."""
    minutes, n = draw(st.sampled_from([(15, 20), (60, 23), (60, 25)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spec = lender(
        discharge_max_kw=draw(st.sampled_from([2.0, 10.0])),
        charge_efficiency=draw(st.sampled_from([0.85, 1.0])),
        discharge_efficiency=draw(st.sampled_from([0.9, 1.0])),
        wear_per_kwh=draw(st.sampled_from([0.0, 0.05])),
        switches_phases=draw(st.booleans()),
    )
    wants = car(
        (rng.random(n) < draw(st.sampled_from([0.5, 1.0]))).tolist(),
        0.0,
        energy_spare_kwh=draw(st.sampled_from([-1.0, 0.0, 3.0, 30.0])),
        surplus_only=draw(st.booleans()),
        ready_at_s=draw(st.sampled_from([None, START_S - 600, START_S + 5400, START_S + 12000])),
    )
    wants = replace(
        wants,
        energy_needed_kwh=draw(st.sampled_from([-4.0, 0.0, 9.0, 500.0])),
        energy_max_kwh=draw(st.sampled_from([-1.0, 0.0, 20.0])),
    )
    price = rng.uniform(*draw(st.sampled_from([(0.05, 0.5), (-0.4, 0.3)])), n)
    return problem(
        price.tolist(),
        rng.uniform(-0.5, 5, n).tolist(),
        export_price=(price - draw(st.sampled_from([0.1, -0.05]))).tolist(),
        pv=(rng.uniform(0, 9, n) * (rng.random(n) < 0.5)).tolist(),
        curtailable=draw(st.booleans()),
        batteries={battery(charge_efficiency=0.9): 4.0},
        charger=spec,
        car=wants,
        grid=Grid(import_max_kw=draw(st.sampled_from([4.0, 17.25])), limits_each_phase=draw(st.booleans())),
        steps=even_steps(START_S, n * minutes / 60, minutes),
    )


@settings(max_examples=60, deadline=None)
@given(lending())
def test_energy_in_the_car_is_conserved_and_never_below_what_it_may_spare(asked):
    plan = solve(asked)
    wants, spec = asked.cars["wallbox"], asked.site.chargers[0]
    power, inside = plan.devices["wallbox"].power_kw, energy(asked, plan)
    takes = max(wants.energy_max_kwh, wants.energy_needed_kwh, 0) * spec.charge_efficiency
    assert plan.status is PlanStatus.OK
    assert plan.stats.gap_abs <= GAP_ABS
    assert np.abs(bus_residual(plan)).max() < 1e-9
    assert power[~wants.connected].any() == np.False_
    assert -power.min() <= spec.discharge_max_kw + 1e-6
    assert inside.min() >= -max(wants.energy_spare_kwh, 0) - 1e-5
    assert inside.max() <= takes + 1e-5
    in_time = asked.steps.edges_s[1:] <= (wants.ready_at_s or np.inf)
    lacking = (
        max(wants.energy_needed_kwh, 0)
        - np.append(0, inside)[np.count_nonzero(in_time)] / spec.charge_efficiency
    )
    short = sum(slack.amount for slack in plan.slacks if slack.name == "car_ready")
    assert short == pytest.approx(max(lacking, 0), abs=2e-3)
    for reason in plan.devices["wallbox"].reasons:
        assert set(reason.placeholders) == STEP_REASONS[reason.key].placeholders


@settings(max_examples=20, deadline=None)
@given(lending())
def test_lending_never_makes_a_home_poorer(asked):
    """The same car that cannot lend is one of its choices."""
    spec = replace(asked.site.chargers[0], discharge_max_kw=0.0)
    without = replace(asked, site=replace(asked.site, chargers=(spec,)))
    kept = replace(asked.cars["wallbox"], energy_max_kwh=0.0, ready_at_s=None)
    asked, without = (replace(each, cars={"wallbox": kept}) for each in (asked, without))
    assert solve(asked).stats.objective <= solve(without).stats.objective + GAP_ABS + 1e-3


def test_homes_with_a_lending_car_are_planned_on_scenarios_too():
    """The trunk decides what the car holds when the futures part; the plan aims there."""
    n = 8
    rng = np.random.default_rng(1)
    asked = problem(
        [0.3, 0.2, 0.1, 0.1, 0.4, 0.5, 0.5, 0.2],
        [1] * n,
        export_price=0.05,
        pv=[0, 2, 6, 6, 1, 0, 0, 0],
        charger=LENDER,
        car=lends([True] * n, 6, energy_max_kwh=10),
        batteries={battery(): 2},
        scenarios=tuple(
            Scenario(load_kw=rng.uniform(0, 3, n), pv_available_kw={"pv": rng.uniform(0, 7, n)})
            for _ in range(4)
        ),
    )
    asked = replace(asked, site=replace(asked.site, risk_weight=0.3))
    plan = solve(asked)
    assert plan.status is PlanStatus.OK
    assert plan.stats.scenarios == 4
    device = plan.devices["wallbox"]
    assert np.all(device.import_value_per_kwh <= device.marginal_value_per_kwh + 1e-6)
    assert np.all(device.marginal_value_per_kwh <= device.export_value_per_kwh + 1e-6)


def test_risk_counts_the_wear_of_a_car_in_every_bill():
    """A bill without it would have the worst futures lend for nothing."""
    scenarios = tuple(Scenario(load_kw=np.array([kw, kw, 0.0])) for kw in (2.0, 4.0, 6.0))
    wants = lends([True] * 3, 9)
    asked = problem(
        [0.6, 0.5, 0.1], [2, 2, 0], charger=lender(wear_per_kwh=0.07), car=wants, scenarios=scenarios
    )
    inputs = judge(asked)
    home = Home(inputs, futures(inputs))
    add_risk(home, 0.5)
    model = home.program.build()
    x = open_solver("highs")(model, time_limit_s=10, gap_abs=0).x
    tree, h, feed = home.horizon.tree, home.horizon.hours, home.chargers["wallbox"].feed.value(x)
    flow = home.grid.imports.value(x) * home.horizon.import_price + 0.07 * feed
    at, future = tree.paths(np.arange(home.horizon.n))
    assert feed.max() > 1
    assert_allclose(x[model.columns["risk.bill"].span], np.bincount(future, (flow * h)[at]), atol=1e-6)


def test_car_that_is_away_does_not_hide_what_a_battery_is_worth_on_both_sides():
    """Nothing fits into a car that is not there: asked about that, the solver has no answer for anybody."""
    prices, loads = [0.1, 0.2, 0.4, 0.2], [0, 1, 1, 0]
    store = battery(capacity_kwh=1, charge_max_kw=1)
    alone = solve(problem(prices, loads, batteries={store: 0})).devices["battery"]
    away = problem(prices, loads, batteries={store: 0}, charger=LENDER, car=lends([False] * 4, 0))
    beside = solve(away).devices["battery"]
    assert np.any(alone.export_value_per_kwh > alone.import_value_per_kwh + 0.05)
    assert_allclose(beside.import_value_per_kwh, alone.import_value_per_kwh, atol=1e-3)
    assert_allclose(beside.export_value_per_kwh, alone.export_value_per_kwh, atol=1e-3)


# The same a second time, by equation and step.


def oracle(asked: Problem) -> float:
    """Return the least cost of a home with a car that lends, as its page in docs/components says it."""
    spec, wants, h = asked.site.chargers[0], asked.cars["wallbox"], asked.steps.hours
    n, ends = len(h), asked.steps.edges_s[1:]
    p, d, i, x = (cp.Variable(n, nonneg=True) for _ in range(4))
    e = cp.Variable(n + 1)
    due = np.inf if wants.ready_at_s is None else max(wants.ready_at_s, asked.steps.edges_s[0])
    late_d = np.clip((ends - due) / 86400, 0, 1) if np.isfinite(due) else np.zeros(n)
    in_time = int(np.count_nonzero(ends <= due))
    worth, here = wants.shortfall_price_per_kwh, wants.connected
    rows = [
        e[0] == 0,
        e[1:] == e[:-1] + cp.multiply(h, spec.charge_efficiency * p - d / spec.discharge_efficiency),
        e >= -wants.energy_spare_kwh,
        e <= spec.charge_efficiency * max(wants.energy_max_kwh, wants.energy_needed_kwh),
        p <= spec.power_max_kw * here,
        d <= spec.discharge_max_kw * here,
        i - x - p + d == asked.load_kw,
        i <= asked.site.grid.import_max_kw,
        x <= asked.site.grid.export_max_kw,
    ]
    bill = cp.multiply(asked.import_price_per_kwh, i) - cp.multiply(asked.export_price_per_kwh, x)
    cost = h @ (bill + spec.wear_per_kwh * d)
    # A kWh that arrives in step k has lacked until then: short at the deadline, late[k] for coming late; one that
    # never arrives is short twice.
    stay = in_time
    while stay < n and here[stay]:
        stay += 1
    late = [worth / 2 * late_d[k] for k in range(stay)]
    late += [late[-1] if stay > in_time else 0.0] * (n - stay)
    counted = np.zeros(n + 1)
    counted[in_time] += worth
    for k in range(in_time, n):
        counted[k] += late[k] - (late[k - 1] if k > in_time else 0.0)
    counted[n] += worth - (late[n - 1] if in_time < n else 0.0)
    for k in np.flatnonzero(counted):
        cost += counted[k] * cp.pos(wants.energy_needed_kwh - e[k] / spec.charge_efficiency)
    return float(cp.Problem(cp.Minimize(cost), rows).solve(solver="CLARABEL"))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.02, 0.6), min_size=6, max_size=6),
    st.lists(st.floats(0, 8), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.sampled_from([1, 2.5, 4, None]),
    st.sampled_from([0.0, 7.0, 40.0]),
    st.sampled_from([0.0, 5.0]),
)
def test_an_independent_formulation_agrees(price, load, connected, ready_h, needed, spare):
    ready = None if ready_h is None else START_S + ready_h * 3600
    wants = lends(connected, spare, needed, energy_max_kwh=needed + 6, ready_at_s=ready)
    spec = lender(charge_efficiency=0.9, discharge_efficiency=0.85, wear_per_kwh=0.03)
    asked = problem(price, load, export_price=0.01, charger=spec, car=wants, grid=Grid(import_max_kw=40))
    found = open_solver("highs")(Home(judge(asked)).program.build(), time_limit_s=10, gap_abs=0)
    assert found.objective == pytest.approx(oracle(asked), abs=TIE_PER_KWH * 200 + 1e-5)


@settings(max_examples=40, deadline=None)
@given(lending())
def test_out_of_time_a_lending_car_still_has_a_plan_it_can_do(asked):
    """Directions, currents and phases are then settled the way the linear program leans, and never into a corner."""
    home = Home(judge(asked))
    found = search(home, no_integers, 10)
    assert found.has_answer
    for choice in home.choices:
        assert not choice.broken(found.x).any()


@settings(max_examples=10, deadline=None)
@given(lending())
def test_another_solver_finds_the_same(asked):
    model = Home(judge(asked)).program.build()
    one, two = (open_solver(name)(model, time_limit_s=20, gap_abs=0) for name in ("highs", "cvxpy:CLARABEL"))
    assert one.objective == pytest.approx(two.objective, abs=1e-4 + 1e-6 * abs(one.objective))
