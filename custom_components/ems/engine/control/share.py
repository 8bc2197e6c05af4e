"""Who gets how much: classes first, minimums in turn, the rest evenly until a limit binds.

Within a class the rest is divided by progressive filling: all grow at the same pace (times their weight) until one is
satisfied or a limit is reached; who is held by that limit stops, the others go on. What comes out is max-min fair:
nobody could have more without somebody who has less getting less still.

References
----------
D. Bertsekas, R. Gallager, "Data Networks", 2nd ed., Prentice Hall, 1992, section 6.5.2 (max-min flow control).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from ..steps import Bools, Floats
from .claim import Claim
from .rows import Bound, Rows

# Below a milliampere a limit counts as reached.
_TINY: Final = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared:
    """What each claim may have, shape (n,), and what kept it from more; None where nothing did. [A]."""

    amps: Floats
    held_by: tuple[Bound | None, ...]


def share(claims: Sequence[Claim], rows: Rows) -> Shared:
    """Divide what the limits leave.

    No row is ever exceeded by what is given here beyond what flows there whoever gives; where the room is negative,
    everybody on that row gets nothing, and that is all a limiter can do.
    """
    filling = _Filling(claims, rows)
    order = sorted(range(len(claims)), key=lambda j: (claims[j].rank, claims[j].turn))
    for _, group in groupby(order, key=lambda j: claims[j].rank):
        members = [j for j in group if claims[j].fixed_a is None]
        for j in members:
            filling.start(j)
        filling.fill(members, to_floor=True)
        filling.fill(members, to_floor=False)
    return filling.shared()


class _Filling:
    """What has been given so far, and what is left of every row."""

    def __init__(self, claims: Sequence[Claim], rows: Rows) -> None:
        self._claims, self._rows = claims, rows
        self._drawn = np.array([claim.drawn_a for claim in claims], dtype=float)
        self._least = np.array([claim.least_a for claim in claims], dtype=float)
        self._most = np.minimum([claim.most_a for claim in claims], rows.cap_a)
        self._floor = np.array([claim.floor_a for claim in claims], dtype=float)
        self._weight = np.array([claim.weight for claim in claims], dtype=float)
        self._amps = np.array([claim.fixed_a or 0.0 for claim in claims], dtype=float)
        self._left, self._free = rows.room.copy(), rows.free.copy()
        self._held: list[Bound | None] = [
            by if claim.most_a > cap else None
            for claim, cap, by in zip(claims, rows.cap_a.tolist(), rows.cap_by, strict=True)
        ]

    def start(self, j: int) -> None:
        """Give a claim its minimum, if every row has room for it."""
        least = max(float(self._least[j]), 0.0)
        if self._most[j] < least - _TINY or self._most[j] <= 0:
            return
        load = self._rows.load[:, j]
        added = max(0.0, least - float(self._drawn[j]))
        short = (load * least > self._left + _TINY) | (load * added > self._free + _TINY)
        if self._claims[j].floor_a >= least:
            short &= ~self._rows.yields
        if (load * least > 0)[short].any():
            self._held[j] = self._rows.bounds[int(np.flatnonzero(short)[0])]
            return
        self._give(j, least)

    def _give(self, j: int, amps: float) -> None:
        before, drawn = float(self._amps[j]), float(self._drawn[j])
        load = self._rows.load[:, j]
        self._left -= load * (amps - before)
        self._free -= load * (max(0.0, amps - drawn) - max(0.0, before - drawn))
        self._amps[j] = amps

    def fill(self, members: Sequence[int], *, to_floor: bool) -> None:
        """Raise everybody who has a minimum, as far as rows and wishes go.

        to_floor : Only up to what each may take from the grid; rows that yield to it do not count yet.
        """
        goals = np.minimum(self._most, self._floor) if to_floor else self._most
        counting = ~self._rows.yields if to_floor else np.ones_like(self._rows.yields)
        growing = np.zeros(len(self._claims), dtype=bool)
        growing[list(members)] = True
        growing &= (self._amps >= self._least - _TINY) & (self._most >= self._least - _TINY)
        # Every round satisfies somebody, fills a row or passes a present current: it ends long before this.
        for _ in range(2 * len(self._claims) + len(self._left)):
            growing &= self._amps < goals - _TINY
            if not growing.any():
                return
            self._grow(growing, goals, counting)

    def _grow(self, growing: Bools, goals: Floats, counting: Bools) -> None:
        """Raise all by the step up to the next event: a wish met, a limit reached, a present current passed."""
        pace = np.where(growing, self._weight, 0.0)
        adds = growing & (self._amps >= self._drawn - _TINY)
        left_pace, free_pace = self._rows.load @ pace, self._rows.load @ np.where(adds, pace, 0.0)
        to_rows = np.minimum(_time(self._left, left_pace), _time(self._free, free_pace))
        next_goal = np.where(adds, goals, np.minimum(goals, self._drawn))
        to_goals = np.where(growing, (next_goal - self._amps) / np.where(growing, self._weight, 1.0), np.inf)
        step = max(0.0, min(float(to_rows[counting].min(initial=np.inf)), float(to_goals.min())))
        self._amps += pace * step
        self._left -= left_pace * step
        self._free -= free_pace * step
        self._stop(growing, counting & (to_rows <= step + _TINY), left_pace)

    def _stop(self, growing: Bools, reached: Bools, left_pace: Floats) -> None:
        """Take out of the growing who hangs on a row that is full."""
        adds = self._amps >= self._drawn - _TINY
        for row in np.flatnonzero(reached).tolist():
            on = growing & (self._rows.load[row] > 0)
            # A row that is full only for what is added holds back only those who add.
            if not (left_pace[row] > 0 and self._left[row] <= _TINY):
                on &= adds
            for j in np.flatnonzero(on).tolist():
                self._held[j] = self._rows.bounds[row]
            growing &= ~on

    def shared(self) -> Shared:
        """Return the result."""
        return Shared(amps=self._amps, held_by=tuple(self._held))


def _time(room: Floats, pace: Floats) -> Floats:
    """Return how long rows last at a pace; those that nobody loads last for ever."""
    loaded = pace > 0
    return np.where(loaded, np.maximum(room, 0.0) / np.where(loaded, pace, 1.0), np.inf)
