"""One device behind a web server: few and small answers, its wishes respected, every failure one of ours."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import json
import time
from typing import Any, Final, NoReturn

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DigestAuthMiddleware,
    encode_basic_auth,
)
from yarl import URL

from .errors import DeviceAuthError, DeviceBusyError, DeviceConnectionError, DeviceResponseError
from .profile.documents import Request

# The largest honest answer (everything a charger knows) has 40 kB.
BYTES_MAX: Final = 256 * 1024
TIMEOUT_S: Final = 10.0
# A device that asks for more than this is not waited for in silence: it is said to be away until then.
_RETRY_DEFAULT_S: Final = 30.0
_RETRY_MAX_S: Final = 3600.0
_REDIRECTS_MAX: Final = 3


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where a device is and how it lets us in.

    auth : "none", "basic", "digest" or "bearer"; `password` holds the token of the last.
    """

    base_url: str
    auth: str = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    verify_ssl: bool = True
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class HttpClient:
    """Asks one device, one request at a time: small web servers drop the second."""

    def __init__(
        self,
        session: ClientSession,
        access: Access,
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Borrow a session. Nothing is sent yet."""
        self._session = session
        self._access = access
        self._base = URL(access.base_url)
        self._timeout = ClientTimeout(total=timeout_s)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._free_at_s = 0.0
        self._digest = (
            DigestAuthMiddleware(access.username, access.password) if access.auth == "digest" else None
        )

    async def async_json(self, request: Request) -> Any:
        """Return the document that a request brings."""
        return _parsed(_what(request), await self.async_send(request))

    async def async_send(self, request: Request) -> bytes:
        """Return the body of an answer. Raises one of this layer's errors where there is none."""
        what = _what(request)
        async with self._lock:
            if (wait_s := self._free_at_s - self._clock()) > 0:
                raise DeviceBusyError(f"{what}: the device wants to be left alone for {wait_s:.0f} s", wait_s)
            try:
                return await self._async_follow(what, request)
            except DeviceBusyError as err:
                self._free_at_s = self._clock() + err.retry_after_s
                raise
            except TimeoutError as err:
                raise DeviceConnectionError(
                    f"{what}: no whole answer within {self._timeout.total:g} s"
                ) from err
            except (ClientError, OSError, ValueError) as err:
                # aiohttp raises ValueError for headers and addresses that cannot be.
                raise DeviceConnectionError(f"{what}: {err or type(err).__name__}") from err

    async def _async_follow(self, what: str, request: Request) -> bytes:
        """Ask, and go where the device sends us, as long as that is itself: nobody else gets the password."""
        url = self._base.join(URL(request.path))
        for _ in range(_REDIRECTS_MAX):
            target, body = await self._async_once(what, request, url)
            if target is None:
                return body
            url = url.join(URL(target))
            if url.host != self._base.host or request.method != "GET":
                raise DeviceResponseError(
                    f"{what}: is sent on to {url.host}; set up the device that is meant"
                )
            if self._base.scheme == "https" and url.scheme != "https":
                raise DeviceResponseError(f"{what}: is sent on to a connection that is not encrypted")
        raise DeviceResponseError(f"{what}: is sent on again and again")

    async def _async_once(self, what: str, request: Request, url: URL) -> tuple[str | None, bytes]:
        access = self._access
        headers = {"Accept": "application/json", **access.headers}
        if access.auth == "basic":
            headers["Authorization"] = encode_basic_auth(access.username, access.password)
        if access.auth == "bearer":
            headers["Authorization"] = f"Bearer {access.password}"
        if request.body is not None:
            headers.setdefault("Content-Type", "application/json")
        async with self._session.request(
            request.method,
            url,
            data=request.body,
            headers=headers,
            middlewares=(self._digest,) if self._digest else None,
            allow_redirects=False,
            ssl=access.verify_ssl,
            timeout=self._timeout,
        ) as response:
            _check(what, response)
            if response.status in {301, 302, 303, 307, 308}:
                return response.headers.get("Location", ""), b""
            return None, await _async_body(what, response)


def _what(request: Request) -> str:
    """Return how errors call a request; a query may hold a token."""
    return f"{request.method} {request.path.partition('?')[0]}"


def _check(what: str, response: ClientResponse) -> None:
    status = response.status
    if status in {401, 403}:
        raise DeviceAuthError(f"{what}: HTTP {status}, the device wants another user name, password or token")
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        raise DeviceBusyError(f"{what}: HTTP {status}, asked too often", _retry_after_s(response))
    if status >= 500:
        raise DeviceConnectionError(f"{what}: HTTP {status}, the device fails")
    if status >= 400:
        raise DeviceResponseError(f"{what}: HTTP {status}, the device does not know this request")


async def _async_body(what: str, response: ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(16384):
        body += chunk
        if len(body) > BYTES_MAX:
            raise DeviceResponseError(f"{what}: the answer has more than {BYTES_MAX // 1024} kB")
    return bytes(body)


def _retry_after_s(response: ClientResponse) -> float:
    """Read Retry-After, which is either seconds or a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text[:9]), _RETRY_MAX_S)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return _RETRY_DEFAULT_S
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), _RETRY_MAX_S)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _parsed(what: str, body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        start = body[:60].decode(errors="replace")
        raise DeviceResponseError(f"{what}: answered with {start!r}, which is no JSON") from err
