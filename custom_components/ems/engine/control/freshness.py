"""Whether a meter's word still counts: old, frozen, or back after a silence.

Being available is not being fresh. Half-open connections and gateways that repeat their last answer have fed peers'
limiters for hours with the current of yesterday. So two things are watched: when the meter said something last, and
whether what it says has moved. No house draws the same current to the last digit for a minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

# A stamp this far ahead of the clock is a clock that jumped, not a fresh reading.
_AHEAD_S = 2.0


class Trust(StrEnum):
    """How far a meter's word counts."""

    FRESH = "fresh"
    STALE = "stale"  # too old
    FROZEN = "frozen"  # it speaks, and says the same to the last digit
    RETURNING = "returning"  # fresh again, but not yet for long enough
    NEVER = "never"  # nothing came yet

    @property
    def counts(self) -> bool:
        """Tell whether limits may be reckoned from it."""
        return self is Trust.FRESH


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long is too long. [s].

    Attributes
    ----------
    stale_after_s : A word older than this is none.
    frozen_after_s : Currents that did not move for this long are suspected; 0: nothing is (a meter that only
        speaks when something changed).
    returns_after : Fresh words in a row after which a meter that was not is believed again.
    """

    stale_after_s: float = 15.0
    frozen_after_s: float = 60.0
    returns_after: int = 3


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What is remembered of a meter between two looks. Times are the reader's clock. [s].

    Attributes
    ----------
    at_s : When its last word came; None before the first.
    values : That word.
    moved_at_s : When it last said something else than before.
    fresh_words : How many came since it was last not believed.
    """

    trust: Trust = Trust.NEVER
    at_s: float | None = None
    values: tuple[float | None, ...] = ()
    moved_at_s: float = 0.0
    fresh_words: int = 0


def hear(
    heard: Heard, at_s: float | None, values: Sequence[float | None], now_s: float, patience: Patience
) -> Heard:
    """Return what is known of a meter after a look at it.

    at_s : When it said `values`; None where it has said nothing yet. [s]
    values : All that it reads, voltages too: what stands still in one is moving in another. None is unknown, and
        a word without a single number is none.
    """
    if at_s is not None and at_s != heard.at_s and any(value is not None for value in values):
        heard = _with_word(heard, at_s, tuple(values))
    if heard.at_s is None:
        return heard
    trust = _trust(heard, heard.at_s, now_s, patience)
    is_trusted = trust in (Trust.FRESH, Trust.RETURNING)
    return replace(heard, trust=trust, fresh_words=heard.fresh_words if is_trusted else 0)


def _with_word(heard: Heard, at_s: float, values: tuple[float | None, ...]) -> Heard:
    # A stamp from before the last one is a clock that was set back: what stood still is counted from there.
    is_back = heard.at_s is not None and at_s < heard.at_s
    moved = heard.at_s is None or is_back or values != heard.values
    return replace(
        heard,
        at_s=at_s,
        values=values,
        moved_at_s=at_s if moved else heard.moved_at_s,
        fresh_words=heard.fresh_words + 1,
    )


def _trust(heard: Heard, at_s: float, now_s: float, patience: Patience) -> Trust:
    age_s = now_s - at_s
    if age_s > patience.stale_after_s or age_s < -_AHEAD_S:
        return Trust.STALE
    if patience.frozen_after_s and at_s - heard.moved_at_s >= patience.frozen_after_s:
        return Trust.FROZEN
    if heard.trust in (Trust.FRESH, Trust.NEVER) or heard.fresh_words >= patience.returns_after:
        return Trust.FRESH
    return Trust.RETURNING
