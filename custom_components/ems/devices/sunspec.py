"""Finds the models of a SunSpec device: a chain of numbered blocks, each telling where the next one begins.

Where the chain begins and in which order its models come differs from maker to maker, and a meter or a battery that
is wired later moves what is behind it. So a profile names models, and their places are looked up on the device.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .errors import DeviceConnectionError, DeviceResponseError
from .profile.model import Base, Space
from .profile.placing import Place
from .wire import Readable, RefusedError, SilentError, read_registers

# Where the standard lets a chain begin. 0 comes last: there every other device has registers of its own.
_STARTS: Final = (40000, 50000, 0)
_MARKER: Final = [0x5375, 0x6E53]  # "SunS"
# The standard ends a chain with 0xFFFF; some devices end it with zeros, as their unused registers hold.
_ENDS: Final = (0xFFFF, 0)
# The longest chains seen have some thirty models. A device that leads in circles is left in peace.
_MODELS_MAX: Final = 100


@dataclass(frozen=True, kw_only=True)
class ModelPlace:
    """One link of the chain. `address` is that of the model's number, from which the standard counts."""

    number: int
    address: int
    length: int  # with number and length themselves


async def async_walk(unit: Readable, bases: Mapping[str, Base]) -> tuple[ModelPlace, ...]:
    """Return the models of a device in the order of its chain.

    Raises DeviceResponseError where there is no chain, DeviceConnectionError where nobody answers.
    """
    space = next(iter(bases.values())).space
    address = await _async_start(unit, space) + len(_MARKER)
    models: list[ModelPlace] = []
    while address + 2 <= 0x10000 and len(models) < _MODELS_MAX:
        try:
            number, length = await read_registers(unit, space, address, 2)
        except RefusedError as err:
            if err.unknown_address:
                break  # a chain without its end
            raise
        if number in _ENDS:
            break
        models.append(ModelPlace(number=number, address=address, length=length + 2))
        address += length + 2
    return tuple(models)


def find_bases(bases: Mapping[str, Base], models: tuple[ModelPlace, ...]) -> Mapping[str, Place]:
    """Return where the bases of a profile are; those the device lacks are left out."""
    places: dict[str, Place] = {}
    for name, base in bases.items():
        fitting = [model for model in models if model.number in base.models]
        if len(fitting) >= base.nth:
            found = fitting[base.nth - 1]
            places[name] = Place(start=found.address, end=found.address + found.length)
    return places


async def _async_start(unit: Readable, space: Space) -> int:
    """Return the address of the marker. Silence at one place says nothing about the next."""
    silence: DeviceConnectionError | None = None
    for start in _STARTS:
        try:
            if await read_registers(unit, space, start, len(_MARKER)) == _MARKER:
                return start
        except RefusedError:
            continue
        except SilentError as err:
            silence = err
    if silence:
        raise silence
    raise DeviceResponseError(
        f'no SunSpec device: the marker "SunS" is at none of {", ".join(map(str, _STARTS))}. '
        "Check host, port and unit id, and that SunSpec is switched on in the device's settings"
    )
