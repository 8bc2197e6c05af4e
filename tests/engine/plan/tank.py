"""A guest to plan with: a tank of hot water, the smallest heat store there is."""

from dataclasses import dataclass, field

import numpy as np

from custom_components.ems.engine.plan import DevicePlan, Mode, Reason, Slack
from custom_components.ems.engine.plan.components.component import Horizon, slack_over
from custom_components.ems.engine.plan.program import Program, Term
from custom_components.ems.engine.steps import Floats, Steps

DRAWN = Reason(key="tank_heats")


@dataclass(frozen=True, kw_only=True, eq=False)
class Tank:
    """Heat e in a tank that is tapped and cools; `cop` kWh of heat from each kWh of power.

    e[k + 1] = keeps·e[k] + h·(cop·p[k] - tapped[k]) + short[k]        0 ≤ e ≤ capacity, short ≥ 0
    """

    tapped_kw: Floats
    id: str = "tank"
    phases: tuple[int, ...] = ()
    now_kwh: float = 0.0
    capacity_kwh: float = 10.0
    heater_kw: float = 3.0
    cop: float = 1.0
    keeps: float = 1.0
    wish_of_limit: float = 0.5
    added: list[TankModel] = field(default_factory=list)

    def model(self, program: Program, horizon: Horizon) -> TankModel:
        """Add the tank to a program."""
        self.added.append(TankModel(self, program, horizon))
        return self.added[-1]

    def by_rule(self, steps: Steps) -> DevicePlan:
        """Heat what is tapped, when it is tapped."""
        power = np.minimum(self.tapped_kw / self.cop, self.heater_kw)
        return _plan(self.id, power, len(steps))


class TankModel:
    """A tank in a program."""

    def __init__(self, spec: Tank, program: Program, horizon: Horizon) -> None:
        """Add power, heat and what is missing of the heat wanted."""
        self.id, self.name, self._spec, self._horizon = spec.id, f"tank.{spec.id}", spec, horizon
        n, price = horizon.n, spec.wish_of_limit * horizon.penalties.limit
        self.most_kw, self.forced_kw = np.full(n, spec.heater_kw), np.zeros(n)
        cost = horizon.counted_h * horizon.later
        self.power = program.variables(f"{self.name}.power", n, upper=spec.heater_kw, cost=cost)
        self.heat = program.variables(f"{self.name}.heat", n, upper=spec.capacity_kwh)
        self.short = program.variables(f"{self.name}.short", n, cost=price * horizon.tree.share)
        tapped = horizon.hours * horizon.on_nodes(spec.tapped_kw)
        first = horizon.tree.parent < 0
        begins = np.where(first, spec.keeps * spec.now_kwh, 0.0) - tapped
        program.rows(
            f"{self.name}.balance",
            begins,
            begins,
            Term(self.heat, 1.0),
            horizon.before(self.heat, -spec.keeps),
            Term(self.power, -spec.cop * horizon.hours),
            Term(self.short, -1.0),
        )

    def into_bus(self) -> list[Term]:
        """Return what it takes from the home."""
        return [Term(self.power, -1.0)]

    def choices(self) -> list:
        """Return nothing: any power will do."""
        return []

    def value(self, x: Floats) -> Floats:
        """Return the power in a solution."""
        return x[self.power]

    def slacks(self, x: Floats) -> list[Slack]:
        """Tell how much hot water is missing."""
        missing = x[self.short]
        cost = self._spec.wish_of_limit * self._horizon.penalties.limit * float(missing.sum())
        amount = float(missing.sum())
        return slack_over(missing, "cold_water", self.id, amount=amount, unit="kWh", cost=cost)

    def device(self, x: Floats, power_kw: Floats, bus_per_kwh: Floats) -> DevicePlan:
        """Tell when it heats."""
        return _plan(self.id, power_kw, len(power_kw), bus_per_kwh / self._spec.cop)


def _plan(id_: str, power_kw: Floats, n: int, value: Floats | None = None) -> DevicePlan:
    modes = tuple(Mode.ON if kw > 0 else Mode.OFF for kw in power_kw)
    return DevicePlan(
        id=id_,
        name="Tank",
        kind="tank",
        power_kw=power_kw,
        modes=modes,
        reasons=(DRAWN,) * n,
        marginal_value_per_kwh=value,
    )
