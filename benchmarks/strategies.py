"""What each strategy does for measured homes: weeks planned step by step, beside the rule and the bounds.

Every six hours a plan for 48 hours is made that knows load, sun and prices; its first six hours happen as planned.
So this measures what the strategies want and can, not how well anything is forecast. The week's peak so far is
handed on from plan to plan, and counts until the week ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from benchmarks.bounds import least_export_kwh, lowest_peak_kw
from benchmarks.real_days import Week, weeks
from custom_components.ems.engine.plan import PlanStatus, solve
from custom_components.ems.engine.plan.baseline import self_consumption
from custom_components.ems.engine.plan.home import end_values
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.problem import BatteryState, PeakState, Problem
from custom_components.ems.engine.site import Battery, PvArray, Site, Strategy
from custom_components.ems.engine.steps import Floats, Steps

BATTERY: Final = Battery(
    id="battery", name="Battery", capacity_kwh=10, charge_max_kw=5, discharge_max_kw=5, soc_min=0.0
)
START_KWH: Final = 5.0
RULE: Final = "rule"
STRATEGIES: Final = (
    Strategy.ARBITRAGE,
    Strategy.PEAK_SHAVING,
    Strategy.SELF_CONSUMPTION,
    Strategy.LOAD_BALANCING,
)
_WEEK_DAYS: Final = 7
_LOOK_AHEAD_DAYS: Final = 2
_PLANS_PER_DAY: Final = 4
# What a controller has to reach.
PEAK_SHARE: Final = 0.95
SELF_CONSUMPTION: Final = 0.80
_POINT: Final = 0.01
_WATT_KW: Final = 1e-3
# What is left in the battery when a week ends saves an import: 2023's mean price through the tariff above.
LEFT_EUR_PER_KWH: Final = 0.30


@dataclass(frozen=True, kw_only=True, eq=False)
class Happened:
    """What a controller made of a week. Series have shape (n,). [kW]."""

    import_kw: Floats
    export_kw: Floats
    discharge_kw: Floats
    left_kwh: float  # in the battery when the week was over
    solve_ms: tuple[float, ...] = ()


def real_days(data: Path) -> dict[str, Any]:
    """Return every controller's measures on every week of a folder, and the targets with what reached them."""
    cases = [row for week in weeks(data) for row in measure(week)]
    return {"cases": cases, "targets": targets(cases), "battery_kwh": BATTERY.capacity_kwh}


def measure(week: Week, strategies: Sequence[Strategy] = STRATEGIES) -> list[dict[str, Any]]:
    """Return the measures of the rule and of some strategies on a week, the rule first."""
    happened = {RULE: follow_rule(week), **{str(each): follow_plans(week, each) for each in strategies}}
    hours, net = _hours(week), (week.load_kw - week.pv_kw)[: _end(week)]
    least_peak = lowest_peak_kw(BATTERY, START_KWH, net, hours)
    least_fed_in = least_export_kwh(BATTERY, START_KWH, net, hours)
    common = {
        "home": week.home,
        "season": week.season,
        "monday": week.monday,
        "pv": week.pv,
        "price_year": week.price_year,
        "peak_bound_kw": round(least_peak, 3),
        "self_consumption_bound": round(1 - least_fed_in / float(week.pv_kw[: _end(week)] @ hours), 4),
    }
    rule_peak = float(happened[RULE].import_kw.max())
    return [
        {**common, "controller": name, **_measures(week, each, rule_peak, rule_peak - least_peak)}
        for name, each in happened.items()
    ]


def _measures(week: Week, did: Happened, rule_peak: float, possible_kw: float) -> dict[str, Any]:
    hours, end = _hours(week), _end(week)
    grid, peak = did.import_kw - did.export_kw, float(did.import_kw.max())
    bill = did.import_kw @ (week.import_price_per_kwh[:end] * hours)
    bill -= did.export_kw @ (week.export_price_per_kwh[:end] * hours)
    return {
        "peak_kw": round(peak, 3),
        # None where no battery could take anything off the rule's peak.
        "peak_share": round((rule_peak - peak) / possible_kw, 4) if possible_kw > _WATT_KW else None,
        "self_consumption": round(_own_use(week, did), 4),
        "mean_ramp_kw": round(float(np.abs(np.diff(grid)).mean()), 4),
        "bill_eur": round(float(bill), 2),
        "wear_eur": round(float(did.discharge_kw @ hours) * BATTERY.wear_per_kwh, 2),
        "left_kwh": round(abs(did.left_kwh), 2),
        "solve_ms": round(median(did.solve_ms), 1) if did.solve_ms else None,
        "solve_ms_max": round(max(did.solve_ms), 1) if did.solve_ms else None,
    }


def _own_use(week: Week, did: Happened) -> float:
    """Return the share of the sun that was not fed in.

    What a battery feeds in counts as the sunshine it took: else carrying it into the evening to sell it there
    would count as using what is lost on the way.
    """
    hours, sun = _hours(week), week.pv_kw[: _end(week)]
    from_battery = np.minimum(did.discharge_kw, did.export_kw)
    round_trip = BATTERY.charge_efficiency * BATTERY.discharge_efficiency
    fed_in = did.export_kw - from_battery + from_battery / round_trip
    return 1 - float(fed_in @ hours) / float(sun @ hours)


def follow_rule(week: Week) -> Happened:
    """Let the battery follow the net load for a week."""
    inputs = judge(problem(week, slice(0, _end(week)), START_KWH, Strategy.ARBITRAGE, PeakState()))
    did = self_consumption(inputs, end_values(inputs))
    return Happened(
        import_kw=did.import_kw,
        export_kw=did.export_kw,
        discharge_kw=np.maximum(did.battery_kw[BATTERY.id], 0),
        left_kwh=float(did.energy_kwh[BATTERY.id][-1]),
    )


def follow_plans(week: Week, strategy: Strategy) -> Happened:
    """Plan every six hours for two days, and let the first six hours happen."""
    energy, peak, times, parts = START_KWH, 0.0, [], []
    width = week.per_day // _PLANS_PER_DAY
    for first in range(0, _end(week), width):
        at = slice(first, first + _LOOK_AHEAD_DAYS * week.per_day)
        counts = np.arange(at.start, at.stop) < _end(week)
        plan = solve(problem(week, at, energy, strategy, PeakState(so_far_kw=peak, counts=counts)))
        if plan.status is not PlanStatus.OK:
            raise RuntimeError(f"{week.home} {week.monday} {strategy}: {plan.status} {plan.reasons}")
        device = plan.devices[BATTERY.id]
        if device.energy_kwh is None:
            raise RuntimeError("a battery's plan has no energy")
        energy = float(device.energy_kwh[width])
        parts.append([series[:width] for series in (plan.import_kw, plan.export_kw, device.power_kw)])
        peak = max(peak, float(parts[-1][0].max()))
        times.append(plan.stats.total_ms)
    import_kw, export_kw, power_kw = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Happened(
        import_kw=import_kw,
        export_kw=export_kw,
        discharge_kw=np.maximum(power_kw, 0),
        left_kwh=energy,
        solve_ms=tuple(times),
    )


def problem(week: Week, at: slice, energy_kwh: float, strategy: Strategy, peak: PeakState) -> Problem:
    """Return the question at a time: everything is known, as recorded."""
    array = PvArray(id="roof", name="Roof", peak_kw=float(week.pv_kw.max()))
    site = Site(name=week.home, batteries=(BATTERY,), pvs=(array,), strategy=strategy)
    steps = Steps(edges_s=week.steps.edges_s[at.start : at.stop + 1])
    return Problem(
        site=site,
        steps=steps,
        import_price_per_kwh=week.import_price_per_kwh[at],
        export_price_per_kwh=week.export_price_per_kwh[at],
        price_known=np.ones(len(steps), dtype=np.bool_),
        load_kw=week.load_kw[at],
        pv_available_kw={array.id: week.pv_kw[at]},
        batteries={BATTERY.id: BatteryState(energy_kwh=energy_kwh)},
        peak=peak,
    )


def _end(week: Week) -> int:
    return _WEEK_DAYS * week.per_day


def _hours(week: Week) -> Floats:
    return week.steps.hours[: _end(week)]


def targets(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, week by week, whether each strategy reached what it is for."""
    rules = {(case["home"], case["monday"]): case for case in cases if case["controller"] == RULE}
    return [
        {"home": case["home"], "season": case["season"], "strategy": case["controller"], **judged}
        for case in cases
        if (judged := _judged(case, rules[case["home"], case["monday"]])) is not None
    ]


def _judged(case: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any] | None:
    match case["controller"]:
        case Strategy.PEAK_SHAVING:
            share = 1.0 if case["peak_share"] is None else case["peak_share"]
            return {"reached": share, "asked": PEAK_SHARE, "met": share >= PEAK_SHARE}
        case Strategy.SELF_CONSUMPTION:
            asked = min(SELF_CONSUMPTION, case["self_consumption_bound"] - _POINT)
            share = case["self_consumption"]
            return {"reached": share, "asked": round(asked, 4), "met": share >= asked}
        case Strategy.LOAD_BALANCING:
            reached, asked = case["mean_ramp_kw"], rule["mean_ramp_kw"]
            return {"reached": reached, "asked": asked, "met": reached < asked}
        case _:
            return None


_COLUMNS: Final = {
    "home": "home",
    "season": "week",
    "controller": "controller",
    "peak_kw": "peak kW",
    "peak_bound_kw": "least",
    "peak_share": "share",
    "self_consumption": "own use",
    "self_consumption_bound": "most",
    "mean_ramp_kw": "ramp kW",
    "bill_eur": "bill",
    "wear_eur": "wear",
    "left_kwh": "left kWh",
    "solve_ms": "ms",
    "solve_ms_max": "ms max",
}


_WEEK_HEADS: Final = (
    "home, week of",
    "peak kW: rule → shaved (least)",
    "share",
    "own use: rule → strategy (most)",
    "mean ramp kW: rule → balanced",
    "cost EUR: rule → arbitrage",
)


def table(result: dict[str, Any]) -> str:
    """Return the measures for a person: week by week, then every controller's, then what missed its target."""
    missed = [target for target in result["targets"] if not target["met"]]
    met = f"targets met: {len(result['targets']) - len(missed)} of {len(result['targets'])}"
    rows = [tuple(str(case[key]) for key in _COLUMNS) for case in result["cases"]]
    parts = [week_table(result["cases"]), _markdown(tuple(_COLUMNS.values()), rows)]
    return "\n".join(["\n\n".join(parts), "", met, *(f"missed: {target}" for target in missed)])


def week_table(cases: list[dict[str, Any]]) -> str:
    """Return a line per week with what each strategy is for, beside the rule and the bound, as docs have it."""
    weeks_by: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for case in cases:
        weeks_by.setdefault((case["home"], case["monday"]), {})[case["controller"]] = case
    return _markdown(_WEEK_HEADS, [_week_row(found) for found in weeks_by.values()])


def _week_row(found: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    rule, shaved, own = found[RULE], found[Strategy.PEAK_SHAVING], found[Strategy.SELF_CONSUMPTION]
    even, cheap = found[Strategy.LOAD_BALANCING], found[Strategy.ARBITRAGE]
    share = "-" if shaved["peak_share"] is None else f"{shaved['peak_share']:.1%}"
    return (
        f"{rule['home']}, {rule['monday']}",
        f"{rule['peak_kw']:.2f} → {shaved['peak_kw']:.2f} ({rule['peak_bound_kw']:.2f})",
        share,
        f"{rule['self_consumption']:.1%} → {own['self_consumption']:.1%} ({own['self_consumption_bound']:.1%})",
        f"{rule['mean_ramp_kw']:.3f} → {even['mean_ramp_kw']:.3f}",
        f"{_cost(rule):.2f} → {_cost(cheap):.2f}",
    )


def _cost(case: dict[str, Any]) -> float:
    """Return bill and wear, less what is left in the battery at the price of an ordinary import. [EUR]."""
    return float(case["bill_eur"] + case["wear_eur"] - LEFT_EUR_PER_KWH * case["left_kwh"])


def _markdown(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
