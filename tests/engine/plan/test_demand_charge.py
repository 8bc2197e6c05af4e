"""What a network asks for a month's highest quarter of an hour: by hand, against an oracle, and in the costs."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
import pytest

from custom_components.ems.engine.plan import PlanStatus, solve
from custom_components.ems.engine.plan.future import scenarios
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.intervals import intervals_of, rise_kw
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.problem import PeakState, Problem, Scenario
from custom_components.ems.engine.site import DemandCharge, Grid, Strategy
from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, problem
from tests.engine.plan.leanings import leaning
from tests.engine.plan.test_oracle import check


def charged(*args, interval_min: float = 15, price: float = 3.0, **kwargs) -> Problem:
    """Return a home whose network asks for its peak."""
    grid = Grid(demand_charge=DemandCharge(price_per_kw=price, interval_min=interval_min))
    return problem(*args, grid=grid, **kwargs)


def test_three_five_minute_steps_make_a_quarter():
    """3, 0 and 0 kW are 1 kW on the network's meter; 1.5 for all three are 1.5."""
    asked = charged([0.3] * 6, [3, 0, 0, 1.5, 1.5, 1.5], minutes=5)
    means = intervals_of(asked).means(asked.load_kw, asked.steps.hours)
    assert_allclose(means, [1, 1.5])
    plan = solve(asked)
    assert plan.costs.peak == pytest.approx(4.5)
    assert plan.expected_cost == pytest.approx(4.5 + 0.3 * (3 + 4.5) / 12)


def test_running_quarter_knows_what_was_drawn():
    """Ten minutes of it are over, with 0.5 kWh: 2 kW in the mean already, and what comes is added."""
    steps = even_steps(START_S + 600, 4 / 12, 5)
    state = PeakState(running_kwh=0.5)
    asked = charged([0.3] * 4, [0, 1, 1, 1], steps=steps, peak=state)
    found = intervals_of(asked)
    assert_array_equal(found.of_step, [0, 1, 1, 1])
    assert_allclose(found.means(asked.load_kw, steps.hours), [2, 1])
    assert solve(asked).costs.peak == pytest.approx(3 * 2)


def test_battery_shaves_the_quarter_and_not_the_spike_in_it():
    """Nothing is stored but 0.1 kWh. The spike's quarter has a mean of 1.2 kW, of which they take 0.4."""
    asked = charged(
        [0.3] * 6, [0, 3.6, 0, 0.4, 0.4, 0.4], batteries={battery(charge_max_kw=0): 0.1}, minutes=5
    )
    plan = solve(asked)
    means = intervals_of(asked).means(plan.import_kw, plan.steps.hours)
    assert_allclose(means, [0.8, 0.4], atol=1e-6)
    assert plan.costs.peak == pytest.approx(3 * 0.8)
    assert plan.baseline.peak == pytest.approx(3 * 0.8)


def test_hours_of_a_half_hour_zone_are_measured_as_its_clock_has_them():
    """In Adelaide and Delhi an hour starts at half past in UTC: 3, 3 | 1, 1, 1, 1 from 10:00 UTC."""
    asked = charged([0.3] * 6, [3, 3, 1, 1, 1, 1], minutes=15, interval_min=60)
    charge = replace(asked.site.grid.demand_charge, starts_past_min=30)
    local = replace(asked, site=replace(asked.site, grid=replace(asked.site.grid, demand_charge=charge)))
    state = PeakState(running_kwh=0.5)
    found = intervals_of(replace(local, peak=state))
    assert_array_equal(found.of_step, [0, 0, 1, 1, 1, 1])
    assert_allclose(found.means(asked.load_kw, asked.steps.hours), [2, 1])
    assert_array_equal(intervals_of(asked).of_step, [0, 0, 0, 0, 1, 1])


def test_hours_stand_for_themselves():
    """A step longer than the interval is as even as anybody knows, and the quarter before it ends there."""
    steps = Steps(edges_s=START_S + 60 * np.array([0, 5, 10, 15, 75, 135]))
    asked = charged([0.3] * 5, [1, 2, 3, 4, 5], steps=steps)
    assert_allclose(intervals_of(asked).means(asked.load_kw, steps.hours), [2, 4, 5])


def test_live_steps_fall_into_quarters_and_hours():
    """12 × 5 min are four quarters, from there every step is one of its own; the first is cut by the past."""
    steps = tiered_steps(START_S + 77 + 600)
    asked = charged([0.3] * len(steps), [1.0] * len(steps), steps=steps)
    found = intervals_of(asked)
    assert_array_equal(found.of_step[:8], [0, 1, 1, 1, 2, 2, 2, 3])
    assert len(found.hours) == found.of_step[-1] + 1
    assert_allclose(found.hours[:6], 0.25)
    assert found.hours[-1] == 1


def test_only_what_counts_is_charged():
    """A tariff that looks at the last hour only: the hill before it is nobody's business."""
    counts = np.array([False, False, True])
    asked = charged([0.3] * 3, [1, 3, 1], peak=PeakState(counts=counts), batteries={battery(): 1})
    plan = solve(asked)
    assert plan.import_kw[2] == pytest.approx(0, abs=1e-6)
    assert plan.costs.peak == 0
    nothing = replace(asked, peak=PeakState(counts=np.zeros(3, dtype=bool)))
    assert solve(nothing).costs.peak == 0


def test_peak_already_paid_for_costs_nothing_again():
    """3 kW are reached: the plan is the cheapest one, a kWh in the battery saves a dear hour and no peak."""
    asked = charged([0.2, 0.3, 0.4], [1, 3, 1], batteries={battery(charge_max_kw=0): 1})
    paid = replace(asked, peak=PeakState(so_far_kw=3))
    assert_allclose(solve(paid).devices["battery"].power_kw, [0, 0, 1], atol=1e-6)
    assert solve(paid).costs.peak == 0
    fresh = solve(asked)
    assert_allclose(fresh.devices["battery"].power_kw, [0, 1, 0], atol=1e-6)
    assert fresh.costs.peak == pytest.approx(3 * 2)


def test_charge_is_weighed_against_the_energy_it_spares():
    """0.6 kWh moved by a battery that loses half of it: 0.18 more to buy, against 0.6 kW at 3, or at 0.1."""
    lossy = battery(charge_efficiency=0.5)
    for price, shaved in ((3.0, True), (0.1, False)):
        asked = charged([0.3] * 4, [0, 0, 0, 1], price=price, batteries={lossy: 0})
        assert bool(solve(asked).import_kw.max() < 0.99) is shaved


@pytest.mark.parametrize("strategy", Strategy)
def test_every_strategy_pays_it(strategy):
    plan = solve(leaning(charged([0.3] * 3, [1, 3, 1], batteries={battery(): 1}), strategy))
    assert plan.import_kw.max() == pytest.approx(1.5, abs=1e-5)
    assert plan.costs.peak == pytest.approx(3 * 1.5, abs=1e-4)
    assert plan.baseline.peak == pytest.approx(3 * 3)  # the rule spends its kWh in the first hour


def test_no_charge_strands_a_driver():
    """11 kW for a quarter cost more than what a car is worth; it is ready all the same."""
    wants = car([True] * 4, 11.04)
    asked = charged([0.3] * 4, [0] * 4, price=50, charger=WALLBOX, car=wants, minutes=15)
    plan = solve(asked)
    assert plan.slacks == ()
    assert plan.costs.peak == pytest.approx(50 * 11.04)


def test_cars_share_the_hours_there_are():
    """Ten hours for 20 kWh: 4.14 kW is the least, so that is the peak, not 11."""
    wants = car([True] * 10, 20)
    plan = solve(charged([0.3] * 10, [0] * 10, charger=WALLBOX, car=wants))
    assert plan.import_kw.max() < 5


def test_without_a_charge_there_is_nothing_to_pay():
    assert solve(problem([0.3] * 2, [1, 5])).costs.peak == 0


def test_scenarios_are_told_of_it():
    """2 kWh make an even day's peak 0.5; where an hour of 5 kW may come, less of them is spent before it."""
    mild, wild = np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.0, 1.0, 5.0, 1.0])
    asked = charged([0.3] * 4, [1.0] * 4, batteries={battery(charge_max_kw=0): 2})
    careful = solve(replace(asked, scenarios=(Scenario(load_kw=mild), Scenario(load_kw=wild))))
    assert solve(asked).devices["battery"].power_kw[0] == pytest.approx(0.5)
    assert careful.status is PlanStatus.OK
    assert careful.devices["battery"].power_kw[0] < 0.4


def test_on_a_tree_each_future_has_its_own_peak():
    """Trunk of an hour at 1 kW; futures at 2 and 6 kW: (1 + 5)/2 kW above a peak of 1, at 3 each."""
    futures = (Scenario(load_kw=np.array([1.0, 2.0])), Scenario(load_kw=np.array([1.0, 6.0])))
    asked = charged([0.0, 0.0], [1, 3], scenarios=futures, peak=PeakState(so_far_kw=1))
    inputs = judge(asked)
    model = Home(inputs, scenarios(inputs)).program.build()
    found = open_solver("highs")(model, time_limit_s=10, gap_abs=0)
    assert found.objective == pytest.approx(3 * (1 + 5) / 2, abs=1e-2)


ANY = {
    "price": st.lists(st.floats(0.02, 0.6), min_size=6, max_size=6),
    "load": st.lists(st.floats(0, 5), min_size=6, max_size=6),
}


@settings(max_examples=20)
@given(
    **ANY,
    minutes=st.sampled_from([5, 15, 60]),
    interval_min=st.sampled_from([15, 30, 60]),
    late=st.sampled_from([0, 300, 600]),
    state=st.builds(
        PeakState, so_far_kw=st.sampled_from([0.0, 2.0]), running_kwh=st.sampled_from([0.0, 0.4])
    ),
    strategy=st.sampled_from(Strategy),
    limit=st.sampled_from([2.0, 17.25]),
)
def test_as_an_oracle_has_it(price, load, minutes, interval_min, late, state, strategy, limit):
    """Any steps in any interval, from its middle on, over a connection that may be too small."""
    grid = Grid(import_max_kw=limit, demand_charge=DemandCharge(price_per_kw=2.0, interval_min=interval_min))
    store = battery(charge_efficiency=0.9, wear_per_kwh=0.02, soc_min=0.1)
    steps = even_steps(START_S + (late if minutes == 5 else 0), 6 * minutes / 60, minutes)
    asked = problem(price, load, batteries={store: 3}, grid=grid, steps=steps, peak=state)
    check(leaning(asked, strategy))


@settings(max_examples=25)
@given(**ANY, now=st.floats(0, 10))
def test_no_plan_pays_more_than_the_one_that_does_not_know(price, load, now):
    """With the charge in its objective a plan costs at most what the others cost with the charge added."""
    asked = charged(price, load, batteries={battery(): now})
    blind = solve(replace(asked, site=replace(asked.site, grid=Grid())))
    owed = 3 * rise_kw(asked, blind.import_kw)
    assert solve(asked).expected_cost <= blind.expected_cost + owed + 0.005


@settings(max_examples=25)
@given(**ANY)
def test_finer_steps_see_the_same_peak(price, load):
    """Splitting constant quarters into five minutes changes nothing the network measures."""
    coarse = charged(price, load, minutes=15)
    fine = charged(np.repeat(price, 3).tolist(), np.repeat(load, 3).tolist(), minutes=5)
    assert rise_kw(fine, fine.load_kw) == pytest.approx(rise_kw(coarse, coarse.load_kw))
