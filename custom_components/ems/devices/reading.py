"""What one poll of a device found: values in W, Wh, V, A, Hz, %, °C, each with its quality and age."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Quality(StrEnum):
    """How far a value can be trusted."""

    GOOD = "good"
    MISSING = "missing"  # the device says "not available" (its sentinel), or lacks the point
    INVALID = "invalid"  # outside what is physically possible: shown as unknown, never passed on
    STALE = "stale"  # its block did not answer this time; the value is the last good one


type Scalar = float | str | bool


@dataclass(frozen=True, kw_only=True)
class Value:
    """One point. `value` is None unless the quality is good or stale."""

    value: Scalar | None
    quality: Quality
    at_s: float  # when it was read, seconds since the epoch
    why: str | None = None  # what was found instead of a value, where the device's answer is readable text


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One poll: role → point → value. Roles are "meter", "battery", "pv", "charger", "inverter"."""

    at_s: float
    roles: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    failed: tuple[str, ...] = ()  # blocks that stayed silent, for diagnostics

    def get(self, role: str, point: str) -> Scalar | None:
        """Return a point's value, None where unknown."""
        found = self.roles.get(role, {}).get(point)
        return None if found is None else found.value

    def number(self, role: str, point: str) -> float | None:
        """Return a numeric point, None where unknown or not a number."""
        value = self.get(role, point)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
