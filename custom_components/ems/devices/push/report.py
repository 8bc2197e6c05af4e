"""From the body of a request to a report: types and ranges are checked, and nothing is guessed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
import json
from typing import Any, Final, NoReturn

from .fields import NUMBERS, POWER, POWER_KW
from .refusal import PushRefusedError

FACILITY: Final = "facility_id"
STAMP: Final = "timestamp"
SEQ: Final = "seq"
_ID_MAX: Final = 64
_SEQ_MAX: Final = 2**63 - 1
# Seconds since the epoch are below this until the year 5138; milliseconds have been above it since 1973.
_SECONDS_MAX: Final = 1e11
_UNKNOWN_SHOWN: Final = 10


@dataclass(frozen=True, kw_only=True)
class Report:
    """One report. `values` are by field name, in the unit of the field; what was not sent is not there."""

    values: Mapping[str, float]
    facility_id: str | None = None
    stamp_s: float | None = None
    seq: int | None = None
    unknown: tuple[str, ...] = ()


def parse_report(body: bytes) -> Report:
    """Return what a body says. Raises PushRefusedError; a null is a value that was not sent."""
    document = {key: value for key, value in _document(body).items() if value is not None}
    values = {name: _number(name, document[name]) for name in NUMBERS if name in document}
    if POWER in values and POWER_KW in values:
        raise PushRefusedError(
            f"{POWER} and {POWER_KW} are both there",
            field=POWER_KW,
            remedy=f"Send {POWER} in W, or {POWER_KW} in kW.",
        )
    known = {*NUMBERS, FACILITY, STAMP, SEQ}
    return Report(
        values=values,
        facility_id=_facility(document.get(FACILITY)),
        stamp_s=_stamp(document.get(STAMP)),
        seq=_seq(document.get(SEQ)),
        unknown=tuple(key[:_ID_MAX] for key in document if key not in known)[:_UNKNOWN_SHOWN],
    )


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode(), parse_constant=_no_constant, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as err:  # not UTF-8, no JSON, numbers of thousands of digits, nests
        why = "nested too deeply" if isinstance(err, RecursionError) else str(err)[:200]
        raise PushRefusedError(
            f"the body is no JSON: {why}", remedy="Send one JSON object, in UTF-8, with plain numbers."
        ) from err
    if not isinstance(document, dict):
        raise PushRefusedError("the body is no JSON object", remedy='Send {"energy_consumed": 0.12, …}.')
    return document


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number in JSON; leave the field away where there is no value")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that is there twice: nobody could say which counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _number(name: str, raw: Any) -> float:
    """Return a field's number, within its bounds."""
    field = NUMBERS[name]
    unit = f" {field.unit}" if field.unit else ""
    remedy = f"Send a number from {field.low:g} to {field.high:g}{unit}, without quotes."
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise PushRefusedError(f"{name} is {_kind(raw)}, not a number", field=name, remedy=remedy)
    # Integers may be larger than any float; comparing is exact.
    if not (field.low <= raw <= field.high):
        raise PushRefusedError(f"{name} is out of range", field=name, remedy=remedy)
    return float(raw)


def _facility(raw: Any) -> str | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int) or len(text := str(raw)) > _ID_MAX:
        raise PushRefusedError(
            f"{FACILITY} is {_kind(raw)}",
            field=FACILITY,
            remedy=f"Send a text of at most {_ID_MAX} characters, or a whole number.",
        )
    return text


def _seq(raw: Any) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= _SEQ_MAX:
        raise PushRefusedError(
            f"{SEQ} is {_kind(raw)}",
            field=SEQ,
            remedy="Send a whole number from 0 that grows by every report.",
        )
    return raw


def _stamp(raw: Any) -> float | None:
    """Return seconds since the epoch."""
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise _wrong_stamp(f"is {_kind(raw)}")
    stamp_s = _iso(raw) if isinstance(raw, str) else raw
    if not 0 <= stamp_s <= _SECONDS_MAX:
        raise _wrong_stamp("is not in seconds since 1970")
    return float(stamp_s)


def _iso(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise _wrong_stamp("is no ISO 8601 time") from err
    if moment.tzinfo is None:
        raise _wrong_stamp("has no offset from UTC")
    return moment.timestamp()


def _wrong_stamp(what: str) -> PushRefusedError:
    return PushRefusedError(
        f"{STAMP} {what}",
        field=STAMP,
        remedy="Send ISO 8601 with an offset, such as 2026-01-31T12:00:00Z, or seconds since 1970.",
    )


def _kind(raw: Any) -> str:
    """Name what was sent, without quoting it."""
    if isinstance(raw, bool):
        return "true or false"
    names = {str: "a text", list: "a list", dict: "an object", int: "out of range"}
    return names.get(type(raw), "a number with decimals")
