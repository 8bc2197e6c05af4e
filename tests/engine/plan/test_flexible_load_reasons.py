"""Why a load runs or waits, in words that carry the numbers they are about."""

import json

from hypothesis import given, settings
import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan import Mode, solve
from custom_components.ems.engine.plan.reasons import PLAN_REASONS, SLACKS, STEP_REASONS
from custom_components.ems.engine.plan.serial import (
    plan_from_json,
    plan_to_json,
    problem_from_json,
    problem_to_json,
)
from custom_components.ems.engine.site import Grid, Strategy
from tests.engine.plan.homes import battery, problem
from tests.engine.plan.leanings import leaning
from tests.engine.plan.loads import homes_with_load, load, task, with_load

HILLS = [0.30, 0.20, 0.40, 0.10, 0.25, 0.05]
AT = [f"2026-05-12T{hour}:00:00+00:00" for hour in range(10, 17)]


def hills(**changes):
    return problem(HILLS, [1.0] * 6, **changes)


def keys(asked):
    return [reason.key for reason in solve(asked).devices["load"].reasons]


def test_load_says_what_it_waits_for_and_what_it_would_have_cost():
    asked = with_load(hills(), load("continuous"), task([0, 1, 1, 1, 1, 0], 2))
    device = solve(asked).devices["load"]
    assert [reason.key for reason in device.reasons] == [
        *("load_not_yet", "load_wait", "load_wait", "load_run_cheap", "load_done", "load_done")
    ]
    assert device.modes == (Mode.OFF, Mode.OFF, Mode.OFF, Mode.ON, Mode.OFF, Mode.OFF)
    assert device.reasons[0].placeholders == {"later": AT[1]}
    assert device.reasons[1].placeholders == {"price": 0.20, "later_price": 0.10, "later": AT[3]}
    assert device.reasons[3].placeholders == {"price": 0.10, "later_price": 0.25, "later": AT[4]}


def test_run_in_one_piece_is_compared_by_its_mean_price():
    """An hour and a half from hour 1: (2·0.20 + 1·0.40)/3 = 0.2667; from hour 3: (2·0.10 + 1·0.25)/3 = 0.15."""
    asked = with_load(hills(), load("block"), task([0, 1, 1, 1, 1, 1], 3))
    reasons = solve(asked).devices["load"].reasons
    assert [reason.key for reason in reasons[1:]] == [
        *("load_wait", "load_wait", "load_run_cheap", "load_run_on", "load_done")
    ]
    assert reasons[1].placeholders["price"] == pytest.approx(0.2667)
    assert reasons[1].placeholders["later_price"] == pytest.approx(0.15)


def test_load_without_time_to_wait_says_by_when():
    asked = with_load(hills(), load("continuous"), task([0, 1, 1, 0, 0, 0], 4))
    (first, last) = solve(asked).devices["load"].reasons[1:3]
    assert first.key == last.key == "load_run_deadline"
    assert last.placeholders == {"later": AT[3]}


def test_load_that_runs_on_the_roof_says_so():
    asked = problem([0.3] * 4, [0.2] * 4, export_price=0.08, pv=[0, 3, 0, 0])
    reasons = solve(with_load(asked, load("continuous"), task([1] * 4, 2))).devices["load"].reasons
    assert reasons[0].key == "load_wait"
    assert reasons[0].placeholders["later_price"] == pytest.approx(0.08)
    assert (reasons[1].key, reasons[1].placeholders) == ("load_run_own", {"price": 0.3})


def test_load_that_cannot_finish_says_how_much_and_when():
    asked = with_load(hills(), load("continuous"), task([0, 1, 1, 0, 0, 0], 5))
    assert [reason.key for reason in solve(asked).devices["load"].reasons[1:]] == [
        *("load_run_short", "load_run_short", *("load_cannot_finish",) * 3)
    ]
    assert solve(asked).devices["load"].reasons[1].placeholders == {"missing_kwh": 1.0, "later": AT[3]}
    shut = solve(with_load(hills(), load("programme"), task([0, 1, 1, 0, 0, 0]))).devices["load"]
    assert shut.reasons[1].key == "load_cannot_finish"
    assert shut.reasons[1].placeholders == {"missing_kwh": 3.5, "later": AT[3]}


def test_load_that_is_not_worth_it_is_left_out_and_names_its_worth():
    asked = with_load(hills(), load("programme"), task([1] * 6, reward=0.35))
    reasons = solve(asked).devices["load"].reasons
    assert {reason.key for reason in reasons} == {"load_left_out"}
    assert reasons[0].placeholders == {"value": 0.1}


def test_run_that_has_begun_and_relay_that_rests_say_so():
    running = with_load(hills(), load("block"), task([1] * 6, 3), is_on=True)
    assert keys(running)[:2] == ["load_run_on", "load_run_on"]
    rests = with_load(hills(), load(min_off_h=1.5), task([1] * 6, 2), since_h=0.5)
    assert keys(rests)[0] == "load_rests"


def test_strategy_that_weighs_more_than_money_says_what_counts():
    asked = leaning(with_load(hills(), load("continuous"), task([1] * 6, 3)), Strategy.SELF_CONSUMPTION)
    plan = solve(asked)
    wait, run = (plan.devices["load"].reasons[k] for k in (0, 5))
    assert wait.key == "load_wait_weighed"
    assert wait.placeholders["weighed"] == pytest.approx(0.30 + 0.80)
    assert wait.placeholders["later_weighed"] == pytest.approx(0.10 + 0.80)
    assert run.key == "load_run_deadline"
    assert plan.devices["load"].reasons[3].key == "load_run_weighed"


def test_one_more_kwh_is_worth_what_the_dearest_one_costs_that_the_load_takes():
    """3 kWh: two at 0.10, the third at 0.20. Asking for a little more costs 0.20 per kWh."""
    window = [0, 1, 1, 1, 1, 0]
    plan = solve(with_load(hills(), load("continuous"), task(window, 3)))
    assert_allclose(plan.devices["load"].marginal_value_per_kwh, [0, 0.2, 0.2, 0.2, 0.2, 0], atol=1e-3)
    more = solve(with_load(hills(), load("continuous"), task(window, 3.1)))
    assert more.expected_cost - plan.expected_cost == pytest.approx(0.02, abs=1e-6)


def test_missing_kwh_are_worth_what_leaving_them_out_costs():
    plan = solve(
        with_load(hills(), load("continuous"), task([0, 1, 0, 0, 0, 0], 5, shortfall_price_per_kwh=1.5))
    )
    assert plan.devices["load"].marginal_value_per_kwh[1] == pytest.approx(1.5)


def test_a_run_is_worth_what_the_cheapest_one_costs_per_kwh():
    plan = solve(with_load(hills(), load("programme"), task([1] * 6)))
    assert_allclose(plan.devices["load"].marginal_value_per_kwh, 0.375 / 3.5, atol=1e-3)


def test_no_strategy_strands_a_load_that_has_to_be_done():
    """A peak counts for much more than the 2 per kWh of the task, but is no reason to leave it out."""
    for strategy in Strategy:
        for kind in ("continuous", "interruptible", "block", "programme"):
            plan = solve(leaning(with_load(hills(), load(kind), task([1] * 6, 3)), strategy))
            assert plan.slacks == ()


def test_peak_shaving_spreads_a_load_over_its_window():
    asked = with_load(problem([0.2] * 4, [0.5] * 4), load("continuous"), task([1] * 4, 2))
    plan = solve(leaning(asked, Strategy.PEAK_SHAVING))
    assert_allclose(plan.devices["load"].power_kw, 0.5, atol=1e-6)


def test_rule_and_fallback_run_loads_as_soon_as_they_may():
    """3 kWh from hour 1 at 2 kW, however dear; the plan is compared with just that."""
    asked = with_load(hills(), load("block"), task([0, 1, 1, 1, 1, 0], 3))
    fallen = solve(asked, time_limit_s=0.0).devices["load"]
    assert_allclose(fallen.power_kw, [0, 2, 1, 0, 0, 0])
    assert fallen.modes == (Mode.OFF, Mode.ON, Mode.ON, Mode.OFF, Mode.OFF, Mode.OFF)
    assert {reason.key for reason in fallen.reasons} == {"rule_at_once"}
    plan = solve(asked)
    assert plan.baseline_cost == pytest.approx(sum(HILLS) + 2 * 0.20 + 1 * 0.40)
    assert plan.expected_saving == pytest.approx(0.35)


def test_rule_keeps_what_a_load_cannot_change_now():
    rests = with_load(hills(), load(min_off_h=1.5), task([1] * 6, 2), since_h=0.5)
    assert_allclose(solve(rests, time_limit_s=0.0).devices["load"].power_kw, [0, 2, 0, 0, 0, 0])
    running = with_load(hills(), load("programme"), is_on=True, since_h=1.0)
    assert_allclose(solve(running, time_limit_s=0.0).devices["load"].power_kw, [0.5, 1, 0, 0, 0, 0])


def test_silent_load_is_no_part_of_the_fallback():
    asked = with_load(hills(), load("block"), task([1] * 6, 3), available=False)
    fallen = solve(asked, time_limit_s=0.0).devices["load"]
    assert {reason.key for reason in fallen.reasons} == {"device_unavailable"}
    assert not fallen.power_kw.any()


def test_load_stays_with_its_hour_unless_moving_pays():
    def asked(price):
        return with_load(problem(price, [0.5] * 4, minutes=15), load("block"), task([1] * 4, 0.5))

    first = solve(asked([0.2, 0.2, 0.3, 0.3]))
    assert solve(asked([0.2, 0.1995, 0.3, 0.3])).devices["load"].power_kw[1] > 0
    assert solve(asked([0.2, 0.1995, 0.3, 0.3]), previous=first).devices["load"].power_kw[0] > 0
    assert solve(asked([0.2, 0.15, 0.3, 0.3]), previous=first).devices["load"].power_kw[1] > 0


@settings(max_examples=30, deadline=None)
@given(homes_with_load())
def test_every_reason_has_words_and_exactly_what_goes_into_them(asked):
    plan = solve(asked)
    for reason in plan.devices["load"].reasons:
        assert set(reason.placeholders) == STEP_REASONS[reason.key].placeholders
        assert all(isinstance(one, str) or np.isfinite(one) for one in reason.placeholders.values())
    assert all(slack.unit == SLACKS[slack.name] for slack in plan.slacks)
    assert {"load_unavailable", "load_state_unknown"} <= set(PLAN_REASONS)


@settings(max_examples=15, deadline=None)
@given(homes_with_load())
def test_problems_with_loads_survive_the_round_trip_and_so_do_their_plans(asked):
    data = problem_to_json(asked)
    again = problem_from_json(json.loads(json.dumps(data, allow_nan=False)))
    assert problem_to_json(again) == data
    one, two = solve(asked), solve(again)
    assert one.expected_cost == two.expected_cost
    assert plan_to_json(
        plan_from_json(json.loads(json.dumps(plan_to_json(one), allow_nan=False)))
    ) == plan_to_json(one)


def test_many_loads_share_a_small_connection():
    """Four loads of 2 kW over 3 kW: one after the other."""
    asked = problem([0.2] * 8, [0.5] * 8, grid=Grid(import_max_kw=3.0), batteries={battery(): 0.0})
    for i, kind in enumerate(("continuous", "interruptible", "block", "programme")):
        spec = load(kind, id=f"load{i}", profile_kw=(2.0, 2.0), profile_step_h=0.5)
        asked = with_load(asked, spec, task([1] * 8, 2))
    plan = solve(asked)
    assert plan.slacks == ()
    assert plan.import_kw.max() <= 3.0 + 1e-6
    assert sum(plan.devices[f"load{i}"].power_kw.sum() for i in range(4)) == pytest.approx(8)


PAUSES = load("programme", profile_kw=(1.0, 0.0, 0.0, 1.0), profile_step_h=1.0)


def test_programme_stays_on_while_it_draws_nothing():
    """Soaking takes two hours without power: switched off in them, it would never rinse."""
    asked = with_load(problem([0.9, 0.2, 0.9, 0.9, 0.2, 0.9], [0.5] * 6), PAUSES, task([1] * 6))
    device = solve(asked).devices["load"]
    assert_allclose(device.power_kw, [0, 1, 0, 0, 1, 0], atol=1e-9)
    assert device.modes == (Mode.OFF, *(Mode.ON,) * 4, Mode.OFF)
    assert [reason.key for reason in device.reasons] == [
        *("load_wait", "load_run_cheap", *("load_run_on",) * 3, "load_done")
    ]
    begun = with_load(problem([0.9] * 4, [0.5] * 4), PAUSES, is_on=True, since_h=1.0)
    for plan in (solve(begun), solve(begun, time_limit_s=0.0)):
        assert plan.devices["load"].modes == (Mode.ON, Mode.ON, Mode.ON, Mode.OFF)


def test_programme_that_takes_longer_than_its_profile_is_left_to_end_by_itself():
    """Its task counts as done, and nothing more is expected of it; but nobody switches it off."""
    asked = with_load(hills(), load("programme"), task([1] * 6), is_on=True, since_h=3.2)
    for plan in (solve(asked), solve(asked, time_limit_s=0.0)):
        device = plan.devices["load"]
        assert not device.power_kw.any()
        assert device.modes == (Mode.ON, *(Mode.OFF,) * 5)
    assert keys(asked)[:2] == ["load_run_on", "load_done"]


def test_two_runs_in_a_row_are_two_runs():
    spec = load("programme", profile_kw=(1.0,), profile_step_h=1.0)
    asked = with_load(problem([0.2] * 3, [0.5] * 3), spec, task([1, 0, 0]), task([0, 1, 0]))
    assert keys(asked) == ["load_run_deadline", "load_run_deadline", "load_done"]
