"""From an announcement in the network to the device behind it: which profiles it may be, and which it is."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, cast

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from ..const import (
    CONF_CHANNEL,
    CONF_KIND,
    CONF_LINK,
    CONF_PROFILE,
    CONF_SERIAL,
    CONF_SOURCE,
    CONF_TRANSPORT,
    CONF_UNIT_ID,
    DOMAIN,
    KIND_DEMO,
    SOURCE_PROFILE,
)
from ..devices import AnyProfile, Profile
from ..devices.profile import Dhcp, HttpLink, Zeroconf
from .probe import Probe, ProbeError, async_probe

# Its profiles fit devices of many makers, and know less of them than the makers' own.
GENERIC = "SunSpec"

type Known = tuple[ConfigEntry[Any], ConfigSubentry]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A profile that an announcement fits, and how the device would be reached."""

    profile: AnyProfile
    link: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A device that answered as one of the candidates."""

    candidate: Candidate
    probe: Probe


def real_sites(hass: HomeAssistant) -> list[ConfigEntry[Any]]:
    """Return the homes that take devices; a demo home never does."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return [entry for entry in entries if entry.data[CONF_KIND] != KIND_DEMO]


def seen_by_zeroconf(profiles: Iterable[AnyProfile], info: ZeroconfServiceInfo) -> list[Candidate]:
    """Return what an announced service may be. The port is the announced one: it is the service's own."""
    return [
        Candidate(profile=profile, link=_link(profile, info.host, info.port, _unit_id(sign, info)))
        for profile in _special_first(profiles)
        if (
            sign := next(
                (
                    each
                    for each in profile.discovery
                    if isinstance(each, Zeroconf) and each.fits(info.type, info.name, info.properties)
                ),
                None,
            )
        )
    ]


def seen_by_dhcp(profiles: Iterable[AnyProfile], info: DhcpServiceInfo) -> list[Candidate]:
    """Return what somebody who asked for an address may be."""
    return [
        Candidate(profile=profile, link=_link(profile, info.ip, None, None))
        for profile in _special_first(profiles)
        if any(
            isinstance(each, Dhcp) and each.fits(info.hostname, info.macaddress) for each in profile.discovery
        )
    ]


def _special_first(profiles: Iterable[AnyProfile]) -> list[AnyProfile]:
    return sorted(profiles, key=lambda profile: profile.manufacturer == GENERIC)


def _link(profile: AnyProfile, host: str, port: int | None, unit_id: int | None) -> dict[str, Any]:
    """Return where the device is, in the words of a subentry."""
    if isinstance(profile, Profile):
        return {
            CONF_TRANSPORT: "modbus_tcp",
            CONF_HOST: host,
            CONF_PORT: port or profile.link.port,
            CONF_UNIT_ID: profile.link.unit_id if unit_id is None else unit_id,
        }
    # What is published to a broker declares no discovery: only web servers come here.
    server = cast("HttpLink", profile.link)
    link = {CONF_TRANSPORT: server.transport, CONF_HOST: host, CONF_PORT: port or server.port}
    return {**link, CONF_CHANNEL: 0} if server.channels > 1 else link


def _unit_id(sign: Zeroconf, info: ZeroconfServiceInfo) -> int | None:
    """Return the Modbus unit that the announcement names; None where it names none that can be."""
    told = str(info.properties.get(sign.unit_id_in or "", ""))
    return int(told) if told.isdecimal() and int(told) <= 247 else None


def known_devices(hass: HomeAssistant) -> Iterator[Known]:
    """Return every device of a real home that a profile reads."""
    for site in real_sites(hass):
        for subentry in site.subentries.values():
            if subentry.data.get(CONF_SOURCE, {}).get(CONF_KIND) == SOURCE_PROFILE:
                yield site, subentry


async def async_find(hass: HomeAssistant, candidates: Iterable[Candidate]) -> Found:
    """Return what the device turns out to be. Raises ProbeError: of the profile that came closest."""
    closest = ProbeError("wrong_device", "")
    for candidate in candidates:
        for link in (candidate.link, *_with_known_passwords(hass, candidate)):
            tried = Candidate(profile=candidate.profile, link=link)
            try:
                return Found(candidate=tried, probe=await async_probe(hass, candidate.profile, link))
            except ProbeError as err:
                if err.key != "wrong_device":
                    closest = err
                if err.key != "wrong_credentials":
                    break
    raise closest


def _with_known_passwords(hass: HomeAssistant, candidate: Candidate) -> list[dict[str, Any]]:
    """Return the links on which a device of this kind lets us in elsewhere: it may be that one, moved."""
    here = {key: candidate.link[key] for key in (CONF_HOST, CONF_PORT)}
    links = [
        subentry.data[CONF_SOURCE][CONF_LINK]
        for _, subentry in known_devices(hass)
        if subentry.data[CONF_SOURCE][CONF_PROFILE] == candidate.profile.id
    ]
    return [{**link, **here} for link in links if link.get(CONF_PASSWORD)]


def station_of(profile: AnyProfile, link: Mapping[str, Any], serial: str) -> str:
    """Return the serial number of the housing: what its channels or sockets have in common."""
    part = link[CONF_UNIT_ID] if isinstance(profile, Profile) else link.get(CONF_CHANNEL, 0)
    shared = profile.unique_serial("", int(part))
    return serial.removesuffix(shared) if shared else serial


def known_as(hass: HomeAssistant, found: Found, profiles: Mapping[str, AnyProfile]) -> list[Known]:
    """Return the devices of our homes that live in the housing that was found, however they are reached."""
    profile = found.candidate.profile
    wanted = station_of(profile, found.candidate.link, found.probe.serial).casefold()
    return [
        (site, subentry)
        for site, subentry in known_devices(hass)
        if (known := profiles.get(subentry.data[CONF_SOURCE][CONF_PROFILE]))
        and known.manufacturer == profile.manufacturer
        and _is_station(known, subentry.data[CONF_SOURCE], wanted)
    ]


def _is_station(profile: AnyProfile, source: Mapping[str, Any], wanted: str) -> bool:
    """Tell whether a stored device is the one that is wanted. Over MQTT its topics end with its serial number."""
    known = station_of(profile, source[CONF_LINK], str(source[CONF_SERIAL])).casefold()
    return known == wanted or known.endswith(f"-{wanted}")


async def async_follow(hass: HomeAssistant, found: Found, known: Collection[Known]) -> None:
    """Store the new address of a device that has moved. Its site is loaded anew by its update listener."""
    for site, subentry in known:
        if await _async_has_moved(hass, found, subentry.data[CONF_SOURCE]):
            source = subentry.data[CONF_SOURCE]
            here = {key: found.candidate.link[key] for key in (CONF_HOST, CONF_PORT)}
            data = {**subentry.data, CONF_SOURCE: {**source, CONF_LINK: {**source[CONF_LINK], **here}}}
            hass.config_entries.async_update_subentry(site, subentry, data=data)
    # A site that waits for its devices has no listener yet, and need not wait: one of them has just answered.
    for entry_id in {site.entry_id for site, _ in known if site.state is ConfigEntryState.SETUP_RETRY}:
        hass.config_entries.async_schedule_reload(entry_id)


async def _async_has_moved(hass: HomeAssistant, found: Found, source: Mapping[str, Any]) -> bool:
    """Tell whether a device is no longer where it was. One that is reached in another way has its own address."""
    profile, host = found.candidate.profile, source[CONF_LINK].get(CONF_HOST)
    if source[CONF_PROFILE] != profile.id or host == found.candidate.link[CONF_HOST]:
        return False
    return _is_address(host) and not await _async_still_there(hass, profile, source)


def _is_address(host: str) -> bool:
    """Tell whether a host is a number. A name follows its device by itself, and was chosen for that."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _async_still_there(hass: HomeAssistant, profile: AnyProfile, source: Mapping[str, Any]) -> bool:
    """Tell whether the device answers where it always was: it may have two addresses, by cable and by radio."""
    try:
        probe = await async_probe(hass, profile, source[CONF_LINK])
    except ProbeError:
        return False
    return bool(probe.serial == source[CONF_SERIAL])
