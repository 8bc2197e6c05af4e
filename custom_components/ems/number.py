"""Numbers: limits of the site, wishes per device, and setpoints, which show what is commanded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfRatio,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .adapters.car_soc import FIELD as CAR_SOC
from .adapters.cars import TARGET_SOC_PCT
from .adapters.loads import kind_of
from .const import BATTERY, CHARGER, CONF_EXPORT_MAX_KW, CONF_IMPORT_MAX_KW, LOAD
from .dispatcher import Command, Source
from .engine.flexible_load import LoadKind
from .engine.plan.result import Mode
from .entity import ChannelEntity, device_info, site_device_info
from .guard_numbers import guard_numbers
from .limit_settings import PeakTarget
from .planner_numbers import planner_numbers
from .runtime import EmsConfigEntry
from .setting_number import SettingNumber
from .site_device import SiteDevice

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class WishDescription(NumberEntityDescription):
    """A wish about one device, kept in the entry's options."""

    role: str
    default_fn: Callable[[SiteDevice], float]
    exists_fn: Callable[[SiteDevice], bool] = lambda _: True


LIMITS = (CONF_IMPORT_MAX_KW, CONF_EXPORT_MAX_KW)
WISHES = (
    WishDescription(
        key="soc_min_pct",
        role=BATTERY,
        default_fn=lambda _: 5.0,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        native_min_value=0,
        native_max_value=100,
        native_step=1,
        mode=NumberMode.BOX,
    ),
    WishDescription(
        key="reserve_pct",
        role=BATTERY,
        default_fn=lambda _: 0.0,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        native_min_value=0,
        native_max_value=100,
        native_step=1,
        mode=NumberMode.BOX,
    ),
    WishDescription(
        key="energy_needed_kwh",
        role=CHARGER,
        default_fn=lambda device: float(device.params["energy_needed_kwh"]),
        device_class=NumberDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        native_min_value=0,
        native_max_value=200,
        native_step=0.5,
        mode=NumberMode.BOX,
    ),
    WishDescription(
        key="target_soc_pct",
        role=CHARGER,
        default_fn=lambda _: TARGET_SOC_PCT,
        # A wish for a car that says how full it is.
        exists_fn=lambda device: CAR_SOC in device.params,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        native_min_value=0,
        native_max_value=100,
        native_step=1,
        mode=NumberMode.BOX,
    ),
    WishDescription(
        key="energy_kwh",
        role=LOAD,
        default_fn=lambda device: float(device.params["energy_kwh"]),
        # A programme's profile says what it uses.
        exists_fn=lambda device: "energy_kwh" in device.params,
        device_class=NumberDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        native_min_value=0,
        native_max_value=1000,
        native_step=0.01,
        mode=NumberMode.BOX,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the numbers."""
    async_add_entities(
        [
            *(LimitNumber(entry, key) for key in LIMITS),
            PeakTarget(entry),
            *planner_numbers(entry),
            *guard_numbers(entry),
        ]
    )
    for device in entry.runtime_data.devices.values():
        numbers: list[NumberEntity] = [
            WishNumber(entry, device, wish)
            for wish in WISHES
            if wish.role == device.role and wish.exists_fn(device)
        ]
        if device.actuator and device.role == BATTERY:
            numbers.append(PowerSetpoint(entry, device))
        if device.actuator and device.role == CHARGER:
            numbers.append(CurrentLimit(entry, device))
        if device.actuator and device.role == LOAD and kind_of(device) is LoadKind.CONTINUOUS:
            numbers.append(LoadPower(entry, device))
        async_add_entities(numbers, config_subentry_id=device.subentry_id)


class LimitNumber(SettingNumber):
    """The most the home may draw or feed in."""

    _attr_device_class = NumberDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.KILO_WATT
    _attr_native_min_value = 0
    _attr_native_max_value = 5000
    _attr_native_step = 0.01
    _attr_mode = NumberMode.BOX
    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, entry: EmsConfigEntry, key: str) -> None:
        """Initialize the number."""
        super().__init__(entry)
        self.key = key
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        self._attr_device_info = site_device_info(entry)

    @property
    @override
    def native_value(self) -> float:
        """Return the limit in force."""
        return self.settings.grid(self.key)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the limit and plan anew."""
        self.settings.set(self.key, value)
        self._changed()


class WishNumber(SettingNumber):
    """A wish about one device."""

    entity_description: WishDescription

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice, description: WishDescription) -> None:
        """Initialize the number."""
        super().__init__(entry)
        self.entity_description, self.device = description, device
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{device.subentry_id}_{description.key}"
        self._attr_device_info = device_info(entry, device)

    @property
    @override
    def native_value(self) -> float:
        """Return the wish in force."""
        description = self.entity_description
        default = description.default_fn(self.device)
        return float(self.settings.device(self.device.subentry_id, description.key, default))

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the wish and plan anew."""
        self.settings.set_device(self.device.subentry_id, self.entity_description.key, value)
        self._changed()


class PowerSetpoint(ChannelEntity, NumberEntity):
    """The power a battery is told to give (+) or take (−). Writing it overrides the plan for an hour."""

    _attr_device_class = NumberDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.WATT
    _attr_native_step = 1
    _attr_mode = NumberMode.BOX

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Take the limits from the set-up."""
        super().__init__(entry, device, "power_setpoint")
        self._attr_native_min_value = -float(device.params["charge_max_w"])
        self._attr_native_max_value = float(device.params["discharge_max_w"])

    @property
    @override
    def native_value(self) -> float | None:
        """Return the accepted power; 0 where the device is left to itself or holds."""
        accepted = self.channel.accepted
        if accepted is None:
            return None
        sign = {Mode.CHARGE: -1, Mode.DISCHARGE: 1}.get(Mode(accepted.mode), 0)
        return sign * (accepted.power_w or 0.0)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Command the power: the sign chooses between charging and discharging, 0 holds."""
        mode = Mode.DISCHARGE if value > 0 else Mode.CHARGE if value < 0 else Mode.HOLD
        power_w = abs(value) if value else None
        await self.dispatcher.async_apply(
            self.device.subentry_id, Command(mode=mode.value, power_w=power_w, source=Source.OVERRIDE)
        )


class CurrentLimit(ChannelEntity, NumberEntity):
    """The current per phase that a charger may offer. Writing it overrides the plan for an hour."""

    _attr_device_class = NumberDeviceClass.CURRENT
    _attr_native_unit_of_measurement = UnitOfElectricCurrent.AMPERE
    _attr_native_min_value = 0
    _attr_native_step = 0.1
    _attr_mode = NumberMode.BOX

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Take the limits from the set-up."""
        super().__init__(entry, device, "current_limit")
        self._attr_native_max_value = float(device.params["current_max_a"])

    @property
    @override
    def native_value(self) -> float | None:
        """Return the accepted current, 0 while paused."""
        accepted = self.channel.accepted
        if accepted is None:
            return None
        return 0.0 if accepted.mode == Mode.OFF else accepted.current_a

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Command the current; below the smallest that a car can use is a pause."""
        if value < float(self.device.params["current_min_a"]):
            command = Command(mode=Mode.OFF.value, source=Source.OVERRIDE)
        else:
            command = Command(mode=Mode.CHARGE.value, current_a=value, source=Source.OVERRIDE)
        await self.dispatcher.async_apply(self.device.subentry_id, command)


class LoadPower(ChannelEntity, NumberEntity):
    """The power that a continuous load is told to draw. Writing it overrides the plan for an hour."""

    _attr_device_class = NumberDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.WATT
    _attr_native_min_value = 0
    _attr_native_step = 1
    _attr_mode = NumberMode.BOX

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Take the limit from the set-up."""
        super().__init__(entry, device, "power_setpoint")
        self._attr_native_max_value = float(device.params["power_w"])

    @property
    @override
    def native_value(self) -> float | None:
        """Return the accepted power, 0 while it is off."""
        accepted = self.channel.accepted
        if accepted is None:
            return None
        return accepted.power_w if accepted.mode == Mode.ON else 0.0

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Command the power; nothing, or less than the load can draw, is off."""
        if value <= 0 or value < self.device.params["power_min_w"]:
            command = Command(mode=Mode.OFF.value, source=Source.OVERRIDE)
        else:
            command = Command(mode=Mode.ON.value, power_w=value, source=Source.OVERRIDE)
        await self.dispatcher.async_apply(self.device.subentry_id, command)
