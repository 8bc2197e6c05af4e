"""A real web server on loopback that plays a device: documents by path, a password, and every bad manner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import hashlib
import json
import re
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class WebDevice:
    """What is answered where, and what was asked."""

    documents: dict[str, Any] = field(
        default_factory=dict
    )  # "/path?query" or "/path" → JSON, or text as it is
    statuses: dict[str, int] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    digest: str | None = None  # the algorithm of the challenge; None lets everybody in
    basic: str | None = None  # the header that lets in
    slow: set[str] = field(default_factory=set)  # paths whose answer never ends
    asked: list[str] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)  # the headers of each request
    methods: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    base_url: str = ""
    password: str = "secret"
    on_ask: Any = None
    teardown: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Play the device."""
        self.asked.append(request.raw_path)
        self.methods.append(request.method)
        self.sent.append(dict(request.headers))
        self.bodies.append(await request.read())
        if self.on_ask:
            self.on_ask(request)
        if self.digest and not self._is_digest_right(request):
            challenge = f'Digest qop="auth", realm="device", nonce="60dc59c6", algorithm={self.digest}'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        if self.basic and request.headers.get("Authorization") != self.basic:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="device"'})
        key = request.raw_path if request.raw_path in self.documents else request.path
        if key in self.slow:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b'{"a":')
            await self.teardown.wait()
            return response
        document = self.documents.get(key)
        status = self.statuses.get(key, 200 if key in self.documents else 404)
        text = document if isinstance(document, str) else json.dumps(document)
        return web.Response(text=text, status=status, headers=self.headers.get(key, {}))

    def _is_digest_right(self, request: web.Request) -> bool:
        """Work out what RFC 7616 wants, without the library under test."""
        said = dict(
            re.findall(
                r'(\w+)="?([^",]+)"?', request.headers.get("Authorization", "").removeprefix("Digest ")
            )
        )
        if not said:
            return False
        name = "sha256" if self.digest == "SHA-256" else "md5"

        def hashed(text: str) -> str:
            return hashlib.new(name, text.encode()).hexdigest()

        one = hashed(f"admin:device:{self.password}")
        two = hashed(f"{request.method}:{said['uri']}")
        wanted = hashed(f"{one}:{said['nonce']}:{said['nc']}:{said['cnonce']}:auth:{two}")
        return said["response"] == wanted and said["username"] == "admin"


@asynccontextmanager
async def serving(device: WebDevice) -> AsyncIterator[WebDevice]:
    """Serve it on a free port."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", device.answer)
    async with TestServer(app) as server:
        device.base_url = str(server.make_url("")).rstrip("/")
        yield device
        device.teardown.set()
