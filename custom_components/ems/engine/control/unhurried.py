"""Nobody is stopped for another's sake, and not a fuse's, before every device was heard once more.

Meters speak every two seconds, chargers and inverters every five. In between, a current that has just begun is in the
meter's word and not yet in the charger's: it passes for the house's own, and a car would be stopped for a shortage
that is none, and kept from starting again for a minute. So it is turned down to its smallest current at once, and
stopped when the shortage lasts. A limit that is exceeded waits for nobody.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ..steps import Floats
from .cars import Car
from .claim import Claim
from .rows import BoundKind, Rows
from .share import Shared
from .timer import elapsed_s

# Twice as long as the slowest device is asked: after it, all have said what they draw. [s]
WAIT_S: Final = 10.0
# Until a meter has shown what a car does. [s]
READ_S: Final = 2.0
_TINY: Final = 1e-6
# Limits that a meter shows to be kept. The others are wishes of whoever set them, and are kept at once.
_SHOWN: Final = (BoundKind.FUSE, BoundKind.POWER)


def unhurried(
    cars: Sequence[Car], claims: Sequence[Claim], rows: Rows, shared: Shared, now_s: float
) -> tuple[list[Car], Floats]:
    """Return the cars with since when each should give way, and what each may have meanwhile. [A].

    claims : Those of the cars first, in their order. Nobody keeps anything where what has been promised on top of what
        flows, Σ (x_j - d_j)⁺, would no longer fit into what is free. What was promised so long ago that it has come
        by now, if it comes at all, is in the meter's word.
    """
    found = shared.amps.copy()
    drawn = np.array([claim.drawn_a for claim in claims], dtype=float)
    over = rows.over.astype(float) @ (rows.load > 0) > 0
    waiting: list[Car] = []
    for j, car in enumerate(cars):
        offer_a, bound = car.state.offer.amps, shared.held_by[j]
        is_calm = bound is not None and bound.kind in _SHOWN and car.is_steerable and not over[j]
        least_a = car.spec.current_min_a
        is_stopped = is_calm and found[j] < least_a <= offer_a + _TINY
        since_s = _since(car.state.yields_at_s, now_s, holds=is_stopped)
        if since_s is not None and now_s - since_s < WAIT_S:
            found[j] = least_a
            if elapsed_s(car.state.offer.changed_at_s, now_s) >= car.spec.reacts_within_s + READ_S:
                drawn[j] = max(drawn[j], least_a)
        waiting.append(replace(car, state=replace(car.state, yields_at_s=since_s)))
    fits = bool((rows.load @ np.maximum(0.0, found - drawn) <= rows.free + _TINY).all())
    return waiting, found if fits else shared.amps


def _since(since_s: float | None, now_s: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now_s if since_s is None or since_s > now_s else since_s
