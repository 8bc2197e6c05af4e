"""A number that the plan reads from the options."""

from typing import override

from homeassistant.components.number import NumberEntity

from .runtime import EmsConfigEntry
from .settings import SiteSettings


class SettingNumber(NumberEntity):
    """A number that the plan reads from the options."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Remember the entry."""
        self.entry = entry

    @property
    def settings(self) -> SiteSettings:
        """Return the site's settings."""
        return self.entry.runtime_data.settings

    @override
    async def async_added_to_hass(self) -> None:
        """Follow changes made elsewhere, by an action for instance."""
        plan = self.entry.runtime_data.plan
        self.async_on_remove(plan.async_add_listener(self.async_write_ha_state))

    def _changed(self) -> None:
        self.async_write_ha_state()
        self.entry.runtime_data.plan.async_replan()
