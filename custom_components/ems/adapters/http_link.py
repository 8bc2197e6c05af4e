"""Where a web server is and how it lets us in, from what a subentry keeps."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..devices import Access, HttpClient
from ..devices.profile import HttpLink

CONF_AUTH = "auth"
CONF_VERIFY_SSL = "verify_ssl"
CONF_HEADERS = "headers"


def http_client(hass: HomeAssistant, link: Mapping[str, Any], known: HttpLink) -> HttpClient:
    """Return a client for a stored link, on the session that Home Assistant shares."""
    return HttpClient(async_get_clientsession(hass), access_of(link, known))


def access_of(link: Mapping[str, Any], known: HttpLink) -> Access:
    """Return where a device is. A profile knows which kind of password its devices want."""
    password = link.get(CONF_PASSWORD) or ""
    kinds = [kind for kind in known.auth if kind != "none"]
    auth = link.get(CONF_AUTH) or (kinds[0] if password and kinds else "none")
    return Access(
        base_url=base_url(link),
        auth=auth,
        username=link.get(CONF_USERNAME) or "admin",
        password=password,
        verify_ssl=link.get(CONF_VERIFY_SSL, True),
        headers=headers_of(link.get(CONF_HEADERS) or ""),
    )


def base_url(link: Mapping[str, Any]) -> str:
    """Return scheme, host and port."""
    if CONF_URL in link:
        parts = urlsplit(link[CONF_URL])
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    host = link[CONF_HOST]
    return f"http://{f'[{host}]' if ':' in host else host}:{link[CONF_PORT]}"


def headers_of(text: str) -> dict[str, str]:
    """Return `Name: value` lines as headers. Raises ValueError for a line that is none."""
    headers: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not name.strip().replace("-", "").isalnum():
            raise ValueError(line)
        headers[name.strip()] = value.strip()
    return headers
