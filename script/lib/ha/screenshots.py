"""Takes pictures of Home Assistant's pages with the system's Chromium."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import shutil
import time
from typing import Any

from playwright.async_api import BrowserContext, Page, async_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = """
    --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
"""
_READY = """
    () => document.querySelector("home-assistant")?.shadowRoot?.querySelector("home-assistant-main")
"""
_STORE_TOKENS = "localStorage.setItem('hassTokens', JSON.stringify(%s));"


def find_chromium() -> str | None:
    """Return the system's Chromium, None where there is none."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


@asynccontextmanager
async def _browser(width: int, height: int) -> AsyncIterator[BrowserContext]:
    executable = find_chromium()
    if executable is None:
        raise FileNotFoundError(f"no Chromium here (looked for {', '.join(CHROMIUM)})")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS.split())
        try:
            yield await browser.new_context(
                viewport={"width": width, "height": height}, locale="en-GB", timezone_id="Europe/Vienna"
            )
        finally:
            await browser.close()


class Camera:
    """A browser that is logged in."""

    def __init__(self, base: str, context: BrowserContext) -> None:
        """Wrap a logged-in browser; use `open_camera`."""
        self._base = base
        self._context = context
        self.errors: list[str] = []  # JavaScript errors of every page visited

    async def open(self, path: str, *, settle_s: float = 6) -> Page:
        """Open a page and give its cards time to draw."""
        page = await self._context.new_page()
        page.on("pageerror", lambda error: self.errors.append(f"{path}: {error}"))
        await page.goto(self._base + path)
        await page.wait_for_function(_READY, timeout=60_000)
        await page.wait_for_timeout(settle_s * 1000)
        return page

    async def shoot(self, path: str, file: Path, *, settle_s: float = 6) -> Path:
        """Save a picture of a page."""
        file.parent.mkdir(parents=True, exist_ok=True)
        page = await self.open(path, settle_s=settle_s)
        await page.screenshot(path=file)
        await page.close()
        return file


@asynccontextmanager
async def open_camera(
    base: str, tokens: dict[str, Any], *, width: int = 1280, height: int = 900
) -> AsyncIterator[Camera]:
    """Open a browser that Home Assistant's frontend takes for one that logged in before."""
    stored = {
        **tokens,
        "hassUrl": base,
        "clientId": f"{base}/",
        "expires": int((time.time() + tokens["expires_in"]) * 1000),
    }
    async with _browser(width, height) as context:
        await context.add_init_script(_STORE_TOKENS % json.dumps(stored))
        yield Camera(base, context)
