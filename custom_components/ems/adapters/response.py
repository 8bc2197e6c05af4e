"""Plans and forecasts as actions answer them: JSON, in kW, kWh and currency, every unit named in its key."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np

from ..coordinators.plan import Outlook, PlanState
from ..engine.forecast.result import Forecast
from ..engine.plan.result import DevicePlan, Plan
from .plan_view import series
from .wording import reason_text


def plan_response(hass: HomeAssistant, state: PlanState) -> dict[str, Any]:
    """Return the current plan with its status, costs, series and reasons."""
    head: dict[str, Any] = {
        "status": state.status.value,
        "reasons": [reason_text(hass, reason) for reason in state.reasons],
    }
    if state.outlook is None:
        return head
    plan = state.outlook.plan
    return {
        **head,
        "created_at": dt_util.utc_from_timestamp(plan.created_at_s).isoformat(),
        "currency": plan.currency,
        "strategy": plan.strategy.value,
        "preference": plan.preference.value,
        "solver": plan.stats.solver,
        "solve_ms": round(plan.stats.total_ms, 2),
        "expected_cost": round(plan.expected_cost, 4),
        "baseline_cost": round(plan.baseline_cost, 4),
        "expected_saving": round(plan.expected_saving, 4),
        "unmet_wishes": [
            {
                "wish": slack.name,
                "device": slack.component,
                "amount": round(slack.amount, 4),
                "unit": slack.unit,
                "start": dt_util.utc_from_timestamp(plan.steps.starts_s[slack.first_step]).isoformat(),
                "end": dt_util.utc_from_timestamp(plan.steps.edges_s[slack.last_step + 1]).isoformat(),
                "cost": round(slack.cost, 4),
            }
            for slack in plan.slacks
        ],
        "steps": series(
            plan.steps,
            grid_kw=plan.import_kw - plan.export_kw,
            load_kw=plan.load_kw,
            import_price_per_kwh=plan.import_price_per_kwh,
            export_price_per_kwh=plan.export_price_per_kwh,
            marginal_value_per_kwh=plan.marginal_value_per_kwh,
        ),
        "devices": {device.id: _device(hass, plan, device) for device in plan.devices.values()},
    }


def _device(hass: HomeAssistant, plan: Plan, device: DevicePlan) -> dict[str, Any]:
    columns = {"power_kw": device.power_kw}
    if device.energy_kwh is not None:
        columns["energy_kwh"] = device.energy_kwh[1:]  # at the end of each step
    if device.marginal_value_per_kwh is not None:
        columns["marginal_value_per_kwh"] = device.marginal_value_per_kwh
    if device.available_kw is not None:
        columns["available_kw"] = device.available_kw
    rows = series(plan.steps, **columns)
    for row, mode, reason in zip(rows, device.modes, device.reasons, strict=True):
        row["mode"], row["reason"] = mode.value, reason_text(hass, reason)
    return {"name": device.name, "kind": device.kind, "steps": rows}


def forecast_response(outlook: Outlook) -> dict[str, Any]:
    """Return the forecasts behind the current plan."""
    problem = outlook.problem
    known = np.where(problem.price_known, 1.0, 0.0)
    prices = series(
        problem.steps,
        import_price_per_kwh=problem.import_price_per_kwh,
        export_price_per_kwh=problem.export_price_per_kwh,
        known=known,
    )
    for row in prices:
        row["known"] = bool(row["known"])
    return {
        "currency": problem.site.currency,
        "load": _forecast(outlook.load),
        "pv": {key: _forecast(forecast) for key, forecast in outlook.pv.items()},
        "prices": prices,
    }


def _forecast(forecast: Forecast) -> dict[str, Any]:
    return {
        "issued_at": dt_util.utc_from_timestamp(forecast.issued_at_s).isoformat(),
        "basis": forecast.basis,
        "steps": series(
            forecast.steps,
            mean_kw=forecast.mean,
            p10_kw=forecast.p10,
            p50_kw=forecast.p50,
            p90_kw=forecast.p90,
        ),
    }
