"""The hands of a flexible load that EMS reaches itself: a relay, a plug, or a power that can be set."""

from dataclasses import replace
from datetime import datetime
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import LOAD
from ..devices import AnyProfile, Device
from ..devices.command import DeviceCommand
from ..devices.profile import Placeholder
from ..engine.plan.result import Mode
from ..site_device import SetpointWrite
from .actuators import ProfileActuator

# `on` without a lease, for what must not be broken off.
STAY_ON = "stay_on"
STAYS = "It stays as it is until somebody switches it."


def takes_power(profile: AnyProfile) -> bool:
    """Tell whether a load's power can be set, so that it may run at any."""
    control = profile.roles[LOAD].control if LOAD in profile.roles else None
    return control is not None and Placeholder.POWER_W in control.commands.get(Mode.ON.value, {}).values()


class LoadHands(ProfileActuator):
    """Switches a load as its profile says.

    stays : Whether it keeps its state when EMS lets go of it: then it is switched on without a lease.
    power_w : What is written when it is to run, where a power is written but the plan only says on. [W]
    """

    def __init__(
        self, hass: HomeAssistant, device: Device, subentry_id: str, *, stays: bool, power_w: float | None
    ) -> None:
        """Take what the profile declares."""
        super().__init__(hass, device, LOAD, subentry_id)
        self._stays, self._power_w = stays, power_w
        self.told_at: datetime | None = None
        self._may_stay = STAY_ON in self.modes
        if stays:
            self.renew_s = self.lease_s = None
            self.on_expiry = STAYS

    @override
    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[SetpointWrite]:
        """Switch it. What it reads until then, and shortly after, is the echo of that."""
        told = command
        if command.mode == Mode.ON and command.power_w is None:
            told = replace(told, power_w=self._power_w)
        if command.mode == Mode.ON and self._stays and self._may_stay:
            told = replace(told, mode=STAY_ON)
        self.told_at = dt_util.utcnow()
        try:
            return await super().async_command(told, renew=renew)
        finally:
            self.told_at = dt_util.utcnow()

    @override
    async def async_release(self) -> list[SetpointWrite]:
        """Switch it off: nobody would do it later. A programme is left as it is, running or waiting."""
        return [] if self._stays else await super().async_release()
