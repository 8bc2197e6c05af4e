"""Switches: whether phases are limited, a charger may charge, a load run, and what people ask of it."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .adapters.loads import ON_REQUEST, kind_of
from .const import CHARGER, LOAD
from .dispatcher import Command, Source
from .engine.flexible_load import LoadKind
from .engine.plan.result import Mode
from .entity import ChannelEntity, LoadEntity
from .guard_numbers import HoldForCarsSwitch
from .runtime import EmsConfigEntry
from .setting_switch import SettingSwitch
from .site_device import SiteDevice

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the switches."""
    async_add_entities([PhasesSwitch(entry), HoldForCarsSwitch(entry)])
    for device in entry.runtime_data.devices.values():
        if device.role == CHARGER and device.actuator:
            async_add_entities(
                [ChargingSwitch(entry, device, "charging")], config_subentry_id=device.subentry_id
            )
        if device.role == LOAD:
            async_add_entities(_load_switches(entry, device), config_subentry_id=device.subentry_id)


def _load_switches(entry: EmsConfigEntry, device: SiteDevice) -> list[SwitchEntity]:
    """Return a load's switches: only what can be steered can be run, only what is asked for can be armed."""
    switches: list[SwitchEntity] = [EnabledSwitch(entry, device, "enabled")]
    if device.params["demand"] == ON_REQUEST:
        switches.append(ArmedSwitch(entry, device, "armed"))
    if device.actuator:
        switches.append(RunSwitch(entry, device, "run"))
    return switches


class PhasesSwitch(SettingSwitch):
    """Whether a plan keeps to the fuse of each phase, and not only to the limit of all together."""

    _attr_translation_key = "limits_each_phase"

    @property
    @override
    def is_on(self) -> bool:
        """Return whether it does."""
        return bool(self.entry.runtime_data.settings.planner(self._attr_translation_key))

    @override
    def _changed(self) -> None:
        self.entry.runtime_data.plan.async_replan()


class ChargingSwitch(ChannelEntity, SwitchEntity):
    """Whether a charger is told to charge. Turning it overrides the plan for an hour."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what was accepted."""
        accepted = self.channel.accepted
        return accepted.mode == Mode.CHARGE if accepted else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Charge with all that the charger may."""
        current_a = float(self.device.params["current_max_a"])
        command = Command(mode=Mode.CHARGE.value, current_a=current_a, source=Source.OVERRIDE)
        await self.dispatcher.async_apply(self.device.subentry_id, command)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Pause."""
        command = Command(mode=Mode.OFF.value, source=Source.OVERRIDE)
        await self.dispatcher.async_apply(self.device.subentry_id, command)


class RunSwitch(ChannelEntity, SwitchEntity):
    """Whether a load is told to run. Turning it overrides the plan for an hour."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what was accepted."""
        accepted = self.channel.accepted
        return accepted.mode == Mode.ON if accepted else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Run, with full power where it can be set."""
        has_power = kind_of(self.device) is LoadKind.CONTINUOUS
        power_w = float(self.device.params["power_w"]) if has_power else None
        command = Command(mode=Mode.ON.value, power_w=power_w, source=Source.OVERRIDE)
        await self.dispatcher.async_apply(self.device.subentry_id, command)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Stop."""
        command = Command(mode=Mode.OFF.value, source=Source.OVERRIDE)
        await self.dispatcher.async_apply(self.device.subentry_id, command)


class ArmedSwitch(LoadEntity, SwitchEntity):
    """Whether one run is asked for. It goes off by itself when the run is done. Kept over restarts."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether a run is asked for."""
        return self.loads.record(self.device).is_armed

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Ask for a run, and plan anew."""
        if not self.is_on:
            self.loads.arm(self.device)
            self.entry.runtime_data.plan.async_replan()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Ask for none, and plan anew."""
        self.loads.disarm(self.device)
        self.entry.runtime_data.plan.async_replan()

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return when the run is to be done."""
        ready_at_s = self.loads.record(self.device).ready_at_s
        return {"ready_at": None if ready_at_s is None else dt_util.utc_from_timestamp(ready_at_s)}


class EnabledSwitch(LoadEntity, SwitchEntity):
    """Whether a load is planned at all. Off leaves it to people's own hands."""

    _attr_entity_category = EntityCategory.CONFIG

    @property
    @override
    def is_on(self) -> bool:
        """Return whether it is planned."""
        return self.loads.is_enabled(self.device)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Plan it."""
        self._set(enabled=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Leave it alone."""
        self._set(enabled=False)

    def _set(self, *, enabled: bool) -> None:
        data = self.entry.runtime_data
        data.settings.set_device(self.device.subentry_id, "enabled", enabled)
        self.async_write_ha_state()
        data.plan.async_replan()
