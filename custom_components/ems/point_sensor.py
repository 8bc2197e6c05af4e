"""One point of one device."""

from typing import override

from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.helpers.typing import StateType
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .devices.points import POINTS
from .devices.reading import Reading
from .entity import PointEntity
from .publishing import NOISE, Publisher
from .quiet_sensor import QuietSensor
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

# Behind the digits shown: enough for any arithmetic, and a 32-bit float's noise stays out of the database.
SPARE_DIGITS = 2


class PointSensor(PointEntity, QuietSensor[DataUpdateCoordinator[Reading]]):
    """Shows a point's value; unknown where the device says so or says something impossible."""

    def __init__(
        self, entry: EmsConfigEntry, device: SiteDevice, role: str, description: SensorEntityDescription
    ) -> None:
        """Initialize from the point's description."""
        super().__init__(entry, device, role, description.key)
        self.entity_description = description
        self._publisher = Publisher(NOISE.get(POINTS[role][description.key].kind))

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value in the device layer's unit, without digits that no device measures."""
        value = self.reading.value if self.reading else None
        if (
            isinstance(value, float)
            and (shown := self.entity_description.suggested_display_precision) is not None
        ):
            return round(value, shown + SPARE_DIGITS)
        return value
