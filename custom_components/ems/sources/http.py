"""One polite GET: time limit, back-off, and the service's own wishes respected."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import json
from typing import Any, NoReturn

from aiohttp import ClientError, ClientResponse, ClientResponseError, ClientSession, ClientTimeout

from .errors import SourceAuthError, SourceConnectionError, SourceRateLimitError, SourceResponseError

# The largest honest answer (a week of quarter-hours) has 0.2 MB.
BYTES_MAX = 4_000_000
UNAUTHORISED = (401, 403)
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
CLIENT_ERROR = 400

type Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to try.

    Attributes
    ----------
    timeout_s : For one attempt, from connecting to the last byte. [s]
    attempts : How often in all.
    wait_s : Before the second attempt; doubled before each further one. [s]
    wait_max_s : A service that asks for a longer pause is not waited for, the caller is told. [s]
    """

    timeout_s: float = 15.0
    attempts: int = 3
    wait_s: float = 1.0
    wait_max_s: float = 20.0


async def async_get_json(
    session: ClientSession,
    url: str,
    params: Mapping[str, str],
    patience: Patience | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Any:
    """Return the parsed answer of a GET; raises what `async_get` does, and `SourceResponseError` for no JSON."""
    return _parsed(url, await async_get(session, url, params, patience, sleep))


async def async_get(
    session: ClientSession,
    url: str,
    params: Mapping[str, str],
    patience: Patience | None = None,
    sleep: Sleep = asyncio.sleep,
) -> bytes:
    """Return the body of a GET.

    Raises `SourceConnectionError` when nobody answers or the service fails, `SourceRateLimitError` when it
    wants to be left alone, `SourceAuthError` when it does not know us, `SourceResponseError` when it refuses.
    No message quotes the parameters: a token may be among them.
    """
    patience = patience or Patience()
    for attempt in range(patience.attempts):
        last = attempt == patience.attempts - 1
        wait_s = patience.wait_s * 2**attempt
        try:
            return await _async_try(session, url, params, patience.timeout_s)
        except SourceConnectionError:
            if last:
                raise
        except SourceRateLimitError as err:
            wait_s = wait_s if err.retry_after_s is None else err.retry_after_s
            if last or wait_s > patience.wait_max_s:
                raise
        await sleep(wait_s)
    raise SourceConnectionError(f"{url}: no attempt was allowed")


async def _async_try(session: ClientSession, url: str, params: Mapping[str, str], timeout_s: float) -> bytes:
    try:
        async with session.get(url, params=params, timeout=ClientTimeout(total=timeout_s)) as response:
            body = await _async_body(url, response)
    except ClientResponseError as err:  # its own words quote the whole address, and so the token
        raise SourceConnectionError(f"{url}: {type(err).__name__}") from None
    except (ClientError, TimeoutError, OSError) as err:
        raise SourceConnectionError(f"{url}: {err or type(err).__name__}") from err
    if response.status == TOO_MANY_REQUESTS:
        raise SourceRateLimitError(f"{url}: too many requests", _retry_after_s(response))
    if response.status >= SERVER_ERROR:
        raise SourceConnectionError(f"{url}: HTTP {response.status}")
    if response.status in UNAUTHORISED:
        raise SourceAuthError(f"{url}: HTTP {response.status} {_excerpt(body)}")
    if response.status >= CLIENT_ERROR:
        raise SourceResponseError(f"{url}: HTTP {response.status} {_excerpt(body)}", body)
    return body


async def _async_body(url: str, response: ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > BYTES_MAX:
            raise SourceResponseError(f"{url}: answer above {BYTES_MAX} bytes")
    return bytes(body)


def _retry_after_s(response: ClientResponse) -> float | None:
    """Read Retry-After, which is either seconds or a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _parsed(url: str, body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        raise SourceResponseError(f"{url}: not JSON ({err}): {_excerpt(body)}") from err


def _excerpt(body: bytes) -> str:
    return repr(body[:120].decode(errors="replace"))
