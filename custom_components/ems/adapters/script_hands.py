"""The hands of a battery or charger that a script of the user's steers: whatever actions Home Assistant has."""

import asyncio
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, split_entity_id
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..const import BATTERY, CHARGER, DOMAIN
from ..devices.command import DeviceCommand
from ..site_device import Actuator, SetpointWrite

CONF_SCRIPT: Final = "command_script"
MODES: Final = {BATTERY: ("automatic", "hold", "charge", "discharge"), CHARGER: ("off", "charge")}
AMOUNTS: Final = {
    BATTERY: {"charge": "power_w", "discharge": "power_w"},
    CHARGER: {"charge": "current_a"},
}
# A script that waits for something must hold up neither the next command nor the unloading of a site.
TIMEOUT_S: Final = 30


class ScriptActuator(Actuator):
    """Runs a script with the command in its variables, None where not meant.

    These are `mode`, `power_w`, `current_a` and `phases`.

    What it did is its own business: nothing is read back, nothing expires.
    """

    renew_s = None

    def __init__(
        self,
        hass: HomeAssistant,
        role: str,
        entity_id: str,
        name: str,
        safe: DeviceCommand,
        *,
        may_switch_phases: bool = False,
        may_discharge: bool = False,
    ) -> None:
        """Offer every mode of the role: the script is asked to know them.

        Whether it knows how to change phases or to feed from the car into the home, people say.
        """
        self._switches_phases = may_switch_phases and role == CHARGER
        self._hass, self._role, self._entity_id, self._name = hass, role, entity_id, name
        self._safe = safe
        self.modes, self.amounts = MODES[role], AMOUNTS[role]
        if may_discharge and role == CHARGER:
            self.modes = (*self.modes, "discharge")
            self.amounts = {**self.amounts, "discharge": "power_w"}

    @property
    @override
    def switches_phases(self) -> bool:
        """Tell what people said of it."""
        return self._switches_phases

    @property
    @override
    def is_there(self) -> bool:
        """Tell whether Home Assistant has set the script up yet."""
        return self._hass.states.get(self._entity_id) is not None

    @override
    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[SetpointWrite]:
        """Run the script to its end."""
        variables = {
            "mode": command.mode,
            "power_w": command.power_w,
            "current_a": command.current_a,
            "phases": command.phases if self._switches_phases else None,
        }
        await self._async_run(variables)
        written = ", ".join(f"{name} {value}" for name, value in variables.items() if value is not None)
        return [
            SetpointWrite(
                entity_id=self._entity_id,
                register=self._entity_id,
                unit=None,
                before=None,
                written=written,
                read_back=None,
                at=dt_util.utcnow(),
            )
        ]

    @override
    async def async_release(self) -> list[SetpointWrite]:
        """Give a battery back to its own automatic, and leave a charger at its safe current."""
        return await self.async_command(self._safe)

    async def _async_run(self, variables: dict[str, Any]) -> None:
        domain, name = split_entity_id(self._entity_id)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._hass.services.async_call(domain, name, variables, blocking=True)
        except HomeAssistantError:
            raise
        except Exception as err:
            # Whatever an action in it raises, it is this device's refusal and not our end.
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="write_failed",
                translation_placeholders={"device": self._name, "detail": str(err) or type(err).__name__},
            ) from err
