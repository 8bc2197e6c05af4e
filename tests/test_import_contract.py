"""The walls between engine, devices, sources, demo and Home Assistant stand (`tool.ems.import-contract`)."""

from pathlib import Path

import pytest

from tests.support.imports import violations
from tests.support.tree import COMPONENT, import_contract

CONTRACT = {
    "engine": ["numpy"],
    "engine/plan/solvers/cvxpy.py": ["numpy", "cvxpy"],
    "devices": ["yaml"],
}


def check(tmp_path: Path, file: str, source: str) -> list[str]:
    """Write one file into an otherwise empty component and return what is wrong with it."""
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(source)
    return [f"{found.imported}@{found.line}" for found in violations(tmp_path, CONTRACT)]


def test_every_room_keeps_its_walls() -> None:
    """An allowlist: every new import is a decision, taken in pyproject.toml."""
    assert [str(found) for found in violations(COMPONENT, import_contract())] == []


def test_contract_covers_the_rooms_that_must_run_without_home_assistant() -> None:
    """A renamed room would otherwise lose its wall without anybody noticing."""
    rooms = {key for key in import_contract() if not key.endswith(".py")}
    assert rooms == {"engine", "devices", "sources", "demo"}
    assert all((COMPONENT / room).is_dir() for room in rooms)


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("engine/a.py", "import homeassistant.core", ["homeassistant.core@1"]),
        ("engine/b.py", "def f():\n    from scipy import sparse", ["scipy@2"]),  # late imports count
        ("engine/c.py", "if TYPE_CHECKING:\n    import yaml", ["yaml@2"]),  # and those for the type checker
        ("engine/d.py", "import os, requests", ["requests@1"]),  # one of several on a line
        ("engine/e.py", "import_module('pandas')", ["pandas@1"]),  # by name
        (
            "engine/f.py",
            "importlib.import_module('custom_components.ems.demo')",
            ["custom_components.ems.demo@1"],
        ),
        ("engine/g.py", "from .. import devices", ["..devices@1"]),  # next door
        ("engine/plan/h.py", "from ...devices.reading import Value", ["...devices.reading@1"]),
        ("engine/plan/i.py", "from ....other import x", ["....other@1"]),  # out of the house
        ("engine/j.py", "import cvxpy", ["cvxpy@1"]),
        ("engine/plan/solvers/highs.py", "import cvxpy", ["cvxpy@1"]),
        ("adapters/k.py", "import cvxpy", ["cvxpy@1"]),  # not on the Home Assistant side either
        ("devices/l.py", "import numpy", ["numpy@1"]),  # each room has its own list
    ],
)
def test_checker_finds(tmp_path: Path, file: str, source: str, found: list[str]) -> None:
    """The checker sees each way through a wall."""
    assert check(tmp_path, file, source) == found


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("engine/a.py", "import json\nimport numpy as np\nfrom numpy.typing import NDArray"),
        ("engine/plan/b.py", "from ..site import Battery\nfrom . import result"),
        ("engine/plan/solvers/cvxpy.py", "import cvxpy as cp\nfrom ...steps import Steps"),
        ("engine/plan/solvers/__init__.py", "from .highs import solve"),
        ("adapters/c.py", "import homeassistant.core\nfrom ..engine.site import Site\nimport highspy"),
        ("devices/d.py", "import_module(name)"),  # a name nobody can read here
    ],
)
def test_checker_lets_pass(tmp_path: Path, file: str, source: str) -> None:
    """What the contract allows is not reported."""
    assert check(tmp_path, file, source) == []
