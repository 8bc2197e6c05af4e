"""A real web server on loopback that answers what a test tells it to."""

from collections import deque
from dataclasses import dataclass, field
import json
from pathlib import Path

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
import pytest

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "api-samples"


@dataclass
class Service:
    """The server's script: answers in turn, the last one for ever; and what it was asked."""

    base_url: str = ""
    answers: deque = field(default_factory=deque)
    asked: list = field(default_factory=list)
    waits: list = field(default_factory=list)

    def will(self, body, status=200, headers=None):
        """Add an answer: a dict or list becomes JSON, text is sent as it is."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.answers.append((text, status, headers or {}))

    async def answer(self, request: web.Request) -> web.Response:
        """Serve the next answer."""
        self.asked.append((request.path, dict(request.query)))
        text, status, headers = self.answers[0] if len(self.answers) == 1 else self.answers.popleft()
        return web.Response(text=text, status=status, headers=headers, content_type="application/json")

    async def sleep(self, seconds: float) -> None:
        """Wait in the record only."""
        self.waits.append(seconds)


@pytest.fixture
async def service(socket_enabled):
    """Start the server."""
    script = Service()
    app = web.Application()
    app.router.add_get("/{tail:.*}", script.answer)
    async with TestServer(app) as server:
        script.base_url = str(server.make_url("")).rstrip("/")
        yield script


@pytest.fixture
async def session(socket_enabled):
    """Open a client session."""
    async with ClientSession() as client:
        yield client


@pytest.fixture
def sample():
    """Read a real answer of a service; skip where the shared data are not here."""

    def read(name: str):
        return json.loads(sample_bytes(name))

    return read


def sample_bytes(name: str) -> bytes:
    """Return a real answer as it came; skip where the shared data are not here."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip("the shared data are not here")
    return path.read_bytes()
