"""What a device asks for in this tick, in the limiter's own words."""

from dataclasses import dataclass
from enum import IntEnum

from .flow import NOMINAL_V


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
    rank, priority : Its class, and within that who comes first; those alike in both share. Among them `turn` decides
        who gets its minimum first (smaller first), and `weight` how what is left is divided.
    fixed_a : Not to be steered now (it is silent, or ignores what it is told): it may draw as much as this, and
        the others get what is left. None: it can be steered.
    untrusted_a : What it may take while a meter above it is not believed.
    follows_surplus : Whether all it takes above its `floor_a` has to come from surplus.
    floor_a : What it may take from the grid although it follows the surplus.
    step_a : The smallest change it understands; 0: any.
    """

    key: str
    circuit: str
    on: tuple[int, ...] = ()
    terminals: int = 3
    least_a: float = 0.0
    most_a: float = 0.0
    drawn_a: float = 0.0
    rank: Rank = Rank.PLAN
    priority: int = 0
    turn: tuple[float, ...] = ()
    weight: float = 1.0
    fixed_a: float | None = None
    untrusted_a: float = 0.0
    follows_surplus: bool = False
    floor_a: float = 0.0
    step_a: float = 0.0

    @property
    def kw_per_a(self) -> float:
        """Return the power of an ampere on each of its phases. [kW/A]."""
        return self.terminals * NOMINAL_V / 1000

    @property
    def drawn_kw(self) -> float:
        """Return what it draws now. [kW]."""
        return self.drawn_a * self.kw_per_a
