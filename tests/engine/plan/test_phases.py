"""The fuse of every phase: what hangs where, what gives way, and what is said of it."""

from dataclasses import replace

import cvxpy as cp
from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.errors import PlanError
from custom_components.ems.engine.plan import Plan, PlanStatus, solve
from custom_components.ems.engine.plan.components.phases import first_of, load_shares, spread
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.penalties import TIE_PER_KWH, penalties_for
from custom_components.ems.engine.plan.search import GAP_ABS, search
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.problem import Problem, Scenario
from custom_components.ems.engine.site import Battery, Charger, Grid, HybridInverter, PvArray
from custom_components.ems.engine.steps import even_steps
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, no_integers, problem

FUSED = Grid(fuse_a=20, limits_each_phase=True)  # 4.6 kW on each of three phases
SINGLE = Charger(id="wallbox", name="Wallbox", phases=1, first_phase=2, current_max_a=32)  # 1.38 to 7.36 kW


def on_phases(asked: Problem, plan: Plan) -> np.ndarray:
    """Return the net power on every phase, shape (phases, n), from what the plan publishes. [kW]."""
    grid = asked.site.grid
    net = np.outer(load_shares(asked.load_phase_shares, grid), asked.load_kw)
    for array in asked.site.pvs:
        net -= np.outer(spread(array.phases, grid), plan.devices[array.id].power_kw)
    for store in asked.site.batteries:
        net -= np.outer(spread(store.phases, grid), plan.devices[store.id].power_kw)
    for charger in asked.site.chargers:
        device = plan.devices[charger.id]
        for count in {1, charger.phases}:
            power = np.where(device.phases == count, device.power_kw, 0)
            net += np.outer(spread(first_of(charger.first_phase, count), grid), power)
    return net


@pytest.mark.parametrize(
    ("phases", "connection", "shares"),
    [
        ((), 3, (1 / 3, 1 / 3, 1 / 3)),  # nobody says: evenly
        ((2,), 3, (0, 1, 0)),
        ((1, 3), 3, (0.5, 0, 0.5)),
        ((3,), 1, (1,)),  # there is only one
        ((), 1, (1,)),
    ],
)
def test_devices_are_spread_over_the_phases_they_hang_on(phases, connection, shares):
    assert spread(phases, Grid(phases=connection)) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("first", "count", "phases"),
    [(1, 1, (1,)), (3, 1, (3,)), (1, 2, (1, 2)), (3, 2, (1, 3)), (2, 3, (1, 2, 3))],
)
def test_chargers_take_the_phases_that_follow_their_first(first, count, phases):
    assert first_of(first, count) == phases


def test_car_on_one_phase_leaves_its_fuse_what_the_load_needs():
    """3 kW of load are 1 kW on phase 2: of its 4.6 kW the car gets 3.6."""
    wants = car([True] * 2, 20, ready_at_s=START_S + 7200)
    plan = solve(problem([0.3, 0.1], [3, 3], charger=SINGLE, car=wants, grid=FUSED))
    assert_allclose(plan.devices["wallbox"].power_kw, [3.6, 3.6], atol=1e-6)
    assert [(s.name, s.amount) for s in plan.slacks] == [("car_ready", pytest.approx(12.8))]
    assert plan.binding == ("phase_limit", "phase_limit")
    assert plan.binding_value_per_kwh[0] > 2


def test_the_same_car_without_limits_on_phases_charges_at_its_largest_current():
    wants = car([True] * 2, 14.72)
    plan = solve(
        problem([0.3, 0.1], [3, 3], charger=SINGLE, car=wants, grid=replace(FUSED, limits_each_phase=False))
    )
    assert_allclose(plan.devices["wallbox"].power_kw, [7.36, 7.36], atol=1e-6)


def test_load_that_leans_on_one_phase_takes_the_car_s_place_there():
    """Of 4 kW, 3 are on phase 2, where the car hangs; on phase 1 it would have more room."""
    wants = car([True], 5)
    asked = problem([0.3], [4], charger=SINGLE, car=wants, grid=FUSED, load_phase_shares=(0.125, 0.75, 0.125))
    assert_allclose(solve(asked).devices["wallbox"].power_kw, [1.6], atol=1e-6)
    other = replace(asked, site=replace(asked.site, chargers=(replace(SINGLE, first_phase=1),)))
    assert_allclose(solve(other).devices["wallbox"].power_kw, [4.1], atol=1e-6)


def test_car_on_three_phases_is_held_by_the_fullest_of_them():
    """2.5 kW on phase 1 leave 2.1 there: 6.3 kW in all, although the others could carry 4.6 each."""
    asked = problem(
        [0.3], [2.5], charger=WALLBOX, car=car([True], 20), grid=FUSED, load_phase_shares=(1, 0, 0)
    )
    assert_allclose(solve(asked).devices["wallbox"].power_kw, [6.3], atol=1e-6)


def test_switching_car_charges_on_three_phases_where_one_is_too_full_and_on_one_where_the_others_are():
    """Its phase is free and the others full: on one phase 3.68 kW; its phase full: none, on one or on three."""
    spec = replace(WALLBOX, switches_phases=True, first_phase=2)
    asked = problem(
        [0.3], [9], charger=spec, car=car([True], 20), grid=FUSED, load_phase_shares=(0.5, 0, 0.5)
    )
    device = solve(asked).devices["wallbox"]
    assert_allclose(device.power_kw, [3.68], atol=1e-6)
    assert device.phases.tolist() == [1]
    even = solve(replace(asked, load_kw=np.array([6.0]), load_phase_shares=())).devices["wallbox"]
    assert_allclose(even.power_kw, [7.8], atol=1e-6)
    assert even.phases.tolist() == [3]


def test_overloaded_phase_is_named_and_planned_all_the_same():
    plan = solve(problem([0.3] * 2, [2, 8], grid=FUSED, load_phase_shares=(0.2, 0.7, 0.1)))
    assert plan.status is PlanStatus.OK
    (slack,) = plan.slacks
    assert (slack.name, slack.component, slack.unit) == ("phase_limit", "L2", "kW")
    assert slack.amount == pytest.approx(1)
    assert (slack.first_step, slack.last_step) == (1, 1)
    assert slack.cost > 0


def test_sun_on_one_phase_is_held_back_where_its_fuse_is_full():
    """A fuse does not care which way the current flows."""
    array = PvArray(id="pv", name="Roof", peak_kw=10, curtailable=True, phases=(3,))
    asked = problem([0.3], [0.3], export_price=0.1, pv=[8], curtailable=True, grid=FUSED)
    plan = solve(replace(asked, site=replace(asked.site, pvs=(array,))))
    assert_allclose(plan.devices["pv"].power_kw, [4.7], atol=1e-6)
    assert plan.slacks == ()


def test_sun_that_cannot_be_held_back_counts_on_its_phase():
    array = PvArray(id="pv", name="Roof", peak_kw=10, phases=(3,))
    asked = problem([0.3], [0.3], pv=[8], grid=FUSED)
    (slack,) = solve(replace(asked, site=replace(asked.site, pvs=(array,)))).slacks
    assert (slack.component, slack.amount) == ("L3", pytest.approx(8 - 0.1 - 4.6))


def test_battery_gives_its_reserve_before_the_fuse_of_its_phase_is_overloaded():
    store = battery(soc_min=0.5, phases=(1,))
    asked = problem([0.3, 0.3], [6, 0], batteries={store: 5}, grid=FUSED, load_phase_shares=(1, 0, 0))
    plan = solve(asked)
    assert plan.devices["battery"].power_kw[0] == pytest.approx(1.4)
    assert [s.name for s in plan.slacks] == ["soc_min"]


def test_rows_are_written_only_where_a_fuse_could_be_reached():
    """4.6 kW are out of reach of 3 kW of load with a car of 7.36 kW on phase 2: two phases have no row."""
    asked = problem([0.3] * 4, [3] * 4, charger=SINGLE, car=car([True, True, False, False], 5), grid=FUSED)
    rows = Home(judge(asked)).program.build().rows
    sizes = {name: block.stop - block.start for name, block in rows.items() if name.startswith("phases.")}
    assert sizes["phases.L2.import"] == 2
    assert sum(sizes.values()) == 2


@pytest.mark.parametrize(
    ("shares", "named"),
    [((0.5, 0.5), "number of load_phase_shares"), ((0.5, -0.1, 0.6), r"load_phase_shares\[1\]")],
)
def test_shares_that_cannot_be_are_refused_by_name(shares, named):
    with pytest.raises(PlanError, match=named):
        solve(problem([0.3], [1], grid=FUSED, load_phase_shares=shares))


@pytest.mark.parametrize("kind", [Battery, PvArray])
def test_phase_that_no_connection_has_is_refused(kind):
    sizes = (
        {"capacity_kwh": 5, "charge_max_kw": 2, "discharge_max_kw": 2} if kind is Battery else {"peak_kw": 5}
    )
    with pytest.raises(PlanError, match="phases"):
        kind(id="one", name="One", phases=(4,), **sizes)


@st.composite
def wired(draw: st.DrawFn) -> Problem:
    """Return a home whose devices hang on any phases of any connection."""
    n = 12
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    phases = st.sampled_from([(), (1,), (3,), (1, 2)])
    count = draw(st.sampled_from([1, 3]))
    spec = Charger(
        id="wallbox",
        name="Wallbox",
        phases=draw(st.sampled_from([1, 2, 3])),
        first_phase=draw(st.sampled_from([1, 2, 3])),
        switches_phases=draw(st.booleans()),
        discharge_max_kw=draw(st.sampled_from([0.0, 5.0])),
    )
    asked = problem(
        rng.uniform(-0.1, 0.5, n).tolist(),
        rng.uniform(0, 9, n).tolist(),
        export_price=0.06,
        pv=(rng.uniform(0, 9, n) * (rng.random(n) < 0.5)).tolist(),
        batteries={battery(phases=draw(phases), charge_efficiency=0.9): 4.0},
        charger=spec,
        car=car((rng.random(n) < 0.7).tolist(), 12, energy_spare_kwh=4, surplus_only=draw(st.booleans())),
        grid=Grid(phases=count, fuse_a=draw(st.sampled_from([10.0, 20.0, 63.0])), limits_each_phase=True),
        load_phase_shares=draw(st.sampled_from([(), (3, 1, 0)])) if count == 3 else (),
        minutes=15,
        steps=even_steps(START_S, 3, 15),
    )
    array = replace(asked.site.pvs[0], phases=draw(phases), curtailable=draw(st.booleans()))
    return replace(asked, site=replace(asked.site, pvs=(array,)))


@settings(max_examples=60, deadline=None)
@given(wired())
def test_every_phase_keeps_to_its_fuse_or_is_named(asked):
    plan = solve(asked)
    net = on_phases(asked, plan)
    assert plan.status is PlanStatus.OK
    assert plan.stats.gap_abs <= GAP_ABS
    assert_allclose(net.sum(axis=0), plan.import_kw - plan.export_kw, atol=1e-6)
    over = {slack.component: slack.amount for slack in plan.slacks if slack.name == "phase_limit"}
    for phase, kw in enumerate(net, start=1):
        worst = float(np.abs(kw).max()) - asked.site.grid.phase_max_kw
        assert worst <= over.get(f"L{phase}", 0.0) + 2e-3


def oracle(asked: Problem) -> float:
    """Return the least cost of a home with sun, a battery and a car of one phase, phase by phase."""
    grid, h, n = asked.site.grid, asked.steps.hours, len(asked.steps)
    i, x, c, d, p = (cp.Variable(n, nonneg=True) for _ in range(5))
    store, wants, spec = asked.site.batteries[0], asked.cars["wallbox"], asked.site.chargers[0]
    e = cp.cumsum(cp.multiply(h, c - d)) + asked.batteries["battery"].energy_kwh
    sun, limit = asked.pv_available_kw["pv"], 3 * penalties_for(asked).limit
    cost = h @ (cp.multiply(asked.import_price_per_kwh, i) - cp.multiply(asked.export_price_per_kwh, x))
    got = h @ p
    cost += 2 * wants.shortfall_price_per_kwh * cp.pos(wants.energy_needed_kwh - got)
    worth = Home(judge(asked)).end_values["battery"]
    first, second, width = *worth.per_kwh, worth.widths_kwh[0]
    cost -= cp.minimum(first * e[-1], first * width + second * (e[-1] - width))
    for phase in range(3):
        car_here = float(spec.first_phase == phase + 1)
        store_here = float(phase + 1 in store.phases) / len(store.phases)
        net = asked.load_kw / 3 - sun / 3 + store_here * (c - d) + car_here * p
        cost += limit * h @ (cp.pos(net - grid.phase_max_kw) + cp.pos(-net - grid.phase_max_kw))
    rows = [
        i - x == asked.load_kw - sun + c - d + p,
        c <= store.charge_max_kw,
        d <= store.discharge_max_kw,
        e >= 0,
        e <= store.capacity_kwh,
        p <= spec.power_max_kw * wants.connected,
        got <= max(wants.energy_max_kwh, wants.energy_needed_kwh),
        i <= 40,
        x <= 40,
    ]
    return float(cp.Problem(cp.Minimize(cost), rows).solve(solver="CLARABEL"))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(0.05, 0.6), min_size=5, max_size=5),
    st.lists(st.floats(0, 20), min_size=5, max_size=5),
    st.lists(st.floats(0, 14), min_size=5, max_size=5),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([(1,), (1, 3)]),
)
def test_an_independent_formulation_agrees(price, load, sun, first, phases):
    asked = problem(
        price,
        load,
        export_price=0.02,
        pv=sun,
        batteries={battery(phases=phases): 4.0},
        charger=replace(SINGLE, first_phase=first),
        car=car([True, True, False, True, True], 15),
        grid=replace(FUSED, import_max_kw=40, export_max_kw=40),
    )
    found = open_solver("highs")(Home(judge(asked)).program.build(), time_limit_s=10, gap_abs=0)
    assert found.objective == pytest.approx(oracle(asked), abs=TIE_PER_KWH * 300 + 1e-4)


@settings(max_examples=30, deadline=None)
@given(wired())
def test_out_of_time_the_fuses_are_still_kept_or_named(asked):
    home = Home(judge(asked))
    found = search(home, no_integers, 10)
    assert found.has_answer
    for choice in home.choices:
        assert not choice.broken(found.x).any()


def test_hybrid_inverter_hangs_where_what_is_behind_it_does():
    """Its battery may give 3 kW on phase 1, where 6 kW of load meet a fuse of 4.6."""
    store = battery(phases=(1,), soc_min=0.5)
    asked = problem([0.3, 0.3], [6, 0], batteries={store: 9}, grid=FUSED, load_phase_shares=(1, 0, 0))
    inverter = HybridInverter(id="hybrid", name="Hybrid", battery_ids=("battery",), ac_max_kw=3)
    plan = solve(replace(asked, site=replace(asked.site, inverters=(inverter,))))
    assert plan.slacks == ()
    assert plan.import_kw[0] <= 4.6 + 1e-6


def test_scenarios_are_held_to_the_fuses_too():
    """The trunk suits every future, and each future keeps its own phases."""
    asked = problem(
        [0.3, 0.1, 0.2, 0.4],
        [2] * 4,
        pv=[0, 4, 4, 0],
        batteries={battery(phases=(2,)): 4},
        charger=SINGLE,
        car=car([True] * 4, 12),
        grid=FUSED,
        scenarios=tuple(
            Scenario(load_kw=np.full(4, kw), pv_available_kw={"pv": np.array([0, sun, sun, 0.0])})
            for kw, sun in ((1.0, 8.0), (6.0, 0.0), (9.0, 2.0))
        ),
    )
    plan = solve(asked)
    assert plan.status is PlanStatus.OK
    assert plan.slacks == ()
    assert np.abs(on_phases(asked, plan)).max() <= 4.6 + 1e-3
