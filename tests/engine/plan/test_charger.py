"""Chargers: currents that exist, one phase or three, surplus only, deadlines; by hand, by enumeration, by property."""

from dataclasses import replace
import itertools

from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import Mode, Plan, PlanStatus, solve
from custom_components.ems.engine.plan.baseline import self_consumption
from custom_components.ems.engine.plan.components.charger_current import ranges_of
from custom_components.ems.engine.plan.future import scenarios as futures
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.search import GAP_ABS, search
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.problem import Problem, Scenario
from custom_components.ems.engine.site import Charger, Grid
from custom_components.ems.engine.steps import even_steps
from tests.engine.plan.homes import START_S, WALLBOX, battery, bus_residual, car, no_integers, problem

SWITCHING = replace(WALLBOX, switches_phases=True)  # 1.38 to 3.68 kW, 4.14 to 11.04 kW
ONE, THREE = ranges_of(SWITCHING)
WATT = 1e-3


def planned(asked: Problem) -> np.ndarray:
    return solve(asked).devices["wallbox"].power_kw


def is_allowed(power: np.ndarray, charger: Charger) -> np.ndarray:
    fits = power < WATT
    for low, high in ranges_of(charger):
        fits |= (power > low - WATT) & (power < high + WATT)
    return fits


# One phase or three.


def test_powers_of_one_phase_and_of_three():
    assert_allclose([*ONE, *THREE], [1.38, 3.68, 4.14, 11.04])
    assert ranges_of(WALLBOX) == (THREE,)


@pytest.mark.parametrize(
    ("surplus", "power", "phases"),
    [
        (1.0, 0.0, 0),  # less than the smallest current
        (2.0, 2.0, 1),
        (3.9, 3.68, 1),  # between the two ranges: the largest current on one phase
        (6.0, 6.0, 3),
        (14.0, 11.04, 3),
    ],
)
def test_car_on_surplus_takes_what_some_number_of_phases_can(surplus, power, phases):
    wants = car([True] * 2, 50, surplus_only=True)
    plan = solve(problem([0.3] * 2, [0.5] * 2, pv=[surplus + 0.5] * 2, charger=SWITCHING, car=wants))
    assert_allclose(plan.devices["wallbox"].power_kw, power, atol=1e-6)
    assert plan.devices["wallbox"].phases.tolist() == [phases] * 2
    assert plan.stats.binaries == 0, "what the sun leaves is known; nothing is to be decided"


def test_switching_charger_uses_a_small_free_surplus_that_three_phases_cannot():
    """2 kW of sun sold at 0.08 or put into the car that would else pay 0.30 in the last hour."""
    asked = problem(
        [0.3] * 3, [0] * 3, export_price=0.08, pv=[2, 2, 0], charger=SWITCHING, car=car([True] * 3, 4)
    )
    assert_allclose(planned(asked), [2, 2, 0], atol=1e-6)
    assert solve(asked).stats.binaries == 0, "an allowed power needs no integers"


def test_power_between_the_ranges_is_decided_by_two_integers_per_step():
    """4 kWh in one hour: 3.9 would do for the sun, but is no current on one phase nor on three."""
    asked = problem(
        [0.3] * 2, [0] * 2, export_price=0.1, pv=[3.9, 3.9], charger=SWITCHING, car=car([True] * 2, 7.8)
    )
    plan = solve(asked)
    power = plan.devices["wallbox"].power_kw
    assert plan.stats.binaries == 4
    assert is_allowed(power, SWITCHING).all()
    # 3.68 + 4.12 is none; 4.14 + 3.66 buys 0.24 kWh and sells as much.
    assert sorted(power) == pytest.approx([3.66, 4.14], abs=1e-4)


def test_ranges_that_touch_need_one_integer_per_step():
    """At 32 A one phase reaches 7.36 kW, more than three begin with."""
    wide = replace(SWITCHING, current_max_a=32)
    asked = problem([0.3] * 4, [0] * 4, export_price=0.1, pv=[1] * 4, charger=wide, car=car([True] * 4, 3))
    plan = solve(asked)
    assert plan.stats.binaries == 4
    assert is_allowed(plan.devices["wallbox"].power_kw, wide).all()


@pytest.mark.parametrize("charger", [WALLBOX, SWITCHING])
@pytest.mark.parametrize("seed", range(4))
def test_integers_are_the_best_of_all_choices_by_enumeration(charger, seed):
    """Every way to switch four quarter-hours, each as a linear program; the best of them is the plan."""
    rng = np.random.default_rng(seed)
    asked = problem(
        rng.uniform(0.1, 0.5, 4).round(3).tolist(),
        rng.uniform(0, 1, 4).round(2).tolist(),
        export_price=0.07,
        pv=rng.uniform(0, 7, 4).round(2).tolist(),
        charger=charger,
        car=car([True] * 4, round(float(rng.uniform(0.5, 4)), 2)),
        minutes=15,
    )
    found = search(Home(judge(asked)), open_solver("highs"), 10)
    best = min(_objective(asked, ways) for ways in itertools.product((None, *ranges_of(charger)), repeat=4))
    assert found.objective == pytest.approx(best, abs=1e-6)


def _objective(asked: Problem, ways: tuple) -> float:
    """Return the linear program's minimum with every step in a range of its own; infinite where there is none."""
    home = Home(judge(asked))
    power = home.chargers["wallbox"].charge.columns
    # A car that is full within the step stops by itself.
    most = asked.cars["wallbox"].energy_max_kwh / asked.steps.hours
    lower = np.array([min(way.least_kw, kw) if way else 0.0 for way, kw in zip(ways, most, strict=True)])
    upper = np.array([way.most_kw if way else 0.0 for way in ways])
    outcome = open_solver("highs")(
        home.program.build().with_bounds(power, lower, upper), time_limit_s=10, gap_abs=0
    )
    return outcome.objective if outcome.has_answer else np.inf


# Surplus only.


def test_car_on_surplus_never_charges_from_the_grid_whatever_it_misses():
    """20 kWh asked, 2 x 5 kWh of surplus, a dear shortfall, a free grid: 10 kWh short, and said so."""
    wants = car([True] * 3, 20, surplus_only=True, shortfall_price_per_kwh=50)
    plan = solve(problem([0.0] * 3, [1] * 3, pv=[6, 0, 6], charger=WALLBOX, car=wants))
    assert_allclose(plan.devices["wallbox"].power_kw, [5, 0, 5], atol=1e-6)
    (slack,) = plan.slacks
    assert (slack.name, slack.amount) == ("car_ready", pytest.approx(10))


def test_car_on_surplus_waits_below_the_smallest_current_and_is_not_topped_up_from_the_battery():
    """4 kW are left and 4.14 needed: 0.14 from the battery would be neither surplus nor free."""
    wants = car([True] * 2, 5, surplus_only=True)
    asked = problem([0.3] * 2, [0] * 2, pv=[4, 4.2], charger=WALLBOX, car=wants, batteries={battery(): 8})
    assert_allclose(planned(asked), [0, 4.2], atol=1e-6)


def test_car_on_surplus_waits_just_as_well_tomorrow():
    """Beyond the near window too: a mean of 2 kW is no surplus that a car could use."""
    wants = car([True] * 12, 30, surplus_only=True)
    sun = [0.0] * 6 + [2, 5, 5, 2, 0, 0]
    assert_allclose(
        planned(problem([0.3] * 12, [0] * 12, pv=sun, charger=WALLBOX, car=wants))[6:10], [0, 5, 5, 0]
    )


def test_surplus_goes_to_the_car_before_the_battery_and_the_grid():
    wants = car([True] * 2, 10, surplus_only=True)
    asked = problem(
        [0.5] * 2, [0] * 2, export_price=0.4, pv=[5, 5], charger=WALLBOX, car=wants, batteries={battery(): 0}
    )
    assert_allclose(planned(asked), [5, 5], atol=1e-6)


def test_two_cars_share_one_surplus():
    """6 kW are left: one car at a time, for two would need 8.28."""
    twin = replace(WALLBOX, id="twin")
    asked = problem([0.3] * 2, [0] * 2, pv=[6, 6], charger=WALLBOX, car=car([True] * 2, 6, surplus_only=True))
    asked = replace(
        asked,
        site=replace(asked.site, chargers=(WALLBOX, twin)),
        cars=dict.fromkeys(("wallbox", "twin"), asked.cars["wallbox"]),
    )
    plan = solve(asked)
    both = np.stack([plan.devices[id_].power_kw for id_ in ("wallbox", "twin")])
    assert_allclose(both.sum(axis=0), [6, 6], atol=1e-5)
    assert is_allowed(both, WALLBOX).all()


@pytest.mark.parametrize(
    ("price", "worth", "charged", "sun"),
    [
        (-0.1, 2.0, 4.5, 9.5),  # the kWh in the car is worth more than what the grid pays
        (-5.0, 0.01, 0.0, 0.0),  # less: the array rests, and the car waits
    ],
)
def test_array_is_not_held_back_while_a_car_charges_from_its_surplus(price, worth, charged, sun):
    """The grid pays for every kWh taken. Charging from an array at rest would be charging from the grid."""
    wants = car([True], 4.5, energy_max_kwh=4.5, surplus_only=True, shortfall_price_per_kwh=worth)
    asked = problem(
        [price], [5], export_price=price - 0.1, pv=[10], curtailable=True, charger=WALLBOX, car=wants
    )
    plan = solve(asked)
    assert_allclose(plan.devices["wallbox"].power_kw, [charged], atol=1e-5)
    assert_allclose(plan.devices["pv"].power_kw, [sun], atol=1e-5)
    assert plan.stats.binaries == (1 if charged else 0)


@pytest.mark.parametrize(("sun", "keeps"), [(11.04, True), (11.0, False)])
def test_rule_that_charges_on_plug_in_keeps_the_wish_for_surplus_only_where_there_is_enough(sun, keeps):
    """A plan is held against the rule only where the rule does what was asked."""
    wants = car([True, True], 11.04, surplus_only=True)
    inputs = judge(problem([0.3] * 2, [0] * 2, pv=[sun, 0], charger=WALLBOX, car=wants))
    assert self_consumption(inputs, {}).feasible is keeps


def test_car_on_surplus_says_what_it_waits_for():
    wants = car([True] * 4 + [False], 9, surplus_only=True)
    asked = problem(
        [0.3] * 5,
        [0] * 5,
        export_price=[0.5, 0.1, 0.1, 0.1, 0.1],
        pv=[9, 2, 9, 2, 0],
        charger=WALLBOX,
        car=wants,
    )
    cheap = replace(asked.cars["wallbox"], shortfall_price_per_kwh=0.2)
    device = solve(replace(asked, cars={"wallbox": cheap})).devices["wallbox"]
    assert [reason.key for reason in device.reasons] == [
        "car_surplus_later",  # selling earns more than what a kWh is worth to the car
        "car_surplus_wait",
        "car_surplus_charge",
        "car_needs_nothing",
        "car_away",
    ]
    assert device.reasons[1].placeholders == {"surplus_kw": 2.0, "least_kw": 4.14}
    assert device.reasons[0].placeholders == {"later": "2026-05-12T12:00:00+00:00"}
    assert device.modes[2] is Mode.CHARGE


# Windows and deadlines.


def test_two_stays_count_together_and_nothing_flows_in_between():
    """The car leaves for hour 2 and comes back: what is missing comes when it is cheapest of both stays."""
    wants = car([True, False, False, True], 15)
    assert_allclose(
        planned(problem([0.3, 0.01, 0.01, 0.1], [0] * 4, charger=WALLBOX, car=wants)),
        [3.96, 0, 0, 11.04],
        atol=0.2,
    )


def test_deadline_before_a_second_stay_is_met_in_the_first():
    wants = car([True, True, False, True], 11.04, ready_at_s=START_S + 2 * 3600)
    power = planned(problem([0.3, 0.2, 0.01, 0.01], [0] * 4, charger=WALLBOX, car=wants))
    assert_allclose(power, [0, 11.04, 0, 0], atol=1e-6)


@pytest.mark.parametrize("needed", [-5.0, 0.0])
def test_car_above_its_target_needs_nothing(needed):
    wants = replace(car([True] * 3, 1), energy_needed_kwh=needed, energy_max_kwh=10)
    plan = solve(problem([0.3] * 3, [0] * 3, charger=WALLBOX, car=wants))
    assert_allclose(plan.devices["wallbox"].power_kw, 0, atol=1e-9)
    assert plan.slacks == ()


def test_a_kwh_is_worth_to_a_car_over_equal_futures_what_it_is_worth_in_one():
    """However many futures there are, a kWh in one of them counts in that one alone."""
    loads = np.array([1.0, 2.0, 1.0, 0.0])
    asked = problem(
        [0.1, 0.3, 0.2, 0.4],
        loads.tolist(),
        charger=WALLBOX,
        car=car([True] * 4, 30, ready_at_s=START_S + 3 * 3600),
        scenarios=(Scenario(load_kw=loads, probability=1), Scenario(load_kw=loads, probability=3)),
    )
    inputs = judge(asked)
    worth = []
    for home in (Home(inputs), Home(inputs, futures(inputs))):
        found = search(home, open_solver("highs"), 10)
        value = home.chargers["wallbox"].energy.worth(found.dual_of).marginal
        worth.append([value[home.horizon.tree.step == k] for k in range(3)])
    for one, all_ in zip(*worth, strict=True):
        assert_allclose(all_, one[0], atol=1e-3)
    assert worth[0][2][0] > 0.19


# Always.


@st.composite
def charging(draw: st.DrawFn) -> Problem:
    """Return a home with sun, a battery and one of many chargers with one of many cars."""
    minutes, n = draw(
        st.sampled_from([(5, 30), (15, 24), (60, 23), (60, 25)])
    )  # 23 and 25: days of the clock change
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    charger = Charger(
        id="wallbox",
        name="Wallbox",
        phases=draw(st.sampled_from([1, 2, 3])),
        current_max_a=draw(st.sampled_from([6.0, 16.0, 32.0])),
        switches_phases=draw(st.booleans()),
        first_phase=draw(st.sampled_from([1, 2, 3])),
    )
    wants = car(
        (rng.random(n) < draw(st.sampled_from([0.5, 1.0]))).tolist(),
        0.0,
        surplus_only=draw(st.booleans()),
        ready_at_s=draw(st.sampled_from([None, START_S - 600, START_S + 5400, START_S + 9e6])),
    )
    wants = replace(
        wants,
        energy_needed_kwh=draw(st.sampled_from([-4.0, 0.0, 0.7, 9.0, 500.0])),
        energy_max_kwh=draw(st.sampled_from([-1.0, 0.2, 20.0])),
    )
    price = rng.uniform(-0.2, 0.5, n)
    limits = draw(st.booleans())
    return problem(
        price.tolist(),
        rng.uniform(-0.5, 4, n).tolist(),
        export_price=(price - draw(st.sampled_from([0.1, -0.05]))).tolist(),
        pv=(rng.uniform(-0.1, 9, n) * (rng.random(n) < 0.7)).tolist(),
        curtailable=draw(st.booleans()),
        batteries={battery(): draw(st.sampled_from([0.0, 6.0]))},
        charger=charger,
        car=wants,
        grid=Grid(fuse_a=draw(st.sampled_from([16.0, 25.0])), limits_each_phase=limits),
        steps=even_steps(START_S, n * minutes / 60, minutes),
    )


def check_charger(asked: Problem, plan: Plan) -> None:
    """Check what holds for every car that only takes."""
    charger, wants = asked.site.chargers[0], asked.cars["wallbox"]
    device, near = plan.devices["wallbox"], (np.arange(len(plan.steps)) < 24) & (_begins_h(asked) < 4)
    power, takes = device.power_kw, max(wants.energy_max_kwh, wants.energy_needed_kwh, 0)
    assert np.abs(bus_residual(plan)).max() < 1e-9
    assert power.min() >= 0
    assert power[~wants.connected].max(initial=0) == 0
    assert power @ asked.steps.hours <= takes + 1e-5
    full = power * asked.steps.hours > takes - 1e-4  # it stops by itself within the step
    assert (is_allowed(power, charger) | full)[near].all()
    counts = {0, 1, charger.phases} if charger.switches_phases else {0, charger.phases}
    assert set(device.phases.tolist()) <= counts
    assert np.array_equal(device.phases > 0, power > WATT)
    if wants.surplus_only:
        sun = plan.devices["pv"].power_kw
        left = np.maximum(sun - asked.load_kw, 0)
        assert np.all((power <= left + 1e-3)[near])


def _begins_h(asked: Problem) -> np.ndarray:
    return (asked.steps.starts_s - asked.steps.edges_s[0]) / 3600


@settings(max_examples=80, deadline=None)
@given(charging())
def test_every_car_gets_a_plan_that_its_charger_can_do(asked):
    plan = solve(asked)
    assert plan.status is PlanStatus.OK
    assert plan.stats.gap_abs <= GAP_ABS
    check_charger(asked, plan)


@settings(max_examples=30, deadline=None)
@given(charging())
def test_out_of_time_there_is_still_a_plan_that_the_charger_can_do(asked):
    """Integers that are not solved are decided the way the linear program leans."""
    home = Home(judge(asked))
    found = search(home, no_integers, 10)
    assert found.has_answer
    for choice in home.choices:
        assert not choice.broken(found.x).any()
