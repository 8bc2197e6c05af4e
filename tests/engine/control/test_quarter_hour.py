"""What is left of a quarter-hour, worked by hand."""

import pytest

from custom_components.ems.engine.control.quarter_hour import Interval, interval_start_s, limit_kw

START = 1_750_000_500.0 // 900 * 900
# seconds gone, imported kWh → kW, for a target of 6 kW: 1.47 kWh after the margin of 2 %
CASES = {
    "at the beginning the target, less the margin": (0, 0.0, 5.88),
    "on the way at the target's pace": (450, 0.735, 5.88),
    "less drawn so far is more left": (450, 0.235, 9.88),
    "more drawn so far is less left": (450, 1.235, 1.88),
    "all drawn is nothing left": (600, 1.6, 0.0),
    "the last seconds count as thirty": (899, 1.37, 12.0),
}


@pytest.mark.parametrize(("gone_s", "imported_kwh", "kw"), CASES.values(), ids=CASES)
def test_the_rest_of_the_interval_may_draw(gone_s: float, imported_kwh: float, kw: float) -> None:
    interval = Interval(start_s=START, imported_kwh=imported_kwh)
    assert limit_kw(6.0, interval, START + gone_s) == pytest.approx(kw)


@pytest.mark.parametrize("off_s", [-1, 900, 4000])
def test_an_interval_of_another_time_says_nothing(off_s: float) -> None:
    assert limit_kw(6.0, Interval(start_s=START, imported_kwh=1.4), START + off_s) == 6.0


def test_intervals_follow_the_meters_clock() -> None:
    assert interval_start_s(START + 20) == START
    assert interval_start_s(START + 20, starts_past_s=30) == START - 870
    assert interval_start_s(START + 1830, 3600, 1800) == pytest.approx(
        (START - 1800 + 1830) // 3600 * 3600 + 1800
    )
