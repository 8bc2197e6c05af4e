"""The whole cycle on the newest Home Assistant, for which there is no test plugin yet: that is what users run."""

import json
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from tests.support.tree import COMPONENT, ROOT, read_json
from tests.support.workshop import locked, run_uv

NEWEST = "2026.11.0"
STAND_INS = ("pymicro_vad.py", "pyspeex_noise.py")  # see script/setup
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def install(python: Path, *arguments: str) -> None:
    """Install into an environment, or fail with uv's words."""
    done = run_uv("pip", "install", "--python", str(python), *arguments)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def newest_python(tmp_path: Path) -> Path:
    """Return a Python with the newest Home Assistant, EMS' requirements, and what core's integrations ask for."""
    venv = tmp_path / "venv"
    made = run_uv("venv", "--python", str(Path(sys.base_prefix) / "bin" / "python3"), str(venv))
    assert made.returncode == 0, made.stderr
    python = venv / "bin" / "python"
    core = f"homeassistant=={NEWEST}"
    install(python, "--no-deps", core)
    site = next((venv / "lib").glob("python3*")) / "site-packages"
    collect = [sys.executable, "script/lib/core_requirements.py", str(site / "homeassistant")]
    asked = subprocess.run(collect, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    (tmp_path / "core.in").write_text(asked)
    constraints = str(site / "homeassistant" / "package_constraints.txt")
    ours = [*read_json(COMPONENT / "manifest.json")["requirements"], f"playwright=={locked()['playwright']}"]
    install(python, "-c", constraints, core, "-r", str(tmp_path / "core.in"), *ours)
    here = next((Path(sys.prefix) / "lib").glob("python3*")) / "site-packages"
    for name in STAND_INS:
        shutil.copy(here / name, site / name)
    return python


def test_a_setpoint_arrives_on_the_newest_core(newest_python: Path) -> None:
    """Flow, readings, plan and a setpoint on the wire, seen by an independent client."""
    demo = [str(newest_python), "-m", "script.lib.demo", "--once"]
    done = subprocess.run(demo, capture_output=True, text=True, check=False, cwd=ROOT, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["home_assistant"] == NEWEST
    assert summary["plan"]["status"] == "ok"
    assert summary["setpoints"]
