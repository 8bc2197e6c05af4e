"""Between registers and values. Device input is hostile: any words at all give a value or a quality."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
import math
import re
import struct
from typing import Final

from modbus_connection.decode import (
    combine_words,
    decode_float32,
    decode_float64,
    decode_int,
    decode_string,
)
from modbus_connection.encode import encode_float32, encode_float64, encode_int

from .errors import DeviceWriteError
from .profile.model import Expectation, Point, Register
from .reading import Quality, Scalar

type Words = Sequence[int]
type Decoded = tuple[Scalar | None, Quality]

MISSING: Final[Decoded] = (None, Quality.MISSING)
INVALID: Final[Decoded] = (None, Quality.INVALID)
# SunSpec allows exponents from -10 to 10; inverters waking up have been seen to report anything.
_EXPONENTS: Final = range(-10, 11)
_SIGNED: Final = ("s16", "s32", "s64")
_FLOATS: Final = ("f32", "f64")


def decode(point: Point, words: Words, scale_words: Words = ()) -> Decoded:
    """Return a point's value in our unit and sign, with its quality. The value is None unless it is good."""
    register = point.register
    if register.type == "bit":
        return bool(_ordered(register, words)[0] >> (register.bit or 0) & 1), Quality.GOOD
    if register.type == "string":
        return _decode_text(register, words)
    raw = raw_number(register, words)
    if raw is None:
        return MISSING if point.when_absent is None else (point.when_absent, Quality.GOOD)
    if register.values is not None:
        return _lookup(register.values, int(raw))
    exponent = decode_exponent(point, scale_words)
    if isinstance(exponent, Quality):
        return None, exponent
    if register.type == "f32":
        raw = _shortest(raw)
    value = _scaled(raw, point.factor * Fraction(10) ** exponent)
    return _checked(point, _unfolded(value) if point.coding == "four_quadrant" else value)


def decode_exponent(point: Point, scale_words: Words) -> int | Quality:
    """Return the power of ten a value is multiplied by, or why there is none."""
    if point.scale_register is None:
        return 0
    exponent = raw_number(point.scale_register, scale_words)
    if exponent is None:
        return Quality.MISSING
    return int(exponent) if exponent in _EXPONENTS else Quality.INVALID


def decode_amount(point: Point, words: Words, exponent: int) -> float | None:
    """Return what a writable point holds as a number: enums as their code. None where unknown.

    Unlike `decode` this keeps what is outside the plausible range, because a write has to report it.
    """
    raw = raw_number(point.register, words)
    if raw is None:
        return None
    return _scaled(raw, point.factor * Fraction(10) ** exponent)


def raw_number(register: Register, words: Words) -> float | None:
    """Return a register's number as it stands there (an int exactly), None where it says "not available"."""
    words = _ordered(register, words)
    bits = combine_words(list(words), word_order=register.word_order)
    if bits in register.absent:
        return None
    if register.type in _FLOATS:
        decoder = decode_float32 if register.type == "f32" else decode_float64
        value = decoder(list(words), word_order=register.word_order)
        return value if math.isfinite(value) else None
    if register.bits is not None:
        low, high = register.bits
        return bits >> low & (1 << high - low + 1) - 1
    return decode_int(list(words), signed=register.type in _SIGNED, word_order=register.word_order)


def decode_text(register: Register, words: Words) -> str | None:
    """Return a register's text without padding, None where there is none. Numbers come as digits."""
    if register.type != "string":
        number = raw_number(register, words)
        return None if number is None else f"{number:.0f}"
    text = "".join(
        c for c in decode_string(list(_ordered(register, words))).split("\0")[0] if c.isprintable()
    ).strip()
    return text or None


def meets(expectation: Expectation, words: Words) -> bool:
    """Return whether a register holds what it must."""
    if expectation.matches is not None:
        return re.search(expectation.matches, decode_text(expectation.register, words) or "") is not None
    number = raw_number(expectation.register, words)
    if number is None:
        return False
    if expectation.above is not None:
        return number > expectation.above
    if expectation.between is not None:
        return expectation.between[0] <= number <= expectation.between[1]
    return number in (expectation.equals or ())


def encode(point: Point, value: float, exponent: int = 0) -> list[int]:
    """Return the words that make a point hold a value, given in our unit and sign."""
    register = point.register
    scaled = Fraction(value) / (point.factor * Fraction(10) ** exponent)
    try:
        if register.type in _FLOATS:
            encoder: Callable[..., list[int]] = encode_float32 if register.type == "f32" else encode_float64
            words = encoder(float(scaled), word_order=register.word_order)
        else:
            raw = _fitting(register, round(scaled))
            words = encode_int(raw, count=register.count, word_order=register.word_order)
        return list(_ordered(register, words))
    except (OverflowError, struct.error) as err:
        raise DeviceWriteError(
            f"{point.role}.{point.key}: {value:g} does not fit its register: {err}"
        ) from err


def _fitting(register: Register, raw: int) -> int:
    """Refuse what the register's sign does not allow; the encoder below only counts bits."""
    bits = 16 * register.count
    low, high = (-(1 << bits - 1), 1 << bits - 1) if register.type in _SIGNED else (0, 1 << bits)
    if not low <= raw < high:
        raise OverflowError(f"{raw} is beyond {register.type}")
    return raw


def resolution(point: Point, value: float, exponent: int = 0) -> float:
    """Return how far a value may be off after a trip through the register, in our unit."""
    if point.register.type == "f32":
        return max(abs(value), 1.0) * 2**-22
    if point.register.type == "f64":
        return max(abs(value), 1.0) * 2**-50
    return float(abs(point.factor) * Fraction(10) ** exponent) * 0.5000001


def _ordered(register: Register, words: Words) -> Words:
    """Return words with their bytes as Modbus wants them."""
    if register.byte_order == "big":
        return words
    return [(word & 0xFF) << 8 | word >> 8 for word in words]


def _unfolded(code: float) -> float:
    """Return the power factor behind a four-quadrant code c from -2 to 2: 2 - c above 1, -2 - c below -1, else c.

    The code tells leading (beyond one) from lagging (within); the sign stays that of the power.
    """
    if code > 1:
        return 2 - code
    return -2 - code if code < -1 else code


def _scaled(raw: float, factor: Fraction) -> float:
    """Multiply without picking up binary dust: 101 hundredths are 1.01, not 1.0100000000000002."""
    if isinstance(raw, int):
        return raw * factor.numerator / factor.denominator
    return raw if factor == 1 else raw * float(factor)


def _shortest(single: float) -> float:
    """Return the shortest number that is the same single: 230.1 was meant, not 230.10000610351562."""
    packed = struct.pack("f", single)
    tries = (float(f"{single:.{digits}g}") for digits in (6, 7, 8))
    return next((short for short in tries if struct.pack("f", short) == packed), single)


def _checked(point: Point, value: float) -> Decoded:
    if not math.isfinite(value):
        return INVALID
    if point.valid is not None and not point.valid[0] <= value <= point.valid[1]:
        return INVALID
    # A minus of our own making must not turn 0 into -0.
    return value + 0.0, Quality.GOOD


def _decode_text(register: Register, words: Words) -> Decoded:
    text = decode_text(register, words)
    if text is None:
        return MISSING
    return (text, Quality.GOOD) if register.values is None else _lookup(register.values, text)


def _lookup(values: Mapping[int | str, str | int], raw: int | str) -> Decoded:
    if raw not in values:
        return INVALID
    word = values[raw]
    return float(word) if type(
        word
    ) is int else word, Quality.GOOD  # numbers are floats, wherever they come from
