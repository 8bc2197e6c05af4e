"""On how many phases a charger is told to charge: whether it can choose, and whether it has to be told."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from .command import DeviceCommand
from .profile.model import PointName, Quantity, RoleProfile
from .reading import Quality, Value

# Above this a car draws: an ampere on each phase is not yet charging, and the least that is are 6 A on one, 1.4 kW.
_DRAWS_W: Final = 700.0
# What was drawn longer ago says nothing about contactors now.
_POWER_MAX_AGE_S: Final = 30.0


class PhaseChoice:
    """Narrows a command's number of phases to what may be written now.

    latest : What the last polls found.
    """

    def __init__(self, latest: Mapping[PointName, Value], clock: Callable[[], float]) -> None:
        """Begin without knowing what any charger was told."""
        self._latest, self._clock = latest, clock
        self._told: dict[str, int] = {}

    def can_choose(self, role: RoleProfile[Any]) -> bool:
        """Tell whether the profile knows how, and everything it needs for that was seen to be so.

        What is set has to be known, too, where it can be read: an older charger may not have the setting.
        """
        control = role.control
        if control is None or not control.phases:
            return False
        known = all(self._value(role.role, point.key) is not None for point in _readable(role))
        return known and all(
            self._value(role.role, key) == wanted for key, wanted in control.phases_need.items()
        )

    def narrowed(self, role: RoleProfile[Any], command: DeviceCommand) -> DeviceCommand:
        """Return the command without its phases where they are not to be written.

        That is where the charger cannot choose, where it was told already and cannot be asked what it holds, and
        where a car draws: contactors that part under load burn, so the change waits for the next command that
        finds it still. The rest of the command, a lower current above all, never waits for that.
        """
        if command.phases is None:
            return command
        is_known = role.control is not None and command.phases in role.control.phases
        is_wanted = is_known and self.can_choose(role) and not self._was_told(role, command.phases)
        return command if is_wanted and not self._draws(role.role) else replace(command, phases=None)

    def begin(self, command: DeviceCommand) -> None:
        """Take note that a number is going to be written: until it stands, nobody knows which one does."""
        if command.phases is not None:
            self.forget(command.role)

    def note(self, command: DeviceCommand) -> None:
        """Remember what was written."""
        if command.phases is not None:
            self._told[command.role] = command.phases

    def forget(self, role: str) -> None:
        """Know nothing any more: the charger may have started anew."""
        self._told.pop(role, None)

    def _was_told(self, role: RoleProfile[Any], phases: int) -> bool:
        """Tell whether a charger that cannot be asked was told this number last. All others are compared."""
        cannot_be_asked = role.control is not None and len(_readable(role)) < len(role.control.phase_keys)
        return cannot_be_asked and self._told.get(role.role) == phases

    def _draws(self, role: str) -> bool:
        found = self._latest.get((role, "power"))
        if found is None or found.quality is not Quality.GOOD or not isinstance(found.value, int | float):
            return False
        is_recent = 0 <= self._clock() - found.at_s <= _POWER_MAX_AGE_S
        return is_recent and abs(found.value) >= _DRAWS_W

    def _value(self, role: str, key: str) -> object:
        found = self._latest.get((role, key))
        return None if found is None else found.value


def _readable(role: RoleProfile[Any]) -> list[Quantity]:
    """Return the settings that the number of phases is made of, as far as they can be read."""
    keys = role.control.phase_keys if role.control else ()
    points = [point for key in keys if (point := role.point(key)) is not None]
    return [point for point in points if point.write is None or point.write.read_back]
