"""What no controller can beat: a week's lowest peak and highest self-consumption, by linear programs in CVXPY.

They are written without the planner, so that they can tell whether it is right.
"""

from typing import Any

import cvxpy as cp
import numpy as np

from custom_components.ems.engine.site import Battery
from custom_components.ems.engine.steps import Floats


def lowest_peak_kw(battery: Battery, start_kwh: float, net_kw: Floats, hours: Floats) -> float:
    """Return the lowest highest import that a battery allows, all known ahead. [kW].

        min P        P ≥ net[k] + c[k] - d[k]

    Energy may be fed in and the battery left empty: whatever helps is allowed.

    net_kw : Consumption less sun, shape (n,). [kW]
    """
    charge, discharge, rows = _battery(battery, start_kwh, hours)
    peak = cp.Variable(nonneg=True)
    return _minimum(peak, [*rows, peak >= net_kw + charge - discharge])


def least_export_kwh(battery: Battery, start_kwh: float, net_kw: Floats, hours: Floats) -> float:
    """Return the least that has to be fed in, all known ahead. [kWh].

    The battery takes surplus only and gives to the home only. Anything else feeds in as much or more, as long
    as what a battery feeds in counts as the sunshine it took.
    """
    surplus, lack = np.maximum(-net_kw, 0), np.maximum(net_kw, 0)
    charge, discharge, rows = _battery(battery, start_kwh, hours)
    rows += [charge <= surplus, discharge <= lack]
    return _minimum(hours @ (surplus - charge), rows)


def _battery(spec: Battery, start_kwh: float, hours: Floats) -> tuple[Any, Any, list[Any]]:
    """Return charging, discharging and the rows that bind them to the energy between the steps."""
    n, capacity = len(hours), spec.capacity_kwh
    charge, discharge, energy = cp.Variable(n), cp.Variable(n), cp.Variable(n + 1)
    stored = spec.charge_efficiency * charge - discharge / spec.discharge_efficiency
    bounds = [
        (charge, 0, spec.charge_max_kw),
        (discharge, 0, spec.discharge_max_kw),
        (energy, spec.soc_min * capacity, spec.soc_max * capacity),
    ]
    rows: list[Any] = [energy[0] == start_kwh, energy[1:] == energy[:-1] + np.diag(hours) @ stored]
    rows += [row for values, low, high in bounds for row in (values >= low, values <= high)]
    return charge, discharge, rows


def _minimum(cost: Any, rows: list[Any]) -> float:
    problem: Any = cp.Problem(cp.Minimize(cost), rows)
    return float(problem.solve(solver=cp.HIGHS))
