"""Hysteresis and dwell: by hand, and for any course of values."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.engine.insight.swings import Swings, swings_step
from custom_components.ems.engine.insight.thresholds import Dwell, Scale, Trip, Watch, trip_step, watch_step

DWELL = Dwell(enter_s=10.0, leave_s=30.0)
SCALE = Scale(low=(-5.0, -10.0), high=(5.0, 10.0), hysteresis=1.0, dwell=DWELL)
PATIENCE_S = 30.0


def tripped(excesses: list[float | None], every_s: float = 5.0) -> list[bool | None]:
    """Return what counts after every sample."""
    trip, found = Trip(), []
    for i, excess in enumerate(excesses):
        trip = trip_step(trip, excess, hysteresis=1.0, dwell=DWELL, clock_s=i * every_s)
        found.append(trip.is_over)
    return found


def levels(values: list[float | None], every_s: float = 5.0) -> list[int | None]:
    """Return the level after every sample."""
    watch, found = Watch(), []
    for i, value in enumerate(values):
        watch = watch_step(watch, SCALE, value, clock_s=i * every_s, patience_s=PATIENCE_S)
        found.append(watch.level(SCALE))
    return found


@pytest.mark.parametrize(
    ("excesses", "expected"),
    [
        ([1, 1, 1], True),  # ten seconds past it
        ([1, 1, 0, 1, 1], None),  # a sample on the threshold breaks the dwell, and nothing has lasted yet
        ([1, 1, None, 1, 1], None),  # so does one that is unknown
        ([1, 1, 1, -0.5] + [-0.5] * 20, True),  # within the band it stays what it was
        ([1, 1, 1, -1, -1, -1, -1, -1, -1], True),  # 25 s past the band are not enough to leave
        ([1, 1, 1, -1, -1, -1, -1, -1, -1, -1], False),
        ([-0.5] * 7, False),  # from the start, the band is not over
    ],
)
def test_a_threshold_by_hand(excesses: list[float | None], expected: bool | None) -> None:
    assert tripped(excesses)[-1] is expected


def test_levels_count_the_thresholds_passed() -> None:
    assert levels([0.0] * 7)[-1] == 0
    assert levels([0.0] * 7 + [6.0] * 3)[-1] == 1
    assert levels([0.0] * 7 + [12.0] * 3)[-1] == 2
    assert levels([0.0] * 7 + [-12.0] * 3)[-1] == -2
    assert levels([0.0] * 7 + [12.0] * 3 + [6.0] * 7)[-1] == 1  # critical is over, the warning is not


def test_a_short_silence_keeps_the_level_and_a_long_one_makes_it_unknown() -> None:
    """One missed poll is not worth a word."""
    found = levels([6.0] * 7 + [None] * 8)
    assert found[6:13] == [1] * 7
    assert found[-1] is None


def test_after_a_silence_normal_has_to_be_seen_to_be_so() -> None:
    """It was normal before, the first value afterwards is far off: that is unknown, then critical, never normal."""
    found = levels([0.0] * 7 + [None] * 8 + [12.0] * 3)
    assert found[6] == 0
    assert found[-4:] == [None, None, None, 2]
    assert levels([0.0] * 7 + [None] * 8 + [0.1])[-1] == 0  # what agrees is believed at once


def test_nan_is_unknown() -> None:
    assert levels([float("nan")] * 20)[-1] is None


VALUES = st.lists(st.none() | st.floats(-15, 15), min_size=1, max_size=80)


@given(st.lists(st.floats(-0.999, 0), max_size=80), st.booleans())
def test_it_never_flaps_within_the_band(excesses: list[float], was_over: bool) -> None:
    """A voltage that rests on a threshold is no news, whichever side it came from."""
    trip = Trip(was_over)
    for i, excess in enumerate(excesses):
        trip = trip_step(trip, excess, hysteresis=1.0, dwell=DWELL, clock_s=i * 60.0)
        assert trip.is_over is was_over


@given(VALUES, st.floats(0.1, 20))
def test_a_threshold_changes_only_after_its_dwell(values: list[float | None], every_s: float) -> None:
    """All samples of the dwell before a change say what it changes to."""
    found = tripped(values, every_s)
    for i in range(1, len(found)):
        if found[i] is found[i - 1] or found[i - 1] is None:
            continue
        dwell_s = DWELL.enter_s if found[i] else DWELL.leave_s
        said = [values[k] for k in range(i + 1) if (i - k) * every_s < dwell_s]
        assert all(value is not None and (value > 0 if found[i] else value <= -1) for value in said)


@given(VALUES)
def test_unknown_never_turns_into_normal(values: list[float | None]) -> None:
    """Only a value that is inside says that all is well."""
    found = levels(values)
    for i, level in enumerate(found):
        if level == 0 and (i == 0 or found[i - 1] is None):
            value = values[i]
            assert value is not None
            assert abs(value) <= 5


@given(VALUES)
def test_silence_alone_ends_as_unknown(values: list[float | None]) -> None:
    assert levels([*values, *[None] * 8])[-1] is None


@given(VALUES, st.floats(0.1, 60))
def test_what_is_critical_is_a_warning_too(values: list[float | None], every_s: float) -> None:
    """Otherwise a level would skip a threshold, and name the wrong one."""
    watch = Watch()
    for i, value in enumerate(values):
        watch = watch_step(watch, SCALE, value, clock_s=i * every_s, patience_s=PATIENCE_S)
        for mild, bad in ((0, 1), (2, 3)):
            assert watch.trips[mild].is_over or not watch.trips[bad].is_over


def swung(values: list[float | None], every_s: float = 5.0) -> int:
    """Return how many swings there were in the last minute."""
    swings = Swings()
    for i, value in enumerate(values):
        swings = swings_step(swings, value, size=10.0, window_s=60.0, clock_s=i * every_s)
    return len(swings.ended_s)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([220.0, 229.0, 221.0, 229.0], 0),  # nine volts up and down are noise
        ([220.0, 230.0, 220.0, 230.0], 3),
        ([220.0, 225.0, 230.0, 225.0, 220.0], 2),  # a swing may take several samples
        (
            [220.0 + i for i in range(40)],
            1,
        ),  # a drift of 39 V is one swing, which was long ago where it began
        ([220.0, None, 240.0], 0),  # what happened in a silence nobody saw
        ([], 0),
    ],
)
def test_swings_by_hand(values: list[float | None], count: int) -> None:
    assert swung(values, every_s=1.0) == count


def test_swings_are_forgotten_after_the_window() -> None:
    assert swung([220.0, 240.0, 220.0, 240.0, *[240.0] * 12]) == 0


@given(st.lists(st.floats(0, 9.99), max_size=60))
def test_moves_below_the_size_are_never_swings(values: list[float]) -> None:
    assert swung(list(values)) == 0
