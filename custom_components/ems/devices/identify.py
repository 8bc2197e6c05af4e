"""Asks a device whether it is the one the profile describes, who it is, and which of its parts are there."""

from typing import cast

from .codec import decode_text, meets, raw_number
from .errors import DeviceResponseError
from .profile.model import Expectation, Profile, Register, WordOrder
from .wire import Readable, RefusedError, read_registers


async def async_check_expectations(profile: Profile, unit: Readable) -> None:
    """Raise DeviceResponseError, with what was expected and what was read, unless it is the device."""
    for expected in profile.identity.expect:
        if expected.register.base is not None:
            models = ", ".join(map(str, sorted(profile.bases[expected.register.base].models)))
            raise DeviceResponseError(
                f"This is no {profile.manufacturer} {profile.models[0]} or a relative: expected "
                f"{expected.means}, and the device has none of the SunSpec models {models}. Pick another profile"
            )
        words = await _async_words(unit, expected.register)
        if words is None or not meets(expected, words):
            raise DeviceResponseError(
                f"This is no {profile.manufacturer} {profile.models[0]} or a relative: expected "
                f"{expected.means} at {expected.register.space} register {expected.register.address} "
                f"(0x{expected.register.address:04X}), read {_shown(expected, words)}. "
                "Check host, port and unit id, and pick another profile if the device is another one"
            )


async def async_is_present(unit: Readable, expected: Expectation) -> bool:
    """Return whether a part of a device is there. Refusal means no; silence means nothing and raises."""
    words = await _async_words(unit, expected.register)
    return words is not None and meets(expected, words)


async def async_text(unit: Readable | None, register: Register | None) -> str | None:
    """Return a text of the identity, None where the map, the unit or the device lacks it."""
    if unit is None or register is None:
        return None
    words = await _async_words(unit, register)
    return None if words is None else decode_text(register, words)


async def async_serial(unit: Readable | None, register: Register | None) -> str | None:
    """Return a serial number, None where nobody ever gave it one: zeros alone are no number."""
    serial = await async_text(unit, register)
    return serial if serial and set(serial.upper()) - set("0 -") else None


async def async_word_order(unit: Readable, register: Register) -> WordOrder | None:
    """Return the word order a device was set to, None where it does not tell: then it is the factory's."""
    words = await _async_words(unit, register)
    number = None if words is None else raw_number(register, words)
    told = None if number is None or register.values is None else register.values.get(int(number))
    return cast("WordOrder", told) if told in {"big", "little"} else None


async def _async_words(unit: Readable, register: Register) -> list[int] | None:
    try:
        return await read_registers(unit, register.space, register.address, register.count)
    except RefusedError:
        return None


def _shown(expected: Expectation, words: list[int] | None) -> str:
    if words is None:
        return "a refusal"
    if expected.register.type == "string":
        return repr(decode_text(expected.register, words) or "")
    return "[" + " ".join(f"0x{word:04X}" for word in words) + "]"
