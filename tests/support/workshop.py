"""The tools that script/setup brought: uv, and the versions that are locked."""

import importlib.util
from pathlib import Path
import shutil
import subprocess

from tests.support.tree import ROOT


def uv() -> str:
    """Return uv's path."""
    local = ROOT / ".tools" / "uv" / "bin" / "uv"
    return str(local) if local.exists() else shutil.which("uv") or "uv"


def run_uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run uv and return what it said."""
    return subprocess.run([uv(), *arguments], capture_output=True, text=True, check=False, cwd=ROOT)


def core_constraints() -> Path:
    """Return the constraints under which Home Assistant installs everything."""
    spec = importlib.util.find_spec("homeassistant")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "package_constraints.txt"


def locked() -> dict[str, str]:
    """Return the versions the workshop has installed."""
    lines = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)
