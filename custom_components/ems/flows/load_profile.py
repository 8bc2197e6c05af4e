"""A programme's power, as people type it: whole watts, one for each quarter of an hour."""

from collections.abc import Iterable
import re

# A day of quarter-hours: a programme that takes longer never fits.
MOST_PARTS = 96
POWER_MAX_W = 5_000_000
_SEPARATOR = re.compile(r"[,;\s]+")
# No point and no sign: "2.000" means two thousand to one reader and two to another.
_WATTS = re.compile(r"\d+")


class ProfileError(Exception):
    """A profile cannot be read. `key` names an error of the form, `detail` what was seen."""

    def __init__(self, key: str, detail: str) -> None:
        """Keep both."""
        super().__init__(detail)
        self.key, self.detail = key, detail


def read_profile(text: str) -> list[int]:
    """Return the mean power in each quarter of an hour. [W]."""
    parts = [part for part in _SEPARATOR.split(text) if part]
    for part in parts:
        if not _WATTS.fullmatch(part) or int(part) > POWER_MAX_W:
            raise ProfileError("profile_unreadable", part)
    if len(parts) > MOST_PARTS:
        raise ProfileError("profile_too_long", str(len(parts)))
    profile_w = [int(part) for part in parts]
    if not any(profile_w):
        raise ProfileError("profile_empty", text)
    return profile_w


def profile_text(profile_w: Iterable[float]) -> str:
    """Return a profile as it is typed."""
    return ", ".join(f"{watts:g}" for watts in profile_w)
