"""How long it takes from feeding in too much, as the meter saw it, until that is over.

    begins   P_export > P_allowed + margin
    ends     P_export ≤ P_allowed + margin

Inverters settle around their limit, so what is within the margin is no excess. Time is the meter's, not the clock's:
looking twice at one word of it changes nothing.
"""

from dataclasses import dataclass, replace
from math import ceil
from typing import Final

# So many are remembered: on a day with clouds that is some hours.
KEPT: Final = 100


@dataclass(frozen=True, kw_only=True)
class Reactions:
    """Excesses of feeding in.

    Attributes
    ----------
    since_s : When the one that is going on began; None: none is. [s since epoch]
    lasted_s : How long the last ones took, oldest first. [s]
    """

    since_s: float | None = None
    lasted_s: tuple[float, ...] = ()

    @property
    def last_s(self) -> float | None:
        """Return how long the last one took. [s]."""
        return self.lasted_s[-1] if self.lasted_s else None

    @property
    def p95_s(self) -> float | None:
        """Return what 95 of 100 did not exceed. [s]."""
        if not self.lasted_s:
            return None
        return sorted(self.lasted_s)[ceil(0.95 * len(self.lasted_s)) - 1]


def after_word(before: Reactions, over_kw: float | None, at_s: float, margin_kw: float) -> Reactions:
    """Return what is known after a word of the meter at the connection.

    over_kw : What is fed in above what is allowed; None while the meter is not believed: nobody saw the excess end,
        and how long it took is unknown for good.
    at_s : When the meter said so. [s since epoch]
    """
    if over_kw is None:
        return replace(before, since_s=None)
    began = before.since_s is not None and before.since_s <= at_s
    if over_kw > margin_kw:
        return before if began else replace(before, since_s=at_s)
    if before.since_s is None or not began:
        return replace(before, since_s=None)
    return Reactions(lasted_s=(*before.lasted_s, at_s - before.since_s)[-KEPT:])
