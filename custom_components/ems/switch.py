"""Switches: whether a charger may charge."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CHARGER
from .dispatcher import Command, Source
from .engine.plan.result import Mode
from .entity import ChannelEntity
from .runtime import EmsConfigEntry

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the switches."""
    for device in entry.runtime_data.devices.values():
        if device.role == CHARGER and device.actuator:
            async_add_entities(
                [ChargingSwitch(entry, device, "charging")], config_subentry_id=device.subentry_id
            )


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
