"""What must be known of earlier reports to take the next one. It survives restarts as plain JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Counter:
    """An energy counted up. [kWh].

    total_kwh : What was counted so far; it never falls.
    raw_kwh : The device's own counter when it was last taken; None where it reports intervals.
    """

    total_kwh: float
    raw_kwh: float | None = None


@dataclass(frozen=True, kw_only=True)
class PushState:
    """What earlier reports left.

    counters : By field of the report.
    fields : Fields that were ever sent and used.
    at_s, stamp_s, seq : When the last report came, and what it said of itself.
    from_s, from_kwh : When a power was last derived from counters, and what they said in our sign.
    derived_w : That power. Shown again by reports that follow too closely to derive one.
    """

    counters: Mapping[str, Counter] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    at_s: float | None = None
    stamp_s: float | None = None
    seq: int | None = None
    from_s: float | None = None
    from_kwh: float = 0.0
    derived_w: float | None = None
    accepted: int = 0
    refused: int = 0
    key_made_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-like data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PushState:
        """Return what `as_dict` gave."""
        counters = {name: Counter(**counter) for name, counter in data["counters"].items()}
        return cls(**{**data, "counters": counters, "fields": tuple(data["fields"])})
