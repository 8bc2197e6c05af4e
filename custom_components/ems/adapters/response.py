"""Plans as actions answer them: JSON, in kW, kWh and currency, every unit named in its key.

What a plan does not know (a carbon intensity nobody gives, scores of a strategy that was chosen by hand) has no
key, rather than an empty one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np

from ..coordinators.plan import PlanState
from ..engine.plan.result import Costs, DevicePlan, Plan, Slack
from ..engine.plan.thresholds import thresholds
from ..engine.site import Site
from .plan_view import series
from .what_if import Simulation
from .wording import reason_text, unmet_text

# What a device may know of itself in each step, and is left out where it does not.
_VALUES = ("marginal_value_per_kwh", "import_value_per_kwh", "export_value_per_kwh", "available_kw")


def plan_response(hass: HomeAssistant, state: PlanState) -> dict[str, Any]:
    """Return the current plan with its status, costs, series and reasons."""
    head: dict[str, Any] = {
        "status": state.status.value,
        "reasons": [reason_text(hass, reason) for reason in state.reasons],
    }
    if state.outlook is None:
        return head
    return {**head, **_plan(hass, state.outlook.problem.site, state.outlook.plan)}


def simulation_response(hass: HomeAssistant, simulation: Simulation) -> dict[str, Any]:
    """Return the plan of a home as it would be, beside what the home as it is would cost."""
    (problem_now, now), (problem_then, then) = simulation.now, simulation.then
    known = {device.id for device in _stores_and_arrays(problem_now.site)}
    return {
        "changes": {key: _echo(value) for key, value in simulation.changes.items()},
        "added": [
            {"id": device.id, "name": device.name, "kind": then.devices[device.id].kind}
            for device in _stores_and_arrays(problem_then.site)
            if device.id not in known
        ],
        "currency": then.currency,
        "horizon_h": round(float(then.steps.hours.sum()), 3),
        "difference": {
            **_difference(_totals(now), _totals(then)),
            "costs": _difference(_costs(now.costs), _costs(then.costs)),
            "unmet_wishes": _newly_unmet(hass, now, then),
        },
        "current": {**_status(hass, now), **_summary(now)},
        "plan": {**_status(hass, then), **_plan(hass, problem_then.site, then)},
    }


def _difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {key: round(after[key] - before[key], 4) for key in after if key in before}


def _stores_and_arrays(site: Site) -> tuple[Any, ...]:
    return (*site.batteries, *site.pvs)


def _echo(value: Any) -> Any:
    """Return a field's value as JSON, instants in UTC."""
    if isinstance(value, datetime):
        return dt_util.as_utc(value).isoformat()
    if isinstance(value, Mapping):
        return {key: _echo(each) for key, each in value.items()}
    return [_echo(each) for each in value] if isinstance(value, list) else value


def _status(hass: HomeAssistant, plan: Plan) -> dict[str, Any]:
    return {
        "status": plan.status.value,
        "reasons": [reason_text(hass, reason) for reason in plan.reasons],
    }


def _plan(hass: HomeAssistant, site: Site, plan: Plan) -> dict[str, Any]:
    return {
        "created_at": _instant(plan.created_at_s),
        **_summary(plan),
        "solver": plan.stats.solver,
        "solve_ms": round(plan.stats.total_ms, 2),
        "diagnostics": solver_diagnostics(plan),
        "unmet_wishes": [_unmet(hass, plan, slack) for slack in plan.slacks],
        "steps": _site_rows(plan),
        "devices": {device.id: _device(hass, site, plan, device) for device in plan.devices.values()},
    }


def _summary(plan: Plan) -> dict[str, Any]:
    """Return what a plan is made by, and what it comes to."""
    scores = {strategy: round(score, 4) for strategy, score in plan.scores.items()}
    return {
        "currency": plan.currency,
        "horizon_h": round(float(plan.steps.hours.sum()), 3),
        "strategy": plan.strategy.value,
        "preference": plan.preference.value,
        **({"scores": scores} if scores else {}),
        **_totals(plan),
        "costs": _costs(plan.costs),
        "baseline_costs": _costs(plan.baseline),
    }


def _totals(plan: Plan) -> dict[str, float]:
    """Return the numbers in which two plans can be compared; CO₂ where it is known."""
    hours = plan.steps.hours
    found = {
        "expected_cost": plan.expected_cost,
        "baseline_cost": plan.baseline_cost,
        "expected_saving": plan.expected_saving,
        "import_kwh": float(plan.import_kw @ hours),
        "export_kwh": float(plan.export_kw @ hours),
        "import_peak_kw": float(plan.import_kw.max()),
        "co2_kg": plan.co2_kg,
        "baseline_co2_kg": plan.baseline_co2_kg,
    }
    return {key: round(value, 4) for key, value in found.items() if value is not None}


def _costs(costs: Costs) -> dict[str, float]:
    terms = ("energy", "wear", "peak", "stored_energy_change", "total", "penalty")
    return {term: round(float(getattr(costs, term)), 4) for term in terms}


def solver_diagnostics(plan: Plan) -> dict[str, Any]:
    """Return how the plan was found."""
    stats = plan.stats
    return {
        "solver": stats.solver,
        "variables": stats.variables,
        "rows": stats.rows,
        "binaries": stats.binaries,
        "scenarios": stats.scenarios,
        "solves": stats.solves,
        "build_ms": round(stats.build_ms, 2),
        "solve_ms": round(stats.highs_ms, 2),
        "extract_ms": round(stats.extract_ms, 2),
        "total_ms": round(stats.total_ms, 2),
        "objective": _finite(stats.objective),
        "gap_abs": _finite(stats.gap_abs),
    }


def _finite(value: float) -> float | None:
    """Return a number that JSON has; without a solution objective and gap are none."""
    return round(value, 6) if np.isfinite(value) else None


def _newly_unmet(hass: HomeAssistant, before: Plan, after: Plan) -> list[dict[str, Any]]:
    """Return the wishes that only the second plan leaves unmet: what makes it look cheaper than it is."""
    known = {(slack.name, slack.component) for slack in before.slacks}
    return [
        _unmet(hass, after, slack) for slack in after.slacks if (slack.name, slack.component) not in known
    ]


def _unmet(hass: HomeAssistant, plan: Plan, slack: Slack) -> dict[str, Any]:
    return {
        "wish": slack.name,
        "text": unmet_text(hass, plan, slack),
        "device": slack.component,
        "amount": round(slack.amount, 4),
        "unit": slack.unit,
        "start": _instant(plan.steps.starts_s[slack.first_step]),
        "end": _instant(plan.steps.edges_s[slack.last_step + 1]),
        "cost": round(slack.cost, 4),
    }


def _site_rows(plan: Plan) -> list[dict[str, Any]]:
    columns = {
        "grid_kw": plan.import_kw - plan.export_kw,
        "load_kw": plan.load_kw,
        "import_price_per_kwh": plan.import_price_per_kwh,
        "export_price_per_kwh": plan.export_price_per_kwh,
        "marginal_value_per_kwh": plan.marginal_value_per_kwh,
    }
    if plan.binding_value_per_kwh is not None:
        columns["binding_value_per_kwh"] = plan.binding_value_per_kwh
    rows = series(plan.steps, **columns)
    for row, limit in zip(rows, plan.binding, strict=False):  # empty where nobody looked for limits
        row["binding"] = limit or None
    return rows


def _device(hass: HomeAssistant, site: Site, plan: Plan, device: DevicePlan) -> dict[str, Any]:
    columns = {"power_kw": device.power_kw}
    if device.energy_kwh is not None:
        columns["energy_kwh"] = device.energy_kwh[1:]  # at the end of each step
    columns |= {key: values for key in _VALUES if (values := getattr(device, key)) is not None}
    if limits := thresholds(site, device):
        columns["charge_below_per_kwh"] = limits.charge_below_per_kwh
        columns["discharge_above_per_kwh"] = limits.discharge_above_per_kwh
    rows = series(plan.steps, **columns)
    for row, mode, reason in zip(rows, device.modes, device.reasons, strict=True):
        row["mode"], row["reason"] = mode.value, reason_text(hass, reason)
    if device.phases is not None:
        for row, phases in zip(rows, device.phases.tolist(), strict=True):
            row["phases"] = phases
    return {"name": device.name, "kind": device.kind, "steps": rows}


def _instant(at_s: float) -> str:
    return dt_util.utc_from_timestamp(at_s).isoformat()
