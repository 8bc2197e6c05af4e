"""What an operator leaves, and how long its last word counts."""

import pytest

from custom_components.ems.engine.control.dimming import HOLDS_S, Contact, Word, hear, least_kw, operator_kw

DIMMED, FREE = Word(limit_kw=4.2), Word(limit_kw=None)


@pytest.mark.parametrize(
    ("devices", "kw"),
    [
        (0, 4.2),  # nobody has to leave less than one device's share
        (1, 4.2),
        (2, 4.2 + 0.8 * 4.2),
        (3, 10.5),  # 4.2 + 2 · 0.75 · 4.2
        (4, 13.02),
        (5, 15.12),
        (6, 16.8),
        (7, 18.06),
        (8, 18.9),
        (9, 19.32),
        (10, 21.21),  # the factor of nine goes on
    ],
)
def test_the_german_minimum_of_several_devices(devices: int, kw: float) -> None:
    """Annex 1 of BK6-22-300, no. 4.5.2."""
    assert least_kw(devices) == pytest.approx(kw)


def after(*heard: tuple[float, Word | None]) -> Contact:
    """Return what is known after listening at some instants."""
    contact = Contact()
    for at_s, word in heard:
        contact = hear(contact, word, at_s)
    return contact


@pytest.mark.parametrize(
    ("heard", "now_s", "limit_kw", "is_lost"),
    [
        ([], 0, None, False),  # nobody was ever listened to
        ([(0, None)], 299, None, False),
        ([(0, None)], 300, None, True),  # never a word: not limited, and somebody should know
        ([(0, DIMMED)], 86_400, 4.2, False),  # a word needs no repeating
        ([(0, DIMMED), (9, None)], 308, 4.2, False),  # a reload of the other integration
        ([(0, DIMMED), (9, None), (99, None)], 309, 4.2, True),  # silent since the first silence
        ([(0, DIMMED), (0, None)], HOLDS_S - 1, 4.2, True),  # a wire that broke does not release
        ([(0, DIMMED), (0, None)], HOLDS_S, None, True),  # nor dim for ever
        ([(0, FREE), (0, None)], 9999, None, True),  # silence never begins a limit
        ([(0, DIMMED), (1, None), (2, FREE)], 3, None, False),  # a new word ends it at once
        ([(0, FREE), (1, None), (2, DIMMED)], 9999, 4.2, False),
        ([(0, DIMMED), (500, None), (100, None)], 400, 4.2, True),  # the clock was set back
    ],
)
def test_the_last_word_of_the_operator_counts(
    heard: list[tuple[float, Word | None]], now_s: float, limit_kw: float | None, is_lost: bool
) -> None:
    contact = after(*heard)
    assert operator_kw(contact, now_s) == limit_kw
    assert contact.is_lost(now_s) is is_lost
