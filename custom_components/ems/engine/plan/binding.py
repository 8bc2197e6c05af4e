"""What stands in the way: the limit that would be worth most to relax in each step."""

from typing import NamedTuple

import numpy as np

from ..steps import Floats
from .components.component import Flow
from .components.flexible_load import DivisibleLoad
from .home import Home
from .program import Ints
from .search import Search

# Below a tenth of a cent per kWh a limit stands in nobody's way. [currency/kWh]
_WORTH_NAMING = 1e-3


class Binding(NamedTuple):
    """Per step: the name of the limit, "" where there is none, and what one kWh more of it would save."""

    names: tuple[str, ...]
    per_kwh: Floats


class _Bound(NamedTuple):
    name: str
    columns: Ints
    steps: np.ndarray
    per_kwh: bool  # a power, whose price is per kW: over the step's width it is per kWh


def binding_limits(home: Home, found: Search) -> Binding:
    """Name the dearest bound of each step, by the reduced costs of what is held at it.

    A reduced cost is what the objective would change by if the variable might go one unit further.
    """
    reduced = _reduced_costs(found)
    n, bounds = home.horizon.n, _bounds(home)
    worth = np.zeros((len(bounds) + 1, n))
    worth[0] = _WORTH_NAMING
    for i, bound in enumerate(bounds, start=1):
        value = np.maximum(-reduced[bound.columns], 0)
        worth[i, bound.steps] = value / home.horizon.hours[bound.steps] if bound.per_kwh else value
    names = ["", *(bound.name for bound in bounds)]
    for id_, battery in home.batteries.items():
        for name, rows in battery.curves.items():
            relief = [np.maximum(-found.dual_of(row), 0) / home.horizon.hours for row in rows]
            worth = np.vstack([worth, *relief])
            names += [f"{id_}.{name}"] * len(relief)
    if home.phases is not None:
        worth = np.vstack([worth, home.phases.relief(found.dual_of)])
        names.append("phase_limit")
    strongest = np.argmax(worth, axis=0)
    per_kwh = np.where(strongest > 0, worth[strongest, np.arange(n)], 0.0)
    return Binding(tuple(names[i] for i in strongest.tolist()), per_kwh)


def _reduced_costs(found: Search) -> Floats:
    """Return cost - Aᵀ·dual of the priced program, shape (columns,)."""
    model = found.model
    column = np.repeat(np.arange(model.n_columns), np.diff(model.start))
    priced = np.bincount(column, model.value * found.dual[model.index], model.n_columns)
    reduced: Floats = model.cost - priced
    return reduced


def _bounds(home: Home) -> list[_Bound]:
    every = np.arange(home.horizon.n)
    found = [
        _Bound("import_limit", home.grid.imports.columns, every, per_kwh=True),
        _Bound("export_limit", home.grid.exports.columns, every, per_kwh=True),
    ]
    for id_, battery in home.batteries.items():
        found += [
            *_power(f"{id_}.charge_max", "import_limit", battery.charge, battery.charge_max_kw),
            *_power(f"{id_}.discharge_max", "export_limit", battery.discharge, battery.discharge_max_kw),
            _Bound(f"{id_}.full", battery.energy, every, per_kwh=False),
        ]
    for id_, hybrid in home.hybrids.items():
        for flow in (hybrid.give, hybrid.draw):
            full = np.flatnonzero(
                flow.upper >= hybrid.ac_max_kw
            )  # elsewhere less is behind it than it carries
            found.append(_Bound(f"{id_}.ac_max", flow.columns[full], full, per_kwh=True))
    for id_, charger in home.chargers.items():
        found += [
            _Bound(f"{id_}.power_max", charger.charge.columns[at], at, per_kwh=True)
            for at in [np.flatnonzero(charger.charge.upper == charger.spec.power_max_kw)]
        ]
    # A run in one piece has its shape and no power to be had more of.
    divisible = (load for load in home.loads.values() if isinstance(load, DivisibleLoad))
    found += [_Bound(f"{one.id}.power_max", one.power, one.nodes, per_kwh=True) for one in divisible]
    return found


def _power(own: str, other: str, flow: Flow, most_kw: float) -> list[_Bound]:
    """Return a battery's bound by whose it is: the connection leaves it less than its own in some steps."""
    free = flow.upper >= most_kw - 1e-9
    return [
        _Bound(name, flow.columns[steps], steps, per_kwh=True)
        for name, steps in ((own, np.flatnonzero(free)), (other, np.flatnonzero(~free)))
    ]
