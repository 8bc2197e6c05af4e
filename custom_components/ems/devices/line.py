"""Notices that a line has gone deaf, and opens it anew.

A router that restarted, or a device that forgot a connection, leaves one that takes every request and never answers;
so does an answer with a wrong length, behind which the client waits for a rest that never comes. TCP itself finds out
after a quarter of an hour or not at all. A fresh connection works at once.
"""

from collections.abc import Awaitable

from modbus_connection import ModbusError, ModbusUnit

from .errors import DeviceConnectionError


class Line:
    """Counts silence in a row on the line of one unit.

    It is shared by all units of a gateway, and one that is dead must not cost the others their line again and again:
    it is dropped at the second silence, the fourth, the eighth, …
    """

    def __init__(self, unit: ModbusUnit, *, drops: bool = True) -> None:
        """Begin with a line that is well. Without `drops` it is left open whatever happens."""
        self._unit, self._drops = unit, drops
        self._silences = 0

    async def heard[T](self, action: Awaitable[T]) -> T:
        """Await what needs an answer. The next request opens a line that was dropped."""
        try:
            found = await action
        except DeviceConnectionError:
            self._silences += 1
            if self._drops and self._silences > 1 and self._silences.bit_count() == 1:
                await self._async_drop()
            raise
        self._silences = 0
        return found

    async def _async_drop(self) -> None:
        try:
            await self._unit.disconnect()
        except (ModbusError, OSError) as err:
            raise DeviceConnectionError(f"the line gives no answer and cannot be closed ({err})") from err
