"""Getting JSON politely: every way a service can fail, over a real socket."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.ems.sources.errors import (
    SourceAuthError,
    SourceConnectionError,
    SourceError,
    SourceRateLimitError,
    SourceResponseError,
)
from custom_components.ems.sources.http import BYTES_MAX, Patience, async_get_json


async def get(session, service, **patience):
    return await async_get_json(
        session, f"{service.base_url}/x", {"a": "1"}, Patience(wait_s=1, **patience), service.sleep
    )


async def test_an_answer_is_an_answer(session, service):
    service.will({"fine": True})
    assert await get(session, service) == {"fine": True}
    assert service.asked == [("/x", {"a": "1"})]
    assert service.waits == []


async def test_trouble_is_waited_out_with_longer_and_longer_pauses(session, service):
    service.will("", 503)
    service.will("", 500)
    service.will([1])
    assert await get(session, service) == [1]
    assert service.waits == [1, 2]


async def test_lasting_trouble_is_a_connection_error(session, service):
    service.will("", 502)
    with pytest.raises(SourceConnectionError, match="502"):
        await get(session, service)
    assert len(service.asked) == 3


async def test_the_services_own_pause_is_kept(session, service):
    service.will("", 429, {"Retry-After": "7"})
    service.will([1])
    assert await get(session, service) == [1]
    assert service.waits == [7]


async def test_a_long_pause_is_the_callers_to_keep(session, service):
    """Nobody waits an hour inside a request; the coordinator does."""
    service.will("", 429, {"Retry-After": "3600"})
    with pytest.raises(SourceRateLimitError) as caught:
        await get(session, service)
    assert caught.value.retry_after_s == 3600
    assert len(service.asked) == 1


async def test_a_pause_may_be_a_date(session, service):
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    service.will("", 429, {"Retry-After": later})
    with pytest.raises(SourceRateLimitError) as caught:
        await get(session, service)
    assert 3500 < caught.value.retry_after_s <= 3600


@pytest.mark.parametrize("header", [{}, {"Retry-After": "soon"}, {"Retry-After": "-5"}])
async def test_a_pause_that_is_not_said_is_backed_off_from(session, service, header):
    service.will("", 429, header)
    with pytest.raises(SourceRateLimitError) as caught:
        await get(session, service)
    assert caught.value.retry_after_s is None
    assert service.waits == [1, 2]


async def test_a_refusal_is_not_repeated_and_says_why(session, service):
    service.will({"error": True, "reason": "Latitude must be in range"}, 400)
    with pytest.raises(SourceResponseError, match="Latitude must be in range"):
        await get(session, service)
    assert len(service.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_door_that_stays_shut_is_not_knocked_at_again(session, service, status):
    service.will({"error": "who are you?"}, status)
    with pytest.raises(SourceAuthError, match="who are you"):
        await get(session, service)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "body",
    ['{"data": [1, 2', "<html>maintenance</html>", "", '{"price": NaN}', "[" * 200_000],
    ids=["truncated", "html", "empty", "nan", "deep"],
)
async def test_what_is_no_json_is_a_response_error(session, service, body):
    service.will(body)
    with pytest.raises(SourceResponseError, match="not JSON"):
        await get(session, service)


async def test_an_endless_answer_is_cut(session, service):
    service.will('"' + "x" * BYTES_MAX + '"')
    with pytest.raises(SourceResponseError, match="above"):
        await get(session, service)


async def test_a_closed_port_is_a_connection_error(session, service):
    with pytest.raises(SourceConnectionError):
        await async_get_json(session, "http://127.0.0.1:1/x", {}, Patience(attempts=2), service.sleep)
    assert service.waits == [1.0]


@pytest.mark.usefixtures("socket_enabled")
async def test_a_service_that_hangs_is_given_up(session):
    never = asyncio.Event()

    async def hang(_request):
        await never.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/", hang)
    async with TestServer(app) as server:
        with pytest.raises(SourceConnectionError):
            await async_get_json(session, str(server.make_url("/")), {}, Patience(timeout_s=0.05, attempts=1))
        never.set()


@pytest.mark.usefixtures("socket_enabled")
async def test_a_line_that_breaks_in_the_middle_is_a_connection_error(session):
    async def half(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(half, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(SourceConnectionError):
            await async_get_json(session, f"http://127.0.0.1:{port}/", {}, Patience(attempts=1))


async def test_an_address_that_is_none_is_one_of_our_errors(session, service):
    with pytest.raises(SourceError):
        await async_get_json(session, "http://:bad/", {}, Patience(attempts=1), service.sleep)


async def test_no_attempt_is_an_error_too(session, service):
    with pytest.raises(SourceConnectionError, match="no attempt"):
        await get(session, service, attempts=0)
