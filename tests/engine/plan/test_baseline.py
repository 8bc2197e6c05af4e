"""The yardstick: what a home does without a plan."""

from dataclasses import replace

import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan.baseline import self_consumption
from custom_components.ems.engine.plan.home import end_values
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.site import Grid
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, problem


def rule(asked):
    inputs = judge(asked)
    return self_consumption(inputs, end_values(inputs))


def test_battery_takes_surplus_and_covers_the_load_whatever_the_price():
    """2 kW over at 10:00 are stored at 90 %; of the 1.8 kWh 1 kWh covers the evening, 0.8 kWh stay."""
    store = battery(charge_efficiency=0.9, wear_per_kwh=0.02)
    found = rule(problem([0.1, 0.9], [1, 1], export_price=0.5, pv=[3, 0], batteries={store: 0}))
    assert_allclose(found.battery_kw["battery"], [-2, 1])
    assert_allclose(found.energy_kwh["battery"], [0, 1.8, 0.8])
    assert found.costs.energy == 0
    assert found.costs.wear == pytest.approx(0.02)
    assert found.costs.stored_energy_change == pytest.approx(0.8 * (0.5 - 0.02))
    assert found.feasible


def test_battery_stops_at_its_band_and_its_power():
    store = battery(soc_min=0.2, soc_max=0.5, charge_max_kw=1.5)
    found = rule(problem([0.3] * 4, [0, 0, 4, 4], pv=[3, 3, 0, 0], batteries={store: 3}))
    assert_allclose(found.energy_kwh["battery"], [3, 4.5, 5, 2, 2])


def test_car_charges_at_full_power_from_plug_in_until_it_has_what_it_needs():
    wants = car([False, True, True, True], 15)
    found = rule(problem([0.1, 0.9, 0.9, 0.1], [0] * 4, charger=WALLBOX, car=wants))
    assert_allclose(found.car_kw["wallbox"], [0, 11.04, 3.96, 0])
    assert found.costs.energy == pytest.approx(15 * 0.9)


def test_array_that_can_be_held_back_keeps_to_the_export_limit():
    asked = problem([0.3], [1], export_price=0.1, pv=[5], curtailable=True, grid=Grid(export_max_kw=2))
    found = rule(asked)
    assert_allclose(found.pv_kw["pv"], [3])
    assert found.feasible
    (array,) = asked.site.pvs
    fixed = replace(asked, site=replace(asked.site, pvs=(replace(array, curtailable=False),)))
    assert not rule(fixed).feasible


@pytest.mark.parametrize(
    ("ready_h", "start_kwh", "import_max", "feasible"),
    [
        (2, 5, 20, True),
        (0.5, 5, 20, False),  # the car is not ready in half an hour
        (2, 0.5, 20, False),  # the battery starts below its floor
        (2, 5, 3, False),  # the connection cannot carry the car
    ],
)
def test_rule_knows_which_wishes_it_breaks(ready_h, start_kwh, import_max, feasible):
    """Only where it keeps them all is it fair to ask that a plan be no dearer."""
    wants = car([True, True], 8, ready_at_s=START_S + ready_h * 3600)
    asked = problem(
        [0.3, 0.3],
        [0, 0],
        batteries={battery(soc_min=0.1, discharge_max_kw=0): start_kwh},
        charger=WALLBOX,
        car=wants,
        grid=Grid(import_max_kw=import_max),
    )
    assert rule(asked).feasible is feasible


def test_second_battery_takes_what_the_first_leaves():
    first, second = battery(charge_max_kw=1), battery(id="other", charge_max_kw=1)
    found = rule(problem([0.3], [0], pv=[3], batteries={first: 0, second: 0}))
    assert_allclose([found.battery_kw["battery"][0], found.battery_kw["other"][0]], [-1, -1])
    assert_allclose(found.export_kw, [1])


def test_steps_of_any_width_move_energy_not_power():
    found = rule(problem([0.3] * 4, [2] * 4, batteries={battery(): 1}, minutes=15))
    assert_allclose(found.energy_kwh["battery"], [1, 0.5, 0, 0, 0])
    assert_allclose(np.diff(found.energy_kwh["battery"]), -found.battery_kw["battery"] / 4)
