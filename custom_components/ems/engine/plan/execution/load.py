"""What to tell a load that can wait."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from ...steps import Bools, Floats
from ..at_stake import price_of_leaving
from ..held import held_off
from ..result import Mode, Reason
from ..run_shape import Runs, run_from_now, runs_within, shape_of, under_way
from .common import IDLE_KW, READABLE, Orders, Tariff, money, peak_of_next_run

# What nobody would notice. [kWh]
_MISSING_KWH = 1e-3
_IN_ONE_PIECE = (LoadKind.BLOCK, LoadKind.PROGRAMME)


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadFlow:
    """What the plan does with a load. Series have shape (n,), `missing_kwh` one value per task.

    Attributes
    ----------
    is_on, begins : Where it is on, and where it is switched on.
    forced_kw : What it draws because it cannot stop yet. [kW]
    price_per_kwh : What one more kWh in the home costs, the dual of its balance. [currency/kWh]
    """

    power_kw: Floats
    is_on: Bools
    begins: Bools
    forced_kw: Floats
    missing_kwh: Floats
    price_per_kwh: Floats


def load_orders(
    spec: FlexibleLoad, state: LoadState, flow: LoadFlow, tariff: Tariff
) -> tuple[Orders, Floats]:
    """Switch on where the plan does, and say why; beside it what one more kWh is worth, shape (n,).

    A kWh is worth what the dearest one costs that the load chooses to use; for a run in one piece, what the
    cheapest run costs per kWh; never more than what leaving it out costs, and just that where some is missing.
    """
    words = _Words(spec, state, flow, tariff)
    modes = tuple(Mode.ON if on else Mode.OFF for on in flow.is_on.tolist())
    return Orders(modes, words.reasons()), words.value


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """One task as its reasons see it.

    Attributes
    ----------
    cost : What a kWh costs that is used in a step, or in a run that begins with it; infinite where it may not,
        shape (n,). [currency/kWh]
    next_at, other_at : The step in which it next runs, and the best later one that it could do without; -1: none.
    """

    task: LoadTask
    missing_kwh: float
    value: float
    cost: Floats
    next_at: list[int]
    other_at: list[int]
    ends: str


class _Words:
    """Says for every step why a load runs or waits."""

    def __init__(self, spec: FlexibleLoad, state: LoadState, flow: LoadFlow, tariff: Tariff) -> None:
        self._spec, self._state, self._flow, self._tariff = spec, state, flow, tariff
        n = len(tariff.steps)
        self._runs = flow.is_on
        self._goes_on = (flow.forced_kw > IDLE_KW) | (self._runs & ~flow.begins & self._in_one_piece)
        self._instants = [*tariff.instants(), tariff.steps.end.isoformat()]
        self._shown = _as_people_see_it(flow, tariff)
        self._task = np.full(n, -1)
        for i, task in enumerate(state.tasks):
            self._task[task.allowed] = i
        self._views = [self._view(task, i) for i, task in enumerate(state.tasks)]
        self._rests = held_off(spec, state, tariff.steps)
        self.value = self._values()

    @property
    def _in_one_piece(self) -> bool:
        return self._spec.kind in _IN_ONE_PIECE

    def _values(self) -> Floats:
        value = np.append([view.value for view in self._views], 0.0)[self._task]
        shape = under_way(self._spec, self._state)
        if shape is not None and shape.total_kwh > 0:
            going_on = run_from_now(self._tariff.steps, shape)
            value[going_on.step] = _mean_prices(going_on, self._flow.price_per_kwh, self._tariff)[0]
        return np.asarray(value)

    def _view(self, task: LoadTask, i: int) -> _View:
        steps, own = self._tariff.steps, self._runs & task.allowed
        cost, real = np.where(task.allowed, self._shown, np.inf), self._flow.price_per_kwh
        chosen = own & (self._flow.forced_kw <= IDLE_KW)
        dearest = float(np.max(real, where=chosen, initial=-np.inf)) if chosen.any() else 0.0
        weight = -self._shown
        if self._in_one_piece:
            runs = runs_within(task.allowed, steps, shape_of(self._spec, task.energy_kwh))
            cost = _by_start(runs, self._shown, self._tariff)
            dearest = float(np.min(_by_start(runs, real, self._tariff), initial=np.inf))
            weight = -np.arange(len(steps), dtype=np.float64)
        missing, price = float(self._flow.missing_kwh[i]), price_of_leaving(task)
        last = int(np.flatnonzero(task.allowed)[-1]) + 1 if task.allowed.any() else len(steps)
        return _View(
            task=task,
            missing_kwh=missing,
            value=price if missing > _MISSING_KWH else min(dearest, price),
            cost=cost,
            next_at=peak_of_next_run(self._flow.begins & own if self._in_one_piece else own, weight).tolist(),
            # A run in one piece could begin with any other step; what may be interrupted has those to choose from
            # in which it does not run.
            other_at=_best_after(np.where(self._runs & (not self._in_one_piece), np.inf, cost)).tolist(),
            ends=self._instants[last],
        )

    def reasons(self) -> tuple[Reason, ...]:
        """Return one reason per step."""
        return tuple(
            self._running(k) if runs else self._idle(k) for k, runs in enumerate(self._runs.tolist())
        )

    def _running(self, k: int) -> Reason:
        view = self._views[self._task[k]] if self._task[k] >= 0 else None
        if self._goes_on[k] or view is None:
            return Reason(key="load_run_on")
        if view.missing_kwh > _MISSING_KWH and view.task.reward is None:
            return _missing("load_run_short", view)
        if self._is_own(k):
            return Reason(key="load_run_own", placeholders={"price": money(self._tariff.import_price[k])})
        if view.other_at[k] < 0:
            return Reason(key="load_run_deadline", placeholders={"later": view.ends})
        if self._tariff.is_weighed:
            return self._weighed(k, view)
        return self._cheapest(k, view)

    def _cheapest(self, k: int, view: _View) -> Reason:
        other = view.other_at[k]
        if view.cost[k] > view.cost[other] - READABLE:
            return Reason(key="load_run_best")
        return Reason(key="load_run_cheap", placeholders=self._now_and(other, k, view))

    def _weighed(self, k: int, view: _View) -> Reason:
        price = self._tariff.import_price[k]
        found = {"price": price, "weighed": view.cost[k], "value": view.value}
        return Reason(key="load_run_weighed", placeholders={key: money(one) for key, one in found.items()})

    def _is_own(self, k: int) -> bool:
        """Return whether nothing is drawn from the grid, for a run in one piece: from its start to its end."""
        idle = self._tariff.import_kw <= IDLE_KW
        if not self._in_one_piece:
            return bool(idle[k])
        stops = np.flatnonzero(~self._runs[k + 1 :] | self._flow.begins[k + 1 :])
        return bool(np.all(idle[k : k + 1 + (int(stops[0]) if len(stops) else len(idle))]))

    def _now_and(self, later: int, k: int, view: _View) -> dict[str, str | float]:
        return {
            "price": money(view.cost[k]),
            "later_price": money(view.cost[later]),
            "later": self._instants[later],
        }

    def _idle(self, k: int) -> Reason:
        if not self._views:
            return Reason(key="load_nothing_asked")
        at = self._task[k]
        if at < 0:
            coming = np.flatnonzero(self._task[k:] >= 0)
            if len(coming):
                later = {"later": self._instants[k + int(coming[0])]}
                return Reason(key="load_not_yet", placeholders=later)
            return self._over(self._views[-1])
        view = self._views[at]
        later_at = view.next_at[k]
        return self._over(view) if later_at < 0 else self._waiting(k, later_at, view)

    def _waiting(self, k: int, later: int, view: _View) -> Reason:
        if self._rests[k]:
            return Reason(key="load_rests")
        if not np.isfinite(view.cost[k]) or view.cost[k] <= view.cost[later] + READABLE:
            return Reason(key="load_wait_best", placeholders={"later": self._instants[later]})
        found = self._now_and(later, k, view)
        if not self._tariff.is_weighed:
            return Reason(key="load_wait", placeholders=found)
        counts = {"weighed": found["price"], "later_weighed": found["later_price"], "later": found["later"]}
        return Reason(key="load_wait_weighed", placeholders=counts)

    def _over(self, view: _View) -> Reason:
        """Say how a task ended that runs no more."""
        if view.missing_kwh <= _MISSING_KWH:
            return Reason(key="load_done")
        if view.task.reward is None:
            return _missing("load_cannot_finish", view)
        return Reason(key="load_left_out", placeholders={"value": money(price_of_leaving(view.task))})


def _missing(key: str, view: _View) -> Reason:
    return Reason(key=key, placeholders={"missing_kwh": round(view.missing_kwh, 3), "later": view.ends})


def _as_people_see_it(flow: LoadFlow, tariff: Tariff) -> Floats:
    """Return what a kWh costs in each step: the grid's price where the home is at the grid, else its own."""
    own = np.where(tariff.export_kw > IDLE_KW, tariff.weighed.export_price, flow.price_per_kwh)
    return np.where(tariff.import_kw > IDLE_KW, tariff.weighed.import_price, own)


def _mean_prices(runs: Runs, price: Floats, tariff: Tariff) -> Floats:
    """Return what a kWh costs on average in each run, shape (m,). [currency/kWh]."""
    energy = runs.power_kw * tariff.steps.hours[runs.step]
    paid = np.bincount(runs.run, energy * price[runs.step], len(runs.begin))
    used = np.bincount(runs.run, energy, len(runs.begin))
    return np.asarray(paid / np.where(used > 0, used, 1.0))


def _by_start(runs: Runs, price: Floats, tariff: Tariff) -> Floats:
    """Return the mean price of the run that begins with each step, infinite where none may, shape (n,)."""
    cost = np.full(len(price), np.inf)
    cost[runs.begin] = _mean_prices(runs, price, tariff)
    return cost


def _best_after(cost: Floats) -> NDArray[np.intp]:
    """Return for each step the cheapest one after it, -1 where none is left."""
    backwards = np.concatenate([[np.inf], cost[:0:-1]])
    lowest = np.minimum.accumulate(backwards)
    at = np.maximum.accumulate(np.where(backwards <= lowest, np.arange(len(cost)), 0))
    return np.where(np.isfinite(lowest), len(cost) - at, -1)[::-1]
