"""How settings are written on a transport, and how one is read back. Steering decides what, hands do it."""

from collections.abc import Sequence
from typing import Protocol

from .command import RegisterWrite
from .profile.model import Quantity
from .reading import Scalar
from .writer import Pending, Target, Wish


class Hands[P: Quantity](Protocol):
    """Writes points of one device. The caller makes sure that only one sequence runs at a time."""

    async def async_pending(self, targets: Sequence[Target[P]], wish: Wish) -> Pending[P]:
        """Return what has to be written to make points hold values, in the given order. Nothing is written yet."""

    async def async_carry_out(self, pending: Pending[P]) -> list[RegisterWrite]:
        """Write and read back. Raises DeviceWriteError where the device refuses, or keeps another value."""

    async def async_value(self, point: P) -> Scalar | None:
        """Read one point now."""
