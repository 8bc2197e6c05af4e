"""Listen to one topic until somebody says something on it."""

import asyncio
from typing import Final

from homeassistant.core import HomeAssistant

from ..adapters.mqtt_link import HomeAssistantBroker
from ..devices import DeviceConnectionError, Message
from .probe import ProbeError

# Most meters speak every ten seconds or oftener; who sets a device up waits this long.
HEAR_S: Final = 20.0


async def async_hear(hass: HomeAssistant, topic: str) -> str:
    """Return the next message, or the one that the broker kept. Raises ProbeError where none comes."""
    if not topic or "+" in topic or "#" in topic:
        raise ProbeError("topic_wildcard", topic)
    said: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def heard(message: Message) -> None:
        if not said.done():
            said.set_result(message.payload)

    try:
        unsubscribe = await HomeAssistantBroker(hass).async_subscribe(topic, heard)
    except DeviceConnectionError as err:
        raise ProbeError("cannot_connect", str(err)) from err
    try:
        async with asyncio.timeout(HEAR_S):
            return await said
    except TimeoutError:
        raise ProbeError("no_message", topic) from None
    finally:
        unsubscribe()
