"""How settings are written on a transport, and how one is read back. Steering decides what, hands do it."""

from collections.abc import Sequence
from typing import Protocol

from .command import RegisterWrite
from .profile.model import Quantity
from .reading import Scalar
from .writer import Target


class Hands[P: Quantity](Protocol):
    """Writes points of one device. The caller makes sure that only one sequence runs at a time."""

    async def async_write(
        self, targets: Sequence[Target[P]], *, always: bool = False, renew_last: bool = False
    ) -> list[RegisterWrite]:
        """Make points hold values, in the given order; untouched where they do already, unless `always`.

        `renew_last` repeats the last one whenever another is written: it is the one that starts a lease.
        Raises DeviceWriteError where the device refuses, or keeps another value.
        """

    async def async_value(self, point: P) -> Scalar | None:
        """Read one point now."""
