"""Seconds above a limit, counted by the meter's words."""

import pytest

from custom_components.ems.engine.control.overload import HOLDS_S, Overload, after_word

DAY = "2026-06-15"


def heard(*words: tuple[float, float | None], day: str = DAY, before: Overload | None = None) -> Overload:
    """Return what is known after words of the meter: when, and the room that the limit leaves."""
    found = before or Overload()
    for at_s, room_a in words:
        found = after_word(found, room_a, at_s, day)
    return found


def test_a_word_above_the_limit_counts_until_the_next_one() -> None:
    found = heard((0, 3), (2, -4), (4, -2), (6, 1), (8, 1))
    assert (found.seconds, found.most_a, found.is_over) == (4, 4, False)


def test_a_limit_that_is_used_to_the_full_is_not_exceeded() -> None:
    """Meters and cars round."""
    assert heard((0, -0.4), (2, -0.4)).seconds == 0
    assert heard((0, -0.6), (2, -0.4)).seconds == 2


def test_looking_twice_at_one_word_counts_once() -> None:
    assert heard((0, -4), (0, -4), (2, 1), (2, 1)).seconds == 2


def test_a_word_says_nothing_of_what_comes_long_after_it() -> None:
    """Of a meter that was silent for an hour only the first seconds are known."""
    assert heard((0, -4), (3600, 1)).seconds == HOLDS_S


def test_what_nobody_believes_is_not_counted() -> None:
    assert heard((0, -4), (2, None), (600, 1)).seconds == 0
    assert after_word(Overload(), -4, None, DAY) == Overload(day=DAY)


def test_a_clock_that_was_set_back_takes_nothing_away() -> None:
    assert heard((0, -4), (2, -4), (-3600, 1)).seconds == 2


def test_a_new_day_begins_at_nothing() -> None:
    before = heard((0, -4), (2, -4))
    found = heard((4, 1), day="2026-06-16", before=before)
    assert (found.seconds, found.most_a) == (2, None)


@pytest.mark.parametrize("room_a", [-30.0, -0.51])
def test_the_worst_of_the_day_is_kept(room_a: float) -> None:
    assert heard((0, room_a), (2, -0.5), (4, 2)).most_a == -room_a
