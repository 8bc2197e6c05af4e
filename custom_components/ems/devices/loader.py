"""Finds and reads the profiles EMS ships. Reads files: call it in an executor, once."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from .errors import ProfileError
from .profile import AnyProfile, parse_any_profile
from .profile.node import Node, parse_yaml

_SHIPPED: Final = Path(__file__).parent / "profiles"


@cache
def load_profiles(folder: Path = _SHIPPED) -> Mapping[str, AnyProfile]:
    """Return all profiles of a folder by id, sorted by their label. Blocking; the result is kept."""
    profiles = [load_profile(path) for path in sorted(folder.glob("*.yaml"))]
    return MappingProxyType({profile.id: profile for profile in sorted(profiles, key=lambda p: p.label)})


def load_profile(path: Path) -> AnyProfile:
    """Return one profile. Raises ProfileError where the file cannot be read or is wrong."""
    return read_profile(path)[0]


def read_profile(path: Path, taken: Collection[str] = ()) -> tuple[AnyProfile, str]:
    """Return one profile and its text. Raises ProfileError also where its id is `taken`, or not the file's name."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ProfileError(f"{path.name}: cannot be read as UTF-8 text: {err}") from err
    profile = parse_any_profile(text, path.name)
    if profile.id != path.stem:
        _id_node(text, path).fail(f"is {profile.id!r}; name file and profile alike")
    if profile.id in taken:
        _id_node(text, path).fail(
            f"{profile.id!r} is a profile that EMS ships, which stays as it is; give this one and its file another name"
        )
    return profile, text


def _id_node(text: str, path: Path) -> Node:
    """Return the line that an error about the id points at."""
    return parse_yaml(text, path.name).mapping()["profile"]


def profiles_for(role: str, profiles: Iterable[AnyProfile] | None = None) -> tuple[AnyProfile, ...]:
    """Return the profiles that have a role, as offered when a meter, battery, PV or charger is added."""
    offered = load_profiles().values() if profiles is None else profiles
    return tuple(profile for profile in offered if role in profile.roles)
