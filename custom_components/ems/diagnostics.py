"""Diagnostics: a bug report that can be replayed. Problem and plan in their versioned JSON form, readings raw."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast
from urllib.parse import urlsplit

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant

from .const import CONF_BASE_URL, CONF_LINK, CONF_PREFIX, CONF_SOURCE, CONF_TARIFF, CONF_WEATHER, LOAD
from .devices.reading import Reading
from .dispatcher import Channel
from .engine.plan.serial import plan_to_json, problem_to_json
from .runtime import EmsConfigEntry, EmsData
from .site_device import SiteDevice

TO_REDACT = {
    *("host", "serial", "address", "base_url", "latitude", "longitude", "title", "token", "unique_id"),
    *("username", "password", "headers", "url", "body", "prefix", "availability_topic", "topic"),
}
# What errors may quote of a link.
QUOTED = (CONF_HOST, CONF_PASSWORD, CONF_URL, CONF_PREFIX)


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: EmsConfigEntry) -> dict[str, Any]:
    """Return everything that a stranger needs to see what happened here."""
    data = entry.runtime_data
    outlook = data.plan.data.outlook
    found = {
        "entry": async_redact_data(entry.as_dict(), TO_REDACT),
        "status": data.plan.data.status,
        "reasons": [asdict(reason) for reason in data.plan.data.reasons],
        "problem": problem_to_json(outlook.problem) if outlook else None,
        "plan": plan_to_json(outlook.plan) if outlook else None,
        "devices": {key: _device(device) for key, device in data.devices.items()},
        "meters": _meters(data),
        "loads": {
            key: data.loads.record(device).as_dict()
            for key, device in data.devices.items()
            if device.role == LOAD
        },
        "forecasts": _forecasts(data),
        "commands": {key: _channel(channel) for key, channel in data.dispatcher.channels.items()},
    }
    return cast("dict[str, Any]", _without(found, _secrets(entry)))


def _meters(data: EmsData) -> dict[str, Any]:
    """Return how the meters hang together, and what that makes of them."""
    tree, now = data.site.meters.tree, data.site.data
    return {
        "tree": {
            meter.key: {"role": meter.role, "above": tree.above(meter), "measures": meter.measures}
            for meter in tree.meters
        },
        "lost": list(data.site.meters.lost),
        "sums": {"grid": dict(tree.grid or {}), "consumption": dict(tree.consumption or {})},
        "grid_is_derived": now.grid_is_derived,
        "unknown_because": list(now.unknown_because),
        "untracked_w": dict(now.untracked_w),
    }


def _forecasts(data: EmsData) -> dict[str, Any]:
    """Return how far learning has come and how good forecasts were."""
    learning, verdict = data.forecast.data.learning, data.skill.data
    return {
        "basis": learning.basis,
        "days": learning.days,
        "learned_until_s": learning.until_s,
        "trained_at_s": learning.trained_at_s,
        "history": [asdict(reason) for reason in learning.reasons],
        "archived": {name: len(archive) for name, archive in data.forecasts.archives.items()},
        "skill": {
            series: {lead: asdict(scores) for lead, scores in found.items()}
            for series, found in verdict.scores.items()
        },
        "quality": {source: asdict(quality) for source, quality in verdict.quality.items()},
        "instead": sorted(verdict.instead),
    }


def _secrets(entry: EmsConfigEntry) -> list[str]:
    """Return what errors and names may quote, the longest first: addresses hold hosts."""
    parts = [entry.data[CONF_TARIFF], entry.data[CONF_WEATHER]]
    links = [subentry.data[CONF_SOURCE].get(CONF_LINK) for subentry in entry.subentries.values()]
    found = {entry.title, *(part.get(key) for part in parts for key in (CONF_BASE_URL, CONF_TOKEN))}
    found |= {str(link[key]) for link in links if link for key in QUOTED if link.get(key)}
    found |= {urlsplit(link[CONF_URL]).netloc for link in links if link and CONF_URL in link}
    return sorted((text for text in found if text), key=len, reverse=True)


def _without(value: Any, secrets: list[str]) -> Any:
    """Return JSON-like data in which no text quotes a secret."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, REDACTED)
        return value
    if isinstance(value, Mapping):
        return {key: _without(each, secrets) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without(each, secrets) for each in value]
    return value


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
