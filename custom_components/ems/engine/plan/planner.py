"""From a question to a plan. There is always one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from time import perf_counter, time

from ..problem import Problem
from ..site import Strategy
from .baseline import Schedule, self_consumption
from .costs import co2_kg
from .fallback import by_rule, last_valid
from .guest import Guest
from .home import Home
from .inputs import Inputs, judge
from .lookahead import LookAhead, look_ahead
from .objective import strategy_used
from .publish import publish
from .result import Plan, PlanStatus, Reason, SolveStats
from .search import Search, relax, search
from .selection import choose
from .solvers import Solver, Verdict, open_solver

# A re-plan is due every five minutes and takes a fraction of a second; what needs ten is stuck.
DEFAULT_TIME_LIMIT_S = 10.0


def solve(
    problem: Problem,
    *,
    solver: str | Solver = "highs",
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
    previous: Plan | None = None,
    now_s: float | None = None,
    guests: Iterable[Guest] = (),
) -> Plan:
    """Return the plan for a problem: the cheapest, leaning to where its site's strategy and preference say.

    Parameters
    ----------
    solver : "highs", or "cvxpy" (optionally "cvxpy:CLARABEL") where CVXPY can be imported; or a solver itself,
        named by its `str`.
    time_limit_s : For all solves together; what was found by then is published as degraded. [s]
    previous : The plan in force: what to stay with where nothing speaks against it, and what to fall back on when
        the solver has no answer.
    now_s : When this plan is made, the wall clock unless told. [s since epoch]
    guests : Consumers that bring a model of their own; see `guest.py`.

    Raises
    ------
    PlanError : Prices or load are unusable (not finite, wrong length). A device in trouble never raises.
    """
    run = _Run(
        inputs=judge(problem, guests),
        solver=open_solver(solver) if isinstance(solver, str) else solver,
        solver_name=str(solver),
        previous=previous,
        now_s=time() if now_s is None else now_s,
        deadline=perf_counter() + time_limit_s,
        time_limit_s=time_limit_s,
        began=perf_counter(),
    )
    return run.best() if problem.site.strategy is Strategy.AUTO else run.plan()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Draft:
    """A plan without integers and scenarios; `is_final` where neither would change it."""

    plan: Plan
    is_final: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """One question on its way to its plan."""

    inputs: Inputs
    solver: Solver
    solver_name: str
    previous: Plan | None
    now_s: float
    deadline: float  # of the performance counter [s]
    time_limit_s: float
    began: float

    def plan(self) -> Plan:
        """Look ahead where there are scenarios, search, and publish what was found; else fall back."""
        ahead = self._look_ahead()
        assembling = perf_counter()
        home = Home(self.inputs, guide=ahead.guide if ahead else None, previous=self.previous)
        assembled_ms = (perf_counter() - assembling) * 1000
        found = search(home, self.solver, self.deadline - perf_counter())
        found.build_ms += assembled_ms
        return self._published(home, found, ahead) if found.has_answer else self._without(home, found)

    def best(self) -> Plan:
        """Draft a plan by every strategy, and make the plan of the one that `auto` picks."""
        drafts: dict[Strategy, _Draft] = {}

        def drafted(strategy: Strategy) -> Plan | None:
            draft = self._by(strategy)._draft()  # noqa: SLF001 - a run of our own kind
            if draft is not None:
                drafts[strategy] = draft
            return None if draft is None else draft.plan

        chosen = choose(self.inputs, self.previous, drafted) if self._has_choice else None
        if chosen is None:
            return self.plan()
        draft = drafts.get(chosen.strategy)
        plan = draft.plan if draft is not None and draft.is_final else self._by(chosen.strategy).plan()
        if plan.status is PlanStatus.FAILED:
            return plan
        others = [each.plan.stats for each in drafts.values() if each.plan is not plan]
        return replace(plan, scores=chosen.scores, stats=self._summed(plan.stats, others))

    @property
    def _has_choice(self) -> bool:
        """Return whether there is anything to decide; without, all strategies are one."""
        inputs = self.inputs
        moves = bool(inputs.batteries or inputs.cars or inputs.loads or inputs.guests)
        return moves or any(array.curtailable for array in inputs.problem.site.pvs)

    def _by(self, strategy: Strategy) -> _Run:
        problem = self.inputs.problem
        problem = replace(problem, site=replace(problem.site, strategy=strategy))
        return replace(self, inputs=replace(self.inputs, problem=problem))

    def _draft(self) -> _Draft | None:
        """Plan on the mean and without integers, in at most half of the time that is left."""
        assembling = perf_counter()
        home = Home(self.inputs, previous=self.previous)
        assembled_ms = (perf_counter() - assembling) * 1000
        found = relax(home, self.solver, (self.deadline - perf_counter()) / 2)
        if not found.has_answer:
            return None
        found.build_ms += assembled_ms
        is_whole = found.solves == 1 and not any(choice.broken(found.x).any() for choice in home.choices)
        is_final = is_whole and not self.inputs.problem.scenarios
        return _Draft(plan=self._published(home, found, None), is_final=is_final)

    def _summed(self, stats: SolveStats, others: list[SolveStats]) -> SolveStats:
        """Return the work of all drafts beside that of the plan."""
        return replace(
            stats,
            build_ms=stats.build_ms + sum(one.build_ms for one in others),
            highs_ms=stats.highs_ms + sum(one.highs_ms for one in others),
            extract_ms=stats.extract_ms + sum(one.extract_ms for one in others),
            solves=stats.solves + sum(one.solves for one in others),
            total_ms=(perf_counter() - self.began) * 1000,
        )

    def _look_ahead(self) -> LookAhead | None:
        if not self.inputs.problem.scenarios:
            return None
        return look_ahead(self.inputs, self.solver, self.time_limit_s)

    def _published(self, home: Home, found: Search, ahead: LookAhead | None) -> Plan:
        problem, extracting, solving_ms = self.inputs.problem, perf_counter(), found.highs_ms
        parts = publish(home, found, ahead.guide if ahead else None)
        rule = self_consumption(self.inputs, home.end_values)
        reasons = self._reasons(found, ahead)
        # Asking the solver for prices once more is its time, not ours.
        extract_ms = (perf_counter() - extracting) * 1000 - (found.highs_ms - solving_ms)
        return Plan(
            status=PlanStatus.DEGRADED if reasons else PlanStatus.OK,
            reasons=reasons,
            created_at_s=self.now_s,
            currency=problem.site.currency,
            steps=problem.steps,
            import_kw=parts.import_kw,
            export_kw=parts.export_kw,
            load_kw=problem.load_kw,
            import_price_per_kwh=problem.import_price_per_kwh,
            export_price_per_kwh=problem.export_price_per_kwh,
            marginal_value_per_kwh=parts.marginal_value_per_kwh,
            devices=parts.devices,
            slacks=parts.slacks,
            costs=parts.costs,
            baseline=rule.costs,
            stats=self._stats(found, ahead, extract_ms),
            strategy=strategy_used(problem),
            preference=problem.site.preference,
            binding=parts.binding,
            binding_value_per_kwh=parts.binding_value_per_kwh,
            co2_kg=co2_kg(problem, parts.import_kw),
            baseline_co2_kg=co2_kg(problem, rule.import_kw),
        )

    def _reasons(self, found: Search, ahead: LookAhead | None) -> tuple[Reason, ...]:
        reasons = list(self.inputs.reasons)
        if ahead is not None and ahead.guide is None:
            reasons.append(Reason(key="scenarios_too_slow"))
        if found.verdict is not Verdict.OPTIMAL:
            reasons.append(Reason(key="stopped_early", placeholders={"gap": round(found.gap_abs, 4)}))
        return tuple(reasons)

    def _without(self, home: Home, found: Search) -> Plan:
        """Return the last valid plan, or the self-consumption rule as one."""
        reasons = (*self.inputs.reasons, self._why_failed(found))
        kept = last_valid(self.previous, self.inputs, reasons, self.now_s)
        if kept is not None:
            return kept
        rule: Schedule = self_consumption(self.inputs, home.end_values)
        stats = self._stats(found, None, extract_ms=0.0)
        return by_rule(self.inputs, rule, home.end_values, reasons=reasons, stats=stats, now_s=self.now_s)

    def _why_failed(self, found: Search) -> Reason:
        if found.verdict is Verdict.TIMEOUT:
            return Reason(key="solver_timeout", placeholders={"seconds": self.time_limit_s})
        return Reason(key="solver_failed", placeholders={"detail": found.detail})

    def _stats(self, found: Search, ahead: LookAhead | None, extract_ms: float) -> SolveStats:
        first = [ahead.found] if ahead else []
        return SolveStats(
            solver=self.solver_name,
            variables=found.model.n_columns,
            rows=found.model.n_rows,
            binaries=found.model.n_integers,
            build_ms=found.build_ms + sum(one.build_ms for one in first),
            highs_ms=found.highs_ms + sum(one.highs_ms for one in first),
            extract_ms=extract_ms,
            total_ms=(perf_counter() - self.began) * 1000,
            objective=found.objective,
            gap_abs=found.gap_abs,
            solves=found.solves + sum(one.solves for one in first),
            scenarios=len(self.inputs.problem.scenarios),
        )
