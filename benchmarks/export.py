"""Hands an instance to whoever wants to solve it with other tools: the model, the question and the answer."""

import json
from pathlib import Path
from typing import Final, override

from benchmarks.mps import mps
from custom_components.ems.engine.plan import Plan, solve
from custom_components.ems.engine.plan.program import Model
from custom_components.ems.engine.plan.serial import plan_to_json, problem_to_json
from custom_components.ems.engine.plan.solvers import Outcome, open_solver
from custom_components.ems.engine.problem import Problem

_SOLVER: Final = "highs"


class Recorder:
    """A solver that keeps what it solved."""

    def __init__(self) -> None:
        """Begin with nothing solved."""
        self._solver = open_solver(_SOLVER)
        self._solved: list[tuple[Model, Outcome]] = []

    @override
    def __str__(self) -> str:
        """Go by the name of the solver that does the work."""
        return _SOLVER

    def __call__(self, model: Model, *, time_limit_s: float, gap_abs: float) -> Outcome:
        """Solve and keep."""
        outcome = self._solver(model, time_limit_s=time_limit_s, gap_abs=gap_abs)
        self._solved.append((model, outcome))
        return outcome

    def model_of(self, plan: Plan) -> Model:
        """Return the model whose minimum a plan claims, with its integers.

        The very last solve of a plan with integers holds them fixed to price the rows: its minimum is the
        plan's, but its model is not what was asked. It shares its matrix with the one that was.
        """
        claimed = [model for model, outcome in self._solved if outcome.objective == plan.stats.objective]
        if not claimed:
            raise ValueError("the plan came from none of the models that were solved: nothing to export")
        family = [model for model, _ in self._solved if model.value is claimed[-1].value]
        return next((model for model in family if model.n_integers), claimed[-1])


def export(name: str, problem: Problem, folder: Path) -> None:
    """Write <name>.mps and <name>.json; the claimed objective stands at plan.objective."""
    recorder = Recorder()
    plan = solve(problem, solver=recorder, now_s=float(problem.steps.starts_s[0]))
    written = {"problem": problem_to_json(problem), "plan": plan_to_json(plan)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.mps").write_text(mps(recorder.model_of(plan), name), encoding="ascii")
    (folder / f"{name}.json").write_text(json.dumps(written) + "\n", encoding="utf-8")
