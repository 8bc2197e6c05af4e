"""Checks profile files from a command line: `python -m custom_components.ems.devices.check_profile FILE...`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
import sys

from .errors import ProfileError
from .loader import load_profiles
from .own_profiles import read_own
from .profile import AnyProfile


def main(files: Sequence[str]) -> int:
    """Print what each file holds, or what is wrong with it; return 0 where all are in order."""
    if not files:
        sys.stderr.write("usage: check_profile FILE...\n")
        return 2
    return max([_check(Path(file)) for file in files])


def _check(path: Path) -> int:
    # A file among the shipped ones may of course bear its own name.
    taken = [name for name in load_profiles() if path.resolve() != _shipped_file(name)]
    try:
        profile = read_own(path, taken).profile
    except ProfileError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    sys.stdout.write("\n".join(_said(profile)) + "\n")
    return 0


def _said(profile: AnyProfile) -> Iterator[str]:
    yield f"{profile.id}: {profile.label}, confidence {profile.confidence}"
    for role in profile.roles.values():
        yield f"  {role.role} reads {', '.join((*role.readings, *role.derived))}"
        if role.settings:
            yield f"  {role.role} settings {', '.join(role.settings)}"
        if role.commands:
            yield f"  {role.role} obeys {', '.join(role.commands)}"


def _shipped_file(name: str) -> Path:
    return (Path(__file__).parent / "profiles" / f"{name}.yaml").resolve()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
