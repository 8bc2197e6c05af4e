"""Bad input is refused by the name of its field; a device in trouble is planned around."""

from dataclasses import replace

import numpy as np
import pytest

from custom_components.ems.engine.errors import ERRORS
from custom_components.ems.engine.plan import PlanError, PlanStatus, solve
from custom_components.ems.engine.problem import BatteryState
from custom_components.ems.engine.site import Charger
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, problem

NAN, INF = float("nan"), float("inf")


def ordinary(**changes):
    return problem([0.1, 0.4, 0.2], [1, 2, 1], pv=[0, 2, 1], batteries={battery(): 3}, **changes)


@pytest.mark.parametrize("field", ["import_price_per_kwh", "export_price_per_kwh", "load_kw"])
@pytest.mark.parametrize(
    ("values", "key"),
    [
        ([0.1, NAN, 0.2], "not_a_number"),  # a gap nobody filled
        ([0.1, INF, 0.2], "not_a_number"),
        ([0.1, 1e9, 0.2], "absurd_value"),  # a unit mistaken
        ([0.1, 0.2], "wrong_length"),
    ],
)
def test_series_that_cannot_be_planned_with_are_refused_by_name(field, values, key):
    with pytest.raises(PlanError) as caught:
        solve(replace(ordinary(), **{field: np.array(values)}))
    assert caught.value.key == key
    assert caught.value.placeholders["field"] == field
    assert set(caught.value.placeholders) == ERRORS[key].placeholders


def test_flags_of_another_length_are_refused():
    with pytest.raises(PlanError, match="price_known"):
        solve(ordinary(price_known=np.ones(2, dtype=bool)))


def test_two_devices_with_one_id_are_refused():
    """Their plans would overwrite each other."""
    with pytest.raises(PlanError, match="battery"):
        solve(problem([0.1], [1], charger=Charger(id="battery", name="Twin"), batteries={battery(): 1}))


@pytest.mark.parametrize(
    ("state", "key"),
    [
        (BatteryState(energy_kwh=NAN), "battery_state_unknown"),
        (BatteryState(energy_kwh=1e7), "battery_state_unknown"),
        (BatteryState(energy_kwh=3, available=False), "battery_unavailable"),
    ],
)
def test_battery_in_trouble_degrades_the_plan_and_stops_nothing(state, key):
    plan = solve(problem([0.1, 0.4], [1, 1], pv=[2, 0], batteries={battery(): state}))
    assert plan.status is PlanStatus.DEGRADED
    assert [(reason.key, reason.placeholders) for reason in plan.reasons] == [(key, {"name": "Battery"})]
    np.testing.assert_allclose(plan.import_kw - plan.export_kw, [-1, 1])


def test_battery_nobody_has_read_yet_is_unavailable():
    plan = solve(replace(ordinary(), batteries={}))
    assert [reason.key for reason in plan.reasons] == ["battery_unavailable"]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"available": False}, "charger_unavailable"),
        ({"energy_needed_kwh": NAN}, "car_state_unknown"),
        ({"ready_at_s": INF}, "car_state_unknown"),
        ({"connected": np.ones(2, dtype=bool)}, "car_state_unknown"),
    ],
)
def test_car_in_trouble_degrades_the_plan_and_stops_nothing(changes, key):
    wants = replace(car([True] * 3, 5), **changes)
    plan = solve(problem([0.1] * 3, [1] * 3, charger=WALLBOX, car=wants))
    assert [reason.key for reason in plan.reasons] == [key]
    assert {reason.key for reason in plan.devices["wallbox"].reasons} == {"device_unavailable"}
    assert not plan.devices["wallbox"].power_kw.any()


def test_charger_without_a_car_is_no_trouble():
    plan = solve(problem([0.1], [1], charger=WALLBOX))
    assert plan.status is PlanStatus.OK
    assert plan.devices["wallbox"].reasons[0].key == "car_away"


def test_car_that_is_not_to_be_charged_is_no_trouble_and_the_plan_says_why():
    """It is plugged in: that nobody expects it would be a riddle."""
    wants = replace(car([False], 0), is_wanted=False)
    plan = solve(problem([0.1], [1], charger=WALLBOX, car=wants))
    assert plan.status is PlanStatus.OK
    assert plan.devices["wallbox"].reasons[0].key == "car_off"


@pytest.mark.parametrize("sun", [{}, {"pv": np.array([1, NAN, 1.0])}, {"pv": np.array([1.0])}])
def test_array_without_a_forecast_is_expected_to_give_nothing_and_the_plan_says_so(sun):
    plan = solve(replace(ordinary(), pv_available_kw=sun))
    assert [reason.key for reason in plan.reasons] == ["pv_forecast_missing"]
    assert not plan.devices["pv"].power_kw.any()


def test_what_was_estimated_upstream_degrades_the_plan():
    plan = solve(ordinary(degraded=("prices_estimated",)))
    assert plan.status is PlanStatus.DEGRADED
    assert [reason.key for reason in plan.reasons] == ["prices_estimated"]


def test_battery_below_its_floor_is_planned_from_where_it_is():
    """14 % under a floor of 15 % once cost a home every plan of a night."""
    plan = solve(problem([0.3] * 4, [1] * 4, batteries={battery(soc_min=0.15): 1.4}))
    assert plan.status is PlanStatus.OK
    assert [(slack.name, slack.amount) for slack in plan.slacks if slack.amount > 0.01] in (
        [],
        [("soc_min", 0.1)],
    )
    assert plan.devices["battery"].energy_kwh.min() >= 1.4 - 1e-6


def test_battery_above_its_ceiling_is_not_emptied_for_it():
    """Balancing may have filled it; it comes down by use, not by force."""
    spec = battery(soc_max=0.8)
    plan = solve(problem([0.3, 0.3], [0.5, 0.5], export_price=0.05, batteries={spec: 9}))
    assert plan.export_kw.sum() <= 1e-6 or plan.export_kw.sum() <= 1.0
    assert plan.devices["battery"].power_kw.min() >= 0


def test_sensor_above_capacity_is_believed():
    plan = solve(problem([0.3, 0.5], [2, 2], batteries={battery(capacity_kwh=5, soc_max=0.9): 6}))
    assert plan.devices["battery"].energy_kwh[0] == 6
    assert plan.status is PlanStatus.OK


def test_night_watts_of_an_inverter_and_a_negative_load_are_planned():
    """Minus ten watts of sun and a load below zero are measurements, not contradictions."""
    for curtailable in (False, True):
        plan = solve(problem([0.3, 0.3], [-0.2, 1], pv=[-0.01, 0.0], curtailable=curtailable))
        np.testing.assert_allclose(plan.import_kw - plan.export_kw, [-0.19, 1], atol=1e-9)


def test_deadline_long_past_is_no_reason_to_stop():
    wants = car([True, True], 5, ready_at_s=START_S - 1e6)
    plan = solve(problem([0.3, 0.3], [0, 0], charger=WALLBOX, car=wants))
    assert plan.devices["wallbox"].power_kw[0] == pytest.approx(5)
    assert [slack.name for slack in plan.slacks] == ["car_ready"]


def test_car_that_takes_less_than_it_needs_is_believed_to_need_it():
    plan = solve(problem([0.3], [0], charger=WALLBOX, car=car([True], 5, energy_max_kwh=1)))
    assert plan.devices["wallbox"].power_kw[0] == pytest.approx(5)


def test_free_energy_all_day_still_prices_wishes():
    """Yardsticks come from the day's prices; a day of zeros must not make limits free."""
    plan = solve(problem([0.0], [12], grid=None))
    assert plan.status is PlanStatus.OK
