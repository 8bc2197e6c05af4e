"""What the MQTT devices need of a broker's client. Home Assistant's MQTT integration is one, a test's is another."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message. Retained ones are what the broker kept from before."""

    topic: str
    payload: str
    retained: bool = False


type OnMessage = Callable[[Message], None]
type Unsubscribe = Callable[[], None]


class Broker(Protocol):
    """Brings messages and takes them. Failures are DeviceConnectionError."""

    async def async_subscribe(self, topic: str, on_message: OnMessage) -> Unsubscribe:
        """Hand every message of a topic over, what the broker kept first; return what ends it."""

    async def async_publish(self, topic: str, payload: str, *, retain: bool) -> None:
        """Send a message."""
