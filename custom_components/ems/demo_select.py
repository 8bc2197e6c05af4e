"""What the demo home's street does to it, chosen in the UI: for trying out, and for showing, what EMS makes of it."""

from typing import override

from homeassistant.components.select import SelectEntity
from homeassistant.const import EntityCategory

from .demo import Condition, DemoHome
from .entity import site_device_info
from .runtime import EmsConfigEntry


class DemoConditionSelect(SelectEntity):
    """The condition that is played. A restart begins with none: nobody shall wonder about it next week."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_translation_key = "demo_condition"
    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, entry: EmsConfigEntry, home: DemoHome) -> None:
        """Initialize the select."""
        self._home = home
        self._attr_options = [condition.value for condition in Condition]
        self._attr_unique_id = f"{entry.entry_id}_demo_condition"
        self._attr_device_info = site_device_info(entry)

    @property
    @override
    def current_option(self) -> str:
        """Return what is played."""
        return self._home.condition.value

    @override
    async def async_select_option(self, option: str) -> None:
        """Play it from now on."""
        self._home.play(Condition(option))
        self.async_write_ha_state()


def demo_selects(entry: EmsConfigEntry) -> list[SelectEntity]:
    """Return the select of a demo home that runs here; one that runs elsewhere is told over its own wire."""
    home = entry.runtime_data.demo
    return [DemoConditionSelect(entry, home)] if home else []
