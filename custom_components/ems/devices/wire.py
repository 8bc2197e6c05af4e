"""One request on the wire, with every way it can fail turned into one of ours."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from modbus_connection import (
    ExceptionCode,
    GatewayPathUnavailableError,
    GatewayTargetError,
    IllegalDataAddressError,
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusUnit,
)

from .errors import DeviceConnectionError, DeviceResponseError
from .profile.model import Space

# A device that says that it is busy is asked again by the library for a minute, and everything on its line waits that
# long. What took as long as this is older than a reading may be, whoever was to blame.
REQUEST_MAX_S = 20.0


class Readable(Protocol):
    """What is asked of a unit to find out who it is: a real one, or one that takes notes."""

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Function 3."""

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Function 4."""

    async def read_coils(self, address: int, count: int) -> list[bool]:
        """Function 1."""


class SilentError(DeviceConnectionError):
    """The line is up, but this request got no answer: the device is gone, busy or ignores this block."""


class RefusedError(DeviceResponseError):
    """The device answered with a Modbus exception or with something that cannot be used."""

    def __init__(self, message: str, *, unknown_address: bool = False) -> None:
        """Remember whether the device says that it has no such register."""
        super().__init__(message)
        self.unknown_address = unknown_address


async def guarded[T](what: str, request: Awaitable[T]) -> T:
    """Await a request; only this layer's errors come out."""
    try:
        async with asyncio.timeout(REQUEST_MAX_S):
            return await request
    except (GatewayTargetError, GatewayPathUnavailableError) as err:
        # The gateway is well, the device behind it is not: for the caller that is silence.
        raise SilentError(f"{what}: the gateway cannot reach the device") from err
    except ModbusExceptionError as err:
        unknown = isinstance(err, IllegalDataAddressError)
        raise RefusedError(f"{what}: refused with {_name(err)}", unknown_address=unknown) from err
    except TimeoutError as err:  # ModbusTimeoutError is one
        raise SilentError(f"{what}: no answer") from err
    except (ModbusConnectionError, OSError) as err:
        raise DeviceConnectionError(f"{what}: connection lost or refused ({err})") from err
    except ModbusError as err:
        raise RefusedError(f"{what}: unusable answer ({err})") from err


def _name(err: ModbusExceptionError) -> str:
    code = err.exception_code
    known = f" ({code.name.lower().replace('_', ' ')})" if isinstance(code, ExceptionCode) else ""
    return f"exception {code}{known}"


async def read_registers(unit: Readable, space: Space, address: int, count: int) -> list[int]:
    """Read registers; an answer of another length or with impossible words is refused."""
    what = f"reading {count} {space} registers from {address} (0x{address:04X})"
    if space == "coil":
        return [int(state) for state in (await guarded(what, unit.read_coils(address, count)))[:count]]
    read = unit.read_holding_registers if space == "holding" else unit.read_input_registers
    words = await guarded(what, read(address, count))
    if len(words) != count or not all(0 <= word <= 0xFFFF for word in words):
        raise RefusedError(f"{what}: got {len(words)} registers or values beyond 16 bit")
    return words


async def write_registers(
    unit: ModbusUnit, address: int, words: list[int], *, single: bool, space: Space = "holding"
) -> None:
    """Write registers in one request; `single` uses function 6 for one register, else function 16 is used.

    A coil is switched by function 5.
    """
    what = f"writing {words} to {space} {address} (0x{address:04X})"
    if space == "coil":
        await guarded(what, unit.write_coil(address, bool(words[0])))
    elif single and len(words) == 1:
        await guarded(what, unit.write_register(address, words[0]))
    else:
        await guarded(what, unit.write_registers(address, words))
