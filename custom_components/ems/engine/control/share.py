"""Who gets how much: classes first, minimums in turn, the rest evenly until a limit binds.

Within a class the rest is divided by progressive filling: all grow at the same pace (times their weight) until one is
satisfied or a limit is reached; who is held by that limit stops, the others go on. What comes out is max-min fair:
nobody could have more without somebody who has less getting less still.

References
----------
D. Bertsekas, R. Gallager, "Data Networks", 2nd ed., Prentice Hall, 1992, section 6.5.2 (max-min flow control).
"""

from collections.abc import Callable, Sequence
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
    """What each claim may have, shape (n,), and what kept it from more; None where nothing did.

    amps : Now. [A]
    goal_a : Once what the others give up has gone. [A]
    """

    amps: Floats
    goal_a: Floats
    held_by: tuple[Bound | None, ...]


def share(claims: Sequence[Claim], rows: Rows) -> Shared:
    """Divide what the limits leave, twice: what everybody is to have, and how much of it goes already now.

    The first division says who has to give way to whom. The second adds to what flows only what is free now: a
    charger that was told to slow down makes room for another when a meter has seen it, not before.

    Where the room of a row is negative, everybody on it gets nothing, and that is all a limiter can do.
    """
    least, drawn = _field(claims, "least_a"), _field(claims, "drawn_a")
    floor, most = _field(claims, "floor_a"), np.minimum(_field(claims, "most_a"), rows.cap_a)
    steerable = np.array([claim.fixed_a is None for claim in claims], dtype=bool)
    most = np.where(steerable, most, 0.0)
    goals = _Filling(rows, rows.room, least, most, floor)
    _serve(claims, goals)
    adding = _Filling(
        rows,
        rows.free,
        np.maximum(0.0, least - drawn),
        np.maximum(0.0, goals.amps - drawn),
        np.maximum(0.0, floor - drawn),
    )
    _serve(claims, adding)
    # A battery that discharges adds all the way up from what it gives.
    amps = np.minimum(goals.amps, np.maximum(0.0, drawn + adding.amps))
    # Less than its minimum is nothing: it waits for the rest.
    amps = np.where(amps >= least - _TINY, amps, 0.0)
    amps = _in_steps(claims, rows, amps, np.maximum(most, 0.0))
    return Shared(amps=amps, goal_a=goals.amps, held_by=_held_by(claims, rows, goals, adding))


def _in_steps(claims: Sequence[Claim], rows: Rows, amps: Floats, most: Floats) -> Floats:
    """Return currents that chargers understand: rounded down, and what that leaves over given back step by step."""
    step, drawn = _field(claims, "step_a"), _field(claims, "drawn_a")
    # Who gets all it asked for gets that, to the tenth that somebody named.
    is_cut = (step > 0) & (amps < most - _TINY)
    whole = np.where(is_cut, np.floor(amps / np.where(step > 0, step, 1.0) + _TINY) * step, amps)
    for j in sorted(range(len(claims)), key=lambda j: (*_class(claims[j]), claims[j].turn)):
        if step[j] <= 0 or whole[j] <= 0 or whole[j] + step[j] > most[j] + _TINY:
            continue
        more = whole.copy()
        more[j] += step[j]
        fits = (rows.load @ more <= rows.room + _TINY).all()
        if fits and (rows.load @ np.maximum(0.0, more - drawn) <= rows.free + _TINY).all():
            whole = more
    return whole


def _field(claims: Sequence[Claim], name: str) -> Floats:
    return np.array([getattr(claim, name) for claim in claims], dtype=float)


def _serve(claims: Sequence[Claim], filling: _Filling) -> None:
    order = sorted(range(len(claims)), key=lambda j: (*_class(claims[j]), claims[j].turn))
    for _, group in groupby(order, key=_class_of(claims)):
        members = list(group)
        for j in members:
            filling.start(j)
        filling.fill(members, claims, to_floor=True)
        filling.fill(members, claims, to_floor=False)


def _class(claim: Claim) -> tuple[int, int]:
    return claim.rank, -claim.priority


def _class_of(claims: Sequence[Claim]) -> Callable[[int], tuple[int, int]]:
    return lambda j: _class(claims[j])


def _held_by(
    claims: Sequence[Claim], rows: Rows, goals: _Filling, adding: _Filling
) -> tuple[Bound | None, ...]:
    capped = [
        by if claim.most_a > cap + _TINY else None
        for claim, cap, by in zip(claims, rows.cap_a.tolist(), rows.cap_by, strict=True)
    ]
    return tuple(cap or goal or add for cap, goal, add in zip(capped, goals.held, adding.held, strict=True))


class _Filling:
    """What has been given so far, and what is left of every row."""

    def __init__(self, rows: Rows, room: Floats, least: Floats, most: Floats, floor: Floats) -> None:
        self._rows, self._left = rows, room.copy()
        self._least, self._most, self._floor = least, most, floor
        self.amps = np.zeros(len(least))
        self.held: list[Bound | None] = [None] * len(least)

    def start(self, j: int) -> None:
        """Give a claim its minimum, if every row has room for it."""
        least = float(self._least[j])
        if least <= 0 or self._most[j] < least - _TINY:
            return
        load = self._rows.load[:, j]
        short = (load > 0) & (load * least > self._left + _TINY)
        if self._floor[j] >= least - _TINY:
            short &= ~self._rows.yields
        if short.any():
            self.held[j] = self._rows.bounds[int(np.flatnonzero(short)[0])]
            return
        self.amps[j] = least
        self._left -= load * least

    def fill(self, members: Sequence[int], claims: Sequence[Claim], *, to_floor: bool) -> None:
        """Raise everybody who has a minimum, as far as rows and wishes go.

        to_floor : Only up to what each may take from the grid; rows that yield to it do not count yet.
        """
        goals = np.minimum(self._most, self._floor) if to_floor else self._most
        counting = ~self._rows.yields if to_floor else np.ones_like(self._rows.yields)
        growing = np.zeros(len(self.amps), dtype=bool)
        growing[list(members)] = True
        growing &= (self.amps >= self._least - _TINY) & (self._most >= self._least - _TINY)
        weight = np.array([claim.weight for claim in claims], dtype=float)
        # Every round satisfies somebody or fills a row: it ends long before this.
        for _ in range(len(self.amps) + len(self._left)):
            growing &= self.amps < goals - _TINY
            if not growing.any():
                return
            self._grow(growing, goals, counting, weight)

    def _grow(self, growing: Bools, goals: Floats, counting: Bools, weight: Floats) -> None:
        """Raise all by the step up to the next event: a wish met, or a limit reached."""
        pace = np.where(growing, weight, 0.0)
        row_pace = self._rows.load @ pace
        loaded = counting & (row_pace > 0)
        to_rows = np.where(loaded, np.maximum(self._left, 0.0) / np.where(loaded, row_pace, 1.0), np.inf)
        to_goals = np.where(growing, (goals - self.amps) / weight, np.inf)
        step = min(float(to_rows.min(initial=np.inf)), float(to_goals.min()))
        self.amps += pace * step
        self._left -= row_pace * step
        for row in np.flatnonzero(to_rows <= step + _TINY).tolist():
            on = growing & (self._rows.load[row] > 0)
            for j in np.flatnonzero(on).tolist():
                self.held[j] = self._rows.bounds[row]
            growing &= ~on
