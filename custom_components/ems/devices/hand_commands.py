"""Loads that people describe themselves, and how they are switched: lines of a profile from a few fields of a form.

Whether the device did it is read back where a row says that it runs, or what power it is set to. Nothing expires.
"""

from collections.abc import Mapping
from typing import Any, Final

from .row_checks import RowError

# What stands for the power in people's own requests and messages.
POWER: Final = "{power_w}"
_POWER_MAX_W: Final = 1_000_000
_MOVES_PER_DAY: Final = 100
_ON_EXPIRY: Final = "It stays as it is until somebody switches it."
# What the rows are called that show what a load was told.
RUNNING, SETPOINT = "running", "power_setpoint"


class CommandError(RowError):
    """What was entered switches nothing. `key` names an error of the form, `field` the field it belongs to."""

    def __init__(self, key: str, field: str) -> None:
        """Keep both."""
        super().__init__(key)
        self.field = field


def with_commands(kind: str, commands: Mapping[str, Any], role: dict[str, Any]) -> dict[str, Any]:
    """Return the lines of a load's role with what switches it. Raises CommandError."""
    switch, power = _SWITCHES[kind](commands), _power(kind, commands)
    lines: dict[str, dict[str, Any]] = dict(role["readings"])
    for name, send in ((RUNNING, switch), (SETPOINT, power)):
        if send is None:
            continue
        if name not in lines:
            raise CommandError(f"{name}_row_missing", "base")
        lines[name] = {**lines[name], **send}
    if switch is None and power is None:
        return role
    on = {**({SETPOINT: "power_w"} if power else {}), **({RUNNING: True} if switch else {})}
    off = {RUNNING: False} if switch else {SETPOINT: 0}
    control: dict[str, Any] = {
        "commands": {"off": off, "on": on},
        "safe": "off",
        "on_expiry": _ON_EXPIRY,
    }
    if switch:
        control |= {"wears": [RUNNING], "wears_by": "change", "wear_writes_per_day": _MOVES_PER_DAY}
    return {"readings": lines, "control": control}


def _http(commands: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what is asked to switch it. Path and body may both differ, but only one of them between on and off."""
    paths = [str(commands.get(f"{word}_path") or "").strip() for word in ("on", "off")]
    bodies = [commands.get(f"{word}_body") or "" for word in ("on", "off")]
    if not any(paths):
        return None
    _check_paths(("on_path", "off_path"), paths)
    method = commands.get("method") or "get"
    if paths[0] == paths[1] and bodies[0] == bodies[1]:
        # The safe state is off: one request for both would leave it on.
        raise CommandError("on_is_off", "off_path")
    if bodies[0] == bodies[1]:
        target, sent, words = "{value}", bodies[0], paths
    elif paths[0] == paths[1] and method != "get" and all(bodies):
        target, sent, words = paths[0], "{value}", bodies
    else:
        raise CommandError("path_or_body", "off_body")
    body = {"body": sent} if sent else {}
    return {"write": True, "send": {method: target, **body, "words": {True: words[0], False: words[1]}}}


def _mqtt(commands: Mapping[str, Any]) -> dict[str, Any] | None:
    topic = str(commands.get("command_topic") or "").strip()
    if not topic:
        return None
    _check_topic("command_topic", topic)
    words = {True: commands.get("on_payload") or "ON", False: commands.get("off_payload") or "OFF"}
    if words[True] == words[False]:
        raise CommandError("on_is_off", "off_payload")
    retain = bool(commands.get("retain"))
    return {"write": True, "send": {"topic": topic, "payload": "{value}", "retain": retain, "words": words}}


def _modbus(commands: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what is written where it is read whether it runs."""
    if not commands.get("switches"):
        return None
    on, off = int(commands.get("on_value", 1)), int(commands.get("off_value", 0))
    if on == off:
        raise CommandError("on_is_off", "off_value")
    return {"write": True, "type": "enum", "values": {off: False, on: True}}


_SWITCHES: Final = {"http": _http, "mqtt": _mqtt, "modbus": _modbus}


def _power(kind: str, commands: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how a power is set; None where it cannot be."""
    path, body = str(commands.get("power_path") or "").strip(), commands.get("power_body") or ""
    topic, payload = str(commands.get("power_topic") or "").strip(), commands.get("power_payload") or POWER
    send: dict[str, Any]
    if kind == "http" and path:
        _check_paths(("power_path",), [path])
        _check_power("power_path", path + body)
        sent = {"body": body.replace(POWER, "{value}")} if body else {}
        send = {commands.get("method") or "get": path.replace(POWER, "{value}"), **sent}
    elif kind == "mqtt" and topic:
        _check_topic("power_topic", topic)
        _check_power("power_payload", payload)
        send = {"topic": topic, "payload": payload.replace(POWER, "{value}")}
    else:
        return None
    return {"write": [0, _POWER_MAX_W], "whole": True, "tolerance": 1, "send": send}


def _check_paths(fields: tuple[str, ...], paths: list[str]) -> None:
    for field, path in zip(fields, paths, strict=True):
        if not path.startswith("/"):
            raise CommandError("path_wrong", field)


def _check_topic(field: str, topic: str) -> None:
    if "+" in topic or "#" in topic:
        raise CommandError("topic_wildcard", field)


def _check_power(field: str, text: str) -> None:
    if POWER not in text:
        raise CommandError("power_nowhere", field)
