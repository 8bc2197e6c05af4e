"""The connection to the network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...site import Grid
from ...steps import Floats
from ..program import Program, Term
from ..result import Slack
from .component import Choice, Flow, Horizon, slack_over
from .connection import Connection


@dataclass(frozen=True, kw_only=True, eq=False)
class Reach:
    """The most the home can physically draw or give in each step, whatever is decided. [kW], shape (n,)."""

    import_kw: Floats
    export_kw: Floats


def export_limits_kw(spec: Grid, export_price_per_kwh: Floats) -> Floats:
    """Return what may be fed in: nothing while it earns less than people ask for. Shape (n,). [kW]."""
    least = spec.export_price_min_per_kwh
    pays = np.full(len(export_price_per_kwh), True) if least is None else export_price_per_kwh >= least
    return np.where(pays, spec.export_max_kw, 0.0)


def import_limits_kw(spec: Grid, n: int, cap_kw: Floats | None) -> Floats:
    """Return what may flow in: what the connection carries, and the time of day allows. Shape (n,). [kW]."""
    limits_kw = np.full(n, float(spec.import_max_kw))
    return limits_kw if cap_kw is None else np.minimum(limits_kw, cap_kw)


class GridModel:
    """Imports i and exports x, each split into what the connection may carry and what is over it.

        g[k] = i[k] + i_over[k] - x[k] - x_over[k]
        0 ≤ i ≤ import_max[k]     0 ≤ i_over ≤ reach - import_max[k]    (likewise for exports)
        cost = Σ h[k]·(p_imp[k]·(i + i_over) - p_exp[k]·(x + x_over) + limit·(i_over + x_over))

    Being over a limit is priced, never forbidden: a home may already be there, and a plan must exist all the
    same. What is over exists as a variable only in the steps where the home could reach that far.
    """

    id = "grid"

    def __init__(
        self,
        program: Program,
        horizon: Horizon,
        reach: Reach,
        *,
        import_max_kw: Floats,
        export_max_kw: Floats,
    ) -> None:
        """Add the connection to a program.

        import_max_kw, export_max_kw : What may flow in and out, by `import_limits_kw` and `export_limits_kw`,
            shape (n,). [kW]
        """
        self._horizon = horizon
        self._program = program
        self.imports = self._flow("import", horizon.import_price, import_max_kw, reach.import_kw)
        self.exports = self._flow("export", -horizon.export_price, export_max_kw, reach.export_kw)
        self._direction = Connection("grid", self.imports, self.exports)

    def _flow(self, name: str, price: Floats, limit_kw: Floats, reach_kw: Floats) -> Flow:
        h, cost = self._horizon.counted_h, price + self._horizon.either_way
        within = np.minimum(reach_kw, limit_kw)
        columns = self._program.variables(f"grid.{name}", self._horizon.n, upper=within, cost=h * cost)
        over = np.flatnonzero(reach_kw > limit_kw)
        extra = self._program.variables(
            f"grid.{name}_over",
            len(over),
            upper=(reach_kw - within)[over],
            cost=(h * (cost + self._horizon.penalties.limit))[over],
        )
        return Flow(columns, reach_kw, extra, over)

    def into_bus(self) -> list[Term]:
        """Return imports less exports."""
        return [*self.imports.terms(1.0), *self.exports.terms(-1.0)]

    def beside(self, flows: Sequence[Term], fixed_kw: Floats) -> None:
        """Name what else is on the home bus: flows into it, and what it needs in any case, shape (n,). [kW]."""
        self._direction.beside(flows, fixed_kw)

    def choices(self) -> Sequence[Choice]:
        """Return the one choice: import or export."""
        return [self._direction]

    def slacks(self, x: Floats) -> list[Slack]:
        """Return where the connection carries more than it may."""
        return [*self._over(x, "import_limit", self.imports), *self._over(x, "export_limit", self.exports)]

    def _over(self, x: Floats, name: str, flow: Flow) -> list[Slack]:
        over_kw = np.zeros(self._horizon.n)
        over_kw[flow.extra_steps] = x[flow.extra]
        cost = self._horizon.penalties.limit * float(over_kw @ self._horizon.counted_h)
        return slack_over(over_kw, name, self.id, amount=float(over_kw.max()), unit="kW", cost=cost)
