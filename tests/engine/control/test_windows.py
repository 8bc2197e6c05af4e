"""Limits by the clock, worked by hand: midnight, weekdays, the two days on which the clock changes."""

from datetime import UTC, datetime, time
import itertools
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.control.windows import CapWindow, cap_now_kw, caps_kw
from custom_components.ems.engine.errors import PlanError
from custom_components.ems.engine.steps import Steps

VIENNA = ZoneInfo("Europe/Vienna")
NIGHT = CapWindow(start=time(22), end=time(6), limit_kw=11.0)
MONDAY_TO_FRIDAY = CapWindow(start=time(22), end=time(6), limit_kw=11.0, weekdays=frozenset(range(5)))
EVENING = CapWindow(start=time(17), end=time(23), limit_kw=4.0)
ALWAYS = CapWindow(start=time(0), end=time(0), limit_kw=8.0)
SUNDAY = CapWindow(start=time(0), end=time(0), limit_kw=3.0, weekdays=frozenset({6}))


def cap_kw(local: str, *windows: CapWindow) -> float | None:
    """Return the limit at a local time of Vienna; `fold` is told by the offset where there are two."""
    at = datetime.fromisoformat(local)
    return cap_now_kw(windows, at.replace(tzinfo=at.tzinfo or VIENNA).astimezone(UTC).timestamp(), VIENNA)


@pytest.mark.parametrize(
    ("local", "windows", "limit_kw"),
    [
        ("2026-06-15T21:59:59", [NIGHT], None),  # a Monday
        ("2026-06-15T22:00:00", [NIGHT], 11.0),
        ("2026-06-16T00:00:00", [NIGHT], 11.0),  # over midnight
        ("2026-06-16T05:59:59", [NIGHT], 11.0),
        ("2026-06-16T06:00:00", [NIGHT], None),
        ("2026-06-20T03:00:00", [MONDAY_TO_FRIDAY], 11.0),  # Saturday's small hours are Friday's
        ("2026-06-20T22:00:00", [MONDAY_TO_FRIDAY], None),
        ("2026-06-15T03:00:00", [MONDAY_TO_FRIDAY], None),  # Monday's are Sunday's
        ("2026-06-15T22:30:00", [NIGHT, EVENING], 4.0),  # the smallest of those that hold
        ("2026-06-15T12:00:00", [NIGHT, EVENING, ALWAYS], 8.0),
        ("2026-06-14T23:59:59", [SUNDAY], 3.0),  # equal times are the whole day
        ("2026-06-15T00:00:00", [SUNDAY], None),
        ("2026-06-15T12:00:00", [], None),
    ],
)
def test_the_smallest_limit_of_the_hour_holds(
    local: str, windows: list[CapWindow], limit_kw: float | None
) -> None:
    assert cap_kw(local, *windows) == limit_kw


def test_a_window_in_the_hour_that_is_left_out_never_holds() -> None:
    """On 29 March 2026 the clock of Vienna goes from 02:00 to 03:00."""
    window = CapWindow(start=time(2), end=time(3), limit_kw=5.0)
    assert cap_kw("2026-03-29T01:59:59+01:00", window) is None
    assert cap_kw("2026-03-29T03:00:00+02:00", window) is None
    assert cap_kw("2026-03-30T02:30:00+02:00", window) == 5.0


def test_a_window_in_the_hour_that_comes_twice_holds_twice() -> None:
    """On 25 October 2026 it is 02:30 in summer time, and an hour later again."""
    window = CapWindow(start=time(2), end=time(3), limit_kw=5.0)
    assert cap_kw("2026-10-25T02:30:00+02:00", window) == 5.0
    assert cap_kw("2026-10-25T02:30:00+01:00", window) == 5.0
    assert cap_kw("2026-10-25T03:00:00+01:00", window) is None


@pytest.mark.parametrize("limit_kw", [-0.1, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(limit_kw: float) -> None:
    with pytest.raises(PlanError, match=r"22:00") as refused:
        CapWindow(start=time(22), end=time(6), limit_kw=limit_kw)
    assert refused.value.key in ("below_zero", "out_of_range")


def test_a_day_that_no_week_has_is_refused() -> None:
    with pytest.raises(PlanError, match="weekdays"):
        CapWindow(start=time(22), end=time(6), limit_kw=1.0, weekdays=frozenset({7}))


@given(
    st.lists(
        st.builds(
            CapWindow,
            start=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
            end=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
            limit_kw=st.floats(0, 20),
            weekdays=st.frozensets(st.integers(0, 6), min_size=1),
        ),
        max_size=4,
    ),
    # Any hour of two years: those in which the clock changes are among them.
    st.integers(0, 2 * 8760),
)
@settings(max_examples=30)
def test_a_plan_s_steps_have_the_smallest_limit_of_any_of_their_minutes(
    windows: list[CapWindow], hour: int
) -> None:
    """Plan and guard look at the same windows in two ways; they must not disagree."""
    first_s = 1_767_225_600.0 + hour * 3600  # from 1 January 2026, 00:00 UTC
    steps = Steps(edges_s=first_s + np.array([0, 300, 900, 1800, 5400]))
    limits_kw = caps_kw(windows, steps, VIENNA)
    if not windows:
        assert limits_kw is None
        return
    for limit_kw, (begin_s, end_s) in zip(limits_kw, itertools.pairwise(steps.edges_s), strict=True):
        minutes = [cap_now_kw(windows, at_s, VIENNA) for at_s in np.arange(begin_s + 30, end_s, 60)]
        assert limit_kw == min((kw for kw in minutes if kw is not None), default=np.inf)
