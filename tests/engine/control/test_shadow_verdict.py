"""When a battery goes back to the rule, and when it comes back: by days on paper."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from custom_components.ems.engine.control.shadow_ledger import PLAN, REAL, RULE, Day, but_for
from custom_components.ems.engine.control.shadow_verdict import (
    Verdict,
    contest,
    is_better_again,
    judged,
    lost_to_shadow,
)

FIRST = date(2026, 6, 1)


def days(*plan_costs: float, first: date = FIRST, rule: float = 2.0, turnover: float = 2.0) -> list[Day]:
    """Return days that cost 2 by the rule, and so much by the plan."""
    return [
        Day(
            day=(first + timedelta(days=k)).isoformat(),
            hours=24.0,
            turnover=turnover,
            cost={REAL: rule, RULE: rule, PLAN: cost},
        )
        for k, cost in enumerate(plan_costs)
    ]


@pytest.mark.parametrize(
    ("past", "is_lost"),
    [
        (days(*[2.10] * 28), True),  # 2.80 dearer
        (days(*[1.90] * 28), False),
        (days(*[2.0] * 28), False),  # a tie is nobody's loss
        (days(*[2.019] * 28), False),  # 0.53 dearer, and the margin is a hundredth of 56
        (days(*[2.021] * 28), True),
        (days(*[1.0] * 30, *[2.10] * 28), True),  # what was a month ago is over
        (days(*[2.10] * 20), False),  # twenty days are too few
        (days(*[2.10] * 21), True),  # three quarters of 28 are enough
        (days(*[0.10] * 28, rule=0.0, turnover=0.0), True),  # where nothing is paid, nothing may be lost
        ([], False),
    ],
)
def test_a_loss_is_a_hundredth_of_all_money_in_four_weeks(past: list[Day], is_lost: bool) -> None:
    assert lost_to_shadow(past, "b") is is_lost


@pytest.mark.parametrize("spoilt", [{"hours": 17.0}, {"for_money": False}, {"cost": {}}])
def test_days_that_say_nothing_do_not_count(spoilt: dict) -> None:
    """A day with a long silence, one that served another wish, and one without accounts."""
    past = [replace(day, **spoilt) if k < 8 else day for k, day in enumerate(days(*[2.10] * 28))]
    assert contest(past, "b", 28).days == 20
    assert not lost_to_shadow(past, "b")


def test_the_days_are_those_of_the_calendar() -> None:
    """Four weeks of absence between two halves: the first half is too old to count."""
    past = days(*[2.10] * 14) + days(*[2.10] * 14, first=FIRST + timedelta(days=42))
    assert contest(past, "b", 28).days == 14
    assert not lost_to_shadow(past, "b")


def test_of_two_batteries_only_the_one_that_loses_is_told_apart() -> None:
    """A's plan costs 0.10 a day, B's saves it: without A's plan the home would cost less."""
    past = [
        replace(day, cost={RULE: 2.0, PLAN: 2.0, but_for("a"): 1.9, but_for("b"): 2.1})
        for day in days(*[2.0] * 28)
    ]
    assert lost_to_shadow(past, "a")
    assert not lost_to_shadow(past, "b")


def live(verdict: Verdict, past: list[Day]) -> list[Verdict]:
    """Return the verdict after each day."""
    found = []
    for k in range(len(past)):
        verdict = judged(verdict, past[: k + 1], "b")
        found.append(verdict)
    return found


def test_the_rule_takes_over_after_four_weeks_and_the_plan_comes_back_after_two() -> None:
    """28 days at 0.10 dearer; then 0.10 cheaper: back on day 42, and only judged again from then on."""
    past = days(*[2.10] * 28, *[1.90] * 20)
    found = live(Verdict(since="2026-06-01"), past)
    assert [each.follows_rule for each in found] == [False] * 27 + [True] * 14 + [False] * 7
    assert found[27] == Verdict(since="2026-06-29", follows_rule=True, lost=pytest.approx(2.8), days=28)
    assert found[41] == Verdict(since="2026-07-13")
    assert judged(found[41], days(*[2.10] * 60), "b").follows_rule is False  # 18 days since


def test_who_came_back_is_not_sent_away_for_old_days() -> None:
    """The lost weeks are still in the last 28 days."""
    past = days(*[2.50] * 28, *[1.90] * 14)
    assert live(Verdict(since="2026-06-01"), past)[-1].follows_rule is False
    again = judged(Verdict(since="2026-07-13"), [*past, *days(2.0, first=date(2026, 7, 13))], "b")
    assert again.follows_rule is False


@pytest.mark.parametrize(
    ("costs", "is_better"),
    [([1.90] * 14, True), ([1.985] * 14, False), ([2.0] * 14, False), ([1.90] * 10, False)],
)
def test_better_again_means_by_the_same_margin(costs: list[float], is_better: bool) -> None:
    """A tie keeps the rule: it costs nothing."""
    assert is_better_again(days(*costs), "b") is is_better


def test_a_plan_that_only_ties_leaves_the_rule_in_place() -> None:
    past = days(*[2.10] * 28, *[2.0] * 30)
    assert live(Verdict(since="2026-06-01"), past)[-1].follows_rule is True


def test_nothing_is_judged_before_a_day_is_over() -> None:
    begun = Verdict(since="2026-06-01")
    assert judged(begun, [], "b") is begun
