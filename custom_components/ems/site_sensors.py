"""The home now: grid, production, storage, consumption, surplus, self-sufficiency."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfPower, UnitOfRatio
from homeassistant.helpers.typing import StateType

from .coordinators.site import SiteCoordinator, SitePower
from .devices.points import Kind
from .entity import SiteEntity
from .publishing import NOISE, Publisher
from .quiet_sensor import QuietSensor
from .runtime import EmsConfigEntry


@dataclass(frozen=True, kw_only=True)
class SiteSensorDescription(SensorEntityDescription):
    """A sensor of the whole home."""

    value_fn: Callable[[SitePower], StateType]


def _power(key: str, value_fn: Callable[[SitePower], StateType]) -> SiteSensorDescription:
    return SiteSensorDescription(
        key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=value_fn,
    )


SITE_SENSORS = (
    _power("grid_power", lambda site: site.grid_w),
    _power("pv_power", lambda site: site.pv_w),
    _power("battery_power", lambda site: site.battery_w),
    _power("charger_power", lambda site: site.charger_w),
    _power("home_power", lambda site: site.home_w),
    _power("load_power", lambda site: site.load_w),
    _power("surplus_power", lambda site: site.surplus_w),
    SiteSensorDescription(
        key="self_sufficiency",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=0,
        value_fn=lambda site: site.self_sufficiency_pct,
    ),
)


class SiteSensor(SiteEntity[SiteCoordinator], QuietSensor[SiteCoordinator]):
    """One number about the home; unknown while a part of it is silent."""

    entity_description: SiteSensorDescription

    def __init__(self, entry: EmsConfigEntry, description: SiteSensorDescription) -> None:
        """Initialize from a description."""
        super().__init__(entry.runtime_data.site, entry, description.key)
        self.entity_description = description
        self._publisher = Publisher(NOISE[Kind.POWER if description.device_class else Kind.SHARE])

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value."""
        value = self.entity_description.value_fn(self.coordinator.data)
        return round(value, 1) if isinstance(value, float) else value


def site_sensors(entry: EmsConfigEntry) -> list[SiteSensor]:
    """Return the sensors of the home."""
    return [SiteSensor(entry, description) for description in SITE_SENSORS]
