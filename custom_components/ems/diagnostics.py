"""Diagnostics: a bug report that can be replayed. Problem and plan in their versioned JSON form, readings raw."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant

from .devices.reading import Reading
from .dispatcher import Channel
from .engine.plan.serial import plan_to_json, problem_to_json
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

TO_REDACT = {"host", "serial", "address", "base_url", "latitude", "longitude", "title", "unique_id"}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: EmsConfigEntry) -> dict[str, Any]:
    """Return everything that a stranger needs to see what happened here."""
    data = entry.runtime_data
    outlook = data.plan.data.outlook
    return {
        "entry": async_redact_data(entry.as_dict(), TO_REDACT),
        "status": data.plan.data.status,
        "reasons": [asdict(reason) for reason in data.plan.data.reasons],
        "problem": problem_to_json(outlook.problem) if outlook else None,
        "plan": plan_to_json(outlook.plan) if outlook else None,
        "devices": {key: _device(device) for key, device in data.devices.items()},
        "commands": {key: _channel(channel) for key, channel in data.dispatcher.channels.items()},
    }


def _device(device: SiteDevice) -> dict[str, Any]:
    return {
        "role": device.role,
        "profile": device.source.get("profile"),
        "ok": device.coordinator.last_update_success,
        "reading": _reading(device.coordinator.data),
        "settings": _reading(device.settings.data) if device.settings else None,
    }


def _reading(reading: Reading | None) -> dict[str, Any] | None:
    return None if reading is None else asdict(reading)


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "accepted": asdict(channel.accepted) if channel.accepted else None,
        "override": asdict(channel.override) if channel.override else None,
        "error": channel.error,
        "writes": [asdict(write) for write in channel.writes],
    }
