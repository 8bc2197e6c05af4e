"""Devices that people describe themselves: rows of a form become a profile, by the same schema as every other.

A row names a point and where it is: `path` in an answer, `topic` and `path` in messages, `register` and `type` on
Modbus. Unit and scale are as on the device.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from .errors import ProfileError
from .hand_commands import with_commands
from .points import POINTS, POSITIVE, Direction, Kind
from .profile import AnyProfile, parse_any_profile
from .row_checks import Row, RowError, check_rows

_FILE: Final = "by hand"
# What can be entered for a role: what the plan and the screens make use of.
POINTS_BY_HAND: Final[Mapping[str, tuple[str, ...]]] = {
    "meter": (
        *("power", "import_energy", "export_energy", "frequency", "power_factor"),
        *(f"{point}_l{phase}" for point in ("power", "voltage", "current") for phase in (1, 2, 3)),
    ),
    "battery": ("power", "soc", "charge_energy", "discharge_energy", "temperature"),
    "pv": ("power", "energy"),
    "charger": (
        *("power", "energy", "car_connected"),
        *(f"{point}_l{phase}" for point in ("voltage", "current") for phase in (1, 2, 3)),
    ),
    "load": ("running", "power", "energy", "power_setpoint", "voltage_l1", "current_l1", "temperature"),
}
# Without these there is nothing to plan with. A charger has to say when a car comes, or one would be planned for
# again every night.
NEEDED_BY_HAND: Final[Mapping[str, tuple[str, ...]]] = {
    "meter": ("power",),
    "battery": ("power", "soc"),
    "pv": ("power",),
    "charger": ("power", "car_connected"),
    "load": (),
}
# Of these there is one at least: a device is known, and known to be there, by the first of them.
ONE_OF: Final = ("power", "running")
_FLAG_CODES: Final = {0: False, 1: True}
# A register whose number is read at all is proof enough that somebody answers.
_ANY_NUMBER: Final = -1e38
_SAID: Final = {"matches": "^(?i:-?[0-9.]+.*|on|off|true|false|yes|no)$", "means": "a number, or on and off"}


def profile_by_hand(role: str, source: Mapping[str, Any]) -> AnyProfile:
    """Return the profile that a stored source describes. Raises RowError."""
    rows: Sequence[Row] = source["points"]
    check_rows(role, source["kind"], rows, NEEDED_BY_HAND[role], ONE_OF)
    document = _BY_KIND[source["kind"]](role, source, rows)
    if commands := source.get("commands"):
        document["roles"][role] = with_commands(source["kind"], commands, document["roles"][role])
        document["confidence"] = "B"  # whoever knows the device says how it is switched
    text = yaml.safe_dump(document, sort_keys=False)
    try:
        return parse_any_profile(text, _FILE)
    except ProfileError as err:
        raise RowError("row_wrong", detail=_without_place(str(err), role)) from err


def first_row(rows: Sequence[Row]) -> Row:
    """Return the row that a device is known by."""
    return next(row for point in ONE_OF for row in rows if row["point"] == point)


def _without_place(message: str, role: str) -> str:
    """Leave out file and line: people see a form."""
    plain = message.split(": ", 1)[1].replace(f"roles.{role}.readings.", "")
    return plain.replace("identity.expect[0].", "power.").replace("topics.", "")


def _head(source: Mapping[str, Any], link: Mapping[str, Any], expect: Mapping[str, Any]) -> dict[str, Any]:
    maker = {"http": "HTTP", "mqtt": "MQTT", "modbus": "Modbus"}[source["kind"]]
    return {
        "profile": "by_hand",
        "manufacturer": maker,
        "models": ["by hand"],
        "source": "entered by hand",
        "confidence": "C",
        "link": dict(link),
        "identity": {"manufacturer": maker, "expect": [dict(expect)]},
    }


def _http(role: str, source: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    link = source["link"]
    url = urlsplit(link["url"])
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    request = {"post" if str(link.get("method")).lower() == "post" else "get": target}
    if link.get("body"):
        request["body"] = link["body"]
    return {
        **_head(
            source,
            {"transport": "http", "poll_s": float(link.get("poll_s", 30))},
            {"from": "answer", **_path(first_row(rows)), **_SAID},
        ),
        "requests": {"answer": request},
        "roles": _roles(role, source, {row["point"]: {"from": "answer", **_path(row)} for row in rows}, rows),
    }


def _mqtt(role: str, source: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    link = source["link"]
    named = {row["point"]: {"topic": row.get("topic") or "", "json": bool(row.get("path"))} for row in rows}
    alive = {}
    if link.get("availability_topic"):
        alive = {
            "alive": {"topic": link["availability_topic"], "word": link.get("availability_word") or "online"}
        }
    first = first_row(rows)
    return {
        **_head(
            source,
            {"transport": "mqtt", "max_age_s": float(link.get("max_age_s", 120)), **alive},
            {"from": first["point"], **_path(first), **_SAID},
        ),
        "topics": named,
        "roles": _roles(
            role, source, {row["point"]: {"from": row["point"], **_path(row)} for row in rows}, rows
        ),
    }


def _modbus(role: str, source: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    link = source["link"]
    places = {row["point"]: _register(row) for row in rows}
    # On a serial port there is no TCP port, and nobody knows how often the device has something new to say.
    known = {"port": int(link.get("port", 502)), "unit_id": int(link["unit_id"]), "poll_s": 1}
    return {
        **_head(
            source,
            {"transport": "modbus_tcp", **known},
            {**places[first_row(rows)["point"]], "above": _ANY_NUMBER, "means": "a number"},
        ),
        "roles": _roles(role, source, places, rows, codes=True),
    }


_BY_KIND: Final = {"http": _http, "mqtt": _mqtt, "modbus": _modbus}


def _path(row: Row) -> dict[str, str]:
    return {"path": row["path"].strip()} if str(row.get("path") or "").strip() else {}


def _register(row: Row) -> dict[str, Any]:
    chosen = ("type", "word_order", "function")
    if row.get("function") == "coil":
        return {"at": int(row["register"]), "type": "enum", "function": "coil", "values": _FLAG_CODES}
    return {"at": int(row["register"]), **{key: row[key] for key in chosen if row.get(key)}}


def _roles(
    role: str,
    source: Mapping[str, Any],
    places: Mapping[str, Mapping[str, Any]],
    rows: Sequence[Row],
    *,
    codes: bool = False,
) -> dict[str, Any]:
    """Return the role's lines: the place, and what the number there means."""
    lines = {}
    for row in rows:
        spec = POINTS[role].get(row["point"])
        line: dict[str, Any] = dict(places[row["point"]])
        if row.get("unit"):
            line["unit"] = row["unit"]
        if row.get("scale") not in (None, 1):
            line["scale"] = row["scale"]
        if spec and spec.direction is Direction.MUST:
            line["positive"] = source.get("power_positive") or next(iter(POSITIVE[role]))
        if spec and spec.kind is Kind.FLAG and codes:
            line |= {"type": "enum", "values": _FLAG_CODES}
        lines[row["point"]] = line
    return {role: {"readings": lines}}
