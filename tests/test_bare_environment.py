"""Engine, devices, sources and demo run without Home Assistant: in a notebook, a benchmark, a simulator."""

import json
from pathlib import Path
import subprocess
import sys

import pytest

from tests.support.imports import exclusive_packages
from tests.support.tree import COMPONENT, ROOT, import_contract
from tests.support.workshop import locked, run_uv

# The distributions behind the names in the import contract.
DISTRIBUTIONS = {
    "numpy": "numpy",
    "highspy": "highspy",
    "modbus_connection": "modbus-connection",
    "aiohttp": "aiohttp",
    "yarl": "yarl",
    "yaml": "pyyaml",
    "pymodbus": "pymodbus",
}
ROOMS = ("engine", "devices", "sources", "demo")
# Installing six packages takes a second from the cache that script/setup filled, and a minute from the index.
pytestmark = pytest.mark.timeout(300)

# The path comes last: the component's select.py must not stand in for Python's own.
IMPORT_ALL = """
import importlib, importlib.util, json, sys
sys.path.append(sys.argv[1])
for name in ("homeassistant", "probatio", "voluptuous", "cvxpy"):
    assert importlib.util.find_spec(name) is None, f"{name} is here"
for module in json.load(sys.stdin):
    importlib.import_module(module)
    print(module)
"""


def modules(prefix: str) -> list[str]:
    """Return every module of the rooms, but for the one that needs a package of its own."""
    optional = set(exclusive_packages(import_contract()).values())
    files = [
        path.relative_to(COMPONENT) for room in ROOMS for path in sorted((COMPONENT / room).rglob("*.py"))
    ]
    dotted = [path.with_suffix("").parts for path in files if path.as_posix() not in optional]
    # A program's entry point runs when it is imported.
    parts = [each[:-1] if each[-1] == "__init__" else each for each in dotted if each[-1] != "__main__"]
    return [prefix + ".".join(each) for each in parts]


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python that has what the import contract allows, in the locked versions, and nothing else."""
    allowed = {package for key, packages in import_contract().items() if key in ROOMS for package in packages}
    assert allowed == set(DISTRIBUTIONS)
    versions = locked()
    wanted = [f"{name}=={versions[name]}" for name in DISTRIBUTIONS.values()]
    wanted = [each.replace("modbus-connection==", "modbus-connection[tmodbus]==") for each in wanted]
    venv = tmp_path_factory.mktemp("bare") / "venv"
    made = run_uv("venv", "--python", str(Path(sys.base_prefix) / "bin" / "python3"), str(venv))
    assert made.returncode == 0, made.stderr
    install = ("pip", "install", "--python", str(venv / "bin" / "python"), *wanted)
    # script/setup has just fetched all of it, so nobody needs a network to run this again.
    installed = run_uv(*install, "--offline")
    if installed.returncode != 0:
        installed = run_uv(*install)
    assert installed.returncode == 0, installed.stderr
    return venv / "bin" / "python"


@pytest.mark.parametrize(
    ("prefix", "path"),
    [("", COMPONENT), ("custom_components.ems.", ROOT)],
    ids=["as packages of their own", "inside the component"],
)
def test_every_module_imports_without_home_assistant(bare_python: Path, prefix: str, path: Path) -> None:
    """The contract test reads what is written; this one sees what is really loaded."""
    wanted = modules(prefix)
    assert len(wanted) > len(ROOMS)
    done = subprocess.run(
        [str(bare_python), "-P", "-W", "error", "-c", IMPORT_ALL, str(path)],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=False,
        env={},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == wanted
