"""Home Assistant's websocket API, one command at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse


class WebsocketError(Exception):
    """A command was refused; the text is Home Assistant's own."""


class Websocket:
    """An authenticated connection."""

    def __init__(self, connection: ClientWebSocketResponse) -> None:
        """Wrap a connection; use `connect`."""
        self._connection = connection
        self._last_id = 0

    @classmethod
    @asynccontextmanager
    async def connect(cls, session: ClientSession, base: str, token: str) -> AsyncIterator[Self]:
        """Connect and authenticate."""
        url = f"{base.replace('http', 'ws', 1)}/api/websocket"
        # Registries of a large home exceed aiohttp's 4 MiB.
        async with session.ws_connect(url, max_msg_size=64 * 1024 * 1024) as connection:
            await connection.receive_json()  # auth_required
            await connection.send_json({"type": "auth", "access_token": token})
            answer = await connection.receive_json()
            if answer["type"] != "auth_ok":
                raise WebsocketError(f"authentication: {answer}")
            yield cls(connection)

    async def call(self, command: str, **fields: object) -> Any:
        """Send a command and return its result."""
        self._last_id += 1
        await self._connection.send_json({"id": self._last_id, "type": command, **fields})
        while True:
            answer = await self._connection.receive_json()
            if answer.get("id") != self._last_id or answer["type"] != "result":
                continue  # an event of an older subscription
            if not answer["success"]:
                raise WebsocketError(f"{command}: {answer['error']}")
            return answer["result"]
