"""Which phase of the connection each part of a home hangs on."""

from collections.abc import Iterable

from ..problem import Problem
from ..site import Site
from ..steps import Floats
from .components import ChargerModel, Component, GridModel, net_of_what_cannot_move
from .components.dc_bus import inverters_by_device
from .components.phases import Branch, load_shares, spread
from .future import Future
from .guest import Guest


def fixed_by_phase(problem: Problem, future: Future) -> list[Floats]:
    """Return what cannot move on each phase: its share of the load less that of production that is as it is. [kW]."""
    grid = problem.site.grid
    load = load_shares(problem.load_phase_shares, grid)
    behind = inverters_by_device(problem.site)
    arrays = [
        (future.pv_kw[array.id], spread(array.phases, grid))
        for array in problem.site.pvs
        if not (array.curtailable or array.id in behind)
    ]
    return [
        net_of_what_cannot_move(future.load_kw * load[phase], (kw * shares[phase] for kw, shares in arrays))
        for phase in range(grid.phases)
    ]


def branches_of(site: Site, components: Iterable[Component], guests: Iterable[Guest]) -> list[Branch]:
    """Return every device's flow with its phases. What does not say hangs on all of them, evenly."""
    grid, found, phases = site.grid, [], phases_of(site)
    phases |= {guest.id: guest.phases for guest in guests}
    for part in components:
        if isinstance(part, GridModel):
            continue
        if isinstance(part, ChargerModel):
            found += part.on_phases(grid)
        else:
            found.append(Branch(part.into_bus(), spread(phases.get(part.id, ()), grid)))
    return found


def phases_of(site: Site) -> dict[str, tuple[int, ...]]:
    """Return the phases that devices name, by id. A hybrid inverter hangs where what is behind it says it does."""
    phases = {battery.id: battery.phases for battery in site.batteries}
    phases |= {array.id: array.phases for array in site.pvs}
    phases |= {load.id: load.phases for load in site.loads}
    for inverter in site.inverters:
        behind = (phases.get(id_, ()) for id_ in (*inverter.battery_ids, *inverter.pv_ids))
        phases[inverter.id] = next((named for named in behind if named), ())
    return phases
