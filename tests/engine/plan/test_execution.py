"""What devices are told, by what a kWh is worth, and why."""

import re

from hypothesis import given, settings
import numpy as np
import pytest

from custom_components.ems.engine.errors import ERRORS
from custom_components.ems.engine.plan import Mode, solve
from custom_components.ems.engine.plan.execution.common import peak_of_next_run
from custom_components.ems.engine.plan.reasons import PLAN_REASONS, SLACKS, STEP_REASONS
from custom_components.ems.engine.problem import BatteryState
from custom_components.ems.engine.site import Grid
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, homes, problem


def modes_of(asked, id_="battery"):
    return solve(asked).devices[id_].modes


def reasons_of(asked, id_="battery"):
    return [reason.key for reason in solve(asked).devices[id_].reasons]


def test_battery_charges_from_the_grid_where_a_stored_kwh_is_worth_more_and_says_when_it_is_used():
    """Bought at 0.09, used two hours later instead of 0.40: 0.31 saved."""
    asked = problem([0.09, 0.2, 0.4], [0, 0, 5], batteries={battery(charge_max_kw=1, wear_per_kwh=0.1): 0})
    device = solve(asked).devices["battery"]
    assert device.modes[0] is Mode.CHARGE
    reason = device.reasons[0]
    assert reason.key == "charge_for_later"
    assert reason.placeholders["price"] == pytest.approx(0.09)
    assert reason.placeholders["value"] == pytest.approx(0.30, abs=1e-3)
    assert reason.placeholders["saving"] == pytest.approx(0.21, abs=1e-3)
    assert reason.placeholders["later"] == "2026-05-12T12:00:00+00:00"


def test_battery_follows_the_load_where_covering_it_is_worth_it_even_if_none_is_expected():
    """At 0.40 the last kWh is worth 0.40: should there be a load in the hour without, it is covered too."""
    asked = problem([0.4, 0.4, 0.4], [1, 0, 1], batteries={battery(): 1.5})
    assert modes_of(asked) == (Mode.AUTOMATIC,) * 3


def test_battery_holds_while_its_energy_is_worth_more_later():
    asked = problem([0.2, 0.5], [1, 3], batteries={battery(charge_max_kw=0): 2})
    assert modes_of(asked) == (Mode.HOLD, Mode.AUTOMATIC)
    assert reasons_of(asked) == ["hold_for_later", "cover_even"]


def test_battery_sells_where_feeding_in_earns_more_than_keeping():
    asked = problem([0.5, 0.1], [0, 0], export_price=[0.4, 0.05], batteries={battery(): 3})
    assert modes_of(asked)[0] is Mode.DISCHARGE
    assert reasons_of(asked)[0] == "discharge_sell"


def test_battery_takes_surplus_and_covers_what_comes_where_both_are_worth_it():
    store = battery(charge_max_kw=2)
    asked = problem([0.5, 0.5], [0, 2], export_price=0.05, pv=[2, 0], batteries={store: 0})
    assert modes_of(asked) == (Mode.AUTOMATIC, Mode.AUTOMATIC)
    assert reasons_of(asked) == ["store_surplus", "cover_even"]


def test_battery_that_waits_for_a_dearer_hour_still_takes_surplus():
    """At 0.30 the home is better fed by the grid: what is stored is worth 0.50 an hour later."""
    store = battery(charge_max_kw=2)
    asked = problem([0.3, 0.5], [0, 2], export_price=0.05, pv=[2, 0], batteries={store: 0})
    assert modes_of(asked) == (Mode.HOLD, Mode.AUTOMATIC)
    assert reasons_of(asked) == ["hold_store_surplus", "cover_even"]


def test_battery_below_its_reserve_is_charged_back_and_says_so():
    asked = problem([0.3] * 3, [1] * 3, batteries={battery(soc_min=0.3, charge_max_kw=1): 2.5})
    assert reasons_of(asked)[0] == "charge_to_reserve"


def test_car_says_what_it_waits_for():
    wants = car([True, True], 5)
    (wait, charge) = solve(problem([0.4, 0.1], [0, 0], charger=WALLBOX, car=wants)).devices["wallbox"].reasons
    assert wait.key == "car_wait"
    assert wait.placeholders == {"price": 0.4, "later_price": 0.1, "later": "2026-05-12T11:00:00+00:00"}
    assert charge.key == "car_charge"


def test_car_tells_absence_from_having_enough():
    wants = car([True, False, True], 5)
    asked = problem([0.1, 0.1, 0.4], [0] * 3, charger=WALLBOX, car=wants)
    assert reasons_of(asked, "wallbox") == ["car_charge", "car_away", "car_needs_nothing"]
    assert modes_of(asked, "wallbox") == (Mode.CHARGE, Mode.OFF, Mode.OFF)


def test_late_car_and_own_energy_are_told_apart():
    wants = car([True] * 2, 16, ready_at_s=START_S + 3600)
    asked = problem([0.3] * 2, [0] * 2, pv=[12, 12], charger=WALLBOX, car=wants)
    assert reasons_of(asked, "wallbox") == ["car_charge_own", "car_charge_late"]


def test_array_says_whether_price_or_connection_holds_it_back():
    dear = problem([0.3], [1], export_price=-0.1, pv=[3], curtailable=True)
    tight = problem([0.3], [1], export_price=0.1, pv=[3], curtailable=True, grid=Grid(export_max_kw=0.5))
    assert reasons_of(dear, "pv") == ["pv_limit_price"]
    assert reasons_of(tight, "pv") == ["pv_limit_connection"]


@pytest.mark.parametrize(
    ("store", "state", "key"),
    [
        (battery(capacity_kwh=0), 0.0, "battery_absent"),
        (battery(), BatteryState(energy_kwh=4, available=False), "device_unavailable"),
        (battery(), BatteryState(energy_kwh=float("nan")), "device_unavailable"),
    ],
)
def test_battery_that_cannot_be_planned_with_is_left_alone(store, state, key):
    device = solve(problem([0.1, 0.4], [0, 1], batteries={store: state})).devices["battery"]
    assert device.modes == (Mode.AUTOMATIC,) * 2
    assert {reason.key for reason in device.reasons} == {key}
    assert not device.power_kw.any()
    assert device.energy_kwh is None


@settings(max_examples=25)
@given(homes(sane=False))
def test_every_reason_has_words_and_exactly_what_goes_into_them(asked):
    """The table is what translators work from: what is not in it would show up as gibberish."""
    plan = solve(asked)
    for device in plan.devices.values():
        for reason in device.reasons:
            assert set(reason.placeholders) == STEP_REASONS[reason.key].placeholders
    for reason in plan.reasons:
        assert set(reason.placeholders) == PLAN_REASONS[reason.key].placeholders
    for slack in plan.slacks:
        assert SLACKS[slack.name] == slack.unit
        assert slack.cost > 0
        assert 0 <= slack.first_step <= slack.last_step < len(plan.steps)


@pytest.mark.parametrize("table", [STEP_REASONS, PLAN_REASONS, ERRORS])
def test_english_uses_exactly_its_placeholders(table):
    for wording in table.values():
        assert set(re.findall(r"\{(\w+)\}", wording.english)) == wording.placeholders


def test_next_run_is_told_by_its_weightiest_step():
    active = np.array([False, True, True, False, True, False])
    weight = np.array([9, 1, 5, 9, 2, 9])
    assert peak_of_next_run(active, weight).tolist() == [2, 4, 4, 4, -1, -1]


def test_modes_and_power_never_contradict():
    """Charging orders go with charging power, discharging with discharging; nothing idle is told to move."""
    asked = problem([0.1, 0.4, 0.2, 0.5], [1, 2, 0, 3], export_price=0.08, batteries={battery(): 3})
    device = solve(asked).devices["battery"]
    for mode, kw in zip(device.modes, device.power_kw, strict=True):
        assert mode is not Mode.CHARGE or kw < 0
        assert mode is not Mode.DISCHARGE or kw > 0
        assert mode is not Mode.HOLD or kw <= 0


def test_a_kwh_that_only_keeps_a_limit_is_no_bargain():
    """2 kW of connection for 5 kW of load: what is stored for it saves no money, it keeps the fuse."""
    asked = problem([0.2, 0.2], [0, 5], grid=Grid(import_max_kw=2), batteries={battery(): 0.0})
    charge = solve(asked).devices["battery"].reasons[0]
    assert charge.key == "charge_for_wish"
    assert charge.placeholders == {"price": 0.2}


def test_energy_kept_for_a_limit_says_so():
    """It could cover the first hour at 0.40; then the second would overload the connection."""
    asked = problem([0.4, 0.2], [2, 4], grid=Grid(import_max_kw=2), batteries={battery(charge_max_kw=0): 2.0})
    assert reasons_of(asked)[0] == "hold_for_wish"


def test_two_prices_that_read_the_same_are_not_compared():
    """0.3002 and 0.3: nobody waits for that, and nobody is told so."""
    wants = car([True, True], 5)
    asked = problem([0.3002, 0.3], [0, 0], charger=WALLBOX, car=wants)
    assert reasons_of(asked, "wallbox")[0] == "car_wait_best"


def test_cover_is_compared_with_what_is_left_for_later():
    """0.50 now; what is left is worth the mean of 0.40 after the plan, so that the second hour buys."""
    asked = problem([0.5, 0.3], [1, 1], batteries={battery(charge_max_kw=0): 1.5})
    cover = solve(asked).devices["battery"].reasons[0]
    assert (cover.key, cover.placeholders) == (
        "cover_load",
        {"price": 0.5, "value": pytest.approx(0.4, abs=1e-3)},
    )
