"""Limits that people turn: the peak to stay below, and when PV may feed in."""

from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberMode
from homeassistant.components.select import SelectEntity
from homeassistant.const import EntityCategory, UnitOfPower

from .adapters.export_policy import export_policy
from .adapters.limit_options import OPT_EXPORT_POLICY, OPT_PEAK_TARGET, quarter_hour_options
from .engine.control.pv import ExportPolicy
from .entity import site_device_info
from .runtime import EmsConfigEntry
from .setting_number import SettingNumber


class PeakTarget(SettingNumber):
    """The mean import of a quarter-hour to stay below; 0 finds it by itself. Only with a demand charge."""

    _attr_device_class = NumberDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.KILO_WATT
    _attr_native_min_value = 0
    _attr_native_max_value = 5000
    _attr_native_step = 0.1
    _attr_mode = NumberMode.BOX
    _attr_entity_category = EntityCategory.CONFIG
    _attr_entity_registry_enabled_default = False
    _attr_translation_key = OPT_PEAK_TARGET

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Identify by the entry."""
        super().__init__(entry)
        self._attr_unique_id = f"{entry.entry_id}_{OPT_PEAK_TARGET}"
        self._attr_device_info = site_device_info(entry)

    @property
    @override
    def native_value(self) -> float:
        """Return the target as it was set."""
        return quarter_hour_options(self.entry).target_kw

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set another target. The plan does not know it: it weighs what a peak costs."""
        self.settings.set(OPT_PEAK_TARGET, value)
        self.async_write_ha_state()


class ExportPolicySelect(SelectEntity):
    """When PV may feed in."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_entity_category = EntityCategory.CONFIG
    _attr_translation_key = OPT_EXPORT_POLICY

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the select."""
        self.entry = entry
        self._attr_options = [policy.value for policy in ExportPolicy]
        self._attr_unique_id = f"{entry.entry_id}_{OPT_EXPORT_POLICY}"
        self._attr_device_info = site_device_info(entry)

    @property
    @override
    def current_option(self) -> str:
        """Return what is chosen."""
        return export_policy(self.entry).value

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose, and plan anew."""
        data = self.entry.runtime_data
        data.settings.set(OPT_EXPORT_POLICY, option)
        self.async_write_ha_state()
        data.plan.async_replan()
