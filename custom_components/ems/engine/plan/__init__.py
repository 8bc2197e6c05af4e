"""The planner: one linear program over all devices, never infeasible, explained by its duals."""

from ..errors import PlanError
from .planner import DEFAULT_TIME_LIMIT_S, solve
from .result import Costs, DevicePlan, Mode, Plan, PlanStatus, Reason, Slack, SolveStats

__all__ = [
    "DEFAULT_TIME_LIMIT_S",
    "Costs",
    "DevicePlan",
    "Mode",
    "Plan",
    "PlanError",
    "PlanStatus",
    "Reason",
    "Slack",
    "SolveStats",
    "solve",
]
