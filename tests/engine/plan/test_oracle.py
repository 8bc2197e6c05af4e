"""Each component, and a whole home, written a second time in CVXPY: by equation and step, not by array."""

from dataclasses import replace

import cvxpy as cp
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.plan import solve
from custom_components.ems.engine.plan.home import Home, end_values
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.objective import lean
from custom_components.ems.engine.plan.penalties import TIE_PER_KWH, penalties_for
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.site import Grid
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, homes, problem
from tests.engine.plan.leanings import CHOICES, leaning

N = 6
few = settings(max_examples=12)
prices = st.lists(st.floats(0.02, 0.6), min_size=N, max_size=N)
powers = st.lists(st.floats(0, 5), min_size=N, max_size=N)


class Oracle:
    """A home in CVXPY, from the equations in docs/components."""

    def __init__(self, asked: Problem) -> None:
        weights, steps = lean(asked), asked.steps
        cars = {id_: weights.cared_for(state, asked) for id_, state in asked.cars.items()}
        asked = replace(asked, cars=cars)
        self.asked, self.n, self.h, self.weights = asked, len(steps), steps.hours, weights
        self.cost, self.rows = 0.0, []
        self.penalties = penalties_for(asked, weights.most_per_kwh)
        self.into_bus = [-asked.load_kw[k] for k in range(self.n)]
        self.as_if_all_were_fed_in = [0.0] * self.n
        self._grid()
        for spec in asked.site.pvs:
            self._pv(asked.pv_available_kw[spec.id], curtailable=spec.curtailable)
        for spec in asked.site.batteries:
            worth = end_values(judge(asked), weights.beyond_per_kwh)[spec.id]
            self._battery(spec, asked.batteries[spec.id].energy_kwh, worth)
        for spec in asked.site.chargers:
            if spec.id in asked.cars:
                self._charger(spec, asked.cars[spec.id])
        flow = self.as_if_all_were_fed_in
        for k in range(1, self.n):
            self._weigh(weights.ramp_per_kw, cp.abs(flow[k] - flow[k - 1]))

    def minimum(self) -> float:
        balance = [flow == 0 for flow in self.into_bus]
        return float(cp.Problem(cp.Minimize(self.cost), [*self.rows, *balance]).solve(solver="CLARABEL"))

    def _weigh(self, price, amount) -> None:
        """Add what is weighed; CVXPY warns of an objective as long as one full of zeros."""
        if price:
            self.cost += price * amount

    def _grid(self) -> None:
        i, x = cp.Variable(self.n, nonneg=True), cp.Variable(self.n, nonneg=True)
        grid, bought, sold = (
            self.asked.site.grid,
            self.asked.import_price_per_kwh,
            self.asked.export_price_per_kwh,
        )
        cap_kw = np.inf if self.asked.import_cap_kw is None else self.asked.import_cap_kw
        import_max_kw = np.minimum(np.full(self.n, grid.import_max_kw), cap_kw)
        for k in range(self.n):
            over = cp.pos(i[k] - import_max_kw[k]) + cp.pos(x[k] - grid.export_max_kw)
            self.cost += self.h[k] * (bought[k] * i[k] - sold[k] * x[k] + self.penalties.limit * over)
            self._weigh(self.h[k] * np.broadcast_to(self.weights.import_per_kwh, self.n)[k], i[k])
            left_over = sum(pv[k] for pv in self.asked.pv_available_kw.values()) - self.asked.load_kw[k]
            self._weigh(self.h[k] * self.weights.sold_per_kwh, cp.pos(x[k] - max(left_over, 0)))
            self.into_bus[k] += i[k] - x[k]
            self.as_if_all_were_fed_in[k] += i[k] - x[k]
        self._weigh(self.weights.peak_per_kw, self._peak(i))

    def _peak(self, i):
        """Return the highest mean import, by the clock: an interval's sum over its length, as a meter does it."""
        charge, peak = self.asked.site.grid.demand_charge, self.asked.peak
        counts = [True] * self.n if peak.counts is None else list(peak.counts)
        edges, sums, lengths, counted = self.asked.steps.edges_s, {}, {}, set()
        for k in range(self.n):
            width = None if charge is None else charge.interval_min * 60
            alone = width is None or self.h[k] * 3600 >= width - 1e-6
            key = ("step", k) if alone else ("interval", int(edges[k] // width))
            if key not in sums and k == 0 and not alone:
                elapsed_s = edges[0] - key[1] * width
                sums[key], lengths[key] = peak.running_kwh, elapsed_s / 3600
            sums[key] = sums.get(key, 0.0) + self.h[k] * i[k]
            lengths[key] = lengths.get(key, 0.0) + self.h[k]
            if counts[k]:
                counted.add(key)
        means = [sums[key] / lengths[key] for key in counted]
        return cp.max(cp.hstack([peak.so_far_kw, *means])) - peak.so_far_kw

    def _pv(self, available, *, curtailable: bool) -> None:
        for k in range(self.n):
            p = cp.Variable() if curtailable else available[k]
            if curtailable:
                self.rows += [p >= min(0, available[k]), p <= available[k]]
            self.into_bus[k] += p
            self.as_if_all_were_fed_in[k] += p - available[k]

    def _battery(self, spec, now, worth) -> None:
        floor, ceiling = spec.soc_min * spec.capacity_kwh, spec.soc_max * spec.capacity_kwh
        e, outside = now, {"low": max(floor - now, 0), "high": max(now - ceiling, 0)}
        for k in range(self.n):
            c, d, after = cp.Variable(nonneg=True), cp.Variable(nonneg=True), cp.Variable()
            self.rows += [c <= spec.charge_max_kw, d <= spec.discharge_max_kw]
            self.rows += [after >= min(0, now), after <= max(spec.capacity_kwh, now)]
            self.rows.append(
                after == e + self.h[k] * (spec.charge_efficiency * c - d / spec.discharge_efficiency)
            )
            for side, distance in (("low", floor - after), ("high", after - ceiling)):
                is_out = cp.Variable(nonneg=True)
                self.rows.append(is_out >= distance)
                self.cost += self.penalties.band_leaving * cp.pos(is_out - outside[side])
                self.cost += self.penalties.band_staying_per_h * self.h[k] * is_out
                outside[side] = is_out
            kept = min(spec.soc_min + 0.2, spec.soc_max) * spec.capacity_kwh
            self._weigh(self.h[k] * self.weights.reserve_per_kwh_h, cp.pos(kept - after))
            self.cost += self.h[k] * spec.wear_per_kwh * d
            self.into_bus[k] += d - c
            e = after
        (first, second), width = worth.per_kwh, worth.widths_kwh[0]
        self.cost -= cp.minimum(first * e, first * width + second * (e - width))

    def _charger(self, spec, state) -> None:
        in_time, ever = 0.0, 0.0
        for k in np.flatnonzero(state.connected):
            p, end = cp.Variable(nonneg=True), self.asked.steps.edges_s[k + 1]
            ready = np.inf if state.ready_at_s is None else max(state.ready_at_s, START_S)
            late_d = min(max(end - ready, 0) / 86400, 1)
            self.rows.append(p <= spec.power_max_kw)
            self.cost += self.h[k] * state.shortfall_price_per_kwh * late_d / 2 * p
            self.into_bus[k] -= p
            ever = ever + self.h[k] * p
            in_time = in_time + (self.h[k] * p if end <= (state.ready_at_s or np.inf) else 0)
        for delivered in (in_time, ever):
            self.cost += state.shortfall_price_per_kwh * cp.pos(state.energy_needed_kwh - delivered)
        self.rows.append(ever <= max(state.energy_max_kwh, state.energy_needed_kwh))


def check(asked: Problem) -> None:
    """Compare minima; the tie-breakers may move the model's by their size on every kWh that could flow or stay."""
    found = open_solver("highs")(Home(judge(asked)).program.build(), time_limit_s=10, gap_abs=0)
    could_flow = 12 * asked.steps.hours.sum() + 2 * sum(spec.capacity_kwh for spec in asked.site.batteries)
    assert found.objective == pytest.approx(Oracle(asked).minimum(), abs=TIE_PER_KWH * could_flow + 1e-5)


@few
@given(prices, powers, st.sampled_from([0.5, 3.0, 20.0]))
def test_grid_with_limits(price, load, limit):
    check(problem(price, load, grid=Grid(import_max_kw=limit)))


@few
@given(prices, powers, st.lists(st.sampled_from([0.0, 2.0, np.inf]), min_size=N, max_size=N))
def test_grid_with_limits_by_the_clock(price, load, cap):
    spec = battery(charge_efficiency=0.9, wear_per_kwh=0.02)
    check(problem(price, load, batteries={spec: 3.0}, import_cap_kw=np.array(cap)))


@few
@given(prices, st.floats(-0.5, 12), st.sampled_from([0.8, 1.0]))
def test_battery_from_any_state(price, now, efficiency):
    """Below its floor, above its ceiling, above its capacity, below nothing."""
    spec = battery(soc_min=0.2, soc_max=0.9, charge_efficiency=efficiency, wear_per_kwh=0.02)
    check(problem(price, [1] * N, batteries={spec: now}))


@few
@given(prices, powers, powers, st.sampled_from([0.0, 1.0, 20.0]))
def test_pv_that_can_be_curtailed(price, load, sun, limit):
    check(problem(price, load, export_price=-0.02, pv=sun, curtailable=True, grid=Grid(export_max_kw=limit)))


@few
@given(prices, powers, powers)
def test_pv_that_cannot_be_curtailed(price, load, sun):
    check(problem(price, load, export_price=0.01, pv=sun, batteries={battery(): 4}))


@few
@given(
    prices,
    st.lists(st.booleans(), min_size=N, max_size=N),
    st.sampled_from([-1, 2.5, 4, None]),
    st.floats(0, 70),
)
def test_charger_with_a_deadline(price, connected, ready_h, needed):
    """Deadlines past, between steps, at the end; cars that need nothing, or more than there is time for."""
    ready = None if ready_h is None else START_S + ready_h * 3600
    wants = car(connected, needed, ready_at_s=ready)
    check(problem(price, [1] * N, charger=WALLBOX, car=wants, grid=Grid(import_max_kw=9)))


@settings(max_examples=6)
@given(homes(prices=(0.02, 0.6)))
def test_whole_home(asked):
    """With export below import no linear program goes both ways, so that the two have to agree."""
    check(
        replace(
            asked,
            export_price_per_kwh=np.minimum(asked.export_price_per_kwh, asked.import_price_per_kwh - 0.01),
        )
    )


HILLS = {"import_price": [0.1, 0.4, 0.2, 0.5, 0.3, 0.2], "load": [1, 2, 1, 3, 0, 1]}


@pytest.mark.parametrize(("strategy", "preference"), CHOICES)
@pytest.mark.parametrize("limit", [2.0, 17.25])
def test_every_strategy_and_preference(strategy, preference, limit):
    """With a car, sun that can be curtailed, and a connection that is too small for the load."""
    store = battery(charge_efficiency=0.9, wear_per_kwh=0.02, soc_min=0.1)
    asked = problem(
        **HILLS,
        export_price=0.05,
        pv=[0, 3, 2, 0, 4, 0],
        curtailable=True,
        batteries={store: 2},
        charger=WALLBOX,
        car=car([True] * 5 + [False], 7, ready_at_s=START_S + 4 * 3600),
        grid=Grid(import_max_kw=limit),
    )
    check(leaning(asked, strategy, preference))


@few
@given(prices, powers, powers, st.sampled_from(CHOICES))
def test_strategies_on_any_day(price, load, sun, choice):
    spec = battery(charge_efficiency=0.8, wear_per_kwh=0.02, soc_min=0.2)
    asked = problem(price, load, export_price=0.01, pv=sun, batteries={spec: 4})
    check(leaning(asked, *choice))


def test_plan_says_what_the_oracle_says():
    """End to end: bill + wear - change of end value, as published, is the oracle's minimum less V(now)."""
    spec = battery(charge_efficiency=0.9, wear_per_kwh=0.02)
    asked = problem(
        [0.1, 0.4, 0.2, 0.5], [1, 2, 1, 3], export_price=0.05, pv=[0, 3, 2, 0], batteries={spec: 2}
    )
    worth_now = Home(judge(asked)).end_values[spec.id].of(2)
    assert solve(asked).expected_cost == pytest.approx(Oracle(asked).minimum() + worth_now, abs=2e-3)
