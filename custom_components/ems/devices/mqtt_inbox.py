"""Keeps the last message of every topic of a device, as documents with the time they came."""

import asyncio
from collections.abc import Callable, Collection, Mapping
import json
from typing import Any, Final, NoReturn

from .broker import Broker, Message, Unsubscribe
from .document_codec import Document
from .http_client import BYTES_MAX
from .profile.documents import MqttLink, Topic

# How long a device that can be asked may be silent before it is, at most.
ASK_AGAIN_S: Final = 300.0


class MqttInbox:
    """Subscribes to what a profile names. One topic may bring several documents: plain, and as JSON."""

    def __init__(self, link: MqttLink, broker: Broker, clock: Callable[[], float]) -> None:
        """Remember what to listen to. Nothing is subscribed yet."""
        self._link, self._broker, self._clock = link, broker, clock
        self._unsubscribe: list[Unsubscribe] = []
        self._listeners: list[Callable[[], None]] = []
        self.documents: dict[str, Document] = {}
        self.broken: dict[str, str] = {}  # topic by name → why its last message could not be used
        self.is_dead = False
        self._asked_at_s = float("-inf")

    async def async_open(self) -> None:
        """Subscribe, once."""
        if self._unsubscribe:
            return
        topics = {topic.topic for topic in self._link.topics.values()}
        if self._link.alive:
            topics.add(self._link.alive.topic)
        try:
            for topic in sorted(topics):
                self._unsubscribe.append(await self._broker.async_subscribe(topic, self._on_message))
            await self._async_ask()
        except BaseException:
            self.close()
            raise

    async def async_ask_again(self, names: Collection[str]) -> None:
        """Ask anew where a topic has been silent for long: a relay that stays as it is says nothing by itself."""
        if not self._link.ask:
            return
        oldest_s = min((self.documents[name].at_s for name in names if name in self.documents), default=0.0)
        silent_s = self._clock() - max(oldest_s, self._asked_at_s)
        if silent_s >= min(ASK_AGAIN_S, self._link.max_age_s / 2):
            await self._async_ask()

    async def _async_ask(self) -> None:
        self._asked_at_s = self._clock()
        for ask in self._link.ask:
            await self._broker.async_publish(ask.target, ask.body or "", retain=False)

    def close(self) -> None:
        """Listen no more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()

    def listen(self, on_news: Callable[[], None]) -> Callable[[], None]:
        """Call back after every message; return what ends it."""
        self._listeners.append(on_news)
        return lambda: self._listeners.remove(on_news)

    async def async_wait(self, names: Collection[str], seconds: float) -> None:
        """Wait until every named topic has brought something, or for so long."""
        news = asyncio.Event()
        end = self.listen(news.set)
        try:
            async with asyncio.timeout(seconds):
                while not set(names) <= self.documents.keys() | self.broken.keys():
                    await news.wait()
                    news.clear()
        except TimeoutError:
            pass  # who waits looks at what came
        finally:
            end()

    def topics(self, names: Collection[str]) -> str:
        """Return topics as errors name them."""
        found = sorted({self._link.topics[name].topic for name in names})
        return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")

    def _on_message(self, message: Message) -> None:
        if self._link.alive and message.topic == self._link.alive.topic:
            self.is_dead = message.payload.strip() != self._link.alive.word
        for name, topic in self._link.topics.items():
            if topic.topic == message.topic:
                self._take(name, topic, message.payload)
        for listener in tuple(self._listeners):
            listener()

    def _take(self, name: str, topic: Topic, payload: str) -> None:
        try:
            content = _content(topic, payload)
        except (ValueError, RecursionError) as err:
            self.broken[name] = f"{topic.topic}: {err}"
            return
        self.broken.pop(name, None)
        self.documents[name] = Document(content=content, at_s=self._clock())


def newest_s(documents: Mapping[str, Document], names: Collection[str]) -> float:
    """Return when the last of some documents came, −∞ where none did. [s since the epoch]."""
    return max((documents[name].at_s for name in names if name in documents), default=float("-inf"))


def _content(topic: Topic, payload: str) -> Any:
    if len(payload) > BYTES_MAX:
        raise ValueError(f"a message of more than {BYTES_MAX // 1024} kB")
    if not topic.json:
        return payload.strip()
    try:
        return json.loads(payload, parse_constant=_refuse_constant)
    except ValueError as err:
        raise ValueError(f"{payload[:60]!r} is no JSON") from err


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
