"""The action `ems.update_device_settings`: what people turn of devices, checked as a whole before any is kept."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import service

from .adapters.departure import READY_BY
from .adapters.wording import reason_of, reason_text
from .const import DOMAIN, LOAD
from .device_settings import DeviceSettings
from .engine.errors import PlanError
from .runtime import EmsConfigEntry, EmsData
from .site_device import SiteDevice


async def async_update_device_settings(call: ServiceCall) -> ServiceResponse:
    """Change settings of devices: of all that are named, or of none. Answer with what holds now."""
    given = {key: value for key, value in call.data.items() if key != ATTR_DEVICE_ID}
    ids = list(dict.fromkeys(call.data[ATTR_DEVICE_ID]))
    found = {device_id: _device(call.hass, device_id) for device_id in ids}
    checked = [(data, device, _checked(call.hass, data, device, given)) for data, device in found.values()]
    # From here on nothing waits and nothing can fail: nobody sees half of it.
    for data, device, values in checked:
        for key, value in values.items():
            data.settings.set_device(device.subentry_id, key, value)
        if READY_BY in values and device.role == LOAD:
            data.loads.reschedule(device)
    if given:
        _tell({id(data): data for data, _ in found.values()}.values())
    if not call.return_response:
        return None
    answers: dict[str, Any] = {
        device_id: {"name": device.name, "settings": DeviceSettings(device, data.settings).now()}
        for device_id, (data, device) in found.items()
    }
    return {"devices": answers}


@callback
def _tell(homes: Any) -> None:
    """Let entities show it, and plan by it."""
    for data in homes:
        data.plan.async_update_listeners()
        data.guard.async_look()
        data.plan.async_replan()


def _device(hass: HomeAssistant, device_id: str) -> tuple[EmsData, SiteDevice]:
    """Return a device and the site it belongs to. Raises ServiceValidationError for what is no device of a site."""
    entry: EmsConfigEntry
    device, entry = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    data = entry.runtime_data
    for domain, key in device.identifiers:
        if domain == DOMAIN and (mine := data.devices.get(key)):
            return data, mine
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="settings_no_device",
        translation_placeholders={"device": device.name_by_user or device.name or device_id},
    )


def _checked(
    hass: HomeAssistant, data: EmsData, device: SiteDevice, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return settings as they are stored. Raises ServiceValidationError that names device, field and remedy."""
    settings = DeviceSettings(device, data.settings)
    for key in given:
        if key not in settings.keys:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="settings_not_there",
                translation_placeholders={
                    "device": device.name,
                    "field": key,
                    "known": ", ".join(settings.keys),
                },
            )
    try:
        values = {key: settings.read(key, value) for key, value in given.items()}
    except PlanError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="settings_refused",
            translation_placeholders={
                "device": device.name,
                "detail": reason_text(hass, reason_of(err)),
            },
        ) from err
    if READY_BY in values and settings.has_weekdays(values):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="weekdays_hold",
            translation_placeholders={"device": device.name},
        )
    return values
