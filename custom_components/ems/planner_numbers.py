"""Numbers about how the home is planned: what a peak costs, how careful, and how much of each leaning."""

from typing import override

from homeassistant.components.number import NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory, UnitOfRatio

from .entity import site_device_info
from .runtime import EmsConfigEntry
from .setting_number import SettingNumber

DEMAND_CHARGE = NumberEntityDescription(
    key="demand_charge",
    native_min_value=0,
    native_max_value=100_000,  # in yen or forint, too
    native_step=0.01,
)
SHARES = tuple(
    NumberEntityDescription(
        key=key,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        native_min_value=0,
        native_max_value=100,
        native_step=1,
    )
    for key in ("risk_weight", "switch_threshold")
)
WEIGHTS = tuple(
    NumberEntityDescription(key=key, native_min_value=0, native_max_value=5, native_step=0.1)
    for key in (
        "weight_peak",
        "weight_ramps",
        "weight_self_consumption",
        "weight_comfort",
        "weight_environment",
    )
)


class PlannerNumber(SettingNumber):
    """One option of the planner. Few people need it, so it is disabled at first."""

    _attr_mode = NumberMode.BOX
    _attr_entity_category = EntityCategory.CONFIG
    _attr_entity_registry_enabled_default = False

    def __init__(self, entry: EmsConfigEntry, description: NumberEntityDescription) -> None:
        """Initialize the number."""
        super().__init__(entry)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = site_device_info(entry)
        if description is DEMAND_CHARGE:
            currency = entry.runtime_data.plan.hass.config.currency
            self._attr_native_unit_of_measurement = f"{currency}/kW"

    @property
    @override
    def native_value(self) -> float:
        """Return the option in force."""
        return float(self.settings.planner(self.entity_description.key))

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the option and plan anew."""
        self.settings.set(self.entity_description.key, value)
        self._changed()


def planner_numbers(entry: EmsConfigEntry) -> list[PlannerNumber]:
    """Return the numbers of the planner."""
    return [PlannerNumber(entry, description) for description in (DEMAND_CHARGE, *SHARES, *WEIGHTS)]
