"""From a mode to a wish: a line per case."""

import pytest

from custom_components.ems.engine.control.claim import Rank
from custom_components.ems.engine.control.ev_mode import Ask, EvMode, Goal, Planned, Source, wish_of

from .homes import START_S, charger

SPEC = charger()  # 16 A · 3 · 230 V = 11.04 kW
URGENT = Goal(missing_kwh=11.04, ready_at_s=START_S + 3600)
EASY = Goal(missing_kwh=11.04, ready_at_s=START_S + 8 * 3600)
DONE = Goal(missing_kwh=0.0, ready_at_s=START_S + 60)

# mode, planned, goal → rank, most, floor, follows the sun
CASES = {
    "off is nothing": (EvMode.OFF, None, URGENT, Rank.OVERRIDE, 0, 0, False),
    "now is all there is": (EvMode.NOW, None, None, Rank.OVERRIDE, 16, 16, False),
    "minimum and surplus": (EvMode.MIN_SURPLUS, None, None, Rank.PLAN, 16, 6, True),
    "surplus alone": (EvMode.SURPLUS, None, URGENT, Rank.SURPLUS, 16, 0, True),
    "the plan's current, and the sun's beyond": (
        EvMode.PLAN,
        Planned(current_a=10),
        EASY,
        Rank.PLAN,
        16,
        10,
        True,
    ),
    "the plan's current where feeding in earns more": (
        EvMode.PLAN,
        Planned(current_a=10, takes_surplus=False),
        EASY,
        Rank.PLAN,
        10,
        10,
        False,
    ),
    "a plan's current below the smallest is the smallest": (
        EvMode.PLAN,
        Planned(current_a=2),
        EASY,
        Rank.PLAN,
        16,
        6,
        True,
    ),
    "a plan that waits takes the sun": (EvMode.PLAN, Planned(current_a=0), EASY, Rank.SURPLUS, 16, 0, True),
    "but not where feeding in earns more": (
        EvMode.PLAN,
        Planned(current_a=0, takes_surplus=False),
        EASY,
        Rank.SURPLUS,
        0,
        0,
        True,
    ),
    "no plan follows the sun": (EvMode.PLAN, None, EASY, Rank.SURPLUS, 16, 0, True),
    "no plan and no time left charges": (EvMode.PLAN, None, URGENT, Rank.URGENT, 16, 16, False),
    "a plan that waits too long is overruled": (
        EvMode.PLAN,
        Planned(current_a=0),
        URGENT,
        Rank.URGENT,
        16,
        16,
        False,
    ),
    "a car that has all is never urgent": (EvMode.PLAN, None, DONE, Rank.SURPLUS, 16, 0, True),
}


@pytest.mark.parametrize(
    ("mode", "planned", "goal", "rank", "most", "floor", "sun"), CASES.values(), ids=CASES
)
def test_a_mode_wants(
    mode: EvMode,
    planned: Planned | None,
    goal: Goal | None,
    rank: Rank,
    most: float,
    floor: float,
    *,
    sun: bool,
) -> None:
    wish = wish_of(SPEC, mode, now_s=START_S, planned=planned, goal=goal)
    assert (wish.rank, wish.most_a, wish.floor_a, wish.follows_surplus) == (rank, most, floor, sun)


ASKS = {
    "a person's current is kept to": (
        Ask(source=Source.OVERRIDE, mode=EvMode.NOW, current_a=9),
        Rank.OVERRIDE,
        9,
    ),
    "no more than the charger has": (
        Ask(source=Source.OVERRIDE, mode=EvMode.NOW, current_a=40),
        Rank.OVERRIDE,
        16,
    ),
    "a person's stop stops an urgent car": (Ask(source=Source.OVERRIDE, mode=EvMode.OFF), Rank.OVERRIDE, 0),
    "a schedule charges": (Ask(source=Source.SCHEDULE, mode=EvMode.NOW), Rank.SCHEDULE, 16),
    "a schedule's sun is still only sun": (
        Ask(source=Source.SCHEDULE, mode=EvMode.SURPLUS),
        Rank.SURPLUS,
        16,
    ),
}


@pytest.mark.parametrize(("ask", "rank", "most"), ASKS.values(), ids=ASKS)
def test_an_ask_goes_before_the_mode(ask: Ask, rank: Rank, most: float) -> None:
    wish = wish_of(SPEC, EvMode.PLAN, now_s=START_S, ask=ask, goal=URGENT)
    assert (wish.rank, wish.most_a, wish.source) == (rank, most, ask.source)


def test_urgent_begins_a_quarter_of_an_hour_before_the_last_moment() -> None:
    # 11.04 kWh take an hour.
    assert not Goal(missing_kwh=11.04, ready_at_s=START_S + 4501).is_urgent(SPEC, START_S)
    assert Goal(missing_kwh=11.04, ready_at_s=START_S + 4500).is_urgent(SPEC, START_S)
