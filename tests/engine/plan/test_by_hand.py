"""Cases small enough to be worked in the head, exact to the last digit."""

import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import Mode, PlanStatus, solve
from custom_components.ems.engine.site import Charger, Grid
from tests.engine.plan.homes import START_S, WALLBOX, battery, bus_residual, car, problem


def test_two_steps_by_hand():
    """1 kWh bought at 0.10 and used at 0.40 saves 0.40·0.9 - 0.10 = 0.26."""
    store = battery(charge_max_kw=1, charge_efficiency=0.9)
    plan = solve(problem([0.10, 0.40], [0, 1], batteries={store: 0}))
    assert plan.status is PlanStatus.OK
    assert_allclose(plan.devices["battery"].power_kw, [-1, 0.9], atol=1e-9)
    assert_allclose(plan.import_kw, [1, 0.1], atol=1e-9)
    assert plan.expected_cost == pytest.approx(0.14)
    assert plan.baseline_cost == pytest.approx(0.40)
    assert plan.expected_saving == pytest.approx(0.26)


def test_energies_live_between_the_steps():
    """S19: n powers, n + 1 energies; index 0 is what was measured, wish or no wish."""
    store = battery(soc_min=0.5, soc_max=0.6)
    plan = solve(problem([0.1, 0.4, 0.2], [0, 0, 0], batteries={store: 9.5}))
    device = plan.devices["battery"]
    assert device.energy_kwh is not None
    assert len(device.power_kw) == 3
    assert len(device.energy_kwh) == 4
    assert device.energy_kwh[0] == 9.5


def test_stored_energy_follows_power_and_both_efficiencies():
    """0.9 kWh arrive of 1 kWh charged; 0.45 kWh leave the store for 0.4 kWh at 8/9."""
    store = battery(charge_max_kw=1, charge_efficiency=0.9, discharge_efficiency=8 / 9, discharge_max_kw=0.4)
    plan = solve(problem([0.0, 0.9], [0, 1], batteries={store: 0}))
    assert_allclose(plan.devices["battery"].energy_kwh, [0, 0.9, 0.45], atol=1e-9)


def test_wear_stops_a_trade_that_earns_less():
    """0.40 - 0.10 = 0.30 a kWh is not worth a wear of 0.31."""
    assert solve(problem([0.1, 0.4], [0, 1], batteries={battery(wear_per_kwh=0.31): 0})).import_kw[1] == 1
    assert solve(problem([0.1, 0.4], [0, 1], batteries={battery(wear_per_kwh=0.29): 0})).import_kw[1] == 0


def test_marginal_values_by_hand():
    """The last kWh is saved at 0.40: stored it is worth 0.40·0.9, and 0.40·0.9·0.8 at the charger's side.

    In the home a kWh is worth what the grid asks in the step: 0.10, then 0.40.
    """
    store = battery(charge_max_kw=1, charge_efficiency=0.8, discharge_efficiency=0.9)
    plan = solve(problem([0.10, 0.40], [1, 5], batteries={store: 0}))
    assert_allclose(plan.devices["battery"].marginal_value_per_kwh, [0.36, 0.36], atol=2e-4)
    assert_allclose(plan.marginal_value_per_kwh, [0.10, 0.40], atol=2e-4)


def test_marginal_value_does_not_depend_on_the_width_of_a_step():
    plan = solve(problem([0.30, 0.30], [1, 1], minutes=5))
    assert_allclose(plan.marginal_value_per_kwh, [0.30, 0.30], atol=2e-4)


def test_surplus_is_worth_its_feed_in_and_is_stored_while_storing_is_worth_more():
    """2 kW of sun meet 1 kW of load; the kWh left over is worth 0.40 tonight against 0.08 now."""
    plan = solve(
        problem([0.3, 0.4], [1, 1], export_price=0.08, pv=[2, 0], batteries={battery(capacity_kwh=1): 0})
    )
    assert_allclose(plan.devices["battery"].power_kw, [-1, 1], atol=1e-9)
    assert plan.expected_cost == pytest.approx(0)


def test_energy_left_at_the_end_counts_at_its_replacement_value():
    """Nothing is worth doing: what was stored is still there, and no cost or gain is made of it."""
    plan = solve(problem([0.3, 0.3], [0, 0], export_price=0.05, batteries={battery(): 4}))
    assert_allclose(plan.devices["battery"].power_kw, 0, atol=1e-9)
    assert plan.costs.stored_energy_change == pytest.approx(0)
    assert plan.expected_cost == pytest.approx(0)


def test_car_charges_in_the_cheapest_hours_before_its_deadline():
    """22.08 kWh are two full hours; the third hour would be cheapest but is too late."""
    wants = car([True] * 4, 22.08, ready_at_s=START_S + 3 * 3600)
    plan = solve(problem([0.3, 0.1, 0.2, 0.01], [0] * 4, charger=WALLBOX, car=wants))
    assert_allclose(plan.devices["wallbox"].power_kw, [0, 11.04, 11.04, 0], atol=1e-6)
    assert plan.expected_cost == pytest.approx(11.04 * 0.3)
    assert plan.slacks == ()


def test_deadline_inside_a_step_counts_only_whole_steps_before_it():
    """What arrives in a step that ends after the deadline may arrive too late."""
    wants = car([True] * 3, 5, ready_at_s=START_S + 1.5 * 3600)
    plan = solve(problem([0.3, 0.1, 0.1], [0] * 3, charger=WALLBOX, car=wants))
    assert plan.devices["wallbox"].power_kw[0] == pytest.approx(5)


def test_impossible_deadline_is_a_named_slack_and_the_rest_comes_as_soon_as_possible():
    """20 kWh in one hour at 11.04 kW: 8.96 kWh short, delivered in the next hour, not the third."""
    wants = car([True] * 3, 20, ready_at_s=START_S + 3600)
    plan = solve(problem([0.3, 0.3, 0.29], [0] * 3, charger=WALLBOX, car=wants))
    (slack,) = plan.slacks
    assert (slack.name, slack.component, slack.unit) == ("car_ready", "wallbox", "kWh")
    assert slack.amount == pytest.approx(8.96)
    assert slack.cost == pytest.approx(8.96 * 2)
    assert_allclose(plan.devices["wallbox"].power_kw, [11.04, 8.96, 0], atol=1e-6)


def test_car_with_too_little_sun_charges_at_the_smallest_current_or_not_at_all():
    """2 kW of surplus cannot feed a car that needs 4.14 kW; it does not get 2 kW."""
    wants = car([True] * 8, 3)
    sun = problem([0.3] * 8, [0] * 8, export_price=0.1, pv=[2] * 8, charger=WALLBOX, car=wants, minutes=30)
    plan = solve(sun)
    power = plan.devices["wallbox"].power_kw
    assert plan.stats.binaries == 8
    assert np.all((power < 1e-6) | (power > 4.14 - 1e-6))
    assert power @ plan.steps.hours == pytest.approx(3)


def test_car_that_needs_less_than_the_smallest_current_gives_in_a_step_still_gets_it():
    """A car that is full stops by itself within the step: 0.3 kWh are no reason for a shortfall."""
    wants = car([True] * 2, 0.3, energy_max_kwh=0.3)
    plan = solve(problem([0.3, 0.3], [0, 0], charger=WALLBOX, car=wants))
    assert plan.slacks == ()
    assert plan.devices["wallbox"].power_kw.sum() == pytest.approx(0.3)


def test_car_waits_while_it_is_away():
    wants = car([False, True, False], 5)
    plan = solve(problem([0.1, 0.5, 0.1], [0] * 3, charger=WALLBOX, car=wants))
    assert_allclose(plan.devices["wallbox"].power_kw, [0, 5, 0], atol=1e-6)


def test_negative_price_fills_the_car_to_what_it_can_take():
    wants = car([True, True], 5, energy_max_kwh=9)
    plan = solve(problem([-0.1, 0.3], [0, 0], export_price=-0.3, charger=WALLBOX, car=wants))
    assert_allclose(plan.devices["wallbox"].power_kw, [9, 0], atol=1e-6)


def test_array_is_held_back_where_feeding_in_costs_money():
    plan = solve(problem([0.3, 0.3], [1, 1], export_price=[-0.05, 0.05], pv=[3, 3], curtailable=True))
    assert_allclose(plan.devices["pv"].power_kw, [1, 3], atol=1e-9)
    assert plan.devices["pv"].modes == (Mode.LIMIT, Mode.AUTOMATIC)


def test_array_is_let_run_at_a_price_of_exactly_nothing():
    """Holding a device back for no gain would only wear on people's trust."""
    plan = solve(problem([0.3, 0.3], [1, 1], export_price=0.0, pv=[3, 3], curtailable=True))
    assert_allclose(plan.devices["pv"].power_kw, [3, 3], atol=1e-9)


def test_what_must_be_curtailed_is_curtailed_late():
    """2 kWh are too much in one of two equal hours: the forecast for the later one may still change."""
    small = battery(capacity_kwh=2, charge_max_kw=2)
    grid = Grid(export_max_kw=0)
    plan = solve(problem([0.3] * 2, [0] * 2, pv=[2, 2], curtailable=True, batteries={small: 0}, grid=grid))
    assert_allclose(plan.devices["pv"].power_kw, [2, 0], atol=1e-9)


def test_no_export_with_an_array_that_cannot_be_curtailed_still_leaves_a_plan():
    plan = solve(problem([0.3, 0.3], [1, 1], pv=[3, 1], grid=Grid(export_max_kw=0)))
    (slack,) = plan.slacks
    assert (slack.name, slack.component, slack.unit, slack.amount) == ("export_limit", "grid", "kW", 2)
    assert (slack.first_step, slack.last_step) == (0, 0)
    assert_allclose(plan.export_kw, [2, 0], atol=1e-9)
    assert plan.costs.penalty == pytest.approx(slack.cost)
    assert plan.expected_cost == pytest.approx(0), "a penalty is no money"


def test_battery_is_not_cycled_to_burn_sunshine_that_may_not_be_fed_in():
    """Losing a fifth in every round trip would keep the limit a little better, and wear the battery for nothing."""
    small = battery(capacity_kwh=2, charge_efficiency=0.8)
    plan = solve(problem([0.3] * 6, [0] * 6, pv=[3] * 6, batteries={small: 0}, grid=Grid(export_max_kw=0)))
    assert plan.devices["battery"].power_kw.max() == 0
    assert plan.devices["battery"].energy_kwh[-1] == pytest.approx(2)
    assert plan.stats.binaries == 0


def test_load_above_the_connection_is_planned_and_reported():
    plan = solve(problem([0.3], [12], grid=Grid(import_max_kw=10)))
    assert plan.import_kw[0] == pytest.approx(12)
    assert [(s.name, s.amount) for s in plan.slacks] == [("import_limit", pytest.approx(2))]


def test_battery_gives_its_reserve_before_the_connection_is_overloaded():
    """The floor is a wish; the fuse is a dearer one."""
    store = battery(soc_min=0.5)
    plan = solve(problem([0.3, 0.3], [12, 0], batteries={store: 5}, grid=Grid(import_max_kw=10)))
    assert plan.import_kw[0] == pytest.approx(10)
    assert [s.name for s in plan.slacks] == ["soc_min"]


def test_car_is_short_rather_than_the_connection_overloaded():
    wants = car([True, True], 20)
    plan = solve(problem([0.3, 0.3], [0, 0], charger=WALLBOX, car=wants, grid=Grid(import_max_kw=6)))
    assert_allclose(plan.import_kw, [6, 6], atol=1e-6)
    assert [(s.name, s.amount) for s in plan.slacks] == [("car_ready", pytest.approx(8))]


def test_earlier_of_two_equal_hours_is_taken_for_free_energy():
    """A sun that may not shine as forecast is stored when it is there."""
    plan = solve(
        problem([0.3] * 4, [0] * 4, export_price=0.1, pv=[1, 1, 1, 0], batteries={battery(capacity_kwh=2): 0})
    )
    assert_allclose(plan.devices["battery"].power_kw, [-1, -1, 0, 0], atol=1e-6)


def test_on_a_flat_tariff_the_battery_is_used_not_admired():
    """Keeping a kWh is worth exactly as much as using it; people want to see it used."""
    store = battery(wear_per_kwh=0.02, discharge_efficiency=0.95)
    plan = solve(problem([0.3] * 4, [1] * 4, export_price=0.08, pv=[3, 0, 0, 0], batteries={store: 0.5}))
    assert_allclose(plan.import_kw, [0, 0, 0, 1 - (2.5 * 0.95 - 2)], atol=1e-6)
    assert set(plan.devices["battery"].modes) == {Mode.AUTOMATIC}


def test_charger_with_a_single_current_charges_at_it():
    fixed = Charger(id="plug", name="Plug", current_min_a=10, current_max_a=10, phases=1)
    plan = solve(problem([0.1, 0.3], [0, 0], charger=fixed, car=car([True, True], 2.3)))
    assert_allclose(plan.devices["plug"].power_kw, [2.3, 0], atol=1e-6)


def test_bus_balances_exactly():
    plan = solve(problem([0.1, 0.4], [1, 2], pv=[0.3, 3], batteries={battery(): 3}))
    assert np.abs(bus_residual(plan)).max() < 1e-12
