"""A switch that is kept in the options of a home."""

from abc import abstractmethod
from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory

from .entity import site_device_info
from .runtime import EmsConfigEntry


class SettingSwitch(SwitchEntity):
    """A yes or no about the whole home. Its translation key is the key of the option."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_translation_key: str
    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the switch."""
        self.entry = entry
        self._attr_unique_id = f"{entry.entry_id}_{self._attr_translation_key}"
        self._attr_device_info = site_device_info(entry)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Choose yes."""
        self._set(on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Choose no."""
        self._set(on=False)

    def _set(self, *, on: bool) -> None:
        self.entry.runtime_data.settings.set(self._attr_translation_key, on)
        self.async_write_ha_state()
        self._changed()

    @abstractmethod
    def _changed(self) -> None:
        """Let whoever reads the option look again."""
