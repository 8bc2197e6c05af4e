"""Between documents and values. Whatever a device sends gives a value, or a quality with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
import math
import re
from typing import Any, Final

from .json_path import PathError, find
from .points import Kind
from .profile.documents import DocumentPoint, Proof, Spot
from .reading import Quality, Scalar, Value

_TRUE: Final = frozenset({"true", "on", "yes", "1"})
_FALSE: Final = frozenset({"false", "off", "no", "0"})
# A text longer than this is no name, no state and no serial number.
_TEXT_MAX: Final = 255
# Longer ones are no measurement, and an integer of a million digits takes seconds to read.
_DIGITS_MAX: Final = 40
# On which occasion documents came.
IDENTITY: Final = "identity"
READINGS: Final = "readings"
SETTINGS: Final = "settings"


@dataclass(frozen=True, kw_only=True)
class Document:
    """One answer, and when it came. [s since the epoch]."""

    content: Any
    at_s: float


class _UnfitError(Exception):
    """What stands there is not what the point is."""


def decode_document(point: DocumentPoint, documents: Mapping[str, Document]) -> Value:
    """Return a point's value in our unit and sign, with its quality. The value is None unless it is good.

    Every origin of the point must be among the documents; the value is as old as the oldest.
    """
    at_s = min(documents[origin].at_s for origin in point.origins)
    try:
        raws = [_present(point, find(documents[spot.origin].content, spot.path)) for spot in point.spots]
        value = _value(point, raws[0] if len(raws) == 1 else round(sum(map(_number, raws)), 6))
    except PathError as err:
        return Value(value=None, quality=Quality.MISSING, at_s=at_s, why=str(err))
    except _UnfitError as err:
        return Value(value=None, quality=Quality.INVALID, at_s=at_s, why=str(err))
    return Value(value=value, quality=Quality.GOOD, at_s=at_s)


def _present(point: DocumentPoint, raw: Any) -> Any:
    if raw is None or (isinstance(raw, int | float | str) and raw in point.absent):
        raise PathError("the device says that it does not know")
    return raw


def decode_code(point: DocumentPoint, document: Any) -> float | None:
    """Return what a writable point holds as a number: enums as their code. None where unknown."""
    try:
        raw = find(document, point.spots[0].path)
        if point.codes is not None and point.codes is not point.values:
            return _code_of(point, _flag(raw) if point.values is None else _word(point, raw))
        return _number(raw) if point.values else _scaled(point, _number(raw))
    except PathError, _UnfitError:
        return None


def encode_value(point: DocumentPoint, value: float) -> str:
    """Return a value, given in our unit and sign (enums by their code), as the device reads it."""
    if point.codes is not None:
        return _told(point, point.codes[round(value)])
    scaled = float(Fraction(value) / point.factor)
    return (
        str(round(scaled))
        if point.whole or math.isclose(scaled, round(scaled), abs_tol=1e-9)
        else f"{scaled:.6g}"
    )


def _told(point: DocumentPoint, word: str | int) -> str:
    """Return what is sent for a word: what the profile says, else what the device itself answers."""
    if point.send and point.send.words is not None:
        return point.send.words[word]
    raw = next(raw for raw, known in (point.values or {}).items() if known == word)
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def _code_of(point: DocumentPoint, word: str | int) -> float:
    return next(float(code) for code, known in (point.codes or {}).items() if known == word)


def text_at(spot: Spot | None, document: Any) -> str | None:
    """Return a text of the identity, None where the document has none. Numbers come as they are written."""
    try:
        raw = find(document, spot.path) if spot else None
    except PathError:
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    return _plain(str(raw)) or None


def proves(proof: Proof, document: Any) -> bool:
    """Return whether a document says what it must."""
    try:
        raw = find(document, proof.spot.path)
    except PathError:
        return False
    text = raw if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    if proof.matches is not None:
        return isinstance(raw, str | int | float) and re.search(proof.matches, text[:_TEXT_MAX]) is not None
    return text in (proof.equals or ())


def _value(point: DocumentPoint, raw: Any) -> Scalar:
    if point.values is not None:
        word = _word(point, raw)
        return float(word) if type(word) is int else word
    if point.kind is Kind.FLAG:
        return _flag(raw)
    if point.kind is Kind.TEXT:
        if not isinstance(raw, str):
            raise _UnfitError(f"{_shown(raw)} is no text")
        return _plain(raw)
    value = _scaled(point, _number(raw))
    if point.valid is not None and not point.valid[0] <= value <= point.valid[1]:
        low, high = point.valid
        raise _UnfitError(f"{value:g} {point.unit or ''} is outside {low:g} to {high:g}")
    return value


def _scaled(point: DocumentPoint, raw: float) -> float:
    try:
        if point.factor.denominator == 1:
            return float(Fraction(raw) * point.factor)
        return _decimal(raw, point.factor)
    except OverflowError as err:  # 1e308 kWh are finite, as Wh they are not; so are the sums of such
        raise _UnfitError(f"{raw:g} is a number beyond all measure") from err


def _decimal(raw: float, factor: Fraction) -> float:
    """Multiply as people would on paper: 230.1 by a tenth is 23.01, not its nearest binary neighbour."""
    return float(Fraction(repr(raw)) * factor)


def _word(point: DocumentPoint, raw: Any) -> str | int:
    values = point.values or {}
    if isinstance(raw, str) and raw not in values and raw.strip().removeprefix("-").isdecimal():
        raw = int(raw[:_DIGITS_MAX])
    if not isinstance(raw, str | int | float) or raw not in values:
        raise _UnfitError(f"{_shown(raw)} is none of {', '.join(map(str, values))}")
    return values[raw]  # type: ignore[index]  # 2.0 finds the code 2


def _flag(raw: Any) -> bool:
    word = str(raw).strip().lower() if isinstance(raw, bool | int | str) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _UnfitError(f"{_shown(raw)} is neither yes nor no")


def _number(raw: Any) -> float:
    """Return a finite number; some devices send numbers as texts."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise _UnfitError(f"{_shown(raw)} is no number")
    if isinstance(raw, str) and ("_" in raw or len(raw) > _DIGITS_MAX):  # float() reads 1_000
        raise _UnfitError(f"{_shown(raw)} is no number")
    try:
        value = float(raw)
    except (ValueError, OverflowError) as err:
        raise _UnfitError(f"{_shown(raw)} is no number") from err
    if not math.isfinite(value):
        raise _UnfitError(f"{_shown(raw)} is no number")
    return value


def _plain(text: str) -> str:
    return "".join(c for c in text[:_TEXT_MAX] if c.isprintable()).strip()


def _shown(raw: Any) -> str:
    if isinstance(raw, dict):
        return "an object"
    if isinstance(raw, list):
        return "a list"
    if isinstance(raw, int) and not isinstance(raw, bool) and raw.bit_length() > _DIGITS_MAX:
        return "a number beyond all measure"
    return repr(raw[:40]) if isinstance(raw, str) else repr(raw)
