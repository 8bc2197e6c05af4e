"""Today's bounds of a writable point, and what a watt is in its unit."""

from dataclasses import dataclass
from math import floor

from .errors import DeviceWriteError
from .profile.model import Point, Write


@dataclass(frozen=True, kw_only=True)
class Range:
    """What may be written now, in the point's unit and our sign.

    per_w : Value per watt of a command's power: 1 for W, 100/rating for %, 1/voltage for A.
    """

    low: float
    high: float
    per_w: float = 1.0
    step: float | None = None

    def of_power(self, power_w: float) -> float:
        """Return the value that means a power [W, our sign], rounded to the step and no more than allowed."""
        value = power_w * self.per_w
        if self.step is not None:
            value = floor(value / self.step + 0.5) * self.step
        return min(max(value, self.low), self.high)


def range_of(
    point: Point, *, limit: object = None, rating_w: object = None, voltage_v: object = None
) -> Range:
    """Return today's range from what the device says of itself; an unknown limit does not bind.

    Raises DeviceWriteError where a power cannot be expressed because the rating or the voltage is unknown.
    """
    low, high = limit_of(point, limit)
    write, per_w = write_of(point), 1.0
    if write.percent_of is not None:
        per_w = 100 / _positive(point, write.percent_of, rating_w)
    if write.amps_at is not None:
        per_w = 1 / _positive(point, write.amps_at, voltage_v)
    return Range(low=low, high=high, per_w=per_w, step=write.step)


def limit_of(point: Point, limit: object) -> tuple[float, float]:
    """Return the lowest and highest value that may be written, given what a limiting point says."""
    write = write_of(point)
    if not isinstance(limit, int | float):
        return write.low, write.high
    return max(write.low, -abs(limit)), min(write.high, abs(limit))


def write_of(point: Point) -> Write:
    """Return what may be written. Raises DeviceWriteError for a point that is only read."""
    if point.write is None:
        raise DeviceWriteError(f"{point.role}.{point.key} is read-only in this profile")
    return point.write


def _positive(point: Point, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise DeviceWriteError(
            f"{point.role}.{point.key}: needs {name} to turn a power into {point.unit}, and that is {value}"
        )
    return float(value)
