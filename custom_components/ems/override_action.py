"""The action `ems.override`: a person's word for some devices and some time, or the end of it."""

import asyncio
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID, ATTR_MODE
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import service
from homeassistant.util import dt as dt_util

from .action_fields import ATTR_CURRENT, ATTR_DURATION, ATTR_POWER, MODE_PLAN
from .adapters.override_request import OverrideRequest, make_override
from .adapters.wording import reason_text
from .const import DOMAIN, OVERRIDE
from .dispatcher import Channel, Command, Dispatcher
from .runtime import EmsData
from .site_device import SetpointWrite


async def async_override(call: ServiceCall) -> ServiceResponse:
    """Tell devices what to do for a while. All are checked before the first is told; one's refusal stops no other."""
    ids = list(dict.fromkeys(call.data[ATTR_DEVICE_ID]))
    found = [_device(call.hass, device_id) for device_id in ids]
    commands = [_command(call, channel) for _, channel in found]
    told = await asyncio.gather(
        *(
            _async_tell(call.hass, dispatcher, channel, command)
            for (dispatcher, channel), command in zip(found, commands, strict=True)
        ),
        return_exceptions=True,
    )
    answers: dict[str, Any] = {}
    for device_id, answer in zip(ids, told, strict=True):
        if isinstance(answer, BaseException):
            raise answer
        answers[device_id] = answer
    return {"devices": answers} if call.return_response else None


def _device(hass: HomeAssistant, device_id: str) -> tuple[Dispatcher, Channel]:
    """Return a device of EMS that can be told something. Raises ServiceValidationError for all others."""
    device, entry = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    data: EmsData = entry.runtime_data
    for domain, key in device.identifiers:
        if domain == DOMAIN and (channel := data.dispatcher.channels.get(key)):
            return data.dispatcher, channel
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="override_no_hands",
        translation_placeholders={"device": device.name_by_user or device.name or device_id},
    )


def _command(call: ServiceCall, channel: Channel) -> Command | None:
    """Return what a device is to do; None gives it back to the plan, which takes nothing but the mode."""
    given = {field: call.data.get(field) for field in (ATTR_POWER, ATTR_CURRENT)}
    if call.data[ATTR_MODE] == MODE_PLAN:
        _refuse_useless(call, channel)
        return None
    expires_at = dt_util.utcnow() + call.data.get(ATTR_DURATION, OVERRIDE)
    asked = OverrideRequest(mode=call.data[ATTR_MODE], expires_at=expires_at, **given)
    return make_override(call.hass, channel.device, asked)


def _refuse_useless(call: ServiceCall, channel: Channel) -> None:
    for field in (ATTR_POWER, ATTR_CURRENT, ATTR_DURATION):
        if field in call.data:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="override_useless_field",
                translation_placeholders={"device": channel.device.name, "field": field, "mode": MODE_PLAN},
            )


async def _async_tell(
    hass: HomeAssistant, dispatcher: Dispatcher, channel: Channel, command: Command | None
) -> dict[str, Any]:
    """Hand a command on by the one way there is; return what the device took."""
    device = channel.device
    if command is None:
        await dispatcher.async_clear_override(device.subentry_id)
        return {"name": device.name, "mode": MODE_PLAN}
    writes = await dispatcher.async_apply(device.subentry_id, command)
    is_waiting, told = channel.waiting == command, channel.accepted
    return {
        "name": device.name,
        **_asked(command),
        "expires_at": command.expires_at.isoformat() if command.expires_at else None,
        "is_waiting": is_waiting,
        # What limits left of it: a person's word is narrowed like any other.
        "told": None if is_waiting or told is None else _told(hass, told),
        "writes": [_proof(write) for write in writes],
    }


def _asked(command: Command) -> dict[str, Any]:
    amounts = {field: getattr(command, field) for field in (ATTR_POWER, ATTR_CURRENT)}
    return {"mode": command.mode} | {key: amount for key, amount in amounts.items() if amount is not None}


def _told(hass: HomeAssistant, command: Command) -> dict[str, Any]:
    """Return what the device was told, and why where that is not what was asked."""
    reason = reason_text(hass, command.reason) if command.reason else None
    return {**_asked(command), "source": command.source.value, "reason": reason}


def _proof(write: SetpointWrite) -> dict[str, Any]:
    return {
        "entity_id": write.entity_id,
        "register": write.register,
        "unit": write.unit,
        "before": write.before,
        "written": write.written,
        "read_back": write.read_back,
        "at": write.at.isoformat(),
    }
