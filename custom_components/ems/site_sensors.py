"""The home now: grid, production, storage, consumption, surplus, self-sufficiency."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

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
    attributes_fn: Callable[[SitePower], dict[str, Any]] | None = None


def _power(
    key: str,
    value_fn: Callable[[SitePower], StateType],
    attributes_fn: Callable[[SitePower], dict[str, Any]] | None = None,
) -> SiteSensorDescription:
    return SiteSensorDescription(
        key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=value_fn,
        attributes_fn=attributes_fn,
    )


def _silent(site: SitePower) -> dict[str, Any]:
    """Return who leaves the sums unknown."""
    return {"unknown_because": list(site.unknown_because)}


SITE_SENSORS = (
    _power(
        "grid_power",
        lambda site: site.grid_w,
        lambda site: {"derived": site.grid_is_derived, **_silent(site)},
    ),
    _power("pv_power", lambda site: site.pv_w),
    _power("battery_power", lambda site: site.battery_w),
    _power("charger_power", lambda site: site.charger_w),
    _power("home_power", lambda site: site.home_w, _silent),
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

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Say how a sum came about, and who is missing."""
        attributes_fn = self.entity_description.attributes_fn
        return None if attributes_fn is None else attributes_fn(self.coordinator.data)


def site_sensors(entry: EmsConfigEntry) -> list[SiteSensor]:
    """Return the sensors of the home."""
    return [SiteSensor(entry, description) for description in SITE_SENSORS]
