"""A charger and the car that hangs on it."""

from collections.abc import Sequence

import numpy as np

from ...problem import CarState
from ...site import Charger
from ...steps import Bools, Floats, Steps
from ..program import Ints, Program, Term
from ..result import Slack
from .component import Choice, Horizon, slack_over
from .minimum_power import MinimumPower

_DAY_S = 86400.0
_LOST_PER_DAY = 0.5


class ChargerModel:
    """Power p at the socket, while a car is plugged in.

        0 ≤ p[k] ≤ p_max                                 where connected, else 0
        Σ h·p (until ready) + short ≥ needed             short · price: the car is not ready
        Σ h·p + missing ≥ needed                         missing · price: it does not get there at all
        Σ h·p ≤ takes                                    what the battery in the car can hold
        p[k] = 0 or p[k] ≥ p_min                         in the near window, by integers, where broken

    A kWh that comes after the deadline loses half its worth over a day, so that late is better than never,
    and soon better than late.
    """

    def __init__(
        self, program: Program, spec: Charger, horizon: Horizon, car: CarState, steps: Steps
    ) -> None:
        """Add a charger with its car to a program."""
        self.id, self.name = spec.id, f"charger.{spec.id}"
        self._horizon, self._car = horizon, car
        self.power_max_kw = spec.power_max_kw
        self.steps = np.flatnonzero(horizon.on_nodes(car.connected))
        self.takes_kwh = max(car.energy_max_kwh, car.energy_needed_kwh, 0.0)
        self.needed_kwh = max(car.energy_needed_kwh, 0.0)
        in_time = _ends_in_time(steps, car.ready_at_s)
        self.in_time = horizon.on_nodes(in_time)[self.steps]
        self._deadline_step = max(int(np.count_nonzero(in_time)) - 1, 0)
        days_late = horizon.on_nodes(_days_late(steps, car.ready_at_s))[self.steps]
        late = car.shortfall_price_per_kwh * _LOST_PER_DAY * days_late
        cost = horizon.counted_h[self.steps] * (horizon.later[self.steps] + late)
        self.power = program.variables(
            f"{self.name}.power", len(self.steps), upper=spec.power_max_kw, cost=cost
        )
        self._add_energy(program, horizon.hours[self.steps])
        self._minimum = MinimumPower(
            name=self.name,
            power=self.power,
            steps=self.steps,
            horizon=horizon,
            least_kw=spec.power_min_kw,
            most_kw=spec.power_max_kw,
            takes_kwh=self.takes_kwh,
        )

    def _add_energy(self, program: Program, h: Floats) -> None:
        price, futures = self._car.shortfall_price_per_kwh, self._horizon.tree.n_scenarios
        needed, takes = np.full(futures, self.needed_kwh), np.full(futures, self.takes_kwh)
        cost = price * self._horizon.tree.probability
        self.short = program.variables(f"{self.name}.short", futures, upper=needed, cost=cost)
        self.missing = program.variables(f"{self.name}.missing", futures, upper=needed, cost=cost)
        early, whole = self._total(h, self.in_time), self._total(h)
        program.rows(f"{self.name}.ready", needed, np.inf, early, Term(self.short, 1.0))
        program.rows(f"{self.name}.enough", needed, np.inf, whole, Term(self.missing, 1.0))
        program.rows(f"{self.name}.takes", -np.inf, takes, whole)

    def _total(self, h: Floats, kept: Bools | None = None) -> Term:
        """Return Σ h·p of each future, over some of our steps."""
        at = slice(None) if kept is None else kept
        return self._horizon.summed(self.power[at], h[at], self.steps[at])

    def value(self, x: Floats) -> Floats:
        """Return the power in a solution, shape (n,). [kW]."""
        power = np.zeros(self._horizon.n)
        power[self.steps] = x[self.power]
        return power

    def into_bus(self) -> list[Term]:
        """Return consumption, negative into the bus."""
        return [Term(self.power, -1.0, self.steps)]

    def choices(self) -> Sequence[Choice]:
        """Return the one choice: off, or at least the smallest current."""
        return [self._minimum]

    def slacks(self, x: Floats) -> list[Slack]:
        """Return what the car lacks when it should be ready."""
        probability = self._horizon.tree.probability
        short, missing = float(x[self.short] @ probability), float(x[self.missing] @ probability)
        amounts = np.zeros(self._horizon.n)
        amounts[self._deadline_step] = short
        cost = self._car.shortfall_price_per_kwh * (short + missing)
        return slack_over(amounts, "car_ready", self.id, amount=short, unit="kWh", cost=cost)


def _ends_in_time(steps: Steps, ready_at_s: float | None) -> Bools:
    """Return which steps are over by the deadline, shape (n,)."""
    ends = steps.edges_s[1:]
    return np.ones(len(ends), dtype=np.bool_) if ready_at_s is None else ends <= ready_at_s


def _days_late(steps: Steps, ready_at_s: float | None) -> Floats:
    """Return how long after the deadline each step ends, from 0 to 1, shape (n,). [d].

    A deadline before the first step counts from there: what is past cannot be made up for.
    """
    if ready_at_s is None:
        return np.zeros(len(steps))
    due = max(ready_at_s, float(steps.edges_s[0]))
    return np.clip((steps.edges_s[1:] - due) / _DAY_S, 0.0, 1.0)
