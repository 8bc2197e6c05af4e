"""What a profile of a device without registers says: requests or topics, and where values stand in their answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, override

from ..json_path import Path, shown
from ..points import Kind
from .model import Family, Quantity

type Code = int | str | bool

AUTHS: Final = ("none", "basic", "digest", "bearer")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request that brings a document, or that writes a value."""

    name: str
    path: str
    method: str = "GET"
    body: str | None = None


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One MQTT topic that brings a document: JSON, or a plain value."""

    name: str
    topic: str
    json: bool = False


@dataclass(frozen=True, kw_only=True)
class Alive:
    """The topic in which a device, or the broker in its name, says whether it is there."""

    topic: str
    word: str


@dataclass(frozen=True, kw_only=True)
class Send:
    """How a value is written: a request, or a message. `{value}` stands for it.

    retain : Whether the broker keeps the message for a device that was away.
    words : What stands for each word where a device is told something in other words than it answers in.
    """

    target: str
    method: str = "GET"
    body: str | None = None
    retain: bool = False
    words: Mapping[str | int, str] | None = None


@dataclass(frozen=True, kw_only=True)
class HttpLink:
    """How to ask the device, and how often.

    auth : Ways it lets people in; "none" first where it works without a password.
    channels : How many meters of this kind the device holds; `{channel}` names one.
    """

    requests: Mapping[str, Request]
    port: int = 80
    poll_s: float = 30.0
    settings_poll_s: float = 300.0
    auth: tuple[str, ...] = ("none",)
    channels: int = 1

    @property
    def transport(self) -> str:
        """Return how the device is reached."""
        return "http"

    @property
    def max_age_s(self) -> float:
        """Return how old a value may be before it counts as none: three missed polls."""
        return 3 * self.poll_s


@dataclass(frozen=True, kw_only=True)
class MqttLink:
    """What the device publishes.

    prefix : What its topics begin with unless people changed it; `{prefix}` stands for it.
    max_age_s : Silence after which its values count as old.
    ask : Messages that make the device say everything at once; sent when EMS begins to listen. They switch nothing.
    """

    topics: Mapping[str, Topic]
    prefix: str = ""
    alive: Alive | None = None
    ask: tuple[Send, ...] = ()
    max_age_s: float = 120.0
    channels: int = 1

    @property
    def transport(self) -> str:
        """Return how the device is reached."""
        return "mqtt"


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A place in what a request or a topic brings."""

    origin: str
    path: Path

    @override
    def __str__(self) -> str:
        """Return it as errors and proofs show it."""
        return f"{self.origin}:{shown(self.path)}"


@dataclass(frozen=True, kw_only=True)
class DocumentPoint(Quantity):
    """One value of a document, raw × factor; or of several, which add up: three phases' counters.

    spots : Where it stands, first where it is read back after a write.
    values : Raw value → our word, None for numbers and plain texts.
    absent : Raw values that mean "not available"; null always does.
    whole : The device takes whole numbers only; what is sent is rounded.
    """

    spots: tuple[Spot, ...]
    values: Mapping[Code, str | int] | None = None
    absent: frozenset[Code | float] = frozenset()
    send: Send | None = None
    whole: bool = False

    @property
    @override
    def codes(self) -> Mapping[int | str, str | int] | None:
        """Return the number of each word, None for numbers and plain texts.

        Where a device says words instead of numbers, yes is 1 and no is 0, and texts are counted.
        """
        if self.values is None and self.kind is Kind.FLAG:
            return {1: True, 0: False}
        if self.values is None or all(type(code) is int for code in self.values):
            return self.values
        if self.kind is Kind.FLAG:
            return {int(word): word for word in self.values.values()}
        return dict(enumerate(dict.fromkeys(self.values.values())))

    @property
    @override
    def place(self) -> str:
        """Return what is asked and where in the answer it stands."""
        return str(self.spots[0])

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the requests or topics it needs, each once."""
        return tuple(dict.fromkeys(spot.origin for spot in self.spots))


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Something a document must say: proof that this is the device."""

    spot: Spot
    means: str
    equals: frozenset[str] | None = None
    matches: str | None = None


@dataclass(frozen=True, kw_only=True)
class DocumentIdentity:
    """Where a device says who it is."""

    manufacturer: str
    model: Spot | None = None
    serial: Spot | None = None
    firmware: Spot | None = None
    expect: tuple[Proof, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DocumentProfile(Family[DocumentPoint]):
    """One device family that speaks in documents."""

    link: HttpLink | MqttLink
    identity: DocumentIdentity

    def unique_serial(self, serial: str, channel: int) -> str:
        """Return what tells this meter from every other: its serial, with the channel where there are several."""
        return f"{serial}-{channel}" if self.link.channels > 1 else serial

    def filled(self, *, channel: int = 0, prefix: str = "") -> DocumentProfile:
        """Return the profile of one channel behind one prefix: nothing is left to be filled in but `{value}`."""
        fill = _Filler(channel, prefix)
        return replace(
            self,
            link=fill.link(self.link),
            identity=fill.identity(self.identity),
            roles={
                name: replace(
                    role,
                    readings={key: fill.point(point) for key, point in role.readings.items()},
                    settings={key: fill.point(point) for key, point in role.settings.items()},
                )
                for name, role in self.roles.items()
            },
        )


class _Filler:
    """Puts channel and prefix where a profile leaves room for them."""

    def __init__(self, channel: int, prefix: str) -> None:
        self._channel, self._prefix = str(channel), prefix

    def text(self, text: str) -> str:
        return text.replace("{channel}", self._channel).replace("{prefix}", self._prefix)

    def path(self, path: Iterable[str]) -> Path:
        return tuple(self.text(step) for step in path)

    def link(self, link: HttpLink | MqttLink) -> HttpLink | MqttLink:
        if isinstance(link, HttpLink):
            requests = {
                key: replace(each, path=self.text(each.path), body=each.body and self.text(each.body))
                for key, each in link.requests.items()
            }
            return replace(link, requests=requests)
        topics = {key: replace(each, topic=self.text(each.topic)) for key, each in link.topics.items()}
        alive = link.alive and replace(link.alive, topic=self.text(link.alive.topic))
        return replace(link, topics=topics, alive=alive, ask=tuple(self.send(each) for each in link.ask))

    def send(self, send: Send) -> Send:
        return replace(send, target=self.text(send.target), body=send.body and self.text(send.body))

    def point(self, point: DocumentPoint) -> DocumentPoint:
        send = point.send and self.send(point.send)
        return replace(point, spots=tuple(self._filled(spot) for spot in point.spots), send=send)

    def identity(self, identity: DocumentIdentity) -> DocumentIdentity:
        return replace(
            identity,
            model=self._spot(identity.model),
            serial=self._spot(identity.serial),
            firmware=self._spot(identity.firmware),
            expect=tuple(replace(proof, spot=self._filled(proof.spot)) for proof in identity.expect),
        )

    def _spot(self, spot: Spot | None) -> Spot | None:
        return None if spot is None else self._filled(spot)

    def _filled(self, spot: Spot) -> Spot:
        return replace(spot, path=self.path(spot.path))
