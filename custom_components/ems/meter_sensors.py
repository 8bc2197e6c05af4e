"""What is consumed below a meter and nobody else measures."""

from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfPower

from .coordinators.site import SiteCoordinator
from .devices.points import Kind
from .entity import device_info
from .publishing import NOISE, Publisher
from .quiet_sensor import QuietSensor
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

UNTRACKED = "untracked_power"


class UntrackedPower(QuietSensor[SiteCoordinator]):
    """A meter less those below it. Below 0 for long, it says that one of them hangs somewhere else."""

    _attr_has_entity_name = True
    _attr_translation_key = "untracked_power"
    _attr_device_class = SensorDeviceClass.POWER
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_native_unit_of_measurement = UnitOfPower.WATT
    _attr_suggested_display_precision = 0

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Identify by the subentry."""
        super().__init__(entry.runtime_data.site)
        self._key = device.subentry_id
        self._attr_unique_id = f"{device.subentry_id}_{UNTRACKED}"
        self._attr_device_info = device_info(entry, device)
        self._publisher = Publisher(NOISE[Kind.POWER])

    @property
    @override
    def native_value(self) -> float | None:
        """Return the rest; unknown while one of its parts is silent."""
        rest_w = self.coordinator.data.untracked_w[self._key]
        return None if rest_w is None else round(rest_w, 1)


def meter_sensors(entry: EmsConfigEntry, device: SiteDevice) -> list[UntrackedPower]:
    """Return what a meter with others below it has beside what it reads."""
    is_wanted = device.subentry_id in entry.runtime_data.site.meters.tree.untracked
    return [UntrackedPower(entry, device)] if is_wanted else []
