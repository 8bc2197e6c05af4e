"""What the sun leaves over, and for whom."""

import pytest

from custom_components.ems.engine.control.surplus import Follower, SunRules, follow_sun, surplus_kw
from custom_components.ems.engine.control.timer import OFF, Switch

RULES = SunRules()
# net, followers, battery (+ discharging), SoC, yields from → kW
CASES: dict[str, tuple[float, float, float, float | None, float, float]] = {
    "what is fed in": (-4.0, 0.0, 0.0, None, 0.0, 4.0),
    "what followers draw already is theirs": (-1.0, 3.0, 0.0, None, 0.0, 4.0),
    "what is drawn from the grid is none": (2.0, 3.0, 0.0, None, 0.0, 1.0),
    "a discharging battery makes no sun": (-1.0, 0.0, 3.0, 0.5, 0.0, -2.0),
    "a charging one yields": (-1.0, 0.0, -3.0, 0.5, 0.0, 4.0),
    "not before it has what it needs": (-1.0, 0.0, -3.0, 0.5, 0.8, 1.0),
    "it has": (-1.0, 0.0, -3.0, 0.8, 0.8, 4.0),
    "never": (-1.0, 0.0, -3.0, 1.0, 1.0, 1.0),
    "one whose charge nobody knows keeps its power": (-1.0, 0.0, -3.0, None, 0.0, 1.0),
}


@pytest.mark.parametrize(("net", "own", "battery", "soc", "from_soc", "kw"), CASES.values(), ids=CASES)
def test_cars_may_have(
    net: float, own: float, battery: float, soc: float | None, from_soc: float, kw: float
) -> None:
    rules = SunRules(battery_yields_from_soc=from_soc)
    assert surplus_kw(net, own, battery, soc, rules) == pytest.approx(kw)


def after(
    seconds: int, kw: float, *suns: Switch, least_kw: float = 4.14, start: int = 0
) -> tuple[Switch, ...]:
    """Return the switches after looking every second."""
    for now in range(start, start + seconds + 1):
        followers = [Follower(least_kw=least_kw, sun=sun) for sun in suns]
        suns = follow_sun(followers, kw, float(now), RULES)
    return suns


def test_a_minute_of_enough_sun_begins_and_three_of_too_little_end() -> None:
    assert not after(59, 5.0, OFF)[0].is_on
    going = after(60, 5.0, OFF)
    assert going[0].is_on
    assert after(179, 1.0, *going, start=60)[0].is_on
    assert not after(180, 1.0, *going, start=60)[0].is_on


def test_sun_for_one_starts_only_the_first() -> None:
    first, second = after(600, 5.0, OFF, OFF)
    assert (first.is_on, second.is_on) == (True, False)


def test_sun_for_two_starts_both() -> None:
    assert all(sun.is_on for sun in after(60, 9.0, OFF, OFF))


def test_a_gap_in_the_sun_begins_the_minute_anew() -> None:
    waiting = after(50, 5.0, OFF)
    waiting = after(0, 1.0, *waiting, start=51)
    assert not after(50, 5.0, *waiting, start=52)[0].is_on
