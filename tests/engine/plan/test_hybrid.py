"""A hybrid inverter: sun that goes into the battery without passing it, a limit that both share, one way at a time."""

from dataclasses import replace
from time import perf_counter

import cvxpy as cp
from hypothesis import given, settings
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import Mode, PlanStatus, Reason, solve
from custom_components.ems.engine.plan.baseline import self_consumption
from custom_components.ems.engine.plan.components.dc_bus import seen_from_home
from custom_components.ems.engine.plan.fallback import by_rule
from custom_components.ems.engine.plan.home import Home, end_values
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.penalties import TIE_PER_KWH, penalties_for
from custom_components.ems.engine.plan.search import GAP_ABS, _settle, _Tally, relax
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.problem import BatteryState, Scenario
from custom_components.ems.engine.site import Battery, Grid, PvArray
from tests.engine.plan.homes import battery, bus_residual, homes, problem
from tests.engine.plan.hybrids import dc_residual, hybrid_home, hybrid_homes, inverter

LOSSY = inverter(dc_to_ac_efficiency=0.9, ac_to_dc_efficiency=0.8)


def reasons(plan, id_):
    return [reason.key for reason in plan.devices[id_].reasons]


def test_sun_goes_into_the_battery_without_passing_the_inverter():
    """2 kWh of sun are stored whole; an hour later 2 kWh leave the battery and 1.8 reach the home."""
    plan = solve(hybrid_home([0.3, 0.4], [0, 1.8], pv=[2, 0], behind=LOSSY))
    assert_allclose(plan.devices["battery"].power_kw, [-2, 2], atol=1e-6)
    assert_allclose(plan.devices["hybrid"].power_kw, [0, 1.8], atol=1e-6)
    assert_allclose(plan.import_kw, 0, atol=1e-6)
    assert reasons(plan, "hybrid") == ["inverter_idle", "inverter_gives"]
    assert {id_: device.bus for id_, device in plan.devices.items()} == {
        "battery": "hybrid",
        "pv": "hybrid",
        "hybrid": "",
    }


def test_charging_from_the_grid_loses_on_the_way_in_and_on_the_way_out():
    """1 kWh drawn for 0.10 stores 0.8 and covers 0.72 for 0.40: it pays. At 0.30 a kWh drawn it would not."""
    store = {battery(charge_max_kw=0.8): 0}
    plan = solve(hybrid_home([0.10, 0.40], [0, 5], battery_now=store, behind=LOSSY))
    assert_allclose(plan.devices["hybrid"].power_kw, [-1, 0.72], atol=1e-6)
    assert_allclose(plan.devices["battery"].power_kw, [-0.8, 0.8], atol=1e-6)
    assert reasons(plan, "hybrid")[0] == "inverter_takes"
    assert plan.expected_cost == pytest.approx(0.10 + (5 - 0.72) * 0.40)
    dear = solve(hybrid_home([0.30, 0.40], [0, 5], battery_now=store, behind=LOSSY))
    assert_allclose(dear.devices["hybrid"].power_kw, 0, atol=1e-6)


def test_values_by_hand():
    """A stored kWh saves 0.9 kWh at 0.40: 0.36. On the home's bus a kWh is worth what the grid asks."""
    store = {battery(charge_max_kw=0.8): 0}
    plan = solve(hybrid_home([0.10, 0.40], [1, 5], battery_now=store, behind=LOSSY))
    assert_allclose(plan.devices["battery"].marginal_value_per_kwh, [0.36, 0.36], atol=3e-4)
    assert_allclose(plan.marginal_value_per_kwh, [0.10, 0.40], atol=2e-4)


def test_reason_compares_prices_at_the_meter():
    """What is drawn for 0.10 is worth 0.8·0.9·0.40 = 0.288 in the evening."""
    store = {battery(charge_max_kw=0.8): 0}
    device = solve(hybrid_home([0.10, 0.40], [0, 5], battery_now=store, behind=LOSSY)).devices["battery"]
    assert device.modes[0] is Mode.CHARGE
    assert device.reasons[0].placeholders["value"] == pytest.approx(0.288, abs=1e-3)
    # What leaves the battery is worth 0.36 there and 0.40 at the meter, which is what the grid asks: no more later.
    assert device.reasons[1] == Reason(key="cover_even", placeholders={"price": 0.4})


def test_sun_is_stored_where_selling_it_earns_less_after_the_inverters_loss():
    """0.36 after its way out tonight beats 0.39·0.9 = 0.351 now, and so does keeping one more for 0.3975·0.9.

    Both are said per kWh at the meter: 0.3975 against 0.39.
    """
    asked = hybrid_home([0.395, 0.4], [0, 1.8], export_price=[0.39, 0.1], pv=[2, 0], behind=LOSSY)
    device = solve(asked).devices["battery"]
    assert_allclose(device.power_kw, [-2, 2], atol=1e-6)
    assert device.reasons[0].key in {"store_surplus", "hold_store_surplus"}
    assert device.reasons[0].placeholders["price"] == pytest.approx(0.39)
    assert device.reasons[0].placeholders["value"] == pytest.approx(0.3975, abs=1e-3)


def test_sun_and_battery_share_the_inverter():
    """3 kW of sun leave 2 of 5 kW for the battery, however dear the hour."""
    store = {battery(charge_max_kw=0): 10}
    plan = solve(hybrid_home([0.9, 0.1], [9, 0], battery_now=store, pv=[3, 0]))
    assert_allclose(plan.devices["hybrid"].power_kw[0], 5)
    assert_allclose(plan.devices["battery"].power_kw[0], 2)
    assert reasons(plan, "hybrid")[0] == "inverter_full"
    assert plan.devices["hybrid"].reasons[0].placeholders == {"limit_kw": 5.0}
    assert plan.binding[0] == "hybrid.ac_max"
    assert plan.binding_value_per_kwh[0] > 0.1


@pytest.mark.parametrize("curtailable", [True, False])
def test_what_neither_battery_nor_inverter_can_take_is_lost_without_an_order(curtailable):
    """8 kW of sun: 5 go out, 1 into the battery, 2 nowhere."""
    plan = solve(
        hybrid_home(
            [0.3],
            [0],
            export_price=0.1,
            pv=[8],
            curtailable=curtailable,
            battery_now={battery(charge_max_kw=1): 0},
        )
    )
    device = plan.devices["pv"]
    assert device.power_kw[0] == pytest.approx(6)
    assert device.available_kw[0] == 8
    assert device.modes == (Mode.AUTOMATIC,)
    assert reasons(plan, "pv") == ["pv_clipped_by_inverter"]
    assert plan.slacks == ()


def test_array_that_takes_orders_is_held_back_where_feeding_in_costs_money():
    plan = solve(hybrid_home([0.3], [1], export_price=-0.05, pv=[3], curtailable=True, battery_now={}))
    assert_allclose(plan.devices["hybrid"].power_kw, [1], atol=1e-6)
    assert plan.devices["pv"].modes == (Mode.LIMIT,)
    assert reasons(plan, "pv") == ["pv_limit_price"]


def test_array_that_takes_none_is_not():
    """It gives what the inverter can carry, at a price: planning otherwise would be wishing."""
    plan = solve(hybrid_home([0.3], [1], export_price=-0.05, pv=[3], battery_now={}))
    assert_allclose(plan.devices["hybrid"].power_kw, [3], atol=1e-6)
    assert plan.export_kw[0] == pytest.approx(2)


def test_array_that_takes_no_orders_loses_nothing_while_the_inverter_is_not_full():
    """Storing 1 kWh pays; letting the 5 kW inverter carry less than it could meanwhile is not for the plan to choose.

    7 kW of sun: 1 is stored, 5 must go out at a loss, 1 is lost.
    """
    plan = solve(
        hybrid_home(
            [0.3, 0.3],
            [0, 1],
            export_price=-0.1,
            pv=[7, 0],
            battery_now={battery(charge_max_kw=1): 0},
        )
    )
    assert plan.devices["hybrid"].power_kw[0] == pytest.approx(5)
    assert plan.devices["pv"].power_kw[0] == pytest.approx(6)
    assert plan.stats.binaries


def test_no_export_and_sun_that_takes_no_orders_is_reported_as_without_an_inverter():
    asked = hybrid_home([0.3], [1], pv=[3], battery_now={}, grid=Grid(export_max_kw=0))
    plan = solve(asked)
    assert [(slack.name, slack.amount) for slack in plan.slacks] == [("export_limit", pytest.approx(2))]


def test_connection_that_is_full_of_own_sun_leaves_nothing_to_discharge():
    """Cycling the battery to burn sunshine would wear it for nothing."""
    store = {battery(capacity_kwh=2, charge_efficiency=0.8): 0}
    grid = Grid(export_max_kw=2)
    plan = solve(hybrid_home([0.3] * 6, [0] * 6, pv=[4] * 6, battery_now=store, grid=grid))
    assert plan.devices["battery"].power_kw.max() == 0
    assert plan.devices["battery"].energy_kwh[-1] == pytest.approx(2)


def test_battery_goes_above_its_ceiling_rather_than_feed_in_what_may_not_be():
    """As it would beside the inverter: 3 kW that nobody can hold back are stored above the 80 % that people want."""
    asked = hybrid_home([0.3], [0], pv=[2], battery_now={battery(soc_max=0.8): 8}, grid=Grid(export_max_kw=0))
    plan = solve(asked)
    assert [slack.name for slack in plan.slacks] == ["soc_max"]
    assert plan.export_kw[0] == pytest.approx(0, abs=1e-6)


def test_sun_that_does_not_fit_is_stored_though_the_connection_is_overloaded():
    """Charging on top of an overload never helps; sun that cannot get out is none."""
    plan = solve(hybrid_home([0.3, 0.3], [20, 0], pv=[8, 0], grid=Grid(import_max_kw=10)))
    assert plan.devices["battery"].power_kw[0] == pytest.approx(-3)
    assert plan.devices["hybrid"].power_kw[0] == pytest.approx(5)


def test_way_out_stays_open_for_sun_that_a_full_battery_cannot_take():
    """Without time for integers the weaker ways are closed: charging in, discharging out; the sun needs one."""
    store = {battery(charge_efficiency=0.9, discharge_efficiency=0.9): 10}
    asked = hybrid_home([-1.0], [0], export_price=-1.02, pv=[1], battery_now=store, behind=LOSSY)
    home, solver = Home(judge(asked)), open_solver("highs")
    tally = _Tally(solver=solver, deadline=perf_counter() + 30)
    model = tally.build(home)
    lean = tally.solve(model, GAP_ABS).x
    into, out = home.hybrids["hybrid"].draw.value(lean)[0], home.hybrids["hybrid"].give.value(lean)[0]
    assert into > out > 0, "it would lean to closing the way out"
    assert _settle(home, tally, model, bound=0.0).has_answer


def test_inverter_never_carries_both_ways_to_burn_energy():
    """At -0.20 a kWh every loss earns, and in and out at once would lose most: 1 kWh is stored, and that is all."""
    asked = hybrid_home([-0.2] * 3, [0] * 3, export_price=-0.4, battery_now={battery(): 9}, behind=LOSSY)
    plan = solve(asked)
    assert np.abs(dc_residual(asked, plan)).max() < 1e-9
    assert_allclose(plan.import_kw.sum(), 1 / 0.8, atol=1e-5)
    assert plan.stats.binaries


def test_battery_seen_from_home_carries_the_inverters_losses():
    """0.9·0.9 out, 0.8·0.9 in; wear per kWh that reaches the home."""
    spec = seen_from_home(battery(charge_efficiency=0.9, discharge_efficiency=0.9, wear_per_kwh=0.09), LOSSY)
    assert spec.charge_efficiency == pytest.approx(0.72)
    assert spec.discharge_efficiency == pytest.approx(0.81)
    assert spec.wear_per_kwh == pytest.approx(0.1)


def test_stored_energy_at_the_end_is_worth_what_reaches_the_home():
    """Half of it is lost on the way out: what is left at the end counts for half."""
    one = end_values(judge(problem([0.3], [5], batteries={battery(): 1})))["battery"]
    half = inverter(dc_to_ac_efficiency=0.5)
    other = end_values(judge(hybrid_home([0.3], [5], battery_now={battery(): 1}, behind=half)))["battery"]
    assert other.per_kwh[0] == pytest.approx(one.per_kwh[0] / 2)


def test_rule_by_hand():
    """6 kW of sun for 2 kW of load: the surplus of 4 into the battery but for 1 it cannot take; then it covers."""
    store = {battery(charge_max_kw=3): 0}
    asked = hybrid_home([0.3] * 2, [2, 2.7], pv=[6, 0], export_price=0.1, battery_now=store, behind=LOSSY)
    rule = self_consumption(judge(asked), {"battery": end_values(judge(asked))["battery"]})
    # 5 kW could go out; the 2 the home needs take 2/0.9 of the sun, 3 are stored, the rest is sold.
    assert_allclose(rule.battery_kw["battery"], [-3, 3])
    assert_allclose(rule.inverter_kw["hybrid"], [2.7, 2.7])
    assert_allclose(rule.pv_kw["pv"], [6, 0])
    assert_allclose(rule.export_kw, [0.7, 0])
    assert rule.feasible


def test_rule_stores_sun_that_does_not_fit_through_the_inverter():
    asked = hybrid_home([0.3], [9], pv=[8], battery_now={battery(charge_max_kw=2): 0})
    rule = self_consumption(judge(asked), end_values(judge(asked)))
    assert_allclose(rule.battery_kw["battery"], [-2])
    assert_allclose(rule.pv_kw["pv"], [7])
    assert_allclose(rule.import_kw, [4])


def test_rule_charges_from_an_array_beside_the_inverter():
    """2 kW of AC surplus pass the inverter: 1.6 arrive."""
    asked = hybrid_home([0.3], [-2], behind=LOSSY)
    rule = self_consumption(judge(asked), end_values(judge(asked)))
    assert_allclose(rule.inverter_kw["hybrid"], [-2])
    assert_allclose(rule.battery_kw["battery"], [-1.6])


def test_rule_loses_the_sun_of_arrays_first_that_could_be_held_back():
    """8 kW through 5: 3 of the 4 kW of the array that takes orders are lost, the other gives all."""
    asked = hybrid_home([0.3], [9], pv=[4], battery_now={})
    arrays = (*asked.site.pvs, PvArray(id="east", name="East", peak_kw=5, curtailable=True))
    behind = inverter(battery_ids=(), pv_ids=("pv", "east"))
    sun = {**asked.pv_available_kw, "east": np.array([4.0])}
    asked = replace(asked, site=replace(asked.site, pvs=arrays, inverters=(behind,)), pv_available_kw=sun)
    rule = self_consumption(judge(asked), {})
    assert_allclose(rule.pv_kw["pv"], [4])
    assert_allclose(rule.pv_kw["east"], [1])


def test_rule_holds_back_no_more_than_comes_out():
    """2 kW are left of 5 after the battery's 3; holding back more would not lessen what flows in from elsewhere."""
    grid, store = Grid(export_max_kw=0), {battery(charge_max_kw=3): 0}
    asked = hybrid_home([0.3], [-3], pv=[5], curtailable=True, battery_now=store, grid=grid)
    rule = self_consumption(judge(asked), end_values(judge(asked)))
    assert_allclose(rule.inverter_kw["hybrid"], [0])
    assert_allclose(rule.pv_kw["pv"], [3])
    assert_allclose(rule.export_kw, [3])


def test_fallback_tells_the_inverter_too():
    asked = hybrid_home([0.3] * 2, [2, 2], pv=[9, 0], battery_now={battery(charge_max_kw=1): 0})
    inputs, worth = judge(asked), end_values(judge(asked))
    plan = by_rule(
        inputs, self_consumption(inputs, worth), worth, reasons=(), stats=solve(asked).stats, now_s=0.0
    )
    assert np.abs(bus_residual(plan)).max() < 1e-9
    assert np.abs(dc_residual(asked, plan)).max() < 1e-9
    assert plan.devices["pv"].modes == (Mode.AUTOMATIC,) * 2


def test_inverter_with_nothing_behind_it_and_one_with_a_silent_battery():
    empty = hybrid_home([0.3], [1], battery_now={}, behind=inverter(battery_ids=(), pv_ids=()))
    assert solve(empty).devices["hybrid"].power_kw[0] == 0
    silent = {battery(): BatteryState(energy_kwh=5, available=False)}
    plan = solve(hybrid_home([0.3], [1], battery_now=silent, pv=[2]))
    assert_allclose(plan.devices["hybrid"].power_kw, [2])
    assert plan.devices["battery"].modes == (Mode.AUTOMATIC,)


def test_scenarios_of_a_hybrid_home_are_planned():
    asked = hybrid_home(
        [0.1, 0.2, 0.4, 0.3], [1] * 4, pv=[0, 5, 8, 0], battery_now={battery(): 3}, behind=LOSSY
    )
    futures = tuple(
        Scenario(load_kw=asked.load_kw * factor, pv_available_kw={"pv": asked.pv_available_kw["pv"] / factor})
        for factor in (0.5, 1.0, 2.0)
    )
    plan = solve(replace(asked, scenarios=futures, site=replace(asked.site, risk_weight=0.3)))
    assert plan.status is PlanStatus.OK
    assert np.abs(dc_residual(asked, plan)).max() < 1e-9


def check_physics(asked, plan):
    """Check what no plan may break, whatever was asked."""
    (one,) = asked.site.inverters
    ac = plan.devices[one.id].power_kw
    assert np.abs(bus_residual(plan)).max() < 1e-9
    assert np.abs(dc_residual(asked, plan)).max() < 1e-9
    assert np.abs(ac).max() <= one.ac_max_kw + 1e-5
    assert np.minimum(plan.import_kw, plan.export_kw).max() == 0
    for spec in asked.site.batteries:
        device = plan.devices[spec.id]
        assert device.power_kw.max() <= spec.discharge_max_kw + 1e-6
        assert device.power_kw.min() >= -spec.charge_max_kw - 1e-6
    for spec in asked.site.pvs:
        device = plan.devices[spec.id]
        lost = device.power_kw < device.available_kw - 1e-3
        assert np.all(device.power_kw <= device.available_kw + 1e-6)
        if not spec.curtailable:
            assert not np.any(lost & (ac < one.ac_max_kw - 1e-3))
            assert set(device.modes) == {Mode.AUTOMATIC}
        if device.bus:
            assert device.power_kw.min() >= -1e-6


@settings(max_examples=60, deadline=None)
@given(hybrid_homes())
def test_there_is_a_plan_whatever_is_measured(asked):
    plan = solve(asked)
    assert plan.status is PlanStatus.OK
    assert plan.stats.gap_abs <= GAP_ABS
    check_physics(asked, plan)


@settings(max_examples=25, deadline=None)
@given(hybrid_homes(prices=(-0.8, -0.1)))
def test_energy_is_never_burnt_for_money(asked):
    check_physics(asked, solve(asked))


@settings(max_examples=40, deadline=None)
@given(hybrid_homes(sane=True))
def test_plan_is_never_dearer_than_the_rule_where_that_keeps_every_wish(asked):
    inputs = judge(asked)
    rule = self_consumption(inputs, Home(inputs).end_values)
    sold = asked.load_kw - rule.import_kw + rule.export_kw
    beside = rule.pv_kw["own"] + rule.battery_kw["beside"] + rule.inverter_kw["hybrid"]
    assert_allclose(sold, beside, atol=1e-9)
    if rule.feasible:
        assert solve(asked).expected_cost <= rule.costs.total + GAP_ABS + 0.002


@settings(max_examples=40, deadline=None)
@given(hybrid_homes(prices=(-0.8, 0.3)))
def test_without_time_for_integers_there_is_still_a_plan(asked):
    """Closing ways one by one never closes the last."""
    home, solver = Home(judge(asked)), open_solver("highs")
    tally = _Tally(solver=solver, deadline=perf_counter() + 30)
    settled = _settle(home, tally, tally.build(home), bound=0.0)
    assert settled.has_answer
    assert not any(choice.broken(settled.x).any() for choice in home.choices)
    assert relax(Home(judge(asked)), solver, 30).has_answer


@settings(max_examples=25, deadline=None)
@given(hybrid_homes(sane=True, below=True, prices=(0.02, 0.6)))
def test_larger_battery_and_larger_inverter_never_cost_more(asked):
    """Floor and start stay where they are in kWh."""
    spec, beside = asked.site.batteries
    behind = asked.site.inverters[0]
    larger = replace(spec, capacity_kwh=2 * spec.capacity_kwh, soc_min=spec.soc_min / 2)
    more = replace(behind, ac_max_kw=behind.ac_max_kw + 2)
    cost = solve(asked).expected_cost
    for site in (
        replace(asked.site, batteries=(larger, beside)),
        replace(asked.site, inverters=(more,)),
    ):
        assert solve(replace(asked, site=site)).expected_cost <= cost + GAP_ABS + 0.002


@settings(max_examples=40, deadline=None)
@given(homes(sane=False))
def test_inverter_that_loses_nothing_and_carries_everything_is_none(asked):
    """The same home with its battery and array behind one, at any price and from any energy: the same cost."""
    asked = replace(asked, pv_available_kw={"pv": np.maximum(asked.pv_available_kw["pv"], 0)}, cars={})
    ample = inverter(ac_max_kw=100.0)
    behind = replace(asked, site=replace(asked.site, inverters=(ample,)))
    one, other = solve(asked), solve(behind)
    assert other.stats.objective == pytest.approx(one.stats.objective, abs=GAP_ABS + 0.01)
    if asked.load_kw.min() >= 0:  # the rule fills a battery from its own sun before it takes from elsewhere
        assert_allclose(other.baseline_cost, one.baseline_cost, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(hybrid_homes(sane=True, below=True, prices=(0.02, 0.6)))
def test_value_of_a_stored_kwh_is_what_more_energy_changes(asked):
    """By solving again with another measured energy: no dual involved."""
    (spec, _), step, plan = asked.site.batteries, 1e-3, solve(asked)
    device, now = plan.devices[spec.id], asked.batteries[spec.id]

    def objective(change: float) -> float:
        changed = {**asked.batteries, spec.id: replace(now, energy_kwh=now.energy_kwh + change)}
        return solve(replace(asked, batteries=changed)).stats.objective

    if spec.charge_curve or not 1 + step < now.energy_kwh < 10 - step:
        return  # a curve sees the mean of a step: see test_curve
    gained, lost = (objective(0) - objective(step)) / step, (objective(-step) - objective(0)) / step
    assert gained == pytest.approx(device.import_value_per_kwh[0], abs=1e-3)
    assert lost == pytest.approx(device.export_value_per_kwh[0], abs=1e-3)


class Oracle:
    """A home with a hybrid inverter in CVXPY, from the equations in docs/components, step by step."""

    def __init__(self, asked) -> None:
        self.asked, self.h, self.n = asked, asked.steps.hours, len(asked.steps)
        self.behind = asked.site.inverters[0]
        self.penalties = penalties_for(asked)
        self.cost, self.rows = 0.0, []
        self.bus = [-asked.load_kw[k] for k in range(self.n)]
        self.dc = [0.0] * self.n
        for spec in asked.site.batteries:
            self._battery(spec, asked.batteries[spec.id].energy_kwh)
        self._sun()
        for k in range(self.n):
            self._inverter_and_grid(k)

    def minimum(self) -> float:
        return float(cp.Problem(cp.Minimize(self.cost), self.rows).solve(solver="CLARABEL"))

    def _battery(self, spec: Battery, e) -> None:
        side = self.dc if spec.id in self.behind.battery_ids else self.bus
        worth, floor = end_values(judge(self.asked))[spec.id], spec.soc_min * spec.capacity_kwh
        for k in range(self.n):
            c, d = cp.Variable(nonneg=True), cp.Variable(nonneg=True)
            after = e + self.h[k] * (spec.charge_efficiency * c - d / spec.discharge_efficiency)
            self.rows += [c <= spec.charge_max_kw, d <= spec.discharge_max_kw]
            self.rows += [after >= floor, after <= spec.capacity_kwh]
            for (a, high), (b, low) in zip(spec.charge_curve, spec.charge_curve[1:], strict=False):
                soc = (e + after) / 2 / spec.capacity_kwh
                self.rows.append(c <= high + (low - high) / (b - a) * (soc - a))
            self.cost += self.h[k] * spec.wear_per_kwh * d
            side[k] += d - c
            e = after
        (first, second), width = worth.per_kwh, worth.widths_kwh[0]
        self.cost -= cp.minimum(first * e, first * width + second * (e - width))

    def _sun(self) -> None:
        """Nothing here is worth losing: feeding in earns at least nothing, so that orders do not matter."""
        for spec in self.asked.site.pvs:
            side = self.dc if spec.id in self.behind.pv_ids else self.bus
            for k in range(self.n):
                p = cp.Variable(nonneg=True)
                self.rows.append(p <= self.asked.pv_available_kw[spec.id][k])
                side[k] += p

    def _inverter_and_grid(self, k: int) -> None:
        give, draw, i, x = (cp.Variable(nonneg=True) for _ in range(4))
        one = self.behind
        self.rows += [give <= one.ac_max_kw, draw <= one.ac_max_kw]
        self.rows.append(self.dc[k] + one.ac_to_dc_efficiency * draw == give / one.dc_to_ac_efficiency)
        self.rows.append(self.bus[k] + give - draw + i - x == 0)
        bought, sold = self.asked.import_price_per_kwh[k], self.asked.export_price_per_kwh[k]
        self.cost += self.h[k] * (bought * i - sold * x)


@settings(max_examples=15, deadline=None)
@given(hybrid_homes(sane=True, below=True, prices=(0.02, 0.6)))
def test_plan_agrees_with_an_independent_model(asked):
    found = open_solver("highs")(Home(judge(asked)).program.build(), time_limit_s=10, gap_abs=0)
    could_flow = 30 * asked.steps.hours.sum()
    assert found.objective == pytest.approx(Oracle(asked).minimum(), abs=TIE_PER_KWH * could_flow + 1e-5)
