"""What a device answered last, together with what a stranger needs to read it again: its profile, whoever wrote it."""

from collections.abc import Mapping
from typing import Any, Final

from ..const import (
    CONF_CHANNEL,
    CONF_KIND,
    CONF_LINK,
    CONF_POINTS,
    CONF_PROFILE,
    CONF_UNIT_ID,
    SOURCE_HTTP,
    SOURCE_MODBUS,
    SOURCE_MQTT,
    SOURCE_PROFILE,
)
from ..coordinators.device import DeviceCoordinator, MqttCoordinator
from ..devices import DeviceError, HttpDevice, ModbusDevice, MqttDevice
from ..devices.document_capture import capture_documents
from ..devices.own_profiles import OwnProfiles
from ..devices.reading import Reading
from ..devices.register_capture import capture_registers
from ..site_device import SiteDevice

SCHEMA: Final = 1
# What a link described by hand needs to become a profile again; where it led is nobody's business.
_PLACES: Final[Mapping[str, Mapping[str, Any]]] = {
    SOURCE_HTTP: {"url": "http://device.invalid/answer"},
    SOURCE_MQTT: {},
    SOURCE_MODBUS: {"host": "device.invalid", "port": 502},
}
_KEPT: Final = ("method", "poll_s", "max_age_s", CONF_UNIT_ID)


def capture_of(device: SiteDevice, own: OwnProfiles) -> dict[str, Any] | None:
    """Return what `tests/support/replay.py` replays; None for a device that EMS does not read itself."""
    coordinator, source = device.coordinator, device.source
    if not isinstance(coordinator, DeviceCoordinator | MqttCoordinator):
        return None
    spoken, link = coordinator.device, source[CONF_LINK]
    return {"schema": SCHEMA, **_profile(device, own)} | _raw(spoken, link)


def latest(device: SiteDevice) -> tuple[Reading | None, Reading | None]:
    """Return the last reading and the last settings, of the same moment as what a capture holds.

    What is published goes on coming while the screens still gather it.
    """
    spoken = device.coordinator.device if isinstance(device.coordinator, MqttCoordinator) else None
    settings = device.settings.data if device.settings else None
    if not isinstance(spoken, MqttDevice):
        return device.coordinator.data, settings
    try:
        return spoken.reading(), spoken.settings_reading() if device.settings else None
    except DeviceError:
        return device.coordinator.data, settings


def _raw(device: object, link: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(device, ModbusDevice):
        return capture_registers(device, int(link[CONF_UNIT_ID]))
    assert isinstance(device, HttpDevice | MqttDevice)  # noqa: S101  # there is no third kind
    return capture_documents(device, int(link.get(CONF_CHANNEL, 0)))


def _profile(device: SiteDevice, own: OwnProfiles) -> dict[str, Any]:
    """Return by what the device is read: a name, the text of people's own, or the rows of a form."""
    source = device.source
    if source[CONF_KIND] != SOURCE_PROFILE:
        return {"profile": None, "by_hand": _by_hand(device)}
    name = source[CONF_PROFILE]
    found = own.found.get(name)
    return {"profile": name} | ({"own": found.shown} if found else {})


def _by_hand(device: SiteDevice) -> dict[str, Any]:
    source = device.source
    link = {key: source[CONF_LINK][key] for key in _KEPT if key in source[CONF_LINK]}
    rows = [{**row, "topic": row["point"]} if "topic" in row else dict(row) for row in source[CONF_POINTS]]
    return {
        "role": device.role,
        "source": {
            CONF_KIND: source[CONF_KIND],
            CONF_LINK: {**_PLACES[source[CONF_KIND]], **link},
            CONF_POINTS: rows,
            "power_positive": source.get("power_positive"),
        },
    }
