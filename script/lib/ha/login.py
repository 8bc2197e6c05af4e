"""From a fresh Home Assistant to a token: onboarding the first time, the stored refresh token afterwards."""

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientSession


@dataclass(frozen=True, kw_only=True)
class User:
    """Who logs in."""

    name: str = "Demo"
    username: str = "demo"
    password: str = "demo"  # noqa: S105 - a demo on loopback; it is printed on the screen


async def _exchange(session: ClientSession, base: str, grant: dict[str, str]) -> dict[str, Any]:
    async with session.post(f"{base}/auth/token", data={**grant, "client_id": f"{base}/"}) as response:
        response.raise_for_status()
        tokens: dict[str, Any] = await response.json()
    return tokens


async def onboard(session: ClientSession, base: str, user: User) -> dict[str, Any]:
    """Create the owner of a fresh instance and return the tokens."""
    body = {
        "name": user.name,
        "username": user.username,
        "password": user.password,
        "client_id": f"{base}/",
        "language": "en",
    }
    async with session.post(f"{base}/api/onboarding/users", json=body) as response:
        response.raise_for_status()
        code = (await response.json())["auth_code"]
    return await _exchange(session, base, {"grant_type": "authorization_code", "code": code})


async def log_in(session: ClientSession, base: str, user: User) -> dict[str, Any]:
    """Log in as a browser does: provider, user name and password, code, tokens."""
    start = {"client_id": f"{base}/", "handler": ["homeassistant", None], "redirect_uri": f"{base}/"}
    async with session.post(f"{base}/auth/login_flow", json=start) as response:
        response.raise_for_status()
        flow_id = (await response.json())["flow_id"]
    answer = {"client_id": f"{base}/", "username": user.username, "password": user.password}
    async with session.post(f"{base}/auth/login_flow/{flow_id}", json=answer) as response:
        response.raise_for_status()
        result = await response.json()
    if result["type"] != "create_entry":
        raise PermissionError(f"Home Assistant refused the login of {user.username}: {result.get('errors')}")
    return await _exchange(session, base, {"grant_type": "authorization_code", "code": result["result"]})


async def obtain_tokens(session: ClientSession, base: str, user: User, config_dir: Path) -> dict[str, Any]:
    """Return tokens, creating the owner when there is none yet."""
    onboarding = json.loads((config_dir / ".storage" / "onboarding").read_text(encoding="utf-8"))
    enter = log_in if "user" in onboarding["data"]["done"] else onboard
    return await enter(session, base, user)
