"""The builder: blocks in, one immutable model out, which reads as maths."""

from dataclasses import FrozenInstanceError

import numpy as np
from numpy.testing import assert_array_equal
import pytest

from custom_components.ems.engine.plan.program import Program, Term
from custom_components.ems.engine.plan.solvers import Verdict, open_solver


def store() -> Program:
    """Return three steps of a store: e[k+1] = e[k] + 0.9·c[k]."""
    program = Program()
    charge = program.variables("charge", 3, upper=2.0, cost=[0.3, 0.1, 0.2])
    energy = program.variables("energy", 3, lower=[0, 0, 1.8])
    before = Term(energy[:-1], -1.0, np.arange(1, 3))
    program.rows("balance", np.zeros(3), np.zeros(3), Term(energy, 1.0), before, Term(charge, -0.9))
    return program


def test_model_reads_as_maths():
    """A physicist can check it without running it."""
    assert repr(store().build()).splitlines() == [
        "minimise over 6 variables (0 integer), 3 rows, 8 coefficients",
        "  charge[0..2] ∈ [0, 2], cost 0.1 … 0.3",
        "  energy[0..2] ∈ [0, ∞]",
        "subject to",
        "  balance[k]: - 0.9·charge[k] - energy[k-1] + energy[k] = 0   (k = 1 of [0..2])",
    ]


def test_long_sums_and_integers_read_as_maths_too():
    """Ninety-six terms on a line tell nobody anything."""
    program = Program()
    on = program.variables("on", 6, upper=1.0, integer=True)
    level = program.variables("level", 1, lower=-np.inf)
    program.rows("count", 2.0, 5.0, Term(on, 0.5, np.zeros(6, int)), Term(level, -1.0))
    assert repr(program.build()).splitlines() == [
        "minimise over 7 variables (6 integer), 1 rows, 7 coefficients",
        "  on[0..5] ∈ ℤ ∩ [0, 1]",
        "  level ∈ [-∞, ∞]",
        "subject to",
        "  count: 2 ≤ Σ 0.5·on[0..5] - level ≤ 5",
    ]


def test_matrix_is_stored_by_column():
    model = store().build()
    assert_array_equal(model.start, [0, 1, 2, 3, 5, 7, 8])
    assert_array_equal(model.index, [0, 1, 2, 0, 1, 1, 2, 2])
    assert_array_equal(model.value, [-0.9, -0.9, -0.9, 1, -1, 1, -1, 1])


def test_activity_is_the_product():
    model = store().build()
    assert_array_equal(model.activity(np.array([1.0, 0, 0, 0.9, 0.9, 1.9])).round(9), [0, 0, 1])


def test_vanishing_coefficients_are_dropped():
    """HiGHS drops them with a warning status, and a warning should keep meaning one."""
    program = Program()
    x = program.variables("x", 2, cost=1.0)
    program.rows("sum", 1.0, np.inf, Term(x, [1.0, 1e-10], np.zeros(2, int)))
    assert len(program.build().value) == 1


def test_a_place_named_twice_is_refused():
    """Solvers differ on whether the two are added or the last one wins."""
    program = Program()
    x = program.variables("x", 1)
    program.rows("twice", 0.0, 1.0, Term(x, 1.0), Term(x, 1.0))
    with pytest.raises(ValueError, match="twice in one row"):
        program.build()


def test_names_are_unique_and_terms_fit_their_rows():
    program = Program()
    x = program.variables("x", 3)
    with pytest.raises(ValueError, match="taken"):
        program.variables("x", 3)
    with pytest.raises(ValueError, match="does not fit"):
        program.rows("short", np.zeros(2), np.zeros(2), Term(x, 1.0))


def test_model_is_frozen_and_program_can_grow():
    program = store()
    before = program.build()
    program.rows("at_most", -np.inf, 5.0, Term(np.array([0], np.int32), 1.0))
    assert before.n_rows == 3
    assert program.build().n_rows == 4
    with pytest.raises(FrozenInstanceError):
        before.offset = 1.0


def test_store_by_hand():
    """1.8 kWh at 0.9 are 2 kWh bought in the cheapest step; one kWh more would cost 0.1 / 0.9."""
    outcome = open_solver("highs")(store().build(), time_limit_s=5, gap_abs=0)
    assert outcome.verdict is Verdict.OPTIMAL
    assert_array_equal(outcome.x[:3].round(9), [0, 2, 0])
    assert outcome.objective == pytest.approx(0.2)
