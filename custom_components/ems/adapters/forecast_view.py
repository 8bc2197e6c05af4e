"""Skill as people and automations read it: every unit in its key."""

from typing import Any

from ..engine.forecast.skill import Scores
from .forecast_store import PRICE


def scores_view(scores: Scores, series: str) -> dict[str, Any]:
    """Return the scores of one lead time; what is not known has no key."""
    unit, digits = ("per_kwh", 5) if series == PRICE else ("kw", 4)
    errors = {
        f"mae_{unit}": scores.mae,
        f"rmse_{unit}": scores.rmse,
        f"bias_{unit}": scores.bias,
        f"mae_yesterday_{unit}": scores.mae_yesterday,
    }
    shares = {
        "skill_pct": scores.skill,
        "mape_pct": scores.mape,
        "wape_pct": scores.wape,
        "coverage_pct": scores.coverage,
    }
    return {
        "hours": scores.hours,
        "days": scores.days,
        **{key: round(value, digits) for key, value in errors.items() if value is not None},
        **{key: round(100 * value, 1) for key, value in shares.items() if value is not None},
    }
