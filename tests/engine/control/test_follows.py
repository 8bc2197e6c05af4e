"""A battery that goes its own way, and how long anything must before people are told."""

import pytest

from custom_components.ems.engine.control.battery import BatteryNow, BatteryOrder, BatterySpec
from custom_components.ems.engine.control.follows import ignoring, misses
from custom_components.ems.engine.control.timer import OFF

CELLS = BatterySpec(
    key="b", name="B", circuit="main", charge_max_kw=5.0, discharge_max_kw=5.0, reserve_soc=0.2
)


@pytest.mark.parametrize(
    ("mode", "told_kw", "power_kw", "soc", "found"),
    [
        # + discharging
        ("charge", 3.0, -3.0, 0.5, False),
        ("charge", 3.0, -3.7, 0.5, False),  # a quarter more
        ("charge", 3.0, -3.8, 0.5, True),
        ("charge", 3.0, -1.0, 0.5, False),  # the cold lets it take no more
        ("charge", 3.0, -0.5, 0.5, True),
        ("charge", 3.0, 0.0, 0.5, True),
        ("charge", 3.0, 0.0, 0.97, False),  # full
        ("charge", 3.0, 1.0, 0.5, True),
        ("charge", 0.3, 0.0, 0.5, False),  # too little to tell
        ("charge", 0.0, -2.0, 0.5, True),
        ("discharge", 3.0, 3.0, 0.5, False),
        ("discharge", 3.0, 0.1, 0.5, True),
        ("discharge", 3.0, 0.1, 0.24, False),  # at its reserve
        ("discharge", 3.0, 4.0, 0.24, True),  # and yet it gives too much
        ("hold", None, 0.2, 0.5, False),
        ("hold", None, 0.4, 0.5, True),
        ("hold", None, -4.0, 0.5, False),  # surplus still goes in
        ("automatic", None, 5.0, 0.5, False),
        ("charge", 3.0, None, 0.5, None),
        ("charge", 3.0, 0.0, None, None),
        ("automatic", None, None, None, False),
    ],
)
def test_a_battery_misses_its_order(
    mode: str, told_kw: float | None, power_kw: float | None, soc: float | None, found: bool | None
) -> None:
    order = BatteryOrder(mode=mode, key="x", power_kw=told_kw)
    assert misses(CELLS, BatteryNow(power_kw=power_kw, soc=soc), order) is found


def test_it_is_told_after_a_while_and_taken_back_after_a_short_one() -> None:
    state = OFF
    told = []
    for second in range(200):
        ignores: bool | None = second < 100
        if 70 <= second < 80:
            ignores = None  # nobody can say: nothing changes
        state = ignoring(state, ignores, float(second), after_s=60.0)
        if state.is_on:
            told.append(second)
    assert (told[0], told[-1]) == (60, 109)


def test_an_order_that_is_missed_only_now_and_then_is_followed() -> None:
    state = OFF
    for second in range(1000):
        state = ignoring(state, second % 50 != 0, float(second), after_s=60.0)
        assert not state.is_on
