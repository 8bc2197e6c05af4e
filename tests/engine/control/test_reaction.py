"""Feeding in too much: when it began, when it was over, and what is remembered of it."""

from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.engine.control.reaction import KEPT, Reactions, after_word

MARGIN_KW = 0.05


def heard(*words: tuple[float, float | None]) -> Reactions:
    """Return what is known after words of the meter: when, and how much above what is allowed."""
    found = Reactions()
    for at_s, over_kw in words:
        found = after_word(found, over_kw, at_s, MARGIN_KW)
    return found


def test_an_excess_lasts_from_the_first_word_that_shows_it_to_the_first_that_does_not() -> None:
    assert heard((0, -1), (2, 0.8), (4, 0.3), (6, 0.0)).lasted_s == (4,)


def test_what_is_within_the_margin_is_no_excess() -> None:
    """Inverters settle around their limit."""
    assert heard((0, 0.04), (2, -0.1)) == Reactions()
    assert heard((0, 1.0), (2, 0.04)).lasted_s == (2,)


def test_looking_twice_at_one_word_changes_nothing() -> None:
    once = heard((0, -1), (2, 0.8), (4, 0.0))
    assert heard((0, -1), (0, -1), (2, 0.8), (2, 0.8), (4, 0.0), (4, 0.0)) == once


def test_an_excess_that_goes_on_has_not_lasted_yet() -> None:
    found = heard((0, 1.0), (60, 1.0))
    assert (found.since_s, found.last_s, found.p95_s) == (0, None, None)


def test_an_excess_whose_end_nobody_saw_is_not_counted() -> None:
    """The meter was silent meanwhile: it may have ended at any time."""
    assert heard((0, 1.0), (2, None), (60, -1.0)) == Reactions()


def test_a_clock_that_was_set_back_begins_anew() -> None:
    """A negative time would be the best reaction of all."""
    assert heard((100, 1.0), (50, 1.0), (54, 0.0)).lasted_s == (4,)
    assert heard((100, 1.0), (50, 0.0)) == Reactions()


@pytest.mark.parametrize(("lasted", "p95_s"), [((4,), 4), (range(1, 101), 95), (range(1, 21), 19)])
def test_the_95th_of_a_hundred_is_told(lasted: tuple[float, ...], p95_s: float) -> None:
    assert Reactions(lasted_s=tuple(lasted)).p95_s == p95_s


@given(st.lists(st.tuples(st.floats(0.1, 30), st.one_of(st.none(), st.floats(-5, 5))), max_size=300))
def test_no_reaction_is_longer_than_the_time_that_was_watched(
    steps: list[tuple[float, float | None]],
) -> None:
    times = [0.0]
    for step_s, _ in steps:
        times.append(times[-1] + step_s)
    found = heard(*((at_s, over) for at_s, (_, over) in zip(times, steps, strict=False)))
    assert len(found.lasted_s) <= KEPT
    assert sum(found.lasted_s) <= times[-1]
    assert all(lasted >= min(b - a for a, b in pairwise(times)) - 1e-9 for lasted in found.lasted_s)
