"""What the planner refuses reaches people as a sentence."""

import ast
from collections.abc import Iterator

import pytest

from custom_components.ems.adapters.wording import reason_of
from custom_components.ems.engine.errors import ERRORS
from custom_components.ems.engine.plan import PlanError
from tests.support.tree import COMPONENT, read_json

EXCEPTIONS = read_json(COMPONENT / "translations" / "en.json")["exceptions"]
WORDED = {key.removeprefix("plan_error_") for key in EXCEPTIONS if key.startswith("plan_error_")}


def raised() -> Iterator[str]:
    """Yield the key of every refusal in the code."""
    for path in COMPONENT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="PlanError"), args=[ast.Constant(value=str(key)), *_]):
                    yield key


@pytest.mark.parametrize("key", sorted(ERRORS))
def test_every_refusal_has_the_engine_s_own_words(key: str) -> None:
    """One sentence for notebooks and dialogs; a key without words would be shown as it is."""
    assert EXCEPTIONS[f"plan_error_{key}"]["message"] == ERRORS[key].english


def test_no_refusal_is_dead_and_none_is_forgotten() -> None:
    """Words that nobody says any more are translated for ever."""
    assert set(raised()) == set(ERRORS) == WORDED


def test_a_refusal_is_a_reason_like_any_other() -> None:
    refused = PlanError("unknown_solver", solver="glpk")
    reason = reason_of(refused)
    assert reason.key == "plan_error_unknown_solver"
    assert reason.placeholders == {"solver": "glpk"}
