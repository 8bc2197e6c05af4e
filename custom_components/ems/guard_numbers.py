"""Numbers and switches about how calmly the guard steers: few need them, and everybody may look them up."""

from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntityDescription
from homeassistant.const import UnitOfPower, UnitOfRatio, UnitOfTime

from .planner_numbers import PlannerNumber
from .runtime import EmsConfigEntry
from .setting_switch import SettingSwitch

SECONDS = {
    "meter_silent_max_s": (5, 300),
    "surplus_enable_s": (0, 1800),
    "surplus_disable_s": (0, 3600),
}
NUMBERS = (
    *(
        NumberEntityDescription(
            key=key,
            device_class=NumberDeviceClass.DURATION,
            native_unit_of_measurement=UnitOfTime.SECONDS,
            native_min_value=low,
            native_max_value=high,
            native_step=1,
        )
        for key, (low, high) in SECONDS.items()
    ),
    NumberEntityDescription(
        key="surplus_reserve_w",
        device_class=NumberDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        native_min_value=-2000,
        native_max_value=10_000,
        native_step=10,
    ),
    NumberEntityDescription(
        key="battery_yields_pct",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        native_min_value=0,
        native_max_value=100,
        native_step=1,
    ),
    NumberEntityDescription(key="phase_changes_max", native_min_value=0, native_max_value=100, native_step=1),
)


class GuardNumber(PlannerNumber):
    """One number of the guard. It holds from its next look on."""

    @property
    @override
    def native_value(self) -> float:
        """Return the number in force."""
        return float(self.settings.guard(self.entity_description.key))

    @override
    def _changed(self) -> None:
        self.async_write_ha_state()
        self.entry.runtime_data.guard.async_look()


class HoldForCarsSwitch(SettingSwitch):
    """Whether the house battery keeps its energy while a car charges fast from the grid."""

    _attr_translation_key = "battery_holds_for_cars"

    @property
    @override
    def is_on(self) -> bool:
        """Return whether it does."""
        return bool(self.entry.runtime_data.settings.guard(self._attr_translation_key))

    @override
    def _changed(self) -> None:
        self.entry.runtime_data.guard.async_look()


def guard_numbers(entry: EmsConfigEntry) -> list[GuardNumber]:
    """Return the numbers of the guard."""
    return [GuardNumber(entry, description) for description in NUMBERS]
