"""What a device asks for in this tick, in the limiter's own words."""

from dataclasses import dataclass
from enum import IntEnum


class Rank(IntEnum):
    """Whose wish is served first. A higher class gets all it asks for before a lower one gets its minimum."""

    OVERRIDE = 0  # a person said so, just now
    URGENT = 1  # would miss its deadline with less
    SCHEDULE = 2
    PLAN = 3
    STORE = 4  # a battery charging from the grid: it can wait, a car may have to leave
    SURPLUS = 5


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One device's wish for current, per phase. [A].

    Attributes
    ----------
    circuit : Key of the circuit that feeds it.
    on : Phases of the house it loads; empty: nobody knows which, and it counts on all of them.
    terminals : On how many phases it draws; its power is that many times the current.
    least_a : It takes this much or nothing.
    most_a : It takes no more. 0: it asks for nothing.
    drawn_a : What it draws now, as measured: that much is part of what the meters above it show.
    rank : Its class. Within one, `turn` decides who gets its minimum first (smaller first), and `weight` how what
        is left is divided.
    fixed_a : Not to be steered now (it is silent, or ignores what it is told): it may draw as much as this, and
        the others get what is left. None: it can be steered.
    untrusted_a : What it may take while a meter above it is not believed.
    follows_surplus : Whether all it takes above its `floor_a` has to come from surplus.
    floor_a : What it may take from the grid although it follows the surplus.
    """

    key: str
    circuit: str
    on: tuple[int, ...] = ()
    terminals: int = 3
    least_a: float = 0.0
    most_a: float = 0.0
    drawn_a: float = 0.0
    rank: Rank = Rank.PLAN
    turn: tuple[float, ...] = ()
    weight: float = 1.0
    fixed_a: float | None = None
    untrusted_a: float = 0.0
    follows_surplus: bool = False
    floor_a: float = 0.0
