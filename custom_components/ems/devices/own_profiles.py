"""Profiles of people's own: files of a folder, each checked like those EMS ships. A bad one stops no other."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
import re
from typing import Final

from .errors import ProfileError
from .loader import read_profile
from .profile import AnyProfile

# The longest shipped profile has 9 kB. A larger file is no table of one device, and takes long to check.
BYTES_MAX: Final = 64 * 1024
# So many families nobody owns; more is a folder that holds something else.
FILES_MAX: Final = 100

# Values of such names in a request are somebody's key: `?apikey=…`, `"password": "…"`.
_SECRET: Final = re.compile(
    r"""(?ix) ([?&"'][^=&:?\s"']*(?:key|token|pass|pwd|secret|auth|user)[^=&:\s"']*["']?\s*[=:]\s*["']?)
    [^&\s"'},]+"""
)

type _Stamp = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class OwnProfile:
    """One file that is in order. The text goes along with a capture, so that it can be replayed elsewhere."""

    profile: AnyProfile
    text: str

    @property
    def shown(self) -> str:
        """Return the text as strangers may see it: without the keys that requests may carry."""
        return _SECRET.sub(r"\1REDACTED", self.text)


@dataclass(frozen=True, kw_only=True)
class OwnProfiles:
    """What a folder holds.

    found : Id → profile.
    broken : File name → what is wrong with it: file, line, path, remedy.
    """

    found: Mapping[str, OwnProfile] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)

    def why_unusable(self, profile_id: str) -> str | None:
        """Return why a profile cannot be used although its file is there; None where there is no such file."""
        return next((why for name, why in self.broken.items() if Path(name).stem == profile_id), None)


class OwnFolder:
    """Reads a folder again and again; a file is only checked anew when it changed."""

    def __init__(self, folder: str | Path) -> None:
        """Remember where. The folder need not be there."""
        self.folder = Path(folder)
        self._known: dict[str, tuple[_Stamp, OwnProfile | ProfileError]] = {}

    def read(self, shipped: Collection[str]) -> OwnProfiles:
        """Return what the folder holds now. Blocking; ids of `shipped` profiles are refused."""
        paths = self._paths()
        self._known = {name: kept for name, kept in self._known.items() if name in {p.name for p in paths}}
        checked = {path.name: self._checked(path, shipped) for path in paths[:FILES_MAX]}
        broken = {name: str(found) for name, found in checked.items() if isinstance(found, ProfileError)}
        if len(paths) > FILES_MAX:
            broken[paths[FILES_MAX].name] = (
                f"{paths[FILES_MAX].name}: is one of {len(paths)} files, of which only the first {FILES_MAX} "
                "are read; move what is no profile elsewhere"
            )
        fine = (found for found in checked.values() if isinstance(found, OwnProfile))
        return OwnProfiles(found={own.profile.id: own for own in fine}, broken=broken)

    def _paths(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.suffix in {".yaml", ".yml"})
        except OSError:
            return []  # no folder, no profiles: that is how almost every home is

    def _checked(self, path: Path, shipped: Collection[str]) -> OwnProfile | ProfileError:
        stamp = _stamp(path)
        known = self._known.get(path.name)
        if known and stamp and known[0] == stamp:
            return known[1]
        try:
            found: OwnProfile | ProfileError = read_own(path, shipped)
        except ProfileError as err:
            found = err
        if stamp:
            self._known[path.name] = (stamp, found)
        return found


def read_own(path: Path, shipped: Collection[str] = ()) -> OwnProfile:
    """Return the profile of one file. Raises ProfileError naming file, line, what is wrong and what to write."""
    if path.suffix != ".yaml":
        raise ProfileError(f"{path.name}: profiles end with .yaml; rename the file to {path.stem}.yaml")
    try:
        # A pipe or a device would never end, so only plain files are opened.
        size = path.stat().st_size if path.is_file() else None
    except OSError as err:
        raise ProfileError(f"{path.name}: cannot be read: {err.strerror}") from err
    if size is None:
        raise ProfileError(f"{path.name}: is no file; remove it from the folder of your profiles")
    if size > BYTES_MAX:
        raise ProfileError(
            f"{path.name}: has {size // 1024} kB, more than the {BYTES_MAX // 1024} kB a profile may have; shorten it"
        )
    profile, text = read_profile(path, taken=shipped)
    return OwnProfile(profile=profile, text=text)


def with_own(shipped: Mapping[str, AnyProfile], own: Iterable[OwnProfile]) -> Mapping[str, AnyProfile]:
    """Return shipped profiles and own ones by id, sorted by their label."""
    every = [*shipped.values(), *(each.profile for each in own)]
    return {profile.id: profile for profile in sorted(every, key=lambda profile: profile.label)}


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
