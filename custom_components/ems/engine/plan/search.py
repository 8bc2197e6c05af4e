"""Finds the answer: the linear program first, integers only where it did what cannot be done, then duals."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from ..steps import Bools, Floats
from .components import Choice
from .components.component import Pins
from .components.direction import Direction
from .components.programme import SingleStart
from .components.store_direction import StoreDirection
from .home import Home
from .pinning import held_starts, hopeless_starts, pinned
from .program import Ints, Model
from .solvers import Outcome, Solver, Verdict

# A cent for two days is below any forecast's error, and much cheaper to prove than a share of the cost.
GAP_ABS = 0.01
_NO_GAP = 0.0
# Granted on top of the time limit to end with a plan rather than without; two or three linear programs.
SETTLE_S = 2.0
# For all starts at once, where an answer is in hand already. [s]
_STARTS_S = 1.0
# Gains that are not worth another round. [currency]
_TRIFLE = 1e-3
# Each round closes what opened when the last one closed something. Random homes at negative prices needed one to
# five; the time limit ends it in any case.
_ROUNDS = 8


@dataclass(kw_only=True, eq=False)
class Search:
    """What was found and how. `x` and `dual` belong to `model`, the last one solved.

    `priced` is the linear program's answer the duals come from: with integers, the one around them.
    """

    verdict: Verdict
    model: Model
    x: Floats
    dual: Floats
    objective: float
    gap_abs: float
    build_ms: float
    highs_ms: float
    solves: int
    detail: str = ""
    priced: Outcome | None = None

    @property
    def has_answer(self) -> bool:
        """Return whether there is something to publish."""
        return self.verdict in (Verdict.OPTIMAL, Verdict.INCUMBENT)

    def nudged(self, rows: Ints, by: float) -> Outcome | None:
        """Return the priced program's answer with the right-hand side of some equations shifted, if it has one.

        They stay shifted: nudge the same rows every time.
        """
        if self.priced is None or self.priced.again is None:
            return None
        side = self.model.row_lower[rows] + by
        outcome = self.priced.again(rows, side, side)
        self.highs_ms += outcome.run_ms
        return outcome if outcome.has_answer else None

    def dual_of(self, rows: str) -> Floats:
        """Return the duals of a block of rows."""
        return self.dual[self.model.rows[rows].span]


@dataclass(kw_only=True)
class _Tally:
    solver: Solver
    deadline: float
    build_ms: float = 0.0
    highs_ms: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)

    def build(self, home: Home) -> Model:
        began = perf_counter()
        model = home.program.build()
        self.build_ms += (perf_counter() - began) * 1000
        return model

    def solve(self, model: Model, gap_abs: float) -> Outcome:
        outcome = self.solver(model, time_limit_s=self.deadline - perf_counter(), gap_abs=gap_abs)
        self.highs_ms += outcome.run_ms
        self.outcomes.append(outcome)
        return outcome


def search(home: Home, solver: Solver, time_limit_s: float) -> Search:
    """Solve a home, adding integers until no choice is broken, then price every row."""
    tally = _Tally(solver=solver, deadline=perf_counter() + time_limit_s)
    model = tally.build(home)
    relaxed = outcome = tally.solve(model, GAP_ABS)
    if relaxed.has_answer:
        model, outcome = _Whole(home, tally, model, relaxed).found()
    if relaxed.has_answer and outcome.verdict is not Verdict.OPTIMAL:
        outcome = _cheaper(outcome, _settle(home, tally, model, relaxed.objective))
    return _finished(tally, model, outcome)


class _Whole:
    """Puts right what a linear program got wrong, with integers; starts of runs get them only as a last resort."""

    def __init__(self, home: Home, tally: _Tally, model: Model, relaxed: Outcome) -> None:
        self._home, self._tally, self._first, self._relaxed = home, tally, model, relaxed
        self._covered = [np.zeros(home.horizon.n, dtype=np.bool_) for _ in home.choices]
        self._starts = [choice for choice in home.choices if isinstance(choice, SingleStart)]

    def found(self) -> tuple[Model, Outcome]:
        """Return the last model and its answer."""
        choices, relaxed = self._home.choices, self._relaxed
        if not self._starts or not self._is_broken(relaxed, choices):
            return self._repaired(self._first, relaxed, [])
        pins = held_starts(self._starts, relaxed.x)
        held = self._tally.solve(pinned(self._first, pins), GAP_ABS)
        model, held = self._repaired(self._first, held, pins)
        if held.verdict is not Verdict.OPTIMAL:
            return self._searched(model, held)
        if (distance := held.objective - relaxed.objective) > GAP_ABS:
            model, held, proven = self._moved(model, held)
            if self._is_broken(relaxed, [choice for choice in choices if isinstance(choice, Direction)]):
                # Where burning energy pays, the linear program's bound is worth nothing, and no search over all
                # starts ends in time.
                return model, _judged(held, proven, 2 * GAP_ABS)
            distance = held.objective - relaxed.objective
        held = _judged(held, max(distance, 0.0), GAP_ABS)
        return (model, held) if held.verdict is Verdict.OPTIMAL else self._searched(model, held)

    def _is_broken(self, outcome: Outcome, choices: Sequence[Choice]) -> bool:
        return any(choice.broken(outcome.x).any() for choice in choices)

    def _moved(self, model: Model, held: Outcome) -> tuple[Model, Outcome, float]:
        """Move starts while all other integers stay, as long as that gains.

        The gap that goes with it is proven for each of the two beside the other, not for both together.
        """
        free_model = self._home.program.build()
        fixed, best, bound = free_model.with_integers_fixed(held.x), held, -np.inf
        for _ in range(_ROUNDS):
            free = self._tally.solve(fixed, GAP_ABS)
            if not free.has_answer:
                break
            bound = free.objective
            moved = pinned(fixed, held_starts(self._starts, free.x))
            moved, again = _leaned(self._home, self._tally, moved)
            if not again.has_answer or again.objective > best.objective - _TRIFLE:
                break
            model, best = replace(moved, integer=free_model.integer), again
        return model, best, held.gap_abs + max(best.objective - bound, 0.0)

    def _searched(self, model: Model, held: Outcome) -> tuple[Model, Outcome]:
        """Search all starts that may be part of a better answer; keep the one held if none is found in time."""
        for choice, done in zip(self._home.choices, self._covered, strict=True):
            if isinstance(choice, SingleStart):
                done[choice.enforce(self._home.program, choice.begin)] = True
        pins, bound = [], self._relaxed.objective
        is_held = held.has_answer and not self._is_broken(held, self._home.choices)
        if is_held and self._relaxed.row_dual is not None:
            self._tally.deadline = min(self._tally.deadline, perf_counter() + _STARTS_S)
            pins = hopeless_starts(self._starts, self._first, self._relaxed.row_dual, held.objective - bound)
        whole = pinned(self._tally.build(self._home), pins)
        whole, outcome = self._repaired(whole, self._tally.solve(whole, GAP_ABS), pins)
        if outcome.verdict is Verdict.OPTIMAL or not is_held:
            return whole, outcome
        is_whole = outcome.has_answer and not self._is_broken(outcome, self._home.choices)
        if is_whole and outcome.objective < held.objective:
            return whole, _judged(outcome, outcome.objective - bound, GAP_ABS)
        return model, held

    def _repaired(self, model: Model, outcome: Outcome, pins: list[Pins]) -> tuple[Model, Outcome]:
        model = pinned(model, pins)
        while outcome.has_answer and self._repair(outcome.x):
            model = pinned(self._tally.build(self._home), pins)
            outcome = self._tally.solve(model, GAP_ABS)
        return model, outcome

    def _repair(self, x: Floats) -> bool:
        """Add integers where a choice is broken and none watch over it yet; return whether any were added."""
        found = False
        crossed = self._crossed(x)
        for choice, done in zip(self._home.choices, self._covered, strict=True):
            broken = choice.broken(x) | crossed if isinstance(choice, StoreDirection) else choice.broken(x)
            steps = np.flatnonzero(broken & ~done)
            if len(steps):
                done[choice.enforce(self._home.program, steps)] = True
                found = True
        return found

    def _crossed(self, x: Floats) -> Bools:
        """Return where the connection runs both ways: it pays for what stores do, so theirs are decided with it."""
        crossed = np.zeros(self._home.horizon.n, dtype=np.bool_)
        for choice in self._home.grid.choices():
            crossed |= choice.broken(x)
        return crossed


def _judged(outcome: Outcome, gap_abs: float, enough: float) -> Outcome:
    """Return an answer with the gap that is known for it, optimal where that is small enough."""
    verdict = Verdict.OPTIMAL if gap_abs <= enough else Verdict.INCUMBENT
    return replace(outcome, gap_abs=gap_abs, verdict=verdict)


def relax(home: Home, solver: Solver, time_limit_s: float) -> Search:
    """Solve a home as a linear program; where energy ran both ways at once, close the weaker one and solve again.

    For trees of scenarios: their values and first decisions are wanted, quickly, and no integers. Where closing one
    more leaves no answer, the last one stands: energy that is burnt there is of later than the first decisions.
    """
    tally = _Tally(solver=solver, deadline=perf_counter() + time_limit_s)
    model = tally.build(home)
    outcome = tally.solve(model, GAP_ABS)
    grid = [choice for choice in home.grid.choices() if isinstance(choice, Direction)]
    devices = [choice for choice in home.choices if isinstance(choice, Direction) and choice not in grid]
    for _ in range(_ROUNDS):
        pins = _pins(devices, outcome.x) or _pins(grid, outcome.x) if outcome.has_answer else []
        if not pins:
            break
        closed = pinned(model, pins)
        if not (again := tally.solve(closed, GAP_ABS)).has_answer:
            break
        model, outcome = closed, again
    return _finished(tally, model, outcome)


def _settle(home: Home, tally: _Tally, model: Model, bound: float) -> Outcome:
    """Find some plan without integers: let the linear program lean, decide its way, and solve again."""
    tally.deadline = max(tally.deadline, perf_counter() + SETTLE_S)
    _, outcome = _leaned(home, tally, model.without_integers())
    gap = max(outcome.objective - bound, 0.0)
    return replace(outcome, gap_abs=gap, verdict=Verdict.INCUMBENT) if outcome.has_answer else outcome


def _leaned(home: Home, tally: _Tally, model: Model) -> tuple[Model, Outcome]:
    """Solve a linear program, deciding its way what it leaves open, until nothing is.

    Every round closes at least one more direction, so it ends; each is one linear program. The connection comes
    last: closed together with a car or a battery, it could lock energy in that has nowhere to go.
    """
    grid = home.grid.choices()
    devices = [choice for choice in home.choices if choice not in grid]
    outcome = tally.solve(model, GAP_ABS)
    while outcome.has_answer and (pins := _pins(devices, outcome.x) or _pins(grid, outcome.x)):
        model = pinned(model, pins)
        outcome = tally.solve(model, GAP_ABS)
    return model, outcome


def _pins(choices: Sequence[Choice], x: Floats) -> list[Pins]:
    leaning = [(choice, np.flatnonzero(choice.broken(x))) for choice in choices]
    return [choice.settle(x, steps) for choice, steps in leaning if len(steps)]


def _cheaper(one: Outcome, other: Outcome) -> Outcome:
    if not one.has_answer or not other.has_answer:
        return other if other.has_answer else one
    return one if one.objective <= other.objective else other


def _finished(tally: _Tally, model: Model, outcome: Outcome) -> Search:
    """Price the rows: an integer program has no duals, the linear one around its answer has."""
    x, dual, priced = outcome.x, outcome.row_dual, outcome
    if outcome.has_answer and dual is None:
        held = priced = tally.solve(model.with_integers_fixed(x), _NO_GAP)
        # Out of time: the first linear program's prices are near enough to explain and to steer by.
        x, dual = (
            (held.x, held.row_dual) if held.has_answer else (x, _padded(tally.outcomes[0].row_dual, model))
        )
        outcome = _better(outcome, held)
    return Search(
        verdict=outcome.verdict,
        model=model,
        x=x,
        dual=np.zeros(model.n_rows) if dual is None else dual,
        objective=outcome.objective,
        gap_abs=outcome.gap_abs,
        build_ms=tally.build_ms,
        highs_ms=tally.highs_ms,
        solves=len(tally.outcomes),
        detail=outcome.detail,
        priced=priced,
    )


def _better(outcome: Outcome, held: Outcome) -> Outcome:
    """Return the integer answer with the polished objective; polishing only ever closes the gap."""
    if not held.has_answer:
        return outcome
    gain = max(outcome.objective - held.objective, 0.0)
    return replace(outcome, objective=held.objective, gap_abs=max(outcome.gap_abs - gain, 0.0))


def _padded(dual: Floats | None, model: Model) -> Floats | None:
    """Rows added for integers come last, so that earlier prices keep their places."""
    return None if dual is None else np.concatenate([dual, np.zeros(model.n_rows - len(dual))])
