"""When a meter counts, a line per case."""

import pytest

from custom_components.ems.engine.control.freshness import Heard, Patience, Trust, hear

PATIENCE = Patience()
type Word = tuple[float, float, float | None]  # now, stamp, ampere

CASES: dict[str, tuple[list[Word], Trust]] = {
    "the first word counts at once": ([(0, 0, 5.0)], Trust.FRESH),
    "a word just in time counts": ([(0, 0, 5.0), (15, 0, 5.0)], Trust.FRESH),
    "a word older than 15 s does not": ([(0, 0, 5.0), (15.1, 0, 5.0)], Trust.STALE),
    "one fresh word after a silence is not enough": (
        [(0, 0, 5.0), (30, 0, 5.0), (31, 31, 6.0)],
        Trust.RETURNING,
    ),
    "three are": (
        [(0, 0, 5.0), (30, 0, 5.0), (31, 31, 6.0), (33, 33, 6.1), (35, 35, 6.2)],
        Trust.FRESH,
    ),
    "looking three times at one word is one word": (
        [(0, 0, 5.0), (30, 0, 5.0), (31, 31, 6.0), (32, 31, 6.0), (33, 31, 6.0)],
        Trust.RETURNING,
    ),
    "another silence begins the count anew": (
        [(0, 0, 5.0), (30, 0, 5.0), (31, 31, 6.0), (50, 31, 6.0), (51, 51, 6.1), (53, 53, 6.2)],
        Trust.RETURNING,
    ),
    "the same current for a minute is suspected": (
        [(0, 0, 5.0), *[(t, t, 5.0) for t in range(2, 62, 2)]],
        Trust.FROZEN,
    ),
    "the same current for less is not": ([(0, 0, 5.0), *[(t, t, 5.0) for t in range(2, 58, 2)]], Trust.FRESH),
    "it moves again, but three words are needed": (
        [(0, 0, 5.0), *[(t, t, 5.0) for t in range(2, 62, 2)], (62, 62, 5.1)],
        Trust.RETURNING,
    ),
    "a clock set back an hour is not a fresh word": ([(4000, 4000, 5.0), (400, 4000, 5.0)], Trust.STALE),
    "and it counts again when words come by the new clock": (
        [(4000, 4000, 5.0), (400, 4000, 5.0), (401, 401, 5.1), (403, 403, 5.2), (405, 405, 5.3)],
        Trust.FRESH,
    ),
    "a word without a number is none": ([(0, 0, 5.0), (20, 20, None)], Trust.STALE),
}


@pytest.mark.parametrize(("words", "trust"), CASES.values(), ids=CASES)
def test_a_meter_counts_as(words: list[Word], trust: Trust) -> None:
    heard = Heard()
    for now_s, at_s, amps in words:
        heard = hear(heard, at_s, (amps,), now_s, PATIENCE)
    assert heard.trust is trust


def test_a_meter_that_never_spoke_does_not_count() -> None:
    heard = hear(Heard(), None, (), 100.0, PATIENCE)
    assert heard.trust is Trust.NEVER
    assert not heard.trust.counts


def test_a_voltage_that_moves_proves_a_current_that_stands_still() -> None:
    heard = Heard()
    for at_s in range(0, 120, 2):
        heard = hear(heard, at_s, (0.0, 0.0, 0.0, 230 + at_s / 100), at_s, PATIENCE)
    assert heard.trust is Trust.FRESH


def test_a_meter_that_only_speaks_on_change_is_not_suspected() -> None:
    heard = Heard()
    for at_s in range(0, 300, 2):
        heard = hear(heard, at_s, (5.0,), at_s, Patience(frozen_after_s=0))
    assert heard.trust is Trust.FRESH
