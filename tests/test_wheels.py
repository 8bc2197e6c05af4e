"""Everything the manifest asks for installs on Home Assistant OS, which is musl and has no compiler."""

from pathlib import Path

import pytest

from tests.support.tree import COMPONENT, read_json
from tests.support.workshop import core_constraints, run_uv

PLATFORMS = ("x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl")
PYTHON = "3.14"
# Resolving asks the package index about each dependency.
RESOLVE_TIMEOUT_S = 300

pytestmark = [pytest.mark.long, pytest.mark.timeout(RESOLVE_TIMEOUT_S)]


def resolve(requirements: list[str], platform: str, folder: Path) -> tuple[bool, str]:
    """Resolve to wheels for a platform under Home Assistant's constraints; return whether, and uv's words."""
    wanted = folder / "wanted.in"
    wanted.write_text("\n".join(requirements))
    done = run_uv(
        "pip",
        "compile",
        str(wanted),
        f"--python-platform={platform}",
        f"--python-version={PYTHON}",
        "--only-binary=:all:",
        "--no-header",
        "--no-annotate",
        f"--constraint={core_constraints()}",
    )
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_requirement_has_a_wheel(tmp_path: Path, platform: str) -> None:
    """A requirement without one makes the integration fail to install for most of its users."""
    requirements = read_json(COMPONENT / "manifest.json")["requirements"]
    resolved, said = resolve(requirements, platform, tmp_path)
    assert resolved, said
    assert "numpy==" in said


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_check_can_fail(tmp_path: Path, platform: str) -> None:
    """CVXPY is why this test exists: without it nothing would show that the platform is looked at."""
    resolved, said = resolve(["cvxpy"], platform, tmp_path)
    assert not resolved, said
    assert "no usable wheels" in said, said
