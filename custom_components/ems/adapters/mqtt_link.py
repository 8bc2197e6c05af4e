"""Home Assistant's MQTT integration as the broker that devices speak through."""

import asyncio
from typing import override

from homeassistant.components import mqtt
from homeassistant.components.mqtt.models import ReceiveMessage
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..devices import Broker, DeviceConnectionError, Message
from ..devices.broker import OnMessage, Unsubscribe

# What is lost on the way is sent again, once.
QOS = 1
CLIENT_WAIT_S = 5.0


class HomeAssistantBroker(Broker):
    """Subscribes and publishes through the broker that Home Assistant is connected to."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Remember whose broker. Nothing is subscribed yet."""
        self._hass = hass

    @override
    async def async_subscribe(self, topic: str, on_message: OnMessage) -> Unsubscribe:
        """Hand every message of a topic over, what the broker kept first."""

        @callback
        def received(message: ReceiveMessage) -> None:
            on_message(Message(topic=message.topic, payload=str(message.payload), retained=message.retain))

        # Without the integration there is no client, and waiting for one would only take time.
        if not self._hass.config_entries.async_entries("mqtt"):
            raise DeviceConnectionError(
                "Home Assistant's MQTT integration is not set up; add it under Settings → Devices & services"
            )
        if not await self._async_is_there():
            raise DeviceConnectionError("Home Assistant's MQTT integration is not connected to its broker")
        try:
            return await mqtt.async_subscribe(self._hass, topic, received, qos=QOS)
        except HomeAssistantError as err:
            raise DeviceConnectionError(f"{topic}: {err}") from err

    async def _async_is_there(self) -> bool:
        """Wait for the client, but not as long as Home Assistant would: somebody may look at a form."""
        try:
            async with asyncio.timeout(CLIENT_WAIT_S):
                return await mqtt.async_wait_for_mqtt_client(self._hass)
        except TimeoutError:
            return False

    @override
    async def async_publish(self, topic: str, payload: str, *, retain: bool) -> None:
        """Send a message."""
        try:
            await mqtt.async_publish(self._hass, topic, payload, qos=QOS, retain=retain)
        except HomeAssistantError as err:
            raise DeviceConnectionError(f"{topic}: {err}") from err
