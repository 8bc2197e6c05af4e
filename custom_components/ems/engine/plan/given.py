"""What a plan has to take as it comes: the load, the sun, what may be fed in."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..problem import Problem
from ..steps import Floats
from .components import net_of_what_cannot_move
from .components.component import Horizon
from .components.dc_bus import DcSun, dc_sun, inverters_by_device
from .components.grid import export_limits_kw, import_limits_kw
from .future import Future
from .wiring import fixed_by_phase


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """Series on the nodes of a plan, shape (n,) each. [kW].

    Attributes
    ----------
    pv_kw : What every array could produce, by id.
    fixed_kw : The load less production that cannot be curtailed.
    by_phase : The same on each phase; empty where phases have no limit of their own.
    import_max_kw : What may flow in, by contract and time of day.
    export_max_kw : What may be fed in, by contract and price.
    suns : What is behind each hybrid inverter, by its id.
    """

    pv_kw: Mapping[str, Floats]
    fixed_kw: Floats
    by_phase: list[Floats]
    import_max_kw: Floats
    export_max_kw: Floats
    suns: Mapping[str, DcSun]

    @property
    def unmoved_kw(self) -> Floats:
        """Return the load less all sun that is simply there: behind an inverter none is held back for a price."""
        return sum((-sun.most_ac_kw for sun in self.suns.values()), self.fixed_kw)

    @property
    def surplus_kw(self) -> Floats:
        """Return what the home gives though nobody wants it to, negative where it draws."""
        return sum((sun.least_ac_kw for sun in self.suns.values()), -self.fixed_kw)


def given(problem: Problem, future: Future, horizon: Horizon) -> Given:
    """Return what is given for a problem in one or several futures."""
    site, behind = problem.site, inverters_by_device(problem.site)
    fixed = [future.pv_kw[a.id] for a in site.pvs if not (a.curtailable or a.id in behind)]
    return Given(
        pv_kw=future.pv_kw,
        fixed_kw=net_of_what_cannot_move(future.load_kw, fixed),
        by_phase=fixed_by_phase(problem, future) if site.grid.limits_each_phase else [],
        import_max_kw=horizon.on_nodes(
            import_limits_kw(site.grid, len(problem.steps), problem.import_cap_kw)
        ),
        export_max_kw=horizon.on_nodes(export_limits_kw(site.grid, problem.export_price_per_kwh)),
        suns={one.id: dc_sun(one, site, future.pv_kw, horizon.n) for one in site.inverters},
    )
