"""One yardstick for the plan, the baseline and, later, what was measured (design §10)."""

from collections.abc import Mapping

from ..problem import Problem
from ..steps import Floats
from .components.end_value import EndValue
from .intervals import rise_kw
from .result import Costs


def account(
    problem: Problem,
    *,
    import_kw: Floats,
    export_kw: Floats,
    discharge_kw: Mapping[str, Floats],
    energy_kwh: Mapping[str, Floats],
    end_values: Mapping[str, EndValue],
    penalty: float = 0.0,
) -> Costs:
    """Return the terms of a schedule's cost.

    discharge_kw : Per battery id, and per charger id what a car feeds, ≥ 0, shape (n,). [kW]
    energy_kwh : Per battery id, shape (n + 1,); only its ends count. [kWh]
    """
    hours = problem.steps.hours
    bill = import_kw * problem.import_price_per_kwh - export_kw * problem.export_price_per_kwh
    wear_per_kwh = {battery.id: battery.wear_per_kwh for battery in problem.site.batteries}
    wear_per_kwh |= {charger.id: charger.wear_per_kwh for charger in problem.site.chargers}
    return Costs(
        energy=float(bill @ hours),
        wear=sum(wear_per_kwh[id_] * float(kw @ hours) for id_, kw in discharge_kw.items()),
        stored_energy_change=sum(
            end_values[id_].of(float(energy[-1])) - end_values[id_].of(float(energy[0]))
            for id_, energy in energy_kwh.items()
        ),
        peak=_demand_charge(problem, import_kw),
        penalty=penalty,
    )


def co2_kg(problem: Problem, import_kw: Floats) -> float | None:
    """Return the CO₂ of a schedule's imports; None where nobody says how clean the grid is. [kg]."""
    if problem.co2_g_per_kwh is None:
        return None
    return float((import_kw * problem.co2_g_per_kwh) @ problem.steps.hours) / 1000


def _demand_charge(problem: Problem, import_kw: Floats) -> float:
    """Return what the network asks for raising the period's peak. [currency]."""
    charge = problem.site.grid.demand_charge
    return 0.0 if charge is None else charge.price_per_kw * rise_kw(problem, import_kw)
