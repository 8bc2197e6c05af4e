"""The running quarter-hour of the network's meter, and the mean that it should not exceed."""

from ..engine.control.quarter_hour import MARGIN, Interval
from ..engine.plan.intervals import intervals_of
from ..engine.plan.result import Plan
from ..engine.problem import Problem
from .limit_options import QuarterHourOptions
from .peak_meter import QUARTER_S, PeakMeter


def quarter_hour_now(peak: PeakMeter, now_s: float, target_kw: float) -> Interval:
    """Return the running interval with what was imported since it began.

    What nobody saw, around a restart or while the meter was silent, counts as drawn at the pace of the target: then
    what is left may go on at that pace, neither faster for a cheap silence nor slower.
    """
    running = peak.running(now_s)
    unseen_kwh = MARGIN * target_kw * running.unseen_s / 3600
    return Interval(
        start_s=running.start_s, imported_kwh=running.imported_kwh + unseen_kwh, length_s=QUARTER_S
    )


def target_kw(
    options: QuarterHourOptions, demand_charge: float, so_far_kw: float | None, planned_kw: float | None
) -> float | None:
    """Return the mean not to exceed; None where a peak costs nothing, or nobody knows of one yet. [kW].

    As people set it, else the highest of what is paid for anyway: the floor, the month's peak so far, and the peak
    that the plan has decided to pay for, to have a car ready in time.
    """
    if demand_charge <= 0:
        return None
    if options.target_kw > 0:
        return options.target_kw
    return max(options.floor_kw, so_far_kw or 0.0, planned_kw or 0.0) or None


def planned_peak_kw(problem: Problem, plan: Plan) -> float:
    """Return the highest mean import of any interval of a plan. [kW]."""
    return float(intervals_of(problem).means(plan.import_kw, plan.steps.hours).max(initial=0.0))
