"""Home Assistant's REST API."""

from collections.abc import Mapping
from typing import Any

from aiohttp import ClientSession


class RestError(Exception):
    """Home Assistant answered with an error status; the text is its own."""

    def __init__(self, method: str, path: str, status: int, text: str) -> None:
        """Keep the status beside the message."""
        super().__init__(f"{method} {path}: {status} {text}")
        self.status = status
        self.text = text


class Rest:
    """One logged-in client."""

    def __init__(self, session: ClientSession, base: str, token: str) -> None:
        """Use a long-lived token, so that a long test does not outlive it."""
        self._session = session
        self._base = base
        self._headers = {"Authorization": f"Bearer {token}"}

    async def request(self, method: str, path: str, body: object = None) -> Any:
        """Return the decoded answer, or its text where it is no JSON."""
        url = f"{self._base}{path}"
        async with self._session.request(method, url, json=body, headers=self._headers) as response:
            if not response.ok:
                raise RestError(method, path, response.status, await response.text())
            is_json = response.content_type == "application/json"
            return await response.json() if is_json else await response.text()

    async def get(self, path: str) -> Any:
        """GET."""
        return await self.request("GET", path)

    async def post(self, path: str, body: object = None) -> Any:
        """POST."""
        return await self.request("POST", path, body if body is not None else {})

    async def call(self, action: str, **data: object) -> None:
        """Call an action that returns nothing."""
        await self.post(f"/api/services/{action.replace('.', '/')}", data)

    async def call_with_response(self, action: str, **data: object) -> Any:
        """Call an action and return its response."""
        answer = await self.post(f"/api/services/{action.replace('.', '/')}?return_response", data)
        return answer["service_response"]

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return every state by entity id."""
        found: list[dict[str, Any]] = await self.get("/api/states")
        return {state["entity_id"]: state for state in found}

    async def state(self, entity_id: str) -> Mapping[str, Any]:
        """Return one state."""
        found: Mapping[str, Any] = await self.get(f"/api/states/{entity_id}")
        return found
