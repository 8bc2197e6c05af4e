"""What a car is to have, by when, and what it costs to be late."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...problem import CarState
from ...site import Charger
from ...steps import Bools, Floats, Steps
from ..program import Ints, Program, Term
from ..store_value import StoreValue
from .component import Horizon

_DAY_S = 86400.0
_LOST_PER_DAY = 0.5


class Shortfall(NamedTuple):
    """What a solution leaves a car without, and what that was to be worth."""

    at_deadline_kwh: float  # at the socket
    cost: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Deadline:
    """When a car is to be ready. Series have one value per step.

    Attributes
    ----------
    in_time : Whether the step is over by the deadline.
    late_price : What a kWh loses that arrives in the step: half of its worth over a day, so that late is better
        than never, and soon better than late. [currency/kWh]
    last_step : The last one in time; -1 where the deadline is past.
    price : What a missing kWh is worth. [currency/kWh]
    """

    in_time: Bools
    late_price: Floats
    last_step: int
    price: float


def deadline_of(steps: Steps, car: CarState) -> Deadline:
    """Return a car's deadline on the axis.

    A deadline before the first step counts from there: what is past cannot be made up for.
    """
    ends = steps.edges_s[1:]
    if car.ready_at_s is None:
        in_time, late_d = np.ones(len(ends), dtype=np.bool_), np.zeros(len(ends))
    else:
        due = max(car.ready_at_s, float(steps.edges_s[0]))
        in_time, late_d = ends <= car.ready_at_s, np.clip((ends - due) / _DAY_S, 0.0, 1.0)
    return Deadline(
        in_time=in_time,
        late_price=car.shortfall_price_per_kwh * _LOST_PER_DAY * late_d,
        last_step=int(np.count_nonzero(in_time)) - 1,
        price=car.shortfall_price_per_kwh,
    )


class Delivered:
    """A car that only takes: what counts is the sum of what it got.

    Σ h·p (until ready) + short ≥ needed             short · price: the car is not ready
    Σ h·p + missing ≥ needed                         missing · price: it does not get there at all
    Σ h·p ≤ takes                                    what the battery in the car can hold
    """

    def __init__(
        self, program: Program, name: str, horizon: Horizon, car: CarState, deadline: Deadline, power: Ints
    ) -> None:
        """Add what a car is to get to a program."""
        self._name, self._horizon, self._power = name, horizon, power
        self._here, self._price = horizon.on_nodes(car.connected), deadline.price
        self._in_time = self._here & horizon.on_nodes(deadline.in_time)
        futures = horizon.tree.n_scenarios
        needed = np.full(futures, max(car.energy_needed_kwh, 0.0))
        takes = np.full(futures, max(car.energy_max_kwh, car.energy_needed_kwh, 0.0))
        cost = deadline.price * horizon.tree.probability
        self.short = program.variables(f"{name}.short", futures, upper=needed, cost=cost)
        self.missing = program.variables(f"{name}.missing", futures, upper=needed, cost=cost)
        early, whole = self._total(self._in_time), self._total(self._here)
        program.rows(f"{name}.ready", needed, np.inf, early, Term(self.short, 1.0))
        program.rows(f"{name}.enough", needed, np.inf, whole, Term(self.missing, 1.0))
        program.rows(f"{name}.takes", -np.inf, takes, whole)

    def _total(self, kept: Bools) -> Term:
        """Return Σ h·p of each future, over some nodes."""
        nodes = np.flatnonzero(kept)
        return self._horizon.summed(self._power[nodes], self._horizon.hours[nodes], nodes)

    def worth(self, dual_of: Callable[[str], Floats]) -> StoreValue:
        """Return the prices of the rows that a kWh at the socket would count in, shape (n,). [currency/kWh]."""
        tree, n = self._horizon.tree, self._horizon.n
        ready, enough, takes = (dual_of(f"{self._name}.{row}") for row in ("ready", "enough", "takes"))
        at, future = tree.paths(np.arange(n))
        counted = (enough + takes)[future] + np.where(self._in_time[at], ready[future], 0.0)
        value = np.where(self._here, np.bincount(at, counted, n) / tree.share, 0.0)
        return StoreValue(marginal=value, import_side=value, export_side=value)

    def shortfall(self, x: Floats) -> Shortfall:
        """Return what is missing, as expected over all futures."""
        probability = self._horizon.tree.probability
        short, missing = float(x[self.short] @ probability), float(x[self.missing] @ probability)
        return Shortfall(short, self._price * (short + missing))


class CarBattery:
    """A car that can also feed the home: what counts is how much more is in it than now.

        e[k] = e[k-1] + h[k]·(η_c·p[k] - d[k]/η_d)       e before the first step is 0; unchanged while away
        -spare ≤ e[k] ≤ η_c·takes
        lack[k] ≥ η_c·needed - e[k]                      at the deadline, after it, and at the end

    A kWh that is lacking costs what it does a car that only takes: `price` at the deadline, w[k] more if it
    arrives late in step k, and `price` more if it never does. Written by what is lacking after each step,

        cost = Σ c·lack      c = price at the deadline, w[k+1] - w[k] after it, price - w at the end

    is the same sum, each kWh counted until it arrives. What was borrowed is given back by the same rows. Once
    the car has left after its deadline w rises no more: what it lends the next evening makes nobody late, and
    has to be back when the horizon ends.
    """

    def __init__(
        self,
        program: Program,
        name: str,
        horizon: Horizon,
        car: CarState,
        deadline: Deadline,
        *,
        spec: Charger,
        power: Ints,
        feed: Ints,
    ) -> None:
        """Add the battery of a car to a program."""
        self._name, self._horizon, self._eta = name, horizon, spec.charge_efficiency
        self._deadline, self.balance = deadline, f"{name}.balance"
        self._needed_kwh = max(car.energy_needed_kwh, 0.0) * self._eta
        takes = max(car.energy_max_kwh, car.energy_needed_kwh, 0.0)
        h = horizon.hours
        self.energy = program.variables(
            f"{name}.energy", horizon.n, lower=-max(car.energy_spare_kwh, 0.0), upper=takes * self._eta
        )
        program.rows(
            self.balance,
            np.zeros(horizon.n),
            0.0,
            Term(self.energy, 1.0),
            horizon.before(self.energy, -1.0),
            Term(power, -h * self._eta),
            Term(feed, h / spec.discharge_efficiency),
        )
        self._add_lack(program, car.connected)

    def _add_lack(self, program: Program, connected: Bools) -> None:
        price = _price_of_lack(self._deadline, connected)
        self._watched = np.flatnonzero(self._horizon.on_nodes(price) > 0)
        step, share = self._horizon.tree.step[self._watched], self._horizon.tree.share[self._watched]
        self._price = price[step] * share / self._eta
        self.lack = program.variables(f"{self._name}.lack", len(step), cost=self._price)
        needed = np.full(len(step), self._needed_kwh)
        here = Term(self.energy[self._watched], 1.0)
        program.rows(f"{self._name}.keeps", needed, np.inf, here, Term(self.lack, 1.0))

    def shortfall(self, x: Floats) -> Shortfall:
        """Return what is missing, as expected over all futures."""
        tree, last = self._horizon.tree, self._deadline.last_step
        cost = float(x[self.lack] @ self._price)
        if last < 0:
            return Shortfall(self._needed_kwh / self._eta, cost)
        due = np.flatnonzero(tree.step == last)
        lacking = np.maximum(self._needed_kwh - x[self.energy[due]], 0.0)
        return Shortfall(float(lacking @ tree.share[due]) / self._eta, cost)


def _price_of_lack(deadline: Deadline, connected: Bools) -> Floats:
    """Return what a kWh at the socket costs that is lacking after each step, shape (n,). [currency/kWh]."""
    last, n = deadline.last_step, len(connected)
    gone = np.flatnonzero(~connected[last + 1 :])
    stays_until = last + 1 + int(gone[0]) if len(gone) else n
    late = deadline.late_price.copy()
    late[stays_until:] = late[stays_until - 1] if stays_until > last + 1 else 0.0
    price = np.zeros(n)
    price[max(last, 0) : -1] = np.diff(late)[max(last, 0) :]
    price[-1] = deadline.price - late[-1]
    if last >= 0:
        price[last] += deadline.price
    return price
