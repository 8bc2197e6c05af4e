"""A network operator that dims: what is left to devices that can be steered, and how long its last word counts.

    P_min(n) = P_1 + (n - 1) · g(n) · P_1        P_1 = 4.2 kW, n devices behind one energy management system

g is the simultaneity factor. Germany, § 14a EnWG: Bundesnetzagentur, decision BK6-22-300 of 27 November 2023,
annex 1, no. 4.5.2. A heat pump or cooling above 11 kW counts with 0.4 of its power instead of the first P_1.
"""

from dataclasses import dataclass
from typing import Final

FIRST_KW: Final = 4.2
SIMULTANEITY: Final = (1.0, 1.0, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45)  # by n; from 9 on it stays
# Entities of other integrations come and go with every reload: that is no news of the network.
PATIENCE_S: Final = 300.0
# EEBUS "Limitation of Power Consumption" holds its fail-safe for two hours by default, and as a mere precaution a
# German operator may dim for two hours a day at most: a wire that broke meanwhile shall not dim a home for weeks.
HOLDS_S: Final = 7200.0


def least_kw(devices: int) -> float:
    """Return what an operator has to leave n steered devices together, at least that of one. [kW]."""
    n = max(1, devices)
    return FIRST_KW + (n - 1) * SIMULTANEITY[min(n, len(SIMULTANEITY) - 1)] * FIRST_KW


@dataclass(frozen=True, kw_only=True)
class Word:
    """What an operator says. limit_kw : Most that what is steered may draw; None: not limited. [kW]."""

    limit_kw: float | None


@dataclass(frozen=True, kw_only=True)
class Contact:
    """The last word that was heard, and since when there has been none. None: never, not at all. [s since epoch]."""

    word: Word | None = None
    silent_at_s: float | None = None

    def is_lost(self, now_s: float) -> bool:
        """Tell whether the silence has lasted too long to be a reload."""
        return self.silent_at_s is not None and now_s - self.silent_at_s >= PATIENCE_S


def hear(contact: Contact, word: Word | None, now_s: float) -> Contact:
    """Return what is known after listening once more; None is silence."""
    if word is not None:
        return Contact(word=word)
    # A clock that was set back must not make a silence of the future.
    since_s = now_s if contact.silent_at_s is None else min(contact.silent_at_s, now_s)
    return Contact(word=contact.word, silent_at_s=since_s)


def operator_kw(contact: Contact, now_s: float) -> float | None:
    """Return the limit that holds: the last word, also through a silence of up to `HOLDS_S`. [kW].

    Silence never begins a limit: an operator that cannot be heard cannot dim either.
    """
    if contact.word is None:
        return None
    if contact.silent_at_s is not None and now_s - contact.silent_at_s >= HOLDS_S:
        return None
    return contact.word.limit_kw
