"""A notice per device that goes on with its last command when EMS is gone: said at set-up, before it matters."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import BATTERY, CHARGER, DOMAIN
from .lease import lease_of
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

_PREFIX: Final = "no_lease_"


@callback
def async_tell_no_lease(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Show one for every battery and charger that keeps what it was told; people may choose to ignore it."""
    for device in entry.runtime_data.devices.values():
        if _keeps(device):
            _async_show(hass, entry, device)
        else:
            ir.async_delete_issue(hass, DOMAIN, f"{_PREFIX}{device.subentry_id}")
    entry.async_on_unload(lambda: _async_clear(hass, list(entry.runtime_data.devices)))


def _keeps(device: SiteDevice) -> bool:
    is_steered = device.role in (BATTERY, CHARGER) and device.actuator is not None and device.actuator.modes
    return bool(is_steered) and lease_of(device.actuator, None) is None


@callback
def _async_show(hass: HomeAssistant, entry: EmsConfigEntry, device: SiteDevice) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{_PREFIX}{device.subentry_id}",
        is_fixable=False,  # by us: it is how the device is made
        severity=ir.IssueSeverity.WARNING,
        translation_key=f"no_lease_{device.role}",
        translation_placeholders={"home": entry.title, "device": device.name},
    )


@callback
def _async_clear(hass: HomeAssistant, device_ids: list[str]) -> None:
    """Take them back with the home, but for those that people ignore: deleted, they would come back at every start."""
    registry = ir.async_get(hass)
    for device_id in device_ids:
        found = registry.async_get_issue(DOMAIN, f"{_PREFIX}{device_id}")
        if found is not None and found.dismissed_version is None:
            ir.async_delete_issue(hass, DOMAIN, f"{_PREFIX}{device_id}")
