"""How `auto` scores the strategies, when it changes its mind, and what it costs on days that turn out otherwise."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
import pytest

from custom_components.ems.engine.plan import Mode, PlanStatus, solve
from custom_components.ems.engine.plan.home import end_values
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.replay import expected_cost
from custom_components.ems.engine.plan.selection import CANDIDATES, Yardstick
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.plan.wishes import broken_wishes
from custom_components.ems.engine.problem import Scenario
from custom_components.ems.engine.site import DemandCharge, Grid, Preference, Strategy
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, homes, problem
from tests.engine.plan.leanings import leaning

NAMES = {str(strategy) for strategy in CANDIDATES}


def by(asked, strategy):
    return solve(leaning(asked, strategy, asked.site.preference))


def hill(**changes):
    """Return a hill of 3 kW at the dearest hour's price but one, and 1 kWh."""
    return problem([0.3, 0.3, 0.5], [1, 3, 1], batteries={battery(charge_max_kw=0): 1}, **changes)


def hesitant(asked, threshold):
    return replace(asked, site=replace(asked.site, switch_threshold=threshold))


def test_every_candidate_is_scored_and_the_scores_are_money():
    """The kWh saves 0.5 in the last hour; shaving the hill with it saves 0.3."""
    plan = solve(hill())
    assert plan.strategy is Strategy.ARBITRAGE
    assert set(plan.scores) == NAMES
    assert plan.scores["arbitrage"] == pytest.approx(plan.expected_cost, abs=1e-3)
    assert plan.scores["peak_shaving"] - plan.scores["arbitrage"] == pytest.approx(0.2, abs=1e-3)
    for strategy in CANDIDATES:
        assert plan.scores[strategy] == pytest.approx(by(hill(), strategy).expected_cost, abs=1e-3)


def test_what_people_chose_is_not_scored():
    assert solve(leaning(hill(), Strategy.PEAK_SHAVING)).scores == {}


def test_demand_charge_is_part_of_the_score():
    """With 3 for a kW, shaving the hill is what the cheapest bill does as well."""
    plan = solve(hill(grid=Grid(demand_charge=DemandCharge(price_per_kw=3))))
    assert plan.costs.peak == pytest.approx(6)
    assert plan.scores["arbitrage"] == pytest.approx(plan.scores["peak_shaving"], abs=1e-3)
    assert plan.scores["arbitrage"] == pytest.approx(plan.expected_cost, abs=1e-3)


def in_force(asked, strategy):
    """Return a plan of the day before, which `auto` made by some strategy."""
    return replace(by(asked, strategy), scores={str(strategy): 1.0})


@pytest.mark.parametrize(
    ("threshold", "kept"),
    [
        (0.15, Strategy.PEAK_SHAVING),  # 0.2 of 1.7 is 12 %
        (0.10, Strategy.ARBITRAGE),
        (0.0, Strategy.ARBITRAGE),
    ],
)
def test_strategy_in_force_stays_until_another_is_better_by_the_threshold(threshold, kept):
    asked = hesitant(hill(), threshold)
    assert solve(asked, previous=in_force(asked, Strategy.PEAK_SHAVING)).strategy is kept


def test_what_people_had_chosen_before_is_not_in_force():
    asked = hill()
    assert solve(asked, previous=by(asked, Strategy.PEAK_SHAVING)).strategy is Strategy.ARBITRAGE


def test_a_score_near_zero_is_no_measure_of_much():
    """3 kWh sold pay for what is bought: the score is near 0, and the 0.2 to be gained are 7 % of what is traded."""
    asked = problem(
        [0.3, 0.3, 0.5, 0.3],
        [1, 3, 1, 0],
        export_price=0.45,
        pv=[0, 0, 0, 3.0],
        batteries={battery(charge_max_kw=0, discharge_max_kw=1, capacity_kwh=1): 1},
    )
    previous = in_force(asked, Strategy.PEAK_SHAVING)
    scores = solve(asked).scores
    gain = scores["peak_shaving"] - scores["arbitrage"]
    assert gain > 0.15 * abs(scores["peak_shaving"])
    assert solve(asked, previous=previous).strategy is Strategy.PEAK_SHAVING
    assert solve(hesitant(asked, 0.05), previous=previous).strategy is Strategy.ARBITRAGE


def cloudy(share: float):
    """Return a home that could sell now what tomorrow's sun brings again, if it shines; often it does not."""
    sun = np.array([0.0, 6.0, 0.0, 0.0])
    load = np.array([0.0, 0.0, 2.0, 2.0])
    days = (
        Scenario(load_kw=load, pv_available_kw={"pv": 2 * sun}, probability=1 - share),
        Scenario(load_kw=load, pv_available_kw={"pv": 0 * sun}, probability=share),
    )
    return problem(
        [0.3, 0.9, 0.9, 0.9],
        load.tolist(),
        export_price=[0.31, 0.02, 0.02, 0.02],
        pv=sun.tolist(),
        batteries={battery(capacity_kwh=4): 4},
        scenarios=days,
        shared_h=1.0,
    )


def test_another_wins_where_days_turn_out_otherwise():
    """Arbitrage sells 4 kWh at 0.31; in half of all days no sun comes and they are bought back at 0.9."""
    asked = cloudy(0.5)
    assert by(replace(asked, scenarios=()), Strategy.ARBITRAGE).export_kw[0] > 3
    plan = solve(asked)
    assert plan.scores["self_consumption"] < plan.scores["arbitrage"]
    assert plan.strategy is Strategy.SELF_CONSUMPTION
    assert plan.export_kw[0] == pytest.approx(0, abs=1e-6)
    assert solve(replace(asked, scenarios=())).strategy is Strategy.ARBITRAGE


def test_chosen_plan_is_the_plan_of_that_strategy():
    """Scores come from linear drafts on the mean; what is published is made with all that a plan is made with."""
    asked = cloudy(0.5)
    chosen, plain = solve(asked), by(asked, Strategy.SELF_CONSUMPTION)
    assert chosen.stats.scenarios == plain.stats.scenarios == 2
    assert_array_equal(chosen.import_kw, plain.import_kw)
    wants = car([True, True, True], 5)
    small = problem([0.3, 0.2, 0.4], [0] * 3, pv=[3, 2, 3], charger=WALLBOX, car=wants, minutes=15)
    with_integers, by_hand = solve(small), by(small, Strategy.ARBITRAGE)
    assert with_integers.stats.binaries == by_hand.stats.binaries > 0
    assert_array_equal(with_integers.import_kw, by_hand.import_kw)


def test_work_of_all_drafts_is_told():
    plan, one = solve(hill()), by(hill(), Strategy.ARBITRAGE)
    assert plan.stats.solves == 4 * one.stats.solves
    assert plan.stats.total_ms >= plan.stats.highs_ms + plan.stats.build_ms


def test_where_nothing_can_be_decided_nothing_is_scored():
    plan = solve(problem([0.3, 0.4], [1, 1], pv=[0.5, 0]))
    assert plan.strategy is Strategy.ARBITRAGE
    assert plan.scores == {}
    assert plan.stats.solves == 1


def test_no_time_for_drafts_is_no_reason_to_leave():
    plan = solve(hill(), previous=in_force(hill(), Strategy.PEAK_SHAVING), time_limit_s=-10)
    assert plan.status is PlanStatus.FAILED
    assert plan.strategy is Strategy.PEAK_SHAVING  # the last plan is shown


def test_candidate_whose_draft_fails_is_not_scored_and_the_one_in_force_is_kept():
    """The first two solves fail: the drafts of arbitrage, which is in force, and of self-consumption."""
    real, calls = open_solver("highs"), []

    def failing(model, **limits):
        calls.append(model)
        if len(calls) <= 2:
            return replace(real(model, time_limit_s=-1, gap_abs=0), x=np.zeros(0))
        return real(model, **limits)

    plan = solve(hill(), solver=failing)
    assert plan.strategy is Strategy.ARBITRAGE
    assert set(plan.scores) == {"peak_shaving", "load_balancing"}


def test_broken_wishes_count_the_same_whoever_breaks_them():
    """A car that gets 12 of 20 kWh: 8 missing in time and 8 for good, at 2 each, whatever a strategy adds to it."""
    wants = car([True, True], 20)
    asked = problem([0.3, 0.3], [0, 0], charger=WALLBOX, car=wants, grid=Grid(import_max_kw=6))
    for strategy in CANDIDATES:
        plan = by(asked, strategy)
        assert broken_wishes(asked, plan) == pytest.approx(2 * 8 * 2.0)
        if strategy is not Strategy.ARBITRAGE:
            assert plan.costs.penalty > 32 or strategy is Strategy.SELF_CONSUMPTION


def test_band_and_reserve_count_as_their_model_has_them():
    """From 2 kWh with a floor of 3 nothing leads up: 1 kWh outside for 4 hours at a fifth of 0.3, none leaving."""
    store = battery(soc_min=0.3, charge_max_kw=0)
    asked = problem([0.3] * 4, [1, 8, 1, 1], batteries={store: 2})
    for strategy in CANDIDATES:
        plan = by(asked, strategy)
        assert broken_wishes(asked, plan) == pytest.approx(4 * 0.06)
    kept = battery(reserve_soc=0.3, charge_max_kw=0)
    asked = problem([0.3] * 4, [1, 8, 1, 1], batteries={kept: 2})
    assert broken_wishes(asked, by(asked, Strategy.ARBITRAGE)) == pytest.approx(
        by(asked, Strategy.ARBITRAGE).costs.penalty
    )


@settings(max_examples=30)
@given(homes(prices=(0.05, 0.6)), st.sampled_from(Preference))
def test_nothing_beats_the_cheapest_bill_on_a_day_that_goes_as_planned(asked, preference):
    """Its objective is the yardstick: bill, preference and broken wishes, all priced alike."""
    asked = leaning(
        replace(asked, export_price_per_kwh=np.minimum(asked.export_price_per_kwh, 0.04)),
        preference=preference,
    )
    scores = solve(asked).scores
    assert not scores or scores["arbitrage"] <= min(scores.values()) + 0.02


@settings(max_examples=15)
@given(homes(prices=(0.05, 0.6)))
def test_scores_are_what_the_plans_cost(asked):
    """With the economic preference a score is the plan's cost and its wishes, and nothing else."""
    inputs = judge(asked)
    yardstick = Yardstick(inputs)
    for strategy in CANDIDATES:
        plan = by(asked, strategy)
        expected = plan.expected_cost + broken_wishes(inputs.problem, plan)
        assert yardstick.score(plan) == pytest.approx(expected, abs=1e-6)


def replayed(asked, *, modes, power, load):
    """Return what a battery's orders cost where the load is another one than expected."""
    plan = by(replace(asked, scenarios=()), Strategy.ARBITRAGE)
    device = plan.devices["battery"]
    energy = device.energy_kwh[0] - np.concatenate([[0.0], np.cumsum(power)])
    device = replace(device, modes=tuple(modes), power_kw=np.array(power, dtype=float), energy_kwh=energy)
    grid = asked.load_kw - device.power_kw
    plan = replace(
        plan, devices={"battery": device}, import_kw=np.maximum(grid, 0), export_kw=np.maximum(-grid, 0)
    )
    asked = replace(asked, scenarios=(Scenario(load_kw=np.array(load, dtype=float)),))
    return expected_cost(asked, plan, end_values(judge(asked)))


def test_battery_that_follows_covers_what_was_not_expected():
    """1 kW more than expected for an hour: from the battery, so that the last hour has 1 kWh less of it."""
    asked = problem([0.2, 0.2, 0.2], [1, 1, 1], batteries={battery(): 2})
    follow = [Mode.AUTOMATIC] * 3
    cost = replayed(asked, modes=follow, power=[1, 1, 0], load=[2, 1, 1])
    assert cost == pytest.approx(0.2 * (0 + 1 + 1) + 0.2 * 2)


def test_battery_that_holds_takes_surplus_and_gives_nothing():
    asked = problem([0.2, 0.5], [1, 1], export_price=0.05, batteries={battery(): 2})
    modes, worth = [Mode.HOLD, Mode.HOLD], end_values(judge(asked))["battery"]
    cost = replayed(asked, modes=modes, power=[0, 0], load=[-3, 4])
    assert cost == pytest.approx(0.5 * 4 - (worth.of(5) - worth.of(2)))


def test_battery_told_a_power_keeps_to_it_as_far_as_there_is_energy():
    asked = problem([0.2, 0.5], [1, 1], batteries={battery(): 2})
    modes = [Mode.DISCHARGE, Mode.DISCHARGE]
    cost = replayed(asked, modes=modes, power=[1.5, 0.5], load=[3, 1])
    worth = end_values(judge(asked))["battery"]
    assert cost == pytest.approx(0.2 * 1.5 + 0.5 * 0.5 + worth.of(2))
    charging = [Mode.CHARGE, Mode.AUTOMATIC]
    cost = replayed(asked, modes=charging, power=[-4, 0], load=[0, 20])
    assert cost == pytest.approx(0.2 * 4 + 0.5 * 15 - (worth.of(1) - worth.of(2)))


def test_scenarios_count_by_how_likely_they_are():
    asked = problem([0.2, 0.2], [1, 1], charger=None, batteries={battery(capacity_kwh=0): 0})
    days = tuple(
        Scenario(load_kw=np.full(2, kw), probability=probability) for kw, probability in ((1, 3), (5, 1))
    )
    asked = replace(asked, scenarios=days)
    plan = by(asked, Strategy.ARBITRAGE)
    assert expected_cost(asked, plan, {}) == pytest.approx(0.4 * (3 * 1 + 1 * 5) / 4)


def test_less_sun_than_expected_is_bought():
    day = Scenario(load_kw=np.ones(2), pv_available_kw={"pv": np.array([1.0, 0.0])})
    asked = problem([0.2, 0.2], [1, 1], export_price=0.1, pv=[3, 0], scenarios=(day,))
    plan = by(replace(asked, scenarios=()), Strategy.ARBITRAGE)
    assert plan.expected_cost == pytest.approx(-0.1 * 2 + 0.2)
    assert expected_cost(asked, plan, {}) == pytest.approx(0.2)


def test_environment_counts_in_every_score():
    """A preference is not part of what is chosen: it weighs on all candidates alike, and on none for a car's sake."""
    asked = problem(
        [0.28, 0.32],
        [0, 0],
        charger=WALLBOX,
        car=car([True, True], 5, ready_at_s=START_S + 7200),
        co2_g_per_kwh=np.array([600.0, 200.0]),
    )
    green = leaning(asked, preference=Preference.ENVIRONMENTAL)
    plan = solve(green)
    assert_allclose(plan.import_kw, [0, 5], atol=1e-6)
    assert plan.scores["arbitrage"] == pytest.approx(5 * (0.32 + 0.05), abs=1e-3)
