"""Sensors for what a device posts for the first time while the home runs."""

from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinators.push import PushCoordinator
from .devices.points import POINTS, Kind
from .point_descriptions import describe_point
from .point_sensor import PointSensor
from .runtime import EmsConfigEntry
from .site_device import SiteDevice


@callback
def async_follow_points(
    entry: EmsConfigEntry, device: SiteDevice, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor as soon as a report brings a new point."""
    coordinator = device.coordinator
    if not isinstance(coordinator, PushCoordinator):
        return

    @callback
    def look() -> None:
        new = [point for point in coordinator.inbox.points if _is_new(device, point)]
        if not new:
            return
        device.points = (*device.points, *new)
        described = [found for point in new if (found := describe_point(device.role, point))]
        async_add_entities(
            [PointSensor(entry, device, device.role, each) for each in described],
            config_subentry_id=device.subentry_id,
        )

    entry.async_on_unload(coordinator.async_add_listener(look))


def _is_new(device: SiteDevice, point: str) -> bool:
    """Tell whether a point has no sensor. Energies have one already, counted by us until the next start."""
    return point not in device.points and POINTS[device.role][point].kind is not Kind.ENERGY
