"""What a battery can take or give by how full it is, as straight lines that a linear program can keep to."""

from dataclasses import dataclass
import itertools

import numpy as np

from ...steps import Floats

type Point = tuple[float, float]

# A line that stays above the limit by this much or more never binds. [kW]
_TOUCHING_KW = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class PowerLines:
    """Power p at the terminal, by stored energy e: p ≤ most and p ≤ offset + slope·e for every line.

    most_kw : Highest power at any energy. [kW]
    offset_kw, slope_per_h : Shape (lines,); the slope is in kW per kWh. [kW], [1/h]
    """

    most_kw: float
    offset_kw: Floats
    slope_per_h: Floats

    def most_at(self, energy_kwh: float, gain_h: float) -> float:
        """Return the highest power that may run through a step, judged at the mean of its two energies.

            p ≤ offset + slope·(e + gain·p/2)

        gain_h : kWh that the store gains over the step for each kW: h·η_c, or -h/η_d. [h]
        """
        if not len(self.slope_per_h):
            return self.most_kw
        room = self.offset_kw + self.slope_per_h * energy_kwh
        share = 1 - self.slope_per_h * gain_h / 2
        # Where the store gains faster than its limit rises, the line never catches up.
        binding = share > 0
        lowest = float(np.min(room[binding] / share[binding], initial=np.inf))
        return min(self.most_kw, max(lowest, 0.0))


def power_lines(
    curve: tuple[Point, ...], *, limit_kw: float, capacity_kwh: float, energy_now_kwh: float
) -> PowerLines:
    """Return the concave hull of a curve of (SoC, kW), as lines over stored energy.

    The curve goes on flat beyond its ends, as far as the energy may be: a battery that reports more than its
    capacity, or less than nothing, may always do nothing. Lines that never come below the limit are left out.
    """
    if not curve:
        return PowerLines(most_kw=limit_kw, offset_kw=np.zeros(0), slope_per_h=np.zeros(0))
    low, high = min(0.0, energy_now_kwh), max(capacity_kwh, energy_now_kwh)
    inner = [(soc * capacity_kwh, kw) for soc, kw in curve]
    hull = _upper_hull([(low, curve[0][1]), *inner, (high, curve[-1][1])])
    lines = [_line(a, b) for a, b in itertools.pairwise(hull)]
    kept = [
        (offset, slope)
        for offset, slope in lines
        if slope and offset + min(slope * low, slope * high) < limit_kw - _TOUCHING_KW
    ]
    offsets, slopes = np.array(kept).reshape(-1, 2).T
    most = min(limit_kw, max(kw for _, kw in hull))
    return PowerLines(most_kw=most, offset_kw=offsets, slope_per_h=slopes)


def _upper_hull(points: list[Point]) -> list[Point]:
    """Return the corners of the smallest concave curve above some points, from left to right.

    References
    ----------
    A. M. Andrew, "Another efficient algorithm for convex hulls in two dimensions", Information Processing
    Letters 9(5), 1979.
    """
    highest: dict[float, float] = {}
    for x, y in points:
        highest[x] = max(y, highest.get(x, y))
    hull: list[Point] = []
    for point in sorted(highest.items()):
        while len(hull) > 1 and not _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_down(a: Point, b: Point, c: Point) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) < (b[1] - a[1]) * (c[0] - a[0])


def _line(a: Point, b: Point) -> Point:
    """Return offset and slope of the line through two points."""
    slope = (b[1] - a[1]) / (b[0] - a[0])
    return a[1] - slope * a[0], slope
