"""Which phase of the connection each part of a home hangs on."""

from collections.abc import Iterable

from ..problem import Problem
from ..site import Site
from ..steps import Floats
from .components import ChargerModel, Component, GridModel, net_of_what_cannot_move
from .components.phases import Branch, load_shares, spread
from .future import Future


def fixed_by_phase(problem: Problem, future: Future) -> list[Floats]:
    """Return what cannot move on each phase: its share of the load less that of production that is as it is. [kW]."""
    grid = problem.site.grid
    load = load_shares(problem.load_phase_shares, grid)
    arrays = [
        (future.pv_kw[array.id], spread(array.phases, grid))
        for array in problem.site.pvs
        if not array.curtailable
    ]
    return [
        net_of_what_cannot_move(future.load_kw * load[phase], (kw * shares[phase] for kw, shares in arrays))
        for phase in range(grid.phases)
    ]


def branches_of(site: Site, components: Iterable[Component]) -> list[Branch]:
    """Return every device's flow with its phases. What does not say hangs on all of them, evenly."""
    grid, found = site.grid, []
    wired = {battery.id: battery.phases for battery in site.batteries}
    wired |= {array.id: array.phases for array in site.pvs}
    wired |= {load.id: load.phases for load in site.loads}
    for part in components:
        if isinstance(part, GridModel):
            continue
        if isinstance(part, ChargerModel):
            found += part.on_phases(grid)
        else:
            found.append(Branch(part.into_bus(), spread(wired.get(part.id, ()), grid)))
    return found
