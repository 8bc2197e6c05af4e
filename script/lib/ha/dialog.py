"""Fills in the forms of a flow in the browser, by the labels that people read."""

import json
import re

from playwright.async_api import Locator, Page, expect

# A step may connect to a device that takes its time, or listen for twenty seconds.
STEP_TIMEOUT_MS = 60_000


class Dialog:
    """The dialog of a config flow or of a subentry's flow on a page."""

    def __init__(self, page: Page) -> None:
        """Use the dialog that is open, or will be."""
        self.page = page
        self.root = page.locator("dialog-data-entry-flow")

    async def titled(self, title: str) -> None:
        """Wait for the step with this title; where another stays, say its errors."""
        here = self.root.locator('[slot="headerTitle"]')
        await expect(here).to_have_text(title, timeout=STEP_TIMEOUT_MS)

    async def take(self, option: str) -> None:
        """Take an option of a menu."""
        await self.root.get_by_text(option, exact=True).click()

    async def fill(self, label: str, value: str) -> None:
        """Write into a field."""
        await self.field(label).fill(value)

    def field(self, label: str) -> Locator:
        """Return the input of a field; required ones carry a star."""
        name = json.dumps(f"^{re.escape(label)} ?\\*?$")
        return self.root.locator(f"wa-input:has([slot=label]:text-matches({name})) input")

    async def choose(self, label: str, option: str) -> None:
        """Choose from a list."""
        await self.root.locator(f"ha-picker-field[aria-label={json.dumps(label)}]").click()
        await self.page.get_by_text(option, exact=True).last.click()

    async def submit(self) -> None:
        """Press the button that goes on, whatever it is called."""
        await self.root.locator("ha-button[slot=primaryAction]").click()

    async def finish(self) -> None:
        """Close what is shown when all is saved."""
        await expect(self.root.locator("step-flow-create-entry")).to_be_visible(timeout=STEP_TIMEOUT_MS)
        await self.submit()
        await expect(self.root.locator("step-flow-create-entry")).not_to_be_visible()

    async def says(self, text: str) -> None:
        """Wait until the text above the fields holds this."""
        await expect(self.root.locator("ha-markdown").first).to_contain_text(text, timeout=STEP_TIMEOUT_MS)

    async def code(self) -> list[str]:
        """Return what is set in typewriter letters: what people are to copy."""
        return await self.root.locator("ha-markdown code").all_inner_texts()
