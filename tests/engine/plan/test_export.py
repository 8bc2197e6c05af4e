"""An exported instance says to other tools what it said to ours.

The reader below knows the format from its description, not from our writer: it keeps to what every solver
agrees on and refuses the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
import json
from pathlib import Path

import highspy
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from benchmarks.export import Recorder, export
from benchmarks.homes import home
from benchmarks.mps import mps
from custom_components.ems.engine.plan import solve
from custom_components.ems.engine.plan.program import Model, Program, Term
from custom_components.ems.engine.plan.search import GAP_ABS
from custom_components.ems.engine.plan.serial import plan_from_json, problem_from_json
from custom_components.ems.engine.plan.solvers import open_solver


@dataclass
class Read:
    """What a file says, by name and in its order."""

    sense: dict[str, str] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    entries: dict[tuple[str, str], float] = field(default_factory=dict)
    rhs: dict[str, float] = field(default_factory=dict)
    ranges: dict[str, float] = field(default_factory=dict)
    lower: dict[str, float] = field(default_factory=dict)
    upper: dict[str, float] = field(default_factory=dict)
    integer: set[str] = field(default_factory=set)
    offset: float = 0.0
    objective: str | None = None
    _is_integer: bool = False

    def take(self, section: str, words: list[str]) -> None:
        """Take one line of a section."""
        {
            "ROWS": self._row,
            "COLUMNS": self._column,
            "RHS": self._right_hand_side,
            "RANGES": lambda _, row, width: self.ranges.update({row: float(width)}),
            "BOUNDS": self._bound,
        }[section](*words)

    def _row(self, kind: str, name: str) -> None:
        if kind == "N":
            assert self.objective is None
            self.objective = name
            return
        assert kind in {"E", "L", "G"}
        self.sense[name] = kind

    def _column(self, name: str, row: str, value: str) -> None:
        if row == "'MARKER'":
            self._is_integer = {"'INTORG'": True, "'INTEND'": False}[value]
            return
        if name not in self.cost:
            self.cost[name], self.lower[name], self.upper[name] = 0.0, 0.0, np.inf
        if self._is_integer:
            self.integer.add(name)
        if row == self.objective:
            self.cost[name] = float(value)
        else:
            assert row in self.sense
            assert (name, row) not in self.entries
            self.entries[name, row] = float(value)

    def _right_hand_side(self, _: str, row: str, value: str) -> None:
        if row == self.objective:
            self.offset = -float(value)
        else:
            self.rhs[row] = float(value)

    def _bound(self, kind: str, _: str, name: str, value: str = "inf") -> None:
        assert name in self.cost
        assert kind in {"LO", "UP", "FX", "MI", "PL"}
        if kind in {"LO", "FX", "MI"}:
            self.lower[name] = -np.inf if kind == "MI" else float(value)
        if kind in {"UP", "FX", "PL"}:
            self.upper[name] = float(value)

    def row_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return lower and upper bound of every row; a range widens an L downwards and a G upwards."""
        low, high = [], []
        for name, sense in self.sense.items():
            bound, width = self.rhs.get(name, 0.0), self.ranges.get(name)
            low.append({"E": bound, "G": bound, "L": -np.inf if width is None else bound - width}[sense])
            high.append({"E": bound, "L": bound, "G": np.inf if width is None else bound + width}[sense])
        return np.array(low), np.array(high)

    def matrix(self) -> csr_array:
        """Return the rows times the columns."""
        row, column = ({name: i for i, name in enumerate(names)} for names in (self.sense, self.cost))
        at = [(row[r], column[c]) for c, r in self.entries]
        shape = (len(row), len(column))
        return csr_array((list(self.entries.values()), tuple(zip(*at, strict=True))), shape=shape)

    def minimum(self, gap: float = 0.0) -> float:
        """Solve with SciPy, which knows neither our arrays nor our options."""
        found = milp(
            list(self.cost.values()),
            integrality=[int(name in self.integer) for name in self.cost],
            bounds=Bounds([self.lower[n] for n in self.cost], [self.upper[n] for n in self.cost]),
            constraints=LinearConstraint(self.matrix(), *self.row_bounds()),
            options={"mip_rel_gap": gap},
        )
        assert found.success, found.message
        return float(found.fun) + self.offset


def read(text: str) -> Read:
    """Read free-format MPS."""
    said, section = Read(), ""
    for line in text.splitlines():
        if line.startswith("*"):
            continue
        if line[0].isspace():
            said.take(section, line.split())
        else:
            section = line.split()[0]
    assert section == "ENDATA"
    return said


def highs_read(path: Path) -> tuple[highspy.HighsLp, highspy.Highs]:
    """Read with HiGHS' own reader."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", 0.0)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    return highs.getLp(), highs


def knapsack() -> Model:
    """Return every kind of column and row there is, in eight columns.

    Two whole things of worth 2 and 3 and a rod of any length; the rest is pinned, free, empty or below zero.
    """
    program = Program()
    things = program.variables("things", 2, upper=[1.0, 3.0], cost=[-2.0, -3.0], integer=True)
    rod = program.variables("a rod", 1, upper=np.inf, cost=-1.0)
    program.variables("pinned", 1, lower=1.5, upper=1.5, cost=0.5)
    free = program.variables("free", 2, lower=-np.inf, upper=[np.inf, -0.5], cost=0.0)
    program.variables("nowhere", 1, lower=-2.0, upper=4.0)
    count = program.variables("count", 1, lower=-3.0, upper=np.inf, cost=1.0, integer=True)
    program.rows("weight", -np.inf, 4.5, Term(things, [2.0, 3.0], np.zeros(2, int)), Term(rod, 1.0))
    program.rows(
        "follows", [0.0, 0.25], [0.0, 0.25], Term(free, 1.0), Term(np.append(rod, count), [-1.0, 1.0])
    )
    program.rows("between", -0.75, 1.25, Term(count, 1.0), Term(rod, 0.1))
    program.rows("at_least", 0.5, np.inf, Term(things[1:], 1.0))
    return replace(program.build(), offset=1.0)


def models() -> Iterator[tuple[str, Model]]:
    yield "knapsack", knapsack()
    for name, now in (("linear", False), ("with integers", True)):
        recorder = Recorder()
        plan = solve(home(15, car_now=now), solver=recorder)
        yield name, recorder.model_of(plan)


MODELS = dict(models())


@pytest.mark.parametrize("name", MODELS)
def test_a_file_says_the_same_to_two_readers_to_the_last_bit(name, tmp_path):
    model, text = MODELS[name], mps(MODELS[name], name)
    said = read(text)
    (tmp_path / "model.mps").write_text(text)
    theirs, _ = highs_read(tmp_path / "model.mps")
    assert theirs.sense_ == highspy.ObjSense.kMinimize
    low, high = said.row_bounds()
    dense = np.zeros((model.n_rows, model.n_columns))
    dense[model.index, np.repeat(np.arange(model.n_columns), np.diff(model.start))] = model.value
    for ours, mine, highs in (
        (model.cost, list(said.cost.values()), theirs.col_cost_),
        (model.lower, list(said.lower.values()), theirs.col_lower_),
        (model.upper, list(said.upper.values()), theirs.col_upper_),
        (model.row_upper, high, theirs.row_upper_),
        (model.row_lower, low, theirs.row_lower_),
        (model.offset, said.offset, theirs.offset_),
    ):
        np.testing.assert_array_equal(mine, ours)
        np.testing.assert_array_equal(highs, ours)
    np.testing.assert_array_equal(said.matrix().toarray(), dense)
    integers = [column in said.integer for column in said.cost]
    np.testing.assert_array_equal(integers, model.integer)
    kinds = list(theirs.integrality_) or [highspy.HighsVarType.kContinuous] * model.n_columns
    np.testing.assert_array_equal([kind == highspy.HighsVarType.kInteger for kind in kinds], model.integer)


@pytest.mark.parametrize("name", MODELS)
def test_both_readers_find_the_minimum_that_our_solver_finds(name, tmp_path):
    model, text = MODELS[name], mps(MODELS[name], name)
    ours = open_solver("highs")(model, time_limit_s=30, gap_abs=0.0).objective
    (tmp_path / "model.mps").write_text(text)
    _, highs = highs_read(tmp_path / "model.mps")
    highs.run()
    assert highs.getInfo().objective_function_value == pytest.approx(ours, abs=1e-6)
    assert read(text).minimum() == pytest.approx(ours, abs=1e-6)


def test_what_a_person_would_find_by_hand():
    """The heavy thing is a must and leaves no room for the light one: 1.5 of rod; the count has to be 1.

    -3 - 1.5 + 1 (count) + 0.75 (pinned) + 1 (offset).
    """
    assert read(mps(knapsack(), "knapsack")).minimum() == pytest.approx(-1.75)


def test_names_can_be_read_and_hold_no_blank():
    text = mps(MODELS["with integers"], "near case")
    said = read(text)
    assert {"battery.battery.charge[12]", "grid.import[191]", "charger.car.on[15]"} <= set(said.cost)
    assert {"bus.balance[0]", "charger.car.ready"} <= set(said.sense)
    assert "NAME near%20case" in text
    assert "a%20rod" in read(mps(knapsack(), "knapsack")).cost


@pytest.mark.parametrize("now", [False, True])
def test_an_instance_can_be_solved_by_others_and_its_claim_checked(now, tmp_path):
    """The claim is never better than the optimum and no further from it than the gap."""
    export("case", home(15, car_now=now), tmp_path)
    said = read((tmp_path / "case.mps").read_text())
    written = json.loads((tmp_path / "case.json").read_text())
    optimum, claimed = said.minimum(), written["plan"]["objective"]
    assert bool(said.integer) is now
    assert optimum - 1e-6 <= claimed <= optimum + GAP_ABS + 1e-6
    plan = plan_from_json(written["plan"])
    assert plan.stats.binaries == len(said.integer)
    assert plan.stats.solver == "highs"
    again = solve(problem_from_json(written["problem"]), now_s=plan.created_at_s)
    assert again.stats.objective == claimed


def test_no_file_claims_what_was_never_solved():
    recorder = Recorder()
    with pytest.raises(ValueError, match="nothing to export"):
        recorder.model_of(solve(home(15, car_now=False)))
