"""A number that the plan reads from the options."""

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

    def _changed(self) -> None:
        self.async_write_ha_state()
        self.entry.runtime_data.plan.async_replan()
