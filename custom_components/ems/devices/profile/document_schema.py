"""From YAML to the profile of a device that speaks in documents: HTTP with JSON, or MQTT."""

from collections.abc import Mapping
import re
from typing import Final

from .announcements import parse_discovery
from .document_lines import parse_document_point, spot_of
from .documents import (
    AUTHS,
    Alive,
    DocumentIdentity,
    DocumentProfile,
    HttpLink,
    MqttLink,
    Proof,
    Request,
    Send,
    Spot,
    Topic,
)
from .node import Node
from .schema import Lines, check_read_only, roles_of

TRANSPORTS: Final = ("http", "mqtt")
_HEAD: Final = ("profile", "manufacturer", "models", "source", "confidence", "link", "identity", "roles")
_HTTP: Final = ("port", "poll_s", "settings_poll_s", "auth", "channels")
_MQTT: Final = ("prefix", "alive", "max_age_s", "channels", "ask")
_LINK: Final = (*_HTTP, *_MQTT)
# Faster than this brings nothing on any device we know, and troubles small ones.
_POLL_MIN_S: Final = 1.0


def document_profile(node: Node) -> DocumentProfile:
    """Return a profile. Raises ProfileError naming file, line, path and remedy."""
    link_node = node.fields(required=("link",), optional=(*_HEAD, "requests", "topics", "discovery"))["link"]
    kind = link_node.fields(required=("transport",), optional=_LINK)["transport"].choice(*TRANSPORTS)
    origins = "requests" if kind == "http" else "topics"
    # What is published to a broker has no address to be found at.
    found = node.fields(required=(*_HEAD, origins), optional=("discovery",) if kind == "http" else ())
    link = (
        _http(found["link"], found["requests"]) if kind == "http" else _mqtt(found["link"], found["topics"])
    )
    names = link.requests if isinstance(link, HttpLink) else link.topics
    lines = Lines(
        point=lambda role, key, line, own: parse_document_point(role, key, line, names, own_words=own)
    )
    profile = DocumentProfile(
        id=found["profile"].text(),
        manufacturer=found["manufacturer"].text(),
        models=tuple(model.text() for model in found["models"].items()),
        confidence=found["confidence"].choice("A", "B", "C"),
        source=found["source"].text(),
        link=link,
        identity=_identity(found["identity"], names),
        roles=roles_of(found["roles"], lambda _: lines),
        discovery=parse_discovery(found.get("discovery")),
    )
    check_read_only(profile, found["confidence"])
    return profile


def _http(node: Node, requests: Node) -> HttpLink:
    found = node.fields(required=("transport",), optional=_HTTP)
    plain = HttpLink(requests={})
    return HttpLink(
        requests={name: _request(name, below) for name, below in requests.mapping().items()},
        port=found["port"].integer(1, 65535) if "port" in found else plain.port,
        poll_s=_seconds(found.get("poll_s"), plain.poll_s),
        settings_poll_s=_seconds(found.get("settings_poll_s"), plain.settings_poll_s),
        auth=tuple(item.choice(*AUTHS) for item in found["auth"].items()) if "auth" in found else plain.auth,
        channels=found["channels"].integer(1, 32) if "channels" in found else 1,
    )


def _request(name: str, node: Node) -> Request:
    found = node.fields(optional=("get", "post", "body"))
    methods = [method for method in ("get", "post") if method in found]
    if len(methods) != 1:
        node.fail("needs one of `get` and `post`, with the path behind the host; add it")
    path = found[methods[0]].text()
    if not path.startswith("/"):
        found[methods[0]].fail("is a path behind the host and begins with /")
    body = found["body"].text() if "body" in found else None
    return Request(name=name, path=path, method=methods[0].upper(), body=body)


def _mqtt(node: Node, topics: Node) -> MqttLink:
    found = node.fields(required=("transport",), optional=_MQTT)
    plain = MqttLink(topics={})
    return MqttLink(
        topics={name: _topic(name, below) for name, below in topics.mapping().items()},
        prefix=found["prefix"].text() if "prefix" in found else plain.prefix,
        alive=_alive(found["alive"]) if "alive" in found else None,
        max_age_s=_seconds(found.get("max_age_s"), plain.max_age_s),
        channels=found["channels"].integer(1, 32) if "channels" in found else 1,
        ask=tuple(_ask(item) for item in found["ask"].items()) if "ask" in found else (),
    )


def _ask(node: Node) -> Send:
    found = node.fields(required=("topic", "payload"))
    return Send(target=_topic_name(found["topic"]), body=found["payload"].text())


def _topic(name: str, node: Node) -> Topic:
    """Read a topic: its name alone for a plain value."""
    if isinstance(node.value, str):
        return Topic(name=name, topic=_topic_name(node))
    found = node.fields(required=("topic",), optional=("json",))
    is_json = found["json"].flag() if "json" in found else False
    return Topic(name=name, topic=_topic_name(found["topic"]), json=is_json)


def _alive(node: Node) -> Alive:
    found = node.fields(required=("topic", "word"))
    return Alive(topic=_topic_name(found["topic"]), word=found["word"].text())


def _topic_name(node: Node) -> str:
    topic = node.text()
    if "+" in topic or "#" in topic:
        node.fail("has a wildcard (+ or #), which would mix devices; name one topic")
    return topic


def _seconds(node: Node | None, default: float) -> float:
    if node is None:
        return default
    if node.number() < _POLL_MIN_S:
        node.fail(f"must be at least {_POLL_MIN_S:g} s")
    return node.number()


def _identity(node: Node, origins: Mapping[str, object]) -> DocumentIdentity:
    found = node.fields(required=("manufacturer", "expect"), optional=("model", "serial", "firmware"))
    expect = tuple(_proof(item, origins) for item in found["expect"].items())
    if not expect:
        found["expect"].fail("needs at least one check that this really is the device; add it")
    return DocumentIdentity(
        manufacturer=found["manufacturer"].text(),
        model=_spot(found.get("model"), origins),
        serial=_spot(found.get("serial"), origins),
        firmware=_spot(found.get("firmware"), origins),
        expect=expect,
    )


def _spot(node: Node | None, origins: Mapping[str, object]) -> Spot | None:
    if node is None:
        return None
    node.fields(required=("from",), optional=("path",))
    return spot_of(node, origins)


def _proof(node: Node, origins: Mapping[str, object]) -> Proof:
    found = node.fields(required=("from", "means"), optional=("path", "equals", "matches"))
    if ("equals" in found) == ("matches" in found):
        node.fail("needs one of `equals` (values) and `matches` (a regular expression)")
    equals = frozenset(str(item.value) for item in found["equals"].items()) if "equals" in found else None
    return Proof(
        spot=spot_of(node, origins),
        means=found["means"].text(),
        equals=equals,
        matches=_pattern(found["matches"]) if "matches" in found else None,
    )


def _pattern(node: Node) -> str:
    try:
        re.compile(node.text())
    except re.error as err:
        node.fail(f"is no regular expression: {err}; mend it")
    return node.text()
