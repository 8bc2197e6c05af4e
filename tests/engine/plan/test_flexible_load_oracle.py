"""Loads written a second time: in CVXPY with other inequalities, and by trying every pattern and every start."""

from dataclasses import replace
import itertools

import cvxpy as cp
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from custom_components.ems.engine.plan import solve
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.penalties import TIE_PER_KWH
from custom_components.ems.engine.plan.search import GAP_ABS
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.site import Grid
from tests.engine.plan.homes import battery, problem
from tests.engine.plan.loads import load, task, with_load
from tests.engine.plan.test_oracle import Oracle

N = 6
few = settings(max_examples=12, deadline=None)
prices = st.lists(st.floats(0.02, 0.6), min_size=N, max_size=N)
powers = st.lists(st.floats(0, 3), min_size=N, max_size=N)
masks = st.lists(st.booleans(), min_size=N, max_size=N)


class LoadOracle(Oracle):
    """Adds loads to the home in CVXPY; `whole` asks for integers."""

    def __init__(self, asked: Problem, *, whole: bool) -> None:
        super().__init__(asked)
        self._whole = whole
        for spec in asked.site.loads:
            state = asked.loads[spec.id]
            for each in state.tasks:
                if spec.kind is LoadKind.CONTINUOUS:
                    self._continuous(spec, each)
                elif spec.kind is LoadKind.INTERRUPTIBLE:
                    self._relay(spec, each, state)
                else:
                    self._run(spec, each)

    def minimum(self) -> float:
        balance = [flow == 0 for flow in self.into_bus]
        whole = cp.Problem(cp.Minimize(self.cost), [*self.rows, *balance])
        if self._whole:
            return float(whole.solve(solver="HIGHS", mip_abs_gap=1e-7, mip_rel_gap=0.0))
        return float(whole.solve(solver="CLARABEL"))

    def _draw(self, k: int, kw) -> None:
        self.into_bus[k] -= kw

    def _leave(self, each: LoadTask, energy_kwh: float):
        """Return what stays undone, at its price."""
        missing = cp.Variable(nonneg=True)
        self.rows.append(missing <= energy_kwh)
        price = each.shortfall_price_per_kwh if each.reward is None else each.reward / energy_kwh
        self.cost += price * missing
        return missing

    def _continuous(self, spec: FlexibleLoad, each: LoadTask) -> None:
        total = 0.0
        for k in np.flatnonzero(each.allowed):
            p = cp.Variable(nonneg=True)
            self.rows.append(p <= spec.power_kw)
            if self._whole and spec.power_min_kw:
                on = cp.Variable(boolean=True)
                least = min(spec.power_min_kw, each.energy_kwh / self.h[k])
                self.rows += [p <= spec.power_kw * on, p >= least * on]
            self._draw(k, p)
            total = total + self.h[k] * p
        self.rows.append(total + self._leave(each, each.energy_kwh) == each.energy_kwh)

    def _relay(self, spec: FlexibleLoad, each: LoadTask, state: LoadState) -> None:
        """On times as variables of their own, shortest times by implications between single steps."""
        n = self.n
        on = [cp.Variable(boolean=True) for _ in range(n)]
        cut = [cp.Variable(nonneg=True) for _ in range(n)]  # kW below full power
        power = [spec.power_kw * on[k] - cut[k] for k in range(n)]
        size = max(each.energy_kwh, spec.power_kw * spec.min_on_h)
        missing, done = self._leave(each, each.energy_kwh), cp.Variable(boolean=True)
        for k in range(n):
            self.rows += [power[k] >= 0, on[k] <= float(each.allowed[k]), cut[k] <= spec.power_kw * done]
            self.rows += [cut[k] <= spec.power_kw * (1 - on[j]) for j in range(k + 1, n)]
            self._draw(k, power[k])
            self._keep_times(spec, on[k] - (on[k - 1] if k else float(state.is_on)), k, on, power)
        total = sum(self.h[k] * power[k] for k in range(n))
        extra = cp.Variable(nonneg=True)
        lowest = min(self.asked.import_price_per_kwh.min(), self.asked.export_price_per_kwh.min())
        self.cost += max(-lowest, 0) * extra
        self.rows.append(extra <= spec.power_kw * spec.min_on_h)
        share = missing / each.energy_kwh
        self.rows += [total + size * share - extra == size, share <= 1 - done]

    def _keep_times(self, spec, turned, k, on, power) -> None:
        """Hold what was switched with step k: `turned` is 1 where it went on, -1 where it went off."""
        begins = np.cumsum(self.h) - self.h
        for j in range(k, self.n):
            left_on, left_off = (least - (begins[j] - begins[k]) for least in (spec.min_on_h, spec.min_off_h))
            if left_on > 1e-9:
                least_kw = spec.power_kw * min(left_on / self.h[j], 1.0)
                self.rows += [on[j] >= turned, power[j] >= least_kw * turned]
            if left_off > 1e-9:
                self.rows.append(1 - on[j] >= -turned)

    def _run(self, spec: FlexibleLoad, each: LoadTask) -> None:
        """One start per step, each with its power minute by minute."""
        kw = minutes(spec, each.energy_kwh)
        edges = np.rint((self.asked.steps.edges_s - self.asked.steps.edges_s[0]) / 60).astype(int)
        starts = []
        for s in range(self.n):
            line = np.zeros(max(edges[-1], edges[s] + len(kw)))
            line[edges[s] : edges[s] + len(kw)] = 1
            inside = np.repeat(each.allowed, np.diff(edges))
            if line[edges[-1] :].any() or np.any(line[: edges[-1]] > inside):
                continue
            line[edges[s] : edges[s] + len(kw)] = kw
            y = cp.Variable(boolean=self._whole, nonneg=not self._whole)
            starts.append(y)
            for k, (a, b) in enumerate(itertools.pairwise(edges)):
                self._draw(k, y * line[a:b].mean())
        energy = kw.sum() / 60
        left = self._leave(each, energy) / energy
        self.rows.append(sum(starts) + left == 1)


def minutes(spec: FlexibleLoad, energy_kwh: float) -> np.ndarray:
    if spec.kind is LoadKind.PROGRAMME:
        return np.repeat(spec.profile_kw, round(spec.profile_step_h * 60))
    return np.full(round(energy_kwh / spec.power_kw * 60), spec.power_kw)


def tolerance(asked: Problem) -> float:
    """Return how much the tie-breakers may move a minimum by: their size on every kWh that could flow."""
    return TIE_PER_KWH * 12 * float(asked.steps.hours.sum()) + 1e-5


def relaxed(asked: Problem) -> float:
    return open_solver("highs")(Home(judge(asked)).program.build(), time_limit_s=10, gap_abs=0).objective


def whole(asked: Problem) -> float:
    """Return the exact minimum with all integers that loads may ask for."""
    home = Home(judge(asked))
    for model in home.loads.values():
        for choice in model.choices():
            choice.enforce(home.program, np.arange(home.horizon.n))
    return open_solver("highs")(home.program.build(), time_limit_s=30, gap_abs=1e-7).objective


def check(asked: Problem) -> None:
    assert whole(asked) == pytest.approx(LoadOracle(asked, whole=True).minimum(), abs=tolerance(asked))


@few
@given(prices, powers, powers, masks, st.floats(0.1, 9), st.sampled_from([None, 0.3, 2.0]))
def test_continuous_load(price, base, sun, allowed, energy, reward):
    asked = problem(price, base, pv=sun, export_price=0.01, batteries={battery(wear_per_kwh=0.02): 3})
    asked = with_load(asked, load("continuous"), task(allowed, energy, reward=reward))
    oracle = LoadOracle(asked, whole=False).minimum()
    assert relaxed(asked) == pytest.approx(oracle, abs=tolerance(asked))


@few
@given(prices, powers, powers, masks, st.floats(0.1, 5))
def test_continuous_load_with_a_smallest_power(price, base, sun, allowed, energy):
    asked = problem(price, base, pv=sun, export_price=0.01, minutes=30, grid=Grid(import_max_kw=3))
    check(with_load(asked, load("continuous", power_min_kw=1.5), task(allowed, energy)))


@few
@given(prices, powers, powers, masks, st.sampled_from([20, 45, 60, 90, 150]), st.sampled_from([None, 0.2]))
def test_block_and_its_relaxation(price, base, sun, allowed, length_min, reward):
    asked = problem(price, base, pv=sun, export_price=0.01, minutes=30, batteries={battery(): 2})
    asked = with_load(asked, load("block"), task(allowed, 2.0 * length_min / 60, reward=reward))
    check(asked)
    oracle = LoadOracle(asked, whole=False).minimum()
    assert relaxed(asked) == pytest.approx(oracle, abs=tolerance(asked))


@few
@given(
    prices,
    powers,
    powers,
    st.lists(st.floats(0.05, 3), min_size=1, max_size=6),
    st.sampled_from([10, 15, 20, 45]),
)
def test_programme_and_its_relaxation(price, base, sun, profile, part_min):
    spec = load("programme", profile_kw=tuple(profile), profile_step_h=part_min / 60)
    asked = problem(price, base, pv=sun, export_price=0.01, minutes=30, grid=Grid(import_max_kw=4))
    asked = with_load(asked, spec, task([1] * N))
    check(asked)
    oracle = LoadOracle(asked, whole=False).minimum()
    assert relaxed(asked) == pytest.approx(oracle, abs=tolerance(asked))


@few
@given(
    prices,
    powers,
    powers,
    st.floats(0.1, 4),
    st.sampled_from([0.0, 0.7, 1.0]),
    st.sampled_from([0.0, 0.7, 1.0]),
    st.booleans(),
)
def test_relay_with_shortest_times(price, base, sun, energy, min_on_h, min_off_h, is_on):
    """One implication per pair of steps, instead of sums over starts."""
    spec = load(min_on_h=min_on_h, min_off_h=min_off_h)
    asked = problem(price, base, pv=sun, export_price=0.01, minutes=30)
    check(with_load(asked, spec, task([1] * N, energy), is_on=is_on and min_on_h == 0))


def bill(asked: Problem, power: np.ndarray) -> float:
    net = asked.load_kw - sum(asked.pv_available_kw.values(), np.zeros(len(power))) + power
    paid = np.maximum(net, 0) * asked.import_price_per_kwh - np.maximum(-net, 0) * asked.export_price_per_kwh
    return float(paid @ asked.steps.hours)


def as_relay(spec: FlexibleLoad, on: tuple[bool, ...], asked_kwh: float, h: float) -> np.ndarray:
    """Return what a relay draws that is switched like this, and off for good once it has what was asked."""
    power, left = np.zeros(len(on)), asked_kwh
    for k in np.flatnonzero(on):
        power[k] = min(spec.power_kw, left / h)
        left -= power[k] * h
    return power


@settings(max_examples=15, deadline=None)
@given(prices, powers, powers, masks, st.floats(0.1, 5), st.sampled_from([None, 0.3]))
def test_relay_is_the_best_of_all_patterns(price, base, sun, allowed, energy, reward):
    """2^6 ways to switch, each with its bill and what it leaves undone."""
    spec, each = load(), task(allowed, energy, reward=reward)
    asked = problem(price, base, pv=sun, export_price=0.01, minutes=30)
    worth = each.shortfall_price_per_kwh if reward is None else reward / energy
    costs = []
    for on in itertools.product([False, True], repeat=N):
        if not np.any(np.array(on) & ~each.allowed):
            power = as_relay(spec, on, energy, 0.5)
            costs.append(bill(asked, power) + worth * (energy - power.sum() * 0.5))
    asked = with_load(asked, spec, each)
    assert whole(asked) == pytest.approx(min(costs), abs=tolerance(asked))
    plan = solve(asked)
    assert min(costs) - tolerance(asked) <= plan.stats.objective <= min(costs) + GAP_ABS + tolerance(asked)


def lasts(on: tuple[bool, ...], state: bool) -> list[tuple[bool, int]]:
    """Return the stretches of a pattern that begin and end within it: (on, steps)."""
    line = [state, *on]
    turns = [k for k in range(1, len(line)) if line[k] != line[k - 1]]
    return [(line[a], b - a) for a, b in itertools.pairwise(turns)]


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.floats(0.02, 0.6), min_size=9, max_size=9),
    st.lists(st.floats(0, 3), min_size=9, max_size=9),
    st.sampled_from([1.0, 2.0, 3.0, 4.0]),
    st.sampled_from([(2, 0), (0, 2), (2, 2), (3, 2)]),
    st.booleans(),
)
def test_relay_with_shortest_times_is_the_best_of_all_patterns(price, sun, energy, least, is_on):
    """2^9 ways, those with stretches too short left out; energies of whole steps, so that none is cut."""
    spec = load(min_on_h=least[0] / 2, min_off_h=least[1] / 2)
    asked = problem(price, [0.3] * 9, pv=sun, export_price=0.01, minutes=30)
    costs = []
    for on in itertools.product([False, True], repeat=9):
        if all(steps >= least[0 if was_on else 1] for was_on, steps in lasts(on, is_on)):
            power = 2.0 * np.array(on)
            missing = max(energy, 2.0 * least[0] / 2 * (not is_on)) - power.sum() * 0.5
            if missing >= 0:
                costs.append(bill(asked, power) + 2.0 * missing * min(energy / max(energy, least[0]), 1))
    asked = with_load(asked, spec, task([1] * 9, energy), is_on=is_on)
    found = whole(asked)
    # Using more than was asked is allowed as well, and may be cheaper than leaving something out.
    assert found <= min(costs) + tolerance(asked)
    plan = solve(asked)
    assert plan.stats.objective <= found + GAP_ABS + tolerance(asked)
    assert plan.stats.objective >= found - tolerance(asked)


@settings(max_examples=10, deadline=None)
@given(prices, powers, st.lists(st.floats(0.05, 3), min_size=1, max_size=5), st.sampled_from([None, 0.3]))
def test_start_is_the_best_of_all_starts(price, sun, profile, reward):
    """With a battery that adapts to each: every start is a linear program of its own."""
    spec = load("programme", profile_kw=tuple(profile), profile_step_h=0.25)
    asked = problem(
        price, [0.5] * N, pv=sun, export_price=0.01, minutes=15, batteries={battery(capacity_kwh=2): 1}
    )
    asked = with_load(asked, spec, task([1] * N, reward=reward))
    home = Home(judge(asked))
    model = home.program.build()
    starts = np.arange(model.n_columns, dtype=np.int32)[model.columns["load.load.task0.starts"].span]
    costs = []
    for choice in range(len(starts) + 1):
        held = (np.arange(len(starts)) == choice).astype(float)
        fixed = model.with_bounds(starts, held, held)
        costs.append(open_solver("highs")(fixed, time_limit_s=5, gap_abs=0).objective)
    plan = solve(asked)
    assert min(costs) - 1e-6 <= plan.stats.objective <= min(costs) + GAP_ABS


@pytest.mark.parametrize("kind", LoadKind)
def test_interior_point_and_simplex_agree(kind):
    """The same arrays through CVXPY and Clarabel."""
    asked = problem(
        [0.3, 0.2, 0.4, 0.1, 0.25, 0.05], [1] * N, pv=[0, 1, 2, 1, 0, 0], batteries={battery(): 2}
    )
    asked = with_load(asked, load(kind), task([1] * N, 3.0))
    model = Home(judge(asked)).program.build()
    one, two = (open_solver(name)(model, time_limit_s=5, gap_abs=0) for name in ("highs", "cvxpy:CLARABEL"))
    assert two.objective == pytest.approx(one.objective, abs=1e-5)
    through = solve(replace(asked), solver="cvxpy")
    assert through.expected_cost == pytest.approx(solve(asked).expected_cost, abs=0.01)
