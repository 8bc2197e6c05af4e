"""Today's bounds of a writable point, and what a command's power is in its unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from .errors import DeviceWriteError
from .profile.model import PointName, Quantity, Write
from .reading import Quality, Scalar, Value

# A setpoint that counts in what flows now must not count in what flowed a minute ago.
_READING_MAX_AGE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Range:
    """What may be written now, in the point's unit and our sign.

    per_w : Value per watt of a command's power: 1 for W, 100/rating for %, 1/voltage for A. None where unknown.
    plus_w : What is added to the power: readings of what flows now. None where unknown.
    """

    point: Quantity
    low: float
    high: float
    per_w: float | None = 1.0
    plus_w: float | None = 0.0

    def of_power(self, power_w: float) -> float:
        """Return the value that means a power [W, our sign], rounded to the step and no more than allowed.

        Raises DeviceWriteError where a rating, a voltage or a reading is needed for that and unknown.
        """
        write = write_of(self.point)
        if self.per_w is None or self.plus_w is None:
            needed = write.percent_of or write.amps_at or ", ".join(".".join(name) for name in write.plus)
            raise DeviceWriteError(
                f"{self.point.role}.{self.point.key}: needs {needed} to carry out a power, and that is unknown"
            )
        value = (power_w + self.plus_w) * self.per_w
        if write.step is not None:
            value = floor(value / write.step + 0.5) * write.step
        return min(max(value, self.low), self.high)


def range_of(
    point: Quantity,
    *,
    limit: Scalar | None,
    rating_w: Scalar | None,
    voltage_v: Scalar | None,
    plus_w: float | None,
) -> Range:
    """Return today's range from what the device says of itself; an unknown limit does not bind."""
    low, high = limit_of(point, limit)
    write, per_w = write_of(point), 1.0
    if write.percent_of is not None:
        per_w = 100 * _inverse(rating_w)
    if write.amps_at is not None:
        per_w = _inverse(voltage_v)
    return Range(point=point, low=low, high=high, per_w=per_w or None, plus_w=plus_w)


def limit_of(point: Quantity, limit: Scalar | None) -> tuple[float, float]:
    """Return the lowest and highest value that may be written, given what a limiting point says."""
    write = write_of(point)
    if not isinstance(limit, int | float):
        return write.low, write.high
    return max(write.low, -abs(limit)), min(write.high, abs(limit))


def write_of(point: Quantity) -> Write:
    """Return what may be written. Raises DeviceWriteError for a point that is only read."""
    if point.write is None:
        raise DeviceWriteError(f"{point.role}.{point.key} is read-only in this profile")
    return point.write


def sum_of(terms: Mapping[PointName, float], latest: Mapping[PointName, Value], now_s: float) -> float | None:
    """Return Σ weight · reading [W], None where one is unknown or old."""
    total = 0.0
    for name, weight in terms.items():
        found = latest.get(name)
        if found is None or found.quality is not Quality.GOOD or not isinstance(found.value, int | float):
            return None
        if not 0 <= now_s - found.at_s <= _READING_MAX_AGE_S:
            return None
        total += weight * found.value
    return total


def _inverse(value: Scalar | None) -> float:
    """Return 1/value, 0 where there is no value to divide by."""
    return 1 / value if isinstance(value, int | float) and value > 0 else 0.0
