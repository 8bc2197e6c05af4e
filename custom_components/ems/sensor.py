"""Sensors: what devices read, what the home adds up to, what the plan says."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .circuit_sensors import circuit_sensors
from .const import BATTERY, METER, PV
from .control_sensors import control_sensors
from .entity import device_info, site_device_info
from .forecast_sensors import forecast_sensors
from .guard_entity import async_add_for_circuits
from .health_sensors import health_sensors
from .integrated_energy import IntegratedEnergySensor
from .limit_sensors import PowerLimit
from .load_sensors import load_sensors
from .meter_sensors import meter_sensors
from .outlook_sensors import outlook_sensors
from .peak_sensors import peak_sensors
from .plan_insight_sensors import device_insight_sensors, site_insight_sensors
from .plan_sensors import device_plan_sensors, site_plan_sensors
from .point_descriptions import describe_point
from .point_sensor import PointSensor
from .push_points import async_follow_points
from .runtime import EmsConfigEntry
from .shadow_sensors import device_saving_sensors, site_saving_sensors
from .site_device import SiteDevice
from .site_sensors import site_sensors

PARALLEL_UPDATES = 0

# Energies that a role must show, and the sign of the power that fills them where the device does not count.
_COUNTED = {
    METER: {"import_energy": 1, "export_energy": -1},
    BATTERY: {"discharge_energy": 1, "charge_energy": -1},
    PV: {"energy": 1},
}


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Create the sensors of the site and of every device."""
    data = entry.runtime_data
    consumption = IntegratedEnergySensor(
        data.site,
        f"{entry.entry_id}_home_energy",
        "home_energy",
        site_device_info(entry),
        lambda: data.site.data.balance_w,
        keep_negative=True,
    )
    async_add_entities(
        [
            *site_sensors(entry),
            *site_plan_sensors(entry),
            *site_insight_sensors(entry),
            *peak_sensors(entry),
            PowerLimit(entry),
            *outlook_sensors(entry),
            *site_saving_sensors(entry),
            *forecast_sensors(entry),
            consumption,
        ]
    )
    async_add_for_circuits(entry, async_add_entities, circuit_sensors)
    for device in data.devices.values():
        async_add_entities(
            [
                *_point_sensors(entry, device),
                *_counters(entry, device),
                *device_plan_sensors(entry, device),
                *device_insight_sensors(entry, device),
                *device_saving_sensors(entry, device),
                *load_sensors(entry, device),
                *health_sensors(entry, device),
                *meter_sensors(entry, device),
                *control_sensors(entry, device),
            ],
            config_subentry_id=device.subentry_id,
        )
        async_follow_points(entry, device, async_add_entities)


def _point_sensors(entry: EmsConfigEntry, device: SiteDevice) -> list[PointSensor]:
    """Return a sensor for every point the device has; an inverter's own points sit with its first subentry."""
    points = [(device.role, point) for point in (*device.points, *device.setting_points)]
    if _owns_inverter(entry, device):
        points += [("inverter", point) for point in device.inverter_points]
    return [
        PointSensor(entry, device, role, description)
        for role, point in points
        if (description := describe_point(role, point)) is not None
    ]


def _owns_inverter(entry: EmsConfigEntry, device: SiteDevice) -> bool:
    sharing = [d for d in entry.runtime_data.devices.values() if d.coordinator is device.coordinator]
    return bool(device.inverter_points) and device is min(
        sharing, key=lambda d: (d.role != PV, d.subentry_id)
    )


def _counters(entry: EmsConfigEntry, device: SiteDevice) -> list[IntegratedEnergySensor]:
    """Return counters of our own for the energies that the device does not count."""
    return [
        IntegratedEnergySensor(
            device.coordinator,
            f"{device.subentry_id}_{point}",
            point,
            device_info(entry, device),
            lambda sign=sign: _signed(device.fresh_number("power"), sign),  # type: ignore[misc]  # binds the loop's sign
        )
        for point, sign in _COUNTED.get(device.role, {}).items()
        if point not in device.points
    ]


def _signed(power_w: float | None, sign: int) -> float | None:
    return None if power_w is None else power_w * sign
