"""A charger and the car that hangs on it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...problem import CarState
from ...site import Charger, Grid
from ...steps import Bools, Floats, Steps
from ..program import Ints, Program, Term
from ..result import Slack
from .charger_current import WATT, AllowedPower, joined, ranges_of, within
from .charger_energy import CarBattery, Delivered, deadline_of
from .charger_split import SplitPower, add_single
from .component import Choice, Flow, Horizon, plain_flow, slack_over
from .direction import Direction
from .phases import Branch, first_of, spread


class ChargerModel:
    """Power p into a car and d out of it, at the socket, while it is plugged in.

        0 ≤ p[k] ≤ p_max        0 ≤ d[k] ≤ d_max         where connected, else 0
        p[k] = 0 or in an allowed range                  in the near window, by integers, where broken
        p[k] = 0 or d[k] = 0                             by integers, where broken

    What the car is to have by when is in `Delivered`, or in `CarBattery` for one that may feed the home. A car
    that takes surplus only has the surplus as its largest power, see `SurplusModel`.
    """

    def __init__(
        self,
        program: Program,
        spec: Charger,
        horizon: Horizon,
        car: CarState,
        steps: Steps,
        *,
        surplus_kw: Floats,
        tells_phases: bool,
    ) -> None:
        """Add a charger with its car to a program.

        surplus_kw : What the sun leaves of what cannot move, shape (n,). [kW]
        tells_phases : Whether the connection's phases are limited one by one.
        """
        self.id, self.name = spec.id, f"charger.{spec.id}"
        self.spec, self.car, self._horizon = spec, car, horizon
        self._deadline = deadline_of(steps, car)
        self._ranges = ranges_of(spec)
        here = horizon.on_nodes(car.connected)
        self.charge = self._add_charge(program, here, surplus_kw)
        self.feed = self._add_feed(program, here)
        self.energy = self._add_energy(program)
        self.single = self._add_single(program) if tells_phases else None
        self._choices = self._make_choices()

    @property
    def feeds(self) -> bool:
        """Return whether the home may borrow from the car."""
        return self.spec.discharge_max_kw > 0

    @property
    def steps(self) -> NDArray[np.intp]:
        """Return the nodes in which something may flow."""
        flows = self.charge.upper if self.feed is None else self.charge.upper + self.feed.upper
        return np.flatnonzero(flows > 0)

    @property
    def signs(self) -> tuple[float, ...]:
        """Return how each of its flows counts as consumption."""
        return (1.0,) if self.feed is None else (1.0, -1.0)

    def columns_until(self, end: int) -> Ints:
        """Return the columns of its flows in the first nodes, one flow after the other."""
        flows = [self.charge] if self.feed is None else [self.charge, self.feed]
        return np.concatenate([flow.columns[:end] for flow in flows])

    @property
    def power_min_kw(self) -> float:
        """Return the smallest power the car can charge with, on however few phases. [kW]."""
        return self._ranges[0].least_kw

    def _add_charge(self, program: Program, here: Bools, surplus_kw: Floats) -> Flow:
        horizon, upper = self._horizon, np.where(here, self.spec.power_max_kw, 0.0)
        if self.car.surplus_only:
            # Where the surplus is below the smallest current the car waits: to charge all the same would take
            # from the grid, and to make it up from the battery would take from the home.
            upper = within(self._ranges, np.minimum(upper, surplus_kw))
        late = np.zeros(horizon.n) if self.feeds else horizon.on_nodes(self._deadline.late_price)
        cost = horizon.counted_h * (horizon.later + late)
        columns = program.variables(f"{self.name}.power", horizon.n, upper=upper, cost=cost)
        return plain_flow(columns, upper)

    def _add_feed(self, program: Program, here: Bools) -> Flow | None:
        if not self.feeds:
            return None
        horizon, upper = self._horizon, np.where(here, self.spec.discharge_max_kw, 0.0)
        cost = horizon.counted_h * (horizon.later + self.spec.wear_per_kwh)
        return plain_flow(program.variables(f"{self.name}.feed", horizon.n, upper=upper, cost=cost), upper)

    def _add_energy(self, program: Program) -> Delivered | CarBattery:
        given = (program, self.name, self._horizon, self.car, self._deadline)
        if self.feed is None:
            return Delivered(*given, self.charge.columns)
        return CarBattery(*given, spec=self.spec, power=self.charge.columns, feed=self.feed.columns)

    def _add_single(self, program: Program) -> Ints | None:
        if len(self._ranges) < 2:
            return None
        one, many = self._ranges
        horizon = self._horizon
        tie = horizon.counted_h * horizon.either_way
        return add_single(program, self.name, horizon, self.charge.columns, one=one, many=many, tie=tie)

    def _make_choices(self) -> list[Choice]:
        spare = max(self.car.energy_spare_kwh, 0.0) / self.spec.charge_efficiency if self.feeds else 0.0
        allowed = AllowedPower(
            name=self.name,
            horizon=self._horizon,
            power=self.charge.columns,
            upper_kw=self.charge.upper,
            ranges=joined(self._ranges) if self.single is None else self._ranges,
            room_kwh=max(self.car.energy_max_kwh, self.car.energy_needed_kwh, 0.0) + spare,
            may_round_up=not (self.car.surplus_only or self.feeds),
        )
        current = allowed if self.single is None else SplitPower(whole=allowed, single=self.single)
        return [current] if self.feed is None else [current, Direction(self.name, self.charge, self.feed)]

    def value(self, x: Floats) -> Floats:
        """Return the power in a solution, shape (n,), negative while the car feeds the home. [kW]."""
        charged = self.charge.value(x)
        return charged if self.feed is None else charged - self.feed.value(x)

    def phases(self, x: Floats) -> Ints:
        """Return on how many phases it runs in a solution, shape (n,); 0 where it does not."""
        power = self.value(x)
        several = np.full(self._horizon.n, len(self._ranges) == 1)
        if self.single is not None:
            several = x[self.single] <= self.charge.value(x) / 2
        elif len(self._ranges) > 1:
            several = power >= self._ranges[-1].least_kw - WATT
        count = np.where(several | (power < 0), self.spec.phases, 1)
        return np.where(np.abs(power) > WATT, count, 0).astype(np.int32)

    def into_bus(self) -> list[Term]:
        """Return consumption, negative into the bus, and what the car feeds."""
        return [*self.charge.terms(-1.0), *([] if self.feed is None else self.feed.terms(1.0))]

    def on_phases(self, grid: Grid) -> list[Branch]:
        """Return what flows into the bus by phase: several phases share it, what is charged on one is on the first."""
        several = spread(first_of(self.spec.first_phase, self.spec.phases), grid)
        found = [Branch(self.into_bus(), several)]
        if self.single is not None:
            alone = spread(first_of(self.spec.first_phase, 1), grid)
            moved = tuple(one - part for one, part in zip(alone, several, strict=True))
            found.append(Branch([Term(self.single, -1.0)], moved))
        return found

    def choices(self) -> Sequence[Choice]:
        """Return off or an allowed current; and where the car can feed, which way."""
        return self._choices

    def slacks(self, x: Floats) -> list[Slack]:
        """Return what the car lacks when it should be ready."""
        short = self.energy.shortfall(x)
        amounts = np.zeros(self._horizon.n)
        amounts[max(self._deadline.last_step, 0)] = short.at_deadline_kwh
        return slack_over(
            amounts, "car_ready", self.id, amount=short.at_deadline_kwh, unit="kWh", cost=short.cost
        )
