"""Staying with the last plan where nothing speaks against it."""

from dataclasses import replace

import numpy as np
import pytest

from custom_components.ems.engine.plan import PlanStatus, solve
from custom_components.ems.engine.plan.guide import said_before
from custom_components.ems.engine.site import Preference, Strategy
from custom_components.ems.engine.steps import Steps, tiered_steps
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, problem


def flat_night(price: list[float]):
    """Return a night whose quarter-hours cost nearly the same, and a battery that wants 1 kWh of them."""
    n = len(price)
    return problem(
        [*price, 0.5],
        [0.0] * n + [4.0],
        minutes=15,
        batteries={battery(capacity_kwh=1.0, charge_max_kw=4.0): 0.0},
    )


def test_plan_does_not_flip_for_a_tenth_of_a_cent():
    """Two equal quarter-hours: the second is now cheaper by less than a hundredth of the dearest price."""
    first = solve(flat_night([0.2, 0.2, 0.3]))
    assert first.devices["battery"].power_kw[0] == pytest.approx(-4, abs=1e-6)
    again = flat_night([0.2, 0.199, 0.3])
    assert solve(again).devices["battery"].power_kw[0] == pytest.approx(0, abs=1e-6)
    assert solve(again, previous=first).devices["battery"].power_kw[0] == pytest.approx(-4, abs=1e-6)


def test_plan_changes_its_mind_where_that_pays():
    first = solve(flat_night([0.2, 0.2, 0.3]))
    moved = solve(flat_night([0.2, 0.15, 0.3]), previous=first)
    assert moved.devices["battery"].power_kw[0] == pytest.approx(0, abs=1e-6)


def test_car_stays_with_its_quarter_hours():
    def asked(price):
        return problem(
            price, [0.0] * 4, minutes=15, charger=WALLBOX, car=car([True] * 4, 11.04 / 4, ready_at_s=None)
        )

    first = solve(asked([0.2, 0.2, 0.3, 0.3]))
    kept = solve(asked([0.2, 0.1995, 0.3, 0.3]), previous=first)
    assert kept.devices["wallbox"].power_kw[0] == pytest.approx(11.04, abs=1e-6)


def test_staying_is_no_money():
    """The price of changing one's mind is in the objective, never in the bill."""
    first = solve(flat_night([0.2, 0.2, 0.3]))
    moved = solve(flat_night([0.2, 0.15, 0.3]), previous=first)
    assert moved.expected_cost == pytest.approx(0.15, abs=1e-6)


def test_a_failed_plan_and_a_plan_of_yesterday_have_no_say():
    asked = flat_night([0.2, 0.2, 0.3])
    plan = solve(asked)
    assert said_before(None, asked) == {}
    assert said_before(replace(plan, status=PlanStatus.FAILED), asked) == {}
    old = replace(plan, steps=Steps(edges_s=plan.steps.edges_s - 86400))
    assert np.isnan(said_before(old, asked)["battery"]).all()


def test_a_plan_by_another_strategy_has_no_say():
    """Whoever changes the strategy wants a change."""
    asked = flat_night([0.2, 0.2, 0.3])
    plan = solve(asked)
    other = replace(asked, site=replace(asked.site, strategy=Strategy.PEAK_SHAVING))
    assert said_before(plan, other) == {}
    greener = replace(asked, site=replace(asked.site, preference=Preference.ENVIRONMENTAL))
    assert said_before(plan, greener) == {}


@pytest.mark.parametrize("later_s", [60, 300, 900])
def test_what_was_said_is_read_off_another_axis(later_s):
    """Five minutes on, the tiers begin elsewhere: what counts is the instant, and only the first hour."""
    steps = tiered_steps(START_S)
    n = len(steps)
    asked = problem([0.2] * n, [1.0] * n, batteries={battery(): 5.0}, steps=steps)
    plan = solve(asked)
    marked = replace(
        plan, devices={"battery": replace(plan.devices["battery"], power_kw=steps.starts_s - START_S)}
    )
    then = tiered_steps(START_S + later_s)
    m = len(then)
    said = said_before(marked, problem([0.2] * m, [1.0] * m, batteries={battery(): 5.0}, steps=then))[
        "battery"
    ]
    hour = (then.starts_s - then.starts_s[0]) < 3600
    assert np.isfinite(said[hour]).all()
    assert np.isnan(said[~hour]).all()
    assert np.all(np.abs(said[hour] + START_S - then.starts_s[hour]) < 900)
