"""An exact dynamic programme for one battery: what a stored kWh is worth, by concave piecewise-linear functions.

Independent of the linear program: value functions are lists of segments, and a step is a merge of two lists.
"""

from dataclasses import dataclass

import numpy as np

from custom_components.ems.engine.plan.components.end_value import EndValue
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.site import Battery


@dataclass(frozen=True)
class Concave:
    """A concave function: where its domain begins, and (width, slope) with slopes falling."""

    begin: float
    segments: tuple[tuple[float, float], ...]

    def slopes_at(self, at: float) -> tuple[float, float]:
        """Return the slopes to the left and to the right of a point; beyond the ends, infinite ones."""
        edge, left, right = self.begin, np.inf, -np.inf
        for width, slope in self.segments:
            if edge + 1e-7 < at <= edge + width + 1e-7:
                left = slope
            if edge - 1e-7 <= at < edge + width - 1e-7:
                right = slope
            edge += width
        return left, right

    def joined(self, other: Concave) -> Concave:
        """Return the best split of a sum between two functions (sup-convolution)."""
        merged = sorted((*self.segments, *other.segments), key=lambda segment: -segment[1])
        return Concave(self.begin + other.begin, tuple(merged))

    def within(self, low: float, high: float) -> Concave:
        """Return the function on a smaller domain."""
        edge, kept = self.begin, []
        for width, slope in self.segments:
            a, b = max(edge, low), min(edge + width, high)
            if b > a + 1e-12:
                kept.append((b - a, slope))
            edge += width
        return Concave(max(self.begin, low), tuple(kept))


def stored_values(problem: Problem, spec: Battery, end: EndValue) -> list[Concave]:
    """Return, for the start of each step, what stored energy is worth; without clipping it to the band there."""
    low, high = spec.soc_min * spec.capacity_kwh, spec.soc_max * spec.capacity_kwh
    whole = Concave(0.0, tuple(zip(end.widths_kwh.tolist(), end.per_kwh.tolist(), strict=True)))
    value, found = whole.within(low, high), []
    net_kw = problem.load_kw - sum(problem.pv_available_kw.values(), np.zeros(len(problem.steps)))
    for k in reversed(range(len(problem.steps))):
        released = released_energy(
            spec,
            float(problem.steps.hours[k]),
            float(net_kw[k]),
            float(problem.import_price_per_kwh[k]),
            float(problem.export_price_per_kwh[k]),
        )
        before = value.joined(released)
        found.append(before)
        value = before.within(low, high)
    return found[::-1]


def released_energy(spec: Battery, h: float, net_kw: float, price: float, sold: float) -> Concave:
    """Return what a step earns from energy taken out of the store (negative: put in), as a concave function."""
    eta_c, eta_d = spec.charge_efficiency, spec.discharge_efficiency
    most_in, most_out = spec.charge_max_kw * h, spec.discharge_max_kw * h
    surplus, need = max(-net_kw * h, 0.0), max(net_kw * h, 0.0)
    own = min(surplus, most_in)
    covered = min(need, most_out)
    parts = [
        (eta_c * (most_in - own), price / eta_c),  # not buying
        (eta_c * own, sold / eta_c),  # selling surplus instead of storing it
        (covered / eta_d, (price - spec.wear_per_kwh) * eta_d),
        ((most_out - covered) / eta_d, (sold - spec.wear_per_kwh) * eta_d),
    ]
    ordered = sorted((part for part in parts if part[0] > 0), key=lambda part: -part[1])
    return Concave(-eta_c * most_in, tuple(ordered))
