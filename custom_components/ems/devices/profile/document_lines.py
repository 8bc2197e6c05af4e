"""One value of a document, one line: the words of register lines, with a path where those have an address."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from ..json_path import Path, parse_path
from ..points import KIND_OF_UNIT, POINTS, UNITS, Direction, Kind, PointSpec
from .documents import Code, DocumentPoint, Send, Spot
from .model import Write
from .node import Node
from .point_lines import (
    counts,
    scale_of,
    sign_of,
    unit_factor_of,
    valid_of,
    write_codes_of,
    write_range_of,
)

_FIELDS: Final = (
    *("path", "unit", "scale", "positive", "valid", "absent", "values"),
    *("write", "limit", "tolerance", "send", "whole"),
)
_HTTP_SEND: Final = ("get", "post", "put", "body", "words")
_MQTT_SEND: Final = ("topic", "payload", "retain", "words")


def parse_document_point(
    role: str, key: str, node: Node, origins: Mapping[str, object], *, own_words: bool
) -> DocumentPoint:
    """Read one line. `own_words` allows a key that is not canonical: settings differ from maker to maker."""
    found = node.fields(required=("from",), optional=_FIELDS)
    values = _values(found["values"]) if "values" in found else None
    spec = POINTS[role].get(key) or (_own_spec(key, found, values) if own_words else None)
    if spec is None:
        node.fail(f"is no reading of a {role}; known: {', '.join(POINTS[role])}")
    _check_words(spec, values, node)
    factor = unit_factor_of(spec, found, node) * sign_of(role, spec, found, node)
    return DocumentPoint(
        role=role,
        key=key,
        kind=spec.kind,
        unit=spec.unit,
        factor=scale_of(found) * factor,
        valid=valid_of(spec, found, factor),
        spots=_spots(node, origins, values),
        values=values,
        absent=frozenset(_code(item) for item in found["absent"].items())
        if "absent" in found
        else frozenset(),
        write=_write(role, spec, found, node, values, factor),
        send=_send(found["send"], spec, values) if "send" in found else None,
        whole=found["whole"].flag() if "whole" in found else False,
        line=node.line,
    )


def spot_of(node: Node, origins: Mapping[str, object]) -> Spot:
    """Read `from` and `path`."""
    found = node.mapping()
    if "from" not in found:
        node.fail("needs `from`, the request or topic that brings it; add it")
    return Spot(origin=found["from"].choice(*origins), path=_path(found.get("path")))


def _spots(
    node: Node, origins: Mapping[str, object], values: Mapping[Code, str | int] | None
) -> tuple[Spot, ...]:
    """Read one place, or several whose numbers add up: `from` and `path` may be lists."""
    found = node.mapping()
    origin_nodes = found["from"].items()
    paths = found["path"].items() if "path" in found else [None]
    if len(origin_nodes) > 1 and len(paths) > 1:
        node.fail("adds up over `from` or over `path`, not both; make one of them a single value")
    if len(origin_nodes) * len(paths) > 1 and ("write" in found or values is not None):
        node.fail("is a sum, so it can neither be written nor be a word; name one place")
    return tuple(
        Spot(origin=each.choice(*origins), path=_path(path)) for each in origin_nodes for path in paths
    )


def _path(node: Node | None) -> Path:
    """Return the steps; a single number is a step, too. Without a path the whole answer is the value."""
    if node is None:
        return ()
    try:
        return parse_path(str(node.integer(0, 10_000)) if isinstance(node.value, int) else node.text())
    except ValueError as err:
        node.fail(str(err))


def _values(node: Node) -> Mapping[Code, str | int]:
    entries: dict[Code, str | int] = {}
    for raw, value in node.mapping().items():
        if not isinstance(raw, int | str):
            value.fail("a code is a number, a text, true or false")
        if not isinstance(value.value, str | int):
            value.fail(f"must be a word, true or false, or a whole number, not {value.shown}")
        entries[raw] = value.value
    if len({type(word) for word in entries.values()} | {int}) > 1 and any(
        type(w) is int for w in entries.values()
    ):
        node.fail("has numbers among words: each must be a word, or each a whole number")
    return entries


def _code(node: Node) -> Code | float:
    if not isinstance(node.value, int | str | float):
        node.fail(f"must be a number or a text, not {node.shown}; null is absent by itself")
    return node.value


def _own_spec(key: str, found: Mapping[str, Node], values: Mapping[Code, str | int] | None) -> PointSpec:
    """Return the meaning of a setting only this maker has, from its unit and its values."""
    if "unit" in found:
        unit = found["unit"].choice(*UNITS)
        return PointSpec(key=key, kind=KIND_OF_UNIT[UNITS[unit][0]], direction=Direction.MAY)
    if values is None or counts(values):
        return PointSpec(key=key, kind=Kind.COUNT)
    flags = all(isinstance(word, bool) for word in values.values())
    return PointSpec(key=key, kind=Kind.FLAG if flags else Kind.TEXT)


def _check_words(spec: PointSpec, values: Mapping[Code, str | int] | None, node: Node) -> None:
    """Refuse words where a number belongs, and words that nobody else knows."""
    words = None if values is None else set(values.values())
    if spec.kind is Kind.FLAG:
        if words is not None and not all(isinstance(word, bool) for word in words):
            node.fail("is yes or no: `values` map to true and false")
    elif spec.kind is Kind.TEXT:
        if words and not all(isinstance(word, str) for word in words):
            node.fail(
                "must map to words, not to numbers, true or false; YAML reads on, off, yes and no as such: quote them"
            )
        if spec.words and not (words and words <= set(spec.words)):
            node.fail(f"must map to these words: {', '.join(spec.words)}; add `values`")
    elif words is not None and not (spec.kind is Kind.COUNT and counts(values)):
        node.fail("is a number; remove `values`")


def _write(
    role: str,
    spec: PointSpec,
    found: Mapping[str, Node],
    node: Node,
    values: Mapping[Code, str | int] | None,
    factor: Fraction,
) -> Write | None:
    if ("write" in found) != ("send" in found):
        node.fail(
            "`write` (what is allowed) and `send` (how it is written) belong together; add or remove one"
        )
    if "write" not in found:
        for name in ("limit", "tolerance"):
            if name in found:
                found[name].fail("belongs to writable points; add `write: [lowest, highest]` or remove it")
        return None
    if values is not None:
        if all(type(code) is int for code in values):
            return write_codes_of(found["write"], values)
        # Words have numbers of their own: `DocumentPoint.codes`.
        return write_codes_of(found["write"], dict(enumerate(dict.fromkeys(values.values()))))
    if spec.kind is Kind.FLAG:
        if "words" not in found["send"].mapping():
            node.fail("is yes or no: say in `send` what is sent for each, `words: {true: on, false: off}`")
        return write_codes_of(found["write"], {1: True, 0: False})
    return write_range_of(role, found, factor)


def _send(node: Node, spec: PointSpec, values: Mapping[Code, str | int] | None) -> Send:
    found = node.mapping()
    known: set[str | int] | None = {True, False} if spec.kind is Kind.FLAG else None
    if values is not None:
        known = set(values.values())
    words = _words(found["words"], known) if "words" in found else None
    if "topic" in found:
        node.fields(required=("topic", "payload"), optional=_MQTT_SEND)
        _check_value(node, found["payload"].text())
        retain = found["retain"].flag() if "retain" in found else False
        return Send(target=found["topic"].text(), body=found["payload"].text(), retain=retain, words=words)
    node.fields(optional=_HTTP_SEND)
    methods = [name for name in ("get", "post", "put") if name in found]
    if len(methods) != 1:
        node.fail("needs one of `get`, `post` and `put` with a path, or `topic` with a `payload`")
    target = found[methods[0]].text()
    body = found["body"].text() if "body" in found else None
    _check_value(node, target + (body or ""))
    return Send(method=methods[0].upper(), target=target, body=body, words=words)


def _words(node: Node, known: set[str | int] | None) -> Mapping[str | int, str]:
    """Return what is sent for each word. All of them, or a command could send what the device never heard of."""
    found = {word: below.text() for word, below in node.mapping().items()}
    if set(found) != known:
        node.fail("says what is sent for each word of `values`, and for no other; name them all")
    return found


def _check_value(node: Node, text: str) -> None:
    if "{value}" not in text:
        node.fail("says nowhere what is written; put `{value}` where it belongs")
