"""What is wrong with a row that people typed, as a key and placeholders: the words are those of their language."""

from collections.abc import Mapping, Sequence
import re
from typing import Any, Final

from .json_path import parse_path
from .points import KIND_OF_UNIT, POINTS, UNIT_OF, UNITS
from .profile.registers import WIDTHS
from .reading import Quality, Value

type Row = Mapping[str, Any]

# What the texts of these errors may name. A form fills all of them, or its text would not be shown.
PLACEHOLDERS: Final = ("point", "seen", "unit", "where", "low", "high", "detail")
_REGISTERS: Final = 0x10000
# How the codec says in English why a value is none → the key, and what its groups are.
_WHYS: Final[Mapping[str, str]] = {
    r"(?P<seen>.+) is no number": "row_no_number",
    r"(?P<seen>.+) is neither yes nor no": "row_no_flag",
    r"(?P<seen>.+?) ?is outside (?P<low>\S+) to (?P<high>\S+)": "row_out_of_range",
}


class RowError(Exception):
    """A row cannot be used. `key` names an error of the form, `placeholders` what its text names."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep both."""
        super().__init__(f"{key}: {', '.join(f'{name} {text}' for name, text in placeholders.items())}")
        self.key, self.placeholders = key, placeholders


def check_rows(
    role: str, kind: str, rows: Sequence[Row], needed: Sequence[str], one_of: Sequence[str]
) -> None:
    """Raise RowError for the first thing that is wrong."""
    points = [row["point"] for row in rows]
    if twice := next((point for point in points if points.count(point) > 1), None):
        raise RowError("row_twice", point=twice)
    if missing := next((point for point in needed if point not in points), None):
        raise RowError("row_missing", point=missing)
    if not set(one_of) & set(points):
        raise RowError("row_missing", point=one_of[0])
    for row in rows:
        _check_unit(role, row)
        _PLACES[kind](row)


def why_no_value(row: Row, value: Value) -> RowError:
    """Return why a row brought no value that can be used."""
    point = str(row["point"])
    if value.quality is Quality.MISSING:
        return RowError("row_value_missing", point=point, where=_where(row))
    for pattern, key in _WHYS.items():
        if value.why and (found := re.fullmatch(pattern, value.why)):
            return RowError(key, point=point, where=_where(row), **found.groupdict())
    return RowError("row_implausible", point=point, where=_where(row))


def _where(row: Row) -> str:
    """Return where a row's value was looked for, as it was entered."""
    if "register" in row:
        return f"{row['register']:g}"
    return " → ".join(str(row[name]) for name in ("topic", "path") if row.get(name)) or "–"


def _check_unit(role: str, row: Row) -> None:
    spec, unit = POINTS[role][row["point"]], row.get("unit")
    if spec.unit is None:
        if unit:
            raise RowError("row_unit_spare", point=spec.key, unit=unit)
    elif not unit:
        raise RowError("row_unit_missing", point=spec.key, unit=str(UNIT_OF[spec.kind]))
    elif KIND_OF_UNIT[UNITS[unit][0]] is not spec.kind:
        raise RowError("row_unit_wrong", point=spec.key, unit=unit)


def _check_path(row: Row) -> None:
    try:
        parse_path(str(row.get("path") or ""))
    except ValueError:
        raise RowError("row_path_wrong", point=row["point"], where=row["path"]) from None


def _check_topic(row: Row) -> None:
    topic = str(row.get("topic") or "").strip()
    if not topic:
        raise RowError("row_topic_missing", point=row["point"])
    if "+" in topic or "#" in topic:
        raise RowError("row_topic_wildcard", point=row["point"], where=topic)
    _check_path(row)


def _check_register(row: Row) -> None:
    last = _REGISTERS - WIDTHS.get(str(row.get("type")), 1)
    if not 0 <= row["register"] <= last:
        raise RowError("row_register_wrong", point=row["point"], where=f"{row['register']:g}", high=str(last))


_PLACES: Final = {"http": _check_path, "mqtt": _check_topic, "modbus": _check_register}
