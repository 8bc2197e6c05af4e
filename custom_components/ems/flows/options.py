"""What can be set about a running home: a menu of pages. Every page saves by itself, and nothing is reloaded.

To add pages: a class with their steps beside `LimitPages`, and their names in `MENU`.
"""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from .limit_pages import LIMIT_MENU, LimitPages
from .schedule import DEVICE_MENU, DevicePages

MENU = [*DEVICE_MENU, *LIMIT_MENU]


class SiteOptionsFlow(DevicePages, LimitPages, OptionsFlow):
    """Set options of a home."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which page."""
        return self.async_show_menu(step_id="init", menu_options=MENU)
