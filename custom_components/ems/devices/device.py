"""What every device can do, whatever it speaks."""

from collections.abc import Collection
from typing import Protocol

from .command import DeviceCommand, RegisterWrite
from .identity import Identity
from .profile import AnyProfile
from .reading import Reading, Scalar


class Device(Protocol):
    """Identify, poll and steer one device. It knows no host: the caller owns the connection."""

    @property
    def profile(self) -> AnyProfile:
        """Return what is known of its family."""

    async def async_identify(self) -> Identity:
        """Return who the device is. Raises DeviceResponseError where it is another device."""

    def commands_of(self, role: str) -> tuple[str, ...]:
        """Return what a role can be told: what the profile says, less what this device turned out not to have."""

    def switches_phases(self, role: str) -> bool:
        """Tell whether a charger's number of phases can be chosen: by its profile, and by what it said of itself."""

    async def async_read(self) -> Reading:
        """Return what changes by the second. Raises only where nothing at all came back."""

    async def async_read_settings(self) -> Reading:
        """Return what changes by the hour."""

    async def async_write_point(self, role: str, key: str, value: Scalar) -> RegisterWrite:
        """Write one setting, in our unit or as a word of its enum; refused outside its bounds."""

    async def async_prepare(self) -> list[RegisterWrite]:
        """Write what has to stand before the first command, where it differs."""

    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[RegisterWrite]:
        """Carry out a command; return what was written, nothing where the device does it already."""

    async def async_release(
        self, *, roles: Collection[str] | None = None, force: bool = False
    ) -> list[RegisterWrite]:
        """Leave every role that was commanded in its safe state; with `force` all, after an unclean stop."""
