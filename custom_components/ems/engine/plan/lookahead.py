"""The first stage of a plan under uncertainty: decide the trunk so that it suits every scenario.

What comes out is what the stores should hold when the futures part, and what a stored kWh is worth until then.
The plan that is published is made on the mean and aims there (`guide.py`): one story that a person can follow,
with first steps that are good in all of them.
"""

from dataclasses import dataclass
from time import perf_counter
from typing import Final

from .future import scenarios
from .guide import Guide
from .home import BUS, Home
from .inputs import Inputs
from .risk import add_risk
from .search import Search, relax
from .solvers import Solver
from .values import store_values

# Of the time limit: what is left belongs to the plan itself.
_SHARE_OF_TIME: Final = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class LookAhead:
    """What the scenarios said; `guide` is None where no answer came in time."""

    guide: Guide | None
    found: Search


def look_ahead(inputs: Inputs, solver: Solver, time_limit_s: float) -> LookAhead:
    """Solve the tree of a problem's scenarios as a linear program.

    Currents below the smallest are no matter here: over an hour a duty cycle is as good, and the plan itself puts
    them right. Directions are decided where the program ran both ways.
    """
    began = perf_counter()
    home = Home(inputs, scenarios(inputs))
    add_risk(home, inputs.problem.site.risk_weight)
    assembled_ms = (perf_counter() - began) * 1000
    found = relax(home, solver, time_limit_s * _SHARE_OF_TIME)
    found.build_ms += assembled_ms
    return LookAhead(guide=_guide(home, found) if found.has_answer else None, found=found)


def _guide(home: Home, found: Search) -> Guide:
    x, trunk = found.x, home.horizon.tree.trunk
    energy = {id_: float(x[battery.energy[trunk[-1]]]) for id_, battery in home.batteries.items()}
    for part in home.consumers:
        energy[part.id] = float(part.value(x)[trunk] @ home.horizon.hours[trunk])
    return Guide(
        energy_kwh=energy,
        values={id_: value.until(len(trunk)) for id_, value in store_values(home, found).items()},
        bus_per_kwh=found.dual_of(BUS)[trunk] / home.horizon.counted_h[trunk],
        end=len(trunk),
    )
