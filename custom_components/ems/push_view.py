"""The address that devices post to: /api/ems/ingest/<key id>, with a key of their own."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.components.http.ban import process_wrong_login
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .adapters.push_hub import KEY, Admitted, PushHub
from .const import LOGGER
from .devices.push import PushInbox, PushRefusedError, Refusal, hash_of
from .push_status import push_status

URL: Final = "/api/ems/ingest/{key_id}"
HEADER: Final = "X-API-Key"
# Twenty times what the longest report needs; a microcontroller's mistakes stay small.
BODY_MAX_BYTES: Final = 8192
# A report is one packet: who needs longer holds a connection open for something else.
BODY_WITHIN_S: Final = 10.0
# A site is set up again in less.
_RELOAD_S: Final = 10
_STATUS: Final = {Refusal.INVALID: HTTPStatus.BAD_REQUEST, Refusal.REPEATED: HTTPStatus.CONFLICT}


@callback
def async_setup_push(hass: HomeAssistant) -> None:
    """Open the address, once: it outlives every site."""
    hass.data[KEY] = PushHub(hass)
    hass.http.register_view(PushView())


class _AnswerError(Exception):
    """An answer that ends the handling of a request."""

    def __init__(
        self, status: HTTPStatus, error: str, remedy: str, field: str | None = None, **headers: str
    ) -> None:
        super().__init__(error)
        self.status, self.remedy, self.field = status, remedy, field
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class PushView(HomeAssistantView):
    """Checks the key, then everything else. What it refuses says why, except to strangers."""

    url = URL
    name = "api:ems:ingest"
    requires_auth = False  # a device has no user; it shows its own key

    async def post(self, request: web.Request, key_id: str) -> web.Response:
        """Take a report."""
        try:
            admitted = await self._async_admitted(request, key_id)
            inbox = self._loaded(admitted)
            ignored = await self._async_take(request, inbox)
        except _AnswerError as err:
            return self._refused(err)
        except PushRefusedError as err:
            return self._refused(_AnswerError(_STATUS[err.kind], str(err), err.remedy, err.field))
        return self.json(
            {
                "accepted": True,
                "next_report_s": inbox.setup.interval_s,
                "ignored": ignored,
                "server_time": dt_util.utcnow().isoformat(),
            }
        )

    async def get(self, request: web.Request, key_id: str) -> web.Response:
        """Tell a device how it is set up, and what came of its reports."""
        try:
            inbox = self._loaded(await self._async_admitted(request, key_id))
        except _AnswerError as err:
            return self._refused(err)
        return self.json(push_status(key_id, inbox, dt_util.utcnow().timestamp()))

    async def _async_admitted(self, request: web.Request, key_id: str) -> Admitted:
        """Check the key and the rate."""
        hub = request.app[KEY_HASS].data[KEY]
        secret = request.headers.get(HEADER, "")
        admitted = hub.admit(key_id, secret)
        if admitted is None:
            await _async_note_stranger(request, hub, key_id, secret)
            raise _AnswerError(
                HTTPStatus.FORBIDDEN,
                "unknown device, or wrong key",
                f"Check the address and the header {HEADER}. A new key can be made in Home Assistant.",
            )
        wait_s = hub.wait_s(key_id, admitted.setup, request.method)
        if wait_s is not None:
            if admitted.inbox and request.method == hdrs.METH_POST:
                admitted.inbox.refuse("too many reports", dt_util.utcnow().timestamp())
            raise _AnswerError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many requests",
                f"Report every {admitted.setup.interval_s:g} s, or change the interval in Home Assistant.",
                Retry_After=f"{int(wait_s) + 1}",
            )
        return admitted

    def _loaded(self, admitted: Admitted) -> PushInbox:
        if admitted.inbox is None:
            raise _AnswerError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the home is not loaded",
                "Try again later. If it stays, look at EMS under the integrations of Home Assistant.",
                Retry_After=str(_RELOAD_S),
            )
        return admitted.inbox

    async def _async_take(self, request: web.Request, inbox: PushInbox) -> tuple[str, ...]:
        """Read the body and hand it over."""
        try:
            _check_type(request)
            body = await _async_body(request)
        except _AnswerError as err:
            inbox.refuse(str(err), dt_util.utcnow().timestamp())
            raise
        return inbox.take(body, dt_util.utcnow().timestamp())

    def _refused(self, err: _AnswerError) -> web.Response:
        return self.json(
            {
                "error": str(err),
                "field": err.field,
                "remedy": err.remedy,
                "server_time": dt_util.utcnow().isoformat(),
            },
            err.status,
            err.headers,
        )


def _check_type(request: web.Request) -> None:
    """Take JSON in UTF-8, as it is: a compressed body could be as large as it likes."""
    charset = (request.charset or "utf-8").lower()
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower()
    if request.content_type != "application/json" or charset != "utf-8" or encoding != "identity":
        raise _AnswerError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "the body is not said to be plain JSON",
            "Send Content-Type: application/json, in UTF-8, not compressed.",
        )


async def _async_body(request: web.Request) -> bytes:
    """Return the body, as far as it is not longer than a report can be. Without a length it is counted as it comes."""
    if (request.content_length or 0) > BODY_MAX_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > BODY_MAX_BYTES:
                    raise _too_large()
    except TimeoutError as err:
        raise _AnswerError(
            HTTPStatus.REQUEST_TIMEOUT,
            "the body did not come in time",
            f"Send all of it within {BODY_WITHIN_S:g} s.",
        ) from err
    return bytes(body)


def _too_large() -> _AnswerError:
    return _AnswerError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "the body is too large",
        f"Send one report per request, at most {BODY_MAX_BYTES} bytes.",
    )


async def _async_note_stranger(request: web.Request, hub: PushHub, key_id: str, secret: str) -> None:
    """Log who was refused, once; count a guess towards Home Assistant's ban of addresses, once per guess.

    A device that goes on with its old key is no guesser, and must not get its whole network banned. The other way
    round a right key does not clear an address: a device's key must not wipe out failed logins of people.
    """
    device = key_id[:64]
    if hub.strangers.is_new((request.remote, device)):
        LOGGER.warning("A report for %r from %s was refused: unknown or wrong key", device, request.remote)
    if hub.guesses.is_new((request.remote, device, hash_of(secret))):
        await process_wrong_login(request)
