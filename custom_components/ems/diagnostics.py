"""Diagnostics: a bug report that can be replayed. Problem and plan in their versioned JSON form, readings raw.

What devices answered is under `capture`: `tests/support/replay.py` reads it again (docs/development.md).
"""

from collections.abc import Mapping
from dataclasses import asdict
import re
from typing import Any, cast
from urllib.parse import urlsplit

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import DeviceEntry

from .adapters.captures import capture_of, latest
from .adapters.own_profiles import async_read_profiles
from .const import (
    CONF_BASE_URL,
    CONF_KIND,
    CONF_LINK,
    CONF_POINTS,
    CONF_PREFIX,
    CONF_SERIAL,
    CONF_SERIAL_PORT,
    CONF_SOURCE,
    CONF_TARIFF,
    CONF_WEATHER,
    DOMAIN,
    LOAD,
    SOURCE_PROFILE,
)
from .devices.own_profiles import OwnProfiles
from .devices.pseudonym import digits_masked
from .devices.reading import Reading
from .dispatcher import Channel
from .engine.plan.serial import plan_to_json, problem_to_json
from .lease import when_ems_is_gone
from .runtime import EmsConfigEntry, EmsData
from .site_device import SiteDevice

TO_REDACT = {
    *("host", "serial", "address", "base_url", "latitude", "longitude", "title", "token", "unique_id"),
    *("username", "password", "headers", "url", "body", "prefix", "availability_topic", "topic"),
    *("key_hash", "facility_id"),
    *("on_path", "off_path", "on_body", "off_body", "power_path", "power_body"),
    *("command_topic", "on_payload", "off_payload", "power_topic", "power_payload"),
}
# What errors may quote of a link.
QUOTED = (CONF_HOST, CONF_PASSWORD, CONF_URL, CONF_PREFIX, "availability_topic")
# A port's plain name says nothing about anybody; a name that stays the same at every plug holds a serial number, and
# a port on another machine its address.
PLAIN_PORT = re.compile(r"/dev/(tty[A-Za-z]+|pts/)\d+|COM\d+")
_QUOTE = re.compile(r"'[^']*'")
# Shorter serial numbers are parts of every other number.
_SERIAL_MIN = 4


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: EmsConfigEntry) -> dict[str, Any]:
    """Return everything that a stranger needs to see what happened here."""
    own = (await async_read_profiles(hass)).own  # from here on nothing waits: raw and read belong together
    described = {"entry": async_redact_data(entry.as_dict(), TO_REDACT)}
    if entry.state is not ConfigEntryState.LOADED:
        return _clean(entry, {**described, **_why_not_loaded(entry)})
    data = entry.runtime_data
    found = {
        **described,
        **_plan(data),
        **_devices(data, data.devices),
        "meters": _meters(data),
        "electrical_health": {key: asdict(health.verdict) for key, health in data.health.items()},
        "forecasts": _forecasts(data),
        "guard": _guard(data),
    }
    return _with_captures(_clean(entry, found), data.devices, own)


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: EmsConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return what concerns one device; for the device that stands for the home, the plan without devices."""
    own = (await async_read_profiles(hass)).own
    if entry.state is not ConfigEntryState.LOADED:
        return _clean(entry, _why_not_loaded(entry))
    data = entry.runtime_data
    ids = {key for domain, key in device.identifiers if domain == DOMAIN}
    chosen = {key: each for key, each in data.devices.items() if key in ids}
    found = _devices(data, chosen)
    if entry.entry_id in ids:
        found |= {**_plan(data), "meters": _meters(data), "forecasts": _forecasts(data)}
    return _with_captures(_clean(entry, found), chosen, own)


def _why_not_loaded(entry: EmsConfigEntry) -> dict[str, Any]:
    """Return what there is to say of a home that is not running."""
    return {"state": entry.state.value, "reason": entry.reason, "devices": {}}


def _clean(entry: EmsConfigEntry, found: Mapping[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", _without(found, _secrets(entry)))


def _with_captures(
    found: dict[str, Any], devices: Mapping[str, SiteDevice], own: OwnProfiles
) -> dict[str, Any]:
    """Add what each device answered. It is clean already, and a home called "00" must not change any register."""
    for key, device in devices.items():
        found["devices"][key]["capture"] = capture_of(device, own)
    return found


def _devices(data: EmsData, devices: Mapping[str, SiteDevice]) -> dict[str, Any]:
    """Return what devices read, and what they were asked for and told."""
    channels = data.dispatcher.channels
    loads = {key: device for key, device in devices.items() if device.role == LOAD}
    return {
        "devices": {key: _device(device) for key, device in devices.items()},
        "loads": {key: data.loads.record(device).as_dict() for key, device in loads.items()},
        "commands": {key: _channel(channels[key]) for key in devices if key in channels},
    }


def _plan(data: EmsData) -> dict[str, Any]:
    """Return what was planned, and from what."""
    outlook = data.plan.data.outlook
    return {
        "status": data.plan.data.status,
        "reasons": [asdict(reason) for reason in data.plan.data.reasons],
        "problem": problem_to_json(outlook.problem) if outlook else None,
        "plan": plan_to_json(outlook.plan) if outlook else None,
    }


def _guard(data: EmsData) -> dict[str, Any]:
    """Return what the guard saw last and what it made of it: enough to decide the same again."""
    state = data.guard.data
    return {
        "at": state.at,
        "setup": asdict(state.setup),
        "snapshot": asdict(state.snapshot) if state.snapshot else None,
        "decisions": {key: asdict(each) for key, each in state.decisions.items()},
        "trusts": dict(state.trusts),
        "surplus_kw": state.surplus_kw,
    }


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
    sources = [each.data[CONF_SOURCE] for each in entry.subentries.values() if CONF_SOURCE in each.data]
    links = [source.get(CONF_LINK) for source in sources]
    found = {entry.title, *(part.get(key) for part in parts for key in (CONF_BASE_URL, CONF_TOKEN))}
    found |= {str(link[key]) for link in links if link for key in QUOTED if link.get(key)}
    ports = {link.get(CONF_SERIAL_PORT) for link in links if link}
    found |= {port for port in ports if port and not PLAIN_PORT.fullmatch(port)}
    found |= {urlsplit(link[CONF_URL]).netloc for link in links if link and CONF_URL in link}
    found |= {row["topic"] for source in sources for row in source.get(CONF_POINTS, ()) if row.get("topic")}
    known = [source for source in sources if source[CONF_KIND] == SOURCE_PROFILE]
    found |= {serial for source in known if len(serial := str(source[CONF_SERIAL])) >= _SERIAL_MIN}
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
    reading, settings = latest(device)
    coordinator = device.coordinator
    return {
        "role": device.role,
        "profile": device.source.get("profile"),
        "ok": coordinator.last_update_success,
        "error": _error(coordinator.last_exception),
        "reading": _reading(reading),
        "settings": _reading(settings),
    }


def _error(err: BaseException | None) -> str | None:
    """Return what went wrong last. Quoted answers may be somebody's serial number, so their digits go."""
    if isinstance(err, HomeAssistantError) and err.translation_key == "another_device":
        return err.translation_key
    return None if err is None else _QUOTE.sub(lambda found: digits_masked(found[0]), str(err))


def _reading(reading: Reading | None) -> dict[str, Any] | None:
    return None if reading is None else asdict(reading)


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "accepted": asdict(channel.accepted) if channel.accepted else None,
        "override": asdict(channel.override) if channel.override else None,
        "error": channel.error,
        "asked": asdict(channel.asked) if channel.asked else None,
        "lapsed_at": channel.lapsed_at,
        "keeps": sorted(channel.device.actuator.keeps) if channel.device.actuator else [],
        **when_ems_is_gone(channel),
        "writes": [asdict(write) for write in channel.writes],
    }
