"""Where things are in the repository."""

import json
from pathlib import Path
import tomllib
from typing import Any

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "custom_components" / "ems"


def read_json(path: Path) -> Any:
    """Return a JSON file's content."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_pyproject() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def import_contract() -> dict[str, list[str]]:
    """Return what each room of the component may import."""
    contract: dict[str, list[str]] = read_pyproject()["tool"]["ems"]["import-contract"]
    return contract
