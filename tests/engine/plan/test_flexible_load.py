"""Loads that can wait, small enough to be worked in the head."""

from dataclasses import replace

import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.flexible_load import LoadKind, LoadState
from custom_components.ems.engine.plan import Mode, PlanStatus, solve
from custom_components.ems.engine.site import Grid
from tests.engine.plan.homes import battery, problem
from tests.engine.plan.loads import DISH_KW, load, task, with_load

ALL6 = [1] * 6
HILLS = [0.30, 0.20, 0.40, 0.10, 0.25, 0.05]


def hills(load_kw=1.0, **changes):
    """Return six hours of prices over an even consumption."""
    return problem(HILLS, [load_kw] * 6, **changes)


def planned(asked, id_="load"):
    return solve(asked).devices[id_]


def test_continuous_load_takes_its_energy_in_the_cheapest_hours_of_its_window():
    """3 kWh at 2 kW in hours 1 to 4: 2 kWh at 0.10, 1 kWh at 0.20; the last hour would be cheaper, but is shut."""
    plan = solve(with_load(hills(), load("continuous"), task([0, 1, 1, 1, 1, 0], 3)))
    assert plan.status is PlanStatus.OK
    assert_allclose(plan.devices["load"].power_kw, [0, 1, 0, 2, 0, 0], atol=1e-9)
    assert plan.expected_cost == pytest.approx(sum(HILLS) + 0.40)


def test_relay_is_on_or_off_and_only_its_last_hour_is_cut_short():
    """2 kWh at 0.10 and then 1 kWh at 0.25 is 0.45; 1 kWh at 0.20 first would leave a relay half on."""
    plan = solve(with_load(hills(), load(), task([0, 1, 1, 1, 1, 0], 3)))
    assert_allclose(plan.devices["load"].power_kw, [0, 0, 0, 2, 1, 0], atol=1e-9)
    assert plan.expected_cost == pytest.approx(sum(HILLS) + 0.45)


def test_relay_that_is_asked_for_whole_hours_takes_the_cheapest_ones():
    plan = solve(with_load(hills(), load(), task([0, 1, 1, 1, 1, 0], 4)))
    assert_allclose(plan.devices["load"].power_kw, [0, 2, 0, 2, 0, 0], atol=1e-9)
    assert plan.stats.binaries == 0


def test_block_runs_once_and_its_last_hour_in_part():
    """3 kWh at 2 kW are an hour and a half: from hour 3 for 2·0.10 + 1·0.25, the cheapest run in one piece."""
    plan = solve(with_load(hills(), load("block"), task([0, 1, 1, 1, 1, 0], 3)))
    assert_allclose(plan.devices["load"].power_kw, [0, 0, 0, 2, 1, 0], atol=1e-9)
    assert plan.expected_cost == pytest.approx(sum(HILLS) + 0.45)


def test_programme_keeps_its_profile_in_order():
    """2, 0.5 and 1 kW: from hour 1 0.70, from hour 2 1.10, from hour 3 0.375."""
    plan = solve(with_load(hills(), load("programme"), task(ALL6)))
    assert_allclose(plan.devices["load"].power_kw, [0, 0, 0, *DISH_KW], atol=1e-9)
    assert plan.expected_cost == pytest.approx(sum(HILLS) + 0.375)


def test_profile_is_spread_exactly_over_steps_of_another_width():
    """Forty minutes at 1.5 kW and twenty at 3 kW, begun on a quarter-hour: 1.5, 1.5, (10·1.5 + 5·3)/15, 3 kW."""
    spec = load("programme", profile_kw=(1.5, 1.5, 3.0), profile_step_h=1 / 3)
    asked = with_load(problem([0.3] + [0.1] * 4, [0] * 5, minutes=15), spec, task([1] * 5))
    assert_allclose(planned(asked).power_kw, [0, 1.5, 1.5, 2.0, 3.0], atol=1e-9)


def test_run_ends_within_its_window_or_does_not_begin():
    """Three hours do not fit into two: the whole run is missing, told by name, and the plan is a plan."""
    plan = solve(with_load(hills(), load("programme"), task([0, 0, 1, 1, 0, 0])))
    (slack,) = plan.slacks
    assert not plan.devices["load"].power_kw.any()
    assert (slack.name, slack.component, slack.unit) == ("load_energy", "load", "kWh")
    assert (slack.first_step, slack.last_step) == (2, 3)
    assert slack.amount == pytest.approx(3.5)
    assert slack.cost == pytest.approx(3.5 * 2.0)
    assert plan.status is PlanStatus.OK


@pytest.mark.parametrize("kind", ["continuous", "interruptible"])
def test_window_that_is_too_short_is_used_in_full(kind):
    plan = solve(with_load(hills(), load(kind), task([0, 1, 0, 0, 1, 0], 5)))
    assert_allclose(plan.devices["load"].power_kw, [0, 2, 0, 0, 2, 0], atol=1e-9)
    assert [slack.amount for slack in plan.slacks] == [pytest.approx(1.0)]


@pytest.mark.parametrize(
    ("reward", "energy", "power"),
    [
        (0.40, 4, [0, 0, 0, 2, 0, 0]),  # a tenth per kWh: what costs more is not worth it
        (1.00, 4, [0, 2, 0, 2, 0, 0]),  # a quarter per kWh
        (0.00, 4, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_load_with_a_reward_takes_what_costs_less(reward, energy, power):
    spec = load("continuous")
    asked = with_load(hills(), spec, task([0, 1, 1, 1, 1, 0], energy, reward=reward + 1e-3))
    plan = solve(asked)
    assert_allclose(plan.devices["load"].power_kw, power, atol=1e-9)
    assert plan.slacks == ()


@pytest.mark.parametrize(("reward", "runs"), [(0.37, False), (0.38, True)])
def test_programme_with_a_reward_runs_where_it_costs_less(reward, runs):
    """The cheapest run is 0.375."""
    plan = solve(with_load(hills(), load("programme"), task(ALL6, reward=reward)))
    assert plan.devices["load"].power_kw.any() == runs


def test_of_two_equal_hours_the_earlier_is_taken():
    for kind in LoadKind:
        spec = load(kind, profile_kw=(1.0,), profile_step_h=1.0)
        asked = with_load(problem([0.2] * 4, [1] * 4), spec, task([0, 1, 1, 1], 2.0))
        assert np.flatnonzero(planned(asked).power_kw).tolist() == [1]


def test_running_block_is_not_interrupted_however_dear_the_hour():
    """3 kWh are left of it: an hour and a half, from now."""
    asked = with_load(problem([0.9, 0.9, 0.1, 0.1], [1] * 4), load("block"), task([1] * 4, 3), is_on=True)
    assert_allclose(planned(asked).power_kw, [2, 1, 0, 0], atol=1e-9)


def test_running_block_goes_on_beyond_its_window():
    asked = with_load(
        problem([0.9, 0.9, 0.1, 0.1], [1] * 4), load("block"), task([1, 0, 0, 0], 5), is_on=True
    )
    plan = solve(asked)
    assert_allclose(plan.devices["load"].power_kw, [2, 2, 1, 0], atol=1e-9)
    assert plan.slacks == ()


def test_programme_goes_on_from_where_it_is():
    """Half an hour into 2, 0.5 and 1 kW: an hour still has half an hour of 2 and half an hour of 0.5 kW."""
    asked = with_load(
        problem([0.9, 0.9, 0.9, 0.1], [1] * 4), load("programme"), task([1] * 4), is_on=True, since_h=0.5
    )
    assert_allclose(planned(asked).power_kw, [1.25, 0.75, 0.5, 0], atol=1e-9)


def test_programme_that_nobody_asked_for_still_uses_what_it_uses():
    asked = with_load(problem([0.9] * 4, [0] * 4), load("programme"), is_on=True, since_h=0)
    plan = solve(asked)
    assert_allclose(plan.import_kw, [2, 0.5, 1, 0], atol=1e-9)


def test_run_that_was_started_before_its_window_leaves_the_task_to_do():
    """The hours of the task begin later: what runs now is something else."""
    asked = with_load(
        problem([0.2] * 8, [0] * 8), load("programme"), task([0] * 4 + [1] * 4), is_on=True, since_h=0
    )
    assert_allclose(planned(asked).power_kw, [2, 0.5, 1, 0, 2, 0.5, 1, 0], atol=1e-9)


def test_relay_stays_on_for_its_shortest_time_whatever_the_price():
    """On for a quarter of an hour, to stay on for one: three quarters more at 0.9, and the rest when it is cheap."""
    spec = load(min_on_h=1.0)
    price = [0.9] * 4 + [0.1] * 4
    asked = with_load(problem(price, [1] * 8, minutes=15), spec, task([1] * 8, 3), is_on=True, since_h=0.25)
    power = planned(asked).power_kw
    assert_allclose(power[:3], 2)
    assert power @ np.full(8, 0.25) == pytest.approx(3)
    assert power[3] == 0


def test_relay_stays_off_for_its_shortest_time():
    spec = load(min_off_h=1.0)
    price = [0.1] * 4 + [0.9] * 4
    asked = with_load(problem(price, [1] * 8, minutes=15), spec, task([1] * 8, 1), is_on=False, since_h=0.5)
    assert_allclose(planned(asked).power_kw, [0, 0, 2, 2, 0, 0, 0, 0], atol=1e-9)


def test_relay_of_which_nobody_knows_since_when_may_switch_at_once():
    spec = load(min_on_h=5.0, min_off_h=5.0)
    asked = with_load(problem([0.9, 0.1], [1] * 2), load(), task([1, 1], 2), is_on=True)
    assert_allclose(planned(asked).power_kw, [0, 2], atol=1e-9)
    assert planned(with_load(problem([0.1] * 6, [1] * 6), spec, task(ALL6, 12))).power_kw[0] == 2


def test_shortest_time_off_closes_a_gap_that_would_pay():
    """Quarter-hours at 0.10, 0.50, 0.10: both cheap ones without a rule; with half an hour off one and the next."""
    price = [0.1, 0.5, 0.1, 0.19, 0.9, 0.9, 0.9, 0.9]
    free = with_load(problem(price, [1] * 8, minutes=15), load(), task([1] * 8, 1))
    assert_allclose(planned(free).power_kw, [2, 0, 2, 0, 0, 0, 0, 0], atol=1e-9)
    bound = with_load(problem(price, [1] * 8, minutes=15), load(min_off_h=0.5), task([1] * 8, 1))
    assert_allclose(planned(bound).power_kw, [2, 0, 0, 2, 0, 0, 0, 0], atol=1e-9)


def test_shortest_time_on_makes_one_run_of_two():
    price = [0.1, 0.5, 0.1, 0.2, 0.9, 0.9, 0.9, 0.9]
    bound = with_load(problem(price, [1] * 8, minutes=15), load(min_on_h=0.5), task([1] * 8, 1))
    assert_allclose(planned(bound).power_kw, [0, 0, 2, 2, 0, 0, 0, 0], atol=1e-9)


def test_shortest_run_may_use_more_than_was_asked_but_not_for_money():
    """0.25 kWh asked, half an hour at least: 1 kWh. At negative prices too, though burning more would pay."""
    for price in (0.3, -0.3):
        asked = with_load(problem([price] * 8, [1] * 8, minutes=15), load(min_on_h=0.5), task([1] * 8, 0.25))
        assert planned(asked).power_kw @ np.full(8, 0.25) == pytest.approx(1.0)


def test_load_that_has_to_be_done_never_overloads_the_connection():
    """2 kW on top of 1 kW, over 2 kW: left out, at the price of its energy, and said so."""
    for kind in LoadKind:
        asked = with_load(
            problem([0.2] * 4, [1] * 4, grid=Grid(import_max_kw=2.0)),
            load(kind, power_min_kw=0),
            task([1] * 4, 3.0),
        )
        plan = solve(asked)
        assert plan.import_kw.max() <= 2.0 + 1e-6
        assert {slack.name for slack in plan.slacks} <= {"load_energy"}


def test_smallest_power_of_a_continuous_load_is_kept_in_the_near_window():
    """0.8 kW of sun and a smallest power of 1 kW: off, or above."""
    asked = problem([0.3] * 4, [0] * 4, pv=[0.8] * 4, export_price=0.1)
    power = planned(with_load(asked, load("continuous", power_min_kw=1.0), task([1] * 4, 2.0))).power_kw
    assert np.all((power < 1e-6) | (power > 1.0 - 1e-6))
    assert power.sum() == pytest.approx(2.0)


def test_load_follows_the_sun_of_its_own_roof():
    """Selling earns 0.08, buying costs 0.30: the run belongs where the sun is."""
    asked = problem([0.3] * 6, [0.2] * 6, export_price=0.08, pv=[0, 0, 1, 3, 1, 0])
    assert np.argmax(planned(with_load(asked, load("block"), task(ALL6, 2))).power_kw) == 3


def test_two_tasks_of_one_load_keep_to_their_own_windows():
    asked = with_load(hills(), load(), task([1, 1, 0, 0, 0, 0], 2), task([0, 0, 1, 0, 1, 0], 2))
    assert_allclose(planned(asked).power_kw, [0, 2, 0, 0, 2, 0], atol=1e-9)


def test_battery_waits_for_the_load_that_it_will_feed():
    """At 0.5 in the only hour of the run, what is bought at 0.1 is worth 0.5."""
    asked = problem([0.1, 0.5], [0, 0], batteries={battery(capacity_kwh=2): 0.0})
    plan = solve(with_load(asked, load("block"), task([0, 1], 2)))
    assert_allclose(plan.devices["battery"].power_kw, [-2, 2], atol=1e-9)


@pytest.mark.parametrize("hours", [23, 25])
def test_days_of_23_and_25_hours_are_used_to_their_last_step(hours):
    n = 4 * hours
    price = [0.3] * (n - 12) + [0.1] * 12
    for kind in LoadKind:
        asked = with_load(problem(price, [0.5] * n, minutes=15), load(kind), task([1] * n, 6))
        power = planned(asked).power_kw
        assert not power[: n - 16].any()
        assert (power > 0)[n - 12 :].all()


def test_load_of_which_nothing_is_asked_stays_off():
    device = planned(with_load(hills(), load()))
    assert device.modes == (Mode.OFF,) * 6
    assert {reason.key for reason in device.reasons} == {"load_nothing_asked"}


@pytest.mark.parametrize(
    ("state", "key"),
    [
        (LoadState(available=False), "load_unavailable"),
        (LoadState(since_h=float("nan")), "load_state_unknown"),
        (LoadState(tasks=(task([1, 1], 1),)), "load_state_unknown"),
        (LoadState(tasks=(task(ALL6, float("nan")),)), "load_state_unknown"),
        (LoadState(tasks=(task(ALL6, 1, reward=float("inf")),)), "load_state_unknown"),
        (LoadState(tasks=(task(ALL6, 1, shortfall_price_per_kwh=float("nan")),)), "load_state_unknown"),
        (LoadState(tasks=(task(ALL6, 1), task([0] * 5 + [1], 1))), "load_state_unknown"),
    ],
)
def test_load_in_trouble_is_set_aside_and_the_rest_is_planned(state, key):
    asked = with_load(hills(batteries={battery(): 2.0}), load())
    plan = solve(replace(asked, loads={"load": state}))
    assert plan.status is PlanStatus.DEGRADED
    assert [(reason.key, reason.placeholders) for reason in plan.reasons] == [(key, {"name": "Load"})]
    assert {reason.key for reason in plan.devices["load"].reasons} == {"device_unavailable"}
    assert plan.devices["battery"].power_kw.any()


def test_negative_sizes_count_as_nothing():
    """A counter that ran past its goal asks for less than nothing."""
    plan = solve(with_load(hills(), load("block"), task(ALL6, -0.3), task([0] * 6, 1)))
    assert not plan.devices["load"].power_kw.any()
    assert [slack.amount for slack in plan.slacks] == [pytest.approx(1.0)]
