"""Fixtures: demo homes whose ports are closed after the test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from .lab import Lab, run_lab

type OpenLab = Callable[..., Awaitable[Lab]]


@pytest.fixture
async def open_lab(socket_enabled: None) -> AsyncIterator[OpenLab]:
    """Open demo homes that are closed after the test."""
    assert socket_enabled is None  # wanted for what it does
    async with AsyncExitStack() as stack:

        async def opened(start: str = "2026-06-15T12:00", seed: int = 1) -> Lab:
            return await stack.enter_async_context(run_lab(start, seed))

        yield opened


@pytest.fixture
async def lab(open_lab: OpenLab) -> Lab:
    """A running demo home on a June noon."""
    return await open_lab()
