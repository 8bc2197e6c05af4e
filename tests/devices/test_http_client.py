"""Asking web servers that have bad manners: what comes out is a document, or one of our errors that says why."""

import pytest

from custom_components.ems.devices.errors import (
    DeviceAuthError,
    DeviceBusyError,
    DeviceConnectionError,
    DeviceResponseError,
)
from custom_components.ems.devices.http_client import BYTES_MAX, Access, HttpClient
from custom_components.ems.devices.profile.documents import Request

STATUS = Request(name="status", path="/status")


@pytest.fixture
def client(web, session):
    """Return a maker of clients of the server."""

    def make(clock=lambda: 1000.0, **access):
        return HttpClient(session, Access(base_url=web.base_url, **access), timeout_s=0.3, clock=clock)

    return make


async def test_a_document_is_read(web, client):
    web.documents["/status"] = {"power": 1.5}
    assert await client().async_json(STATUS) == {"power": 1.5}


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
async def test_a_password_is_proven_by_digest(web, client, algorithm):
    """The server works RFC 7616 out for itself; the password never travels."""
    web.documents["/status"] = {}
    web.digest = algorithm
    assert await client(auth="digest", username="admin", password="secret").async_json(STATUS) == {}
    assert not any("secret" in str(headers) for headers in web.sent)


async def test_a_wrong_password_asks_for_another_one(web, client):
    web.documents["/status"] = {}
    web.digest = "SHA-256"
    with pytest.raises(DeviceAuthError, match=r"GET /status: HTTP 401.*password"):
        await client(auth="digest", username="admin", password="wrong").async_json(STATUS)


async def test_basic_and_bearer_are_sent_as_they_are_meant(web, client):
    web.documents["/status"] = {}
    web.basic = "Basic YWRtaW46c2VjcmV0"  # admin:secret
    await client(auth="basic", username="admin", password="secret").async_json(STATUS)
    web.basic = "Bearer t0ken"
    await client(auth="bearer", password="t0ken").async_json(STATUS)
    await client(headers={"Authorization": "Bearer t0ken"}).async_json(STATUS)


async def test_no_password_is_in_what_a_bug_report_prints():
    access = Access(base_url="http://x", auth="bearer", password="t0ken", headers={"X-Key": "k3y"})
    assert "t0ken" not in repr(access)
    assert "k3y" not in repr(access)


async def test_a_device_that_is_asked_too_often_is_left_alone(web, client):
    """Not one request more until the time that it named is over."""
    now = [1000.0]
    web.documents["/status"] = {}
    web.statuses["/status"] = 429
    web.headers["/status"] = {"Retry-After": "40"}
    asking = client(clock=lambda: now[0])
    with pytest.raises(DeviceBusyError) as busy:
        await asking.async_json(STATUS)
    assert busy.value.retry_after_s == 40
    web.statuses.clear()
    now[0] = 1039.0
    with pytest.raises(DeviceBusyError, match="left alone for 1 s"):
        await asking.async_json(STATUS)
    assert len(web.asked) == 1
    now[0] = 1041.0
    assert await asking.async_json(STATUS) == {}


@pytest.mark.parametrize(
    ("said", "waits_s"),
    [("", 30), ("soon", 30), ("99999999", 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
async def test_a_wish_that_makes_no_sense_is_given_a_sensible_end(web, client, said, waits_s):
    web.documents["/status"] = {}
    web.statuses["/status"] = 503
    web.headers["/status"] = {"Retry-After": said}
    with pytest.raises(DeviceBusyError) as busy:
        await client().async_json(STATUS)
    assert busy.value.retry_after_s == waits_s


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<html>login</html>", "GET /status: answered with '<html>login</html>', which is no JSON"),
        ('{"power": NaN}', "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("", "no JSON"),
        ('"' + "x" * BYTES_MAX + '"', "more than 256 kB"),
    ],
)
async def test_what_is_no_document_is_refused(web, client, body, error):
    web.documents["/status"] = body
    with pytest.raises(DeviceResponseError, match=error):
        await client().async_json(STATUS)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, DeviceResponseError),
        (400, DeviceResponseError),
        (500, DeviceConnectionError),
        (503, DeviceConnectionError),
        (403, DeviceAuthError),
    ],
)
async def test_every_status_has_its_consequence(web, client, status, error):
    web.documents["/status"] = {}
    web.statuses["/status"] = status
    with pytest.raises(error, match=f"HTTP {status}"):
        await client().async_json(STATUS)


async def test_a_body_that_never_ends_is_given_up(web, client):
    web.documents["/status"] = {}
    web.slow.add("/status")
    with pytest.raises(DeviceConnectionError, match=r"no whole answer within 0\.3 s"):
        await client().async_json(STATUS)


async def test_nobody_there_is_said(web, session):
    gone = HttpClient(session, Access(base_url="http://127.0.0.1:9"))
    with pytest.raises(DeviceConnectionError, match="GET /status"):
        await gone.async_json(STATUS)


async def test_a_redirect_on_the_device_is_followed(web, client):
    web.documents |= {"/status": {}, "/new": {"power": 1}}
    web.statuses["/status"] = 302
    web.headers["/status"] = {"Location": "/new"}
    assert await client().async_json(STATUS) == {"power": 1}


async def test_a_redirect_to_somebody_else_gets_nothing(web, client):
    """The password would go along."""
    web.documents["/status"] = {}
    web.statuses["/status"] = 307
    web.headers["/status"] = {"Location": web.base_url.replace("127.0.0.1", "localhost") + "/status"}
    with pytest.raises(DeviceResponseError, match="sent on to localhost"):
        await client(auth="basic", username="a", password="b").async_json(STATUS)
    assert len(web.asked) == 1


async def test_a_redirect_in_a_circle_ends(web, client):
    web.documents["/status"] = {}
    web.statuses["/status"] = 302
    web.headers["/status"] = {"Location": "/status"}
    with pytest.raises(DeviceResponseError, match="again and again"):
        await client().async_json(STATUS)


async def test_a_write_is_never_sent_on(web, client):
    web.documents["/set"] = {}
    web.statuses["/set"] = 307
    web.headers["/set"] = {"Location": "/other"}
    with pytest.raises(DeviceResponseError, match="sent on"):
        await client().async_send(Request(name="set", path="/set", method="POST", body="1"))


async def test_a_token_in_the_address_stays_out_of_errors(web, client):
    with pytest.raises(DeviceResponseError) as err:
        await client().async_json(Request(name="x", path="/x?token=t0ken"))
    assert "t0ken" not in str(err.value)
