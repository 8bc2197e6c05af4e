"""A device that posts, and the homes it posts to."""

from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.devices.push import hash_of
from tests.ha.clock import settle

KEY = "a-key-that-nobody-guesses"
KEY_ID = "0011223344556677"


def push_device(
    role: str = "meter",
    name: str = "Hall",
    *,
    key_id: str = KEY_ID,
    key: str | None = KEY,
    params: dict[str, Any] | None = None,
    **source: Any,
) -> dict[str, Any]:
    """Return a subentry that posts what flowed in each minute."""
    return {
        "subentry_type": role,
        "title": name,
        "unique_id": f"{role}:{key_id}",
        "data": {
            "name": name,
            "source": {
                "kind": "push",
                "serial": key_id,
                "key_hash": None if key is None else hash_of(key),
                "key_made_s": 0.0,
                "energy": "interval",
                "interval_s": 60,
                "facility_id": None,
                **source,
            },
            "params": params or {"position": "grid"},
        },
    }


def counted_kwh(entry: MockConfigEntry, point: str = "import_energy") -> float:
    """Return what the site's only device has counted; its entity shows that once a minute."""
    (device,) = entry.runtime_data.devices.values()
    return float(device.value(point)) / 1000


class Poster:
    """Posts to Home Assistant's own web server."""

    def __init__(self, hass: HomeAssistant, client: TestClient[Any, Any]) -> None:
        """Remember both."""
        self._hass, self.client = hass, client

    async def post(
        self,
        *,
        key: str | None = KEY,
        key_id: str = KEY_ID,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> ClientResponse:
        """Post a report, and wait until the home has made something of it."""
        headers = {**({} if key is None else {"X-API-Key": key}), **(headers or {})}
        answer = await self.client.post(f"/api/ems/ingest/{key_id}", json=fields, headers=headers)
        await settle(self._hass)
        return answer

    async def send(self, data: Any, *, key_id: str = KEY_ID, **headers: str) -> ClientResponse:
        """Post any body with the right key."""
        sent = {"X-API-Key": KEY, "Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return await self.client.post(f"/api/ems/ingest/{key_id}", data=data, headers=sent)

    async def status(self, *, key: str = KEY, key_id: str = KEY_ID) -> ClientResponse:
        """Ask for status and configuration."""
        return await self.client.get(f"/api/ems/ingest/{key_id}", headers={"X-API-Key": key})
