"""Forecasts as an action answers them: what plans stand on, with its band, its basis and its skill."""

from collections.abc import Collection, Mapping
from typing import Any

from homeassistant.util import dt as dt_util
import numpy as np

from ..coordinators.plan import Outlook
from ..engine.forecast.net import net_demand
from ..engine.forecast.result import Forecast
from ..engine.forecast.skill import Scores
from ..engine.local_time import HOUR_S
from .forecast_store import LOAD, PRICE, PV
from .forecast_view import scores_view
from .plan_view import series

type Skills = Mapping[str, Mapping[str, Scores]]
# Which archived series says how good an answered one is. Of the difference of two nothing is archived.
_SKILL_OF = {"load": LOAD, "pv": PV, "prices": PRICE}


def forecast_response(
    outlook: Outlook, skills: Skills, wanted: Collection[str], horizon_h: float | None
) -> dict[str, Any]:
    """Return the wanted series of the forecasts behind a plan, up to the horizon."""
    steps = outlook.problem.steps
    until_s = np.inf if horizon_h is None else steps.edges_s[0] + horizon_h * HOUR_S
    count = int((steps.starts_s < until_s).sum())
    found: dict[str, Any] = {
        "load": lambda: _forecast(outlook.load, count),
        "pv": lambda: {key: _forecast(forecast, count) for key, forecast in outlook.pv.items()},
        "net": lambda: _forecast(net_demand(outlook.load, outlook.pv.values()), count),
        "prices": lambda: _prices(outlook)[:count],
    }
    return {
        "currency": outlook.problem.site.currency,
        **{name: make() for name, make in found.items() if name in wanted},
        "skill": {
            name: {lead: scores_view(scores, archived) for lead, scores in skills.get(archived, {}).items()}
            for name, archived in _SKILL_OF.items()
            if name in wanted
        },
    }


def _prices(outlook: Outlook) -> list[dict[str, Any]]:
    problem = outlook.problem
    rows = series(
        problem.steps,
        import_price_per_kwh=problem.import_price_per_kwh,
        export_price_per_kwh=problem.export_price_per_kwh,
    )
    for row, known in zip(rows, problem.price_known.tolist(), strict=True):
        row["known"] = bool(known)
    return rows


def _forecast(forecast: Forecast, count: int) -> dict[str, Any]:
    rows = series(
        forecast.steps, mean_kw=forecast.mean, p10_kw=forecast.p10, p50_kw=forecast.p50, p90_kw=forecast.p90
    )
    return {
        "issued_at": dt_util.utc_from_timestamp(forecast.issued_at_s).isoformat(),
        "basis": forecast.basis,
        "steps": rows[:count],
    }
