"""What the guard decided for one device, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..plan.result import Reason
from .rows import Bound
from .snapshot import State


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One device's order for now.

    Attributes
    ----------
    mode : As devices understand it ("charge", "off", "automatic", "limit", …).
    current_a, phases : Chargers. [A]
    power_kw : Batteries and arrays, a magnitude; None where the mode needs none. [kW]
    source : Whose wish it is; "protection" where a limit or a silent meter decided.
    reason : Why, in words.
    held_by : The limit that keeps it from more; None where nothing does.
    renews : Whether a lease may be renewed: not while a meter above it is unknown.
    at_once : Whether it goes out without waiting its turn.
    next_change_s : When something is known to change; None where nothing is. [s since epoch]
    """

    key: str
    mode: str
    source: str
    reason: Reason
    current_a: float | None = None
    phases: int | None = None
    power_kw: float | None = None
    held_by: Bound | None = None
    renews: bool = True
    at_once: bool = False
    next_change_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A tick's outcome: what to tell whom, and what to remember."""

    decisions: Mapping[str, Decision]
    state: State
    surplus_kw: float | None = None
    trusts: Mapping[str, str] = field(default_factory=dict)
