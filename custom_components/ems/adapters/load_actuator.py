"""The hands of a flexible load: a switch, a number to write W to, or both."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.core import HomeAssistant, split_entity_id

from ..const import LOAD
from ..devices.command import DeviceCommand
from ..engine.plan.result import Mode
from ..site_device import SetpointWrite
from .actuators import EntityActuator, Step


class LoadActuator(EntityActuator):
    """Switches a load on and off."""

    def __init__(
        self,
        hass: HomeAssistant,
        entities: Mapping[str, Any],
        name: str,
        power_w: float | None,
        *,
        stays: bool,
    ) -> None:
        """Take what is written when it is to run.

        power_w : What goes into the number of a load that is only on or off; None where there is no number. [W]
        stays : Whether it keeps its state when EMS lets go of it, rather than being switched off.
        """
        super().__init__(hass, LOAD, entities, name)
        self._power_w, self._stays = power_w, stays
        self._steps = self._load_steps

    @override
    async def async_release(self) -> list[SetpointWrite]:
        """Switch it off: nobody would do it later. A programme is left as it is, running or waiting."""
        return [] if self._stays else await self.async_command(DeviceCommand(role=LOAD, mode=Mode.OFF.value))

    def _load_steps(self, entities: Mapping[str, Any], command: DeviceCommand) -> list[Step]:
        """Power before switch: it must never start with the power of an hour ago. Without a switch 0 W is off."""
        switch, number = entities.get("switch_entity"), entities.get("power_number")
        is_on = command.mode == Mode.ON
        steps: list[Step] = []
        if number and is_on:
            power_w = self._power_w if command.power_w is None else command.power_w
            steps.append((number, f"{split_entity_id(number)[0]}.set_value", power_w or 0.0))
        if number and not is_on and not switch:
            steps.append((number, f"{split_entity_id(number)[0]}.set_value", 0.0))
        if switch:
            service = "turn_on" if is_on else "turn_off"
            steps.append((switch, f"{split_entity_id(switch)[0]}.{service}", "on" if is_on else "off"))
        return steps
