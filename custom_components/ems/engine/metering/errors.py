"""What can be wrong with a tree of meters. Every sentence names the meter and what to do about it.

The words in the UI's languages are in translations/, under the same keys; these are for notebooks and bug reports.
"""

from collections.abc import Mapping
from typing import Final

METER_ERRORS: Final[Mapping[str, str]] = {
    "cycle": "{meter} stands below itself, by way of {other}: choose another meter above one of the two.",
    "unknown_parent": "The meter above {meter} is none of this home ({other}): choose one that is.",
    "grid_below": "{meter} is at the grid connection and cannot stand below {other}: name none, or call it a building.",
    "measured_twice": "{meter} and {other} measure one device, {device}: let only one of them name it.",
    "unknown_device": "{meter} measures a device that is none of this home ({other}): choose one that is.",
    "wrong_kind": "{meter} cannot measure {device}: name a device of its own kind, or none.",
    "same_meter": "{meter} and {other} are one and the same meter, {serial}: remove one of them.",
}


class MeterError(ValueError):
    """The meters contradict each other: names the meter and the remedy."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep key and placeholders for whoever words the message in another language."""
        super().__init__(METER_ERRORS[key].format(**placeholders))
        self.key = key
        self.placeholders = placeholders
