"""A sensor that writes states only when there is news."""

from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import callback
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from .publishing import Publisher


class QuietSensor[C: DataUpdateCoordinator[Any]](CoordinatorEntity[C], SensorEntity):
    """Control reads the coordinator on every poll; the state is for people and the recorder."""

    _publisher: Publisher

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write what is news."""
        if self._publisher.is_worth_it(self.native_value, available=self.available):
            super()._handle_coordinator_update()
