"""The answer when the solver has none: the last valid plan, else the self-consumption rule."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..site import Strategy
from ..steps import Bools
from .baseline import Schedule
from .components.dc_bus import inverters_by_device
from .components.end_value import EndValue
from .costs import co2_kg
from .inputs import Inputs
from .publish import idle_device
from .result import DevicePlan, Mode, Plan, PlanStatus, Reason, SolveStats


def last_valid(
    previous: Plan | None, inputs: Inputs, reasons: tuple[Reason, ...], now_s: float
) -> Plan | None:
    """Return the previous plan as long as it reaches beyond now, marked with its age; None otherwise.

    Its own reasons are replaced, not added to: kept twice, it would otherwise tell two ages.
    """
    if previous is None or previous.steps.edges_s[-1] <= inputs.problem.steps.edges_s[0]:
        return None
    age_min = round(max(now_s - previous.created_at_s, 0.0) / 60)
    kept = Reason(key="kept_last_plan", placeholders={"age_min": float(age_min)})
    return replace(previous, status=PlanStatus.FAILED, reasons=(*reasons, kept))


def by_rule(
    inputs: Inputs,
    rule: Schedule,
    end_values: Mapping[str, EndValue],
    *,
    reasons: tuple[Reason, ...],
    stats: SolveStats,
    now_s: float,
) -> Plan:
    """Return what plain self-consumption would do, as a plan."""
    problem = inputs.problem
    return Plan(
        status=PlanStatus.FAILED,
        reasons=(*reasons, Reason(key="fell_back_to_rule")),
        created_at_s=now_s,
        currency=problem.site.currency,
        steps=problem.steps,
        import_kw=rule.import_kw,
        export_kw=rule.export_kw,
        load_kw=problem.load_kw,
        import_price_per_kwh=problem.import_price_per_kwh,
        export_price_per_kwh=problem.export_price_per_kwh,
        # Without a solution the price of what is drawn or given is the best known value of a kWh.
        marginal_value_per_kwh=np.where(
            rule.import_kw > 0, problem.import_price_per_kwh, problem.export_price_per_kwh
        ),
        devices={plan.id: plan for plan in _devices(inputs, rule, end_values)},
        slacks=(),
        costs=rule.costs,
        baseline=rule.costs,
        stats=stats,
        strategy=Strategy.SELF_CONSUMPTION,
        preference=problem.site.preference,
        co2_kg=co2_kg(problem, rule.import_kw),
        baseline_co2_kg=co2_kg(problem, rule.import_kw),
    )


def _devices(inputs: Inputs, rule: Schedule, end_values: Mapping[str, EndValue]) -> list[DevicePlan]:
    site, n = inputs.problem.site, len(inputs.problem.steps)
    plans, buses = [], {id_: one.id for id_, one in inverters_by_device(site).items()}
    for spec in site.batteries:
        idle = idle_device(spec.id, spec.name, "battery", Mode.AUTOMATIC, "rule_self_consumption", n)
        if spec.id in rule.battery_kw:
            worth = np.full(n, end_values[spec.id].per_kwh[0])
            energy = rule.energy_kwh[spec.id]
            idle = replace(
                idle, power_kw=rule.battery_kw[spec.id], energy_kwh=energy, marginal_value_per_kwh=worth
            )
        plans.append(replace(idle, bus=buses.get(spec.id, "")))
    for array in site.pvs:
        power, available = rule.pv_kw[array.id], inputs.pv_kw[array.id]
        held = (power < available - 1e-9) & array.curtailable
        modes = _by_mask(held, Mode.LIMIT, Mode.AUTOMATIC)
        idle = idle_device(array.id, array.name, "pv", Mode.AUTOMATIC, "rule_self_consumption", n)
        bus = buses.get(array.id, "")
        plans.append(replace(idle, power_kw=power, available_kw=available, modes=modes, bus=bus))
    for one in site.inverters:
        idle = idle_device(one.id, one.name, "inverter", Mode.AUTOMATIC, "rule_self_consumption", n)
        plans.append(replace(idle, power_kw=rule.inverter_kw[one.id]))
    for charger in site.chargers:
        power = rule.car_kw.get(charger.id, np.zeros(n))
        idle = idle_device(charger.id, charger.name, "charger", Mode.OFF, "rule_plug_in", n)
        plans.append(replace(idle, power_kw=power, modes=_by_mask(power > 0, Mode.CHARGE, Mode.OFF)))
    for load in site.loads:
        power, on = rule.load_kw.get(load.id, np.zeros(n)), rule.load_on.get(load.id, np.zeros(n, np.bool_))
        key = "device_unavailable" if load.id in inputs.unavailable else "load_nothing_asked"
        key = "rule_at_once" if load.id in rule.load_kw else key
        idle = idle_device(load.id, load.name, "load", Mode.OFF, key, n)
        plans.append(replace(idle, power_kw=power, modes=_by_mask(on, Mode.ON, Mode.OFF)))
    return [*plans, *rule.guests.values()]


def _by_mask(mask: Bools, yes: Mode, no: Mode) -> tuple[Mode, ...]:
    return tuple(yes if on else no for on in mask.tolist())
