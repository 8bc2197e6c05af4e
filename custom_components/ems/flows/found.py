"""Devices that announce themselves in the network: asked who they are, shown with their values, added to a home."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import ConfigFlowResult, ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import probatio

from ..const import (
    CONF_CHANNEL,
    CONF_KIND,
    CONF_LINK,
    CONF_PROFILE,
    CONF_SERIAL,
    METER,
    ROLES,
    SOURCE_PROFILE,
)
from ..devices import AnyProfile, load_profiles
from ..devices.profile import HttpLink
from .candidates import (
    Candidate,
    Found,
    async_find,
    async_follow,
    known_as,
    real_sites,
    seen_by_dhcp,
    seen_by_zeroconf,
)
from .device_wiring import House, house_of
from .fields import whole
from .links import PASSWORD
from .new_devices import NewDevice, NewDevicesFlow
from .probe import ProbeError

# An inverter asks for its address long before it answers; Home Assistant does not tell twice of the same address.
STARTING_S = 60.0
CONF_SITE = "site"
CONF_ROLES = "roles"


class FoundFlow(NewDevicesFlow):
    """From an announcement to the subentries of a home."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        super().__init__()
        self._candidates: list[Candidate] = []
        self._found: Found | None = None
        self._site_id = ""

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Look at a device that announces a service."""
        if discovery_info.ip_address.version == 6:
            # It changes with the provider's prefix; the same device says its other address as well.
            return self.async_abort(reason="ipv6_not_followed")
        name = discovery_info.name.partition(".")[0].lower()
        return await self._async_look(name, seen_by_zeroconf(await self._async_all(), discovery_info))

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Look at a device that asks for an address."""
        candidates = seen_by_dhcp(await self._async_all(), discovery_info)
        return await self._async_look(discovery_info.macaddress, candidates, patience_s=STARTING_S)

    async def _async_all(self) -> list[AnyProfile]:
        return list((await self.hass.async_add_executor_job(load_profiles)).values())

    async def _async_look(
        self, name: str, candidates: list[Candidate], patience_s: float = 0.0
    ) -> ConfigFlowResult:
        """Ask the device who it is, unless it was ignored, is being looked at, or there is no home for it."""
        await self.async_set_unique_id(f"found:{name}")
        self._abort_if_unique_id_configured()
        if not real_sites(self.hass):
            return self.async_abort(reason="no_site")
        self._candidates = candidates
        self.context["title_placeholders"] = {"name": name}
        try:
            found = await self._async_find(candidates, patience_s)
        except ProbeError as err:
            if err.key == "wrong_credentials" and self._password_fields():
                return await self.async_step_found_password()
            reason = "unknown_device" if err.key == "wrong_device" else "no_answer"
            return self.async_abort(reason=reason, description_placeholders={"detail": err.detail})
        return await self._async_found(found)

    async def _async_find(self, candidates: list[Candidate], patience_s: float) -> Found:
        """Ask, and once more after a while where nobody answered yet."""
        try:
            return await async_find(self.hass, candidates)
        except ProbeError as err:
            if err.key != "cannot_connect" or not patience_s:
                raise
        await asyncio.sleep(patience_s)
        return await async_find(self.hass, candidates)

    def _password_fields(self) -> dict[Any, Any]:
        """Return the form that lets us in: no field where no candidate knows of a password."""
        links = [each.profile.link for each in self._candidates]
        auths = {auth for link in links if isinstance(link, HttpLink) for auth in link.auth} - {"none"}
        user = {probatio.Optional(CONF_USERNAME): TextSelector()} if auths - {"bearer"} else {}
        return {**user, probatio.Required(CONF_PASSWORD): PASSWORD} if auths else {}

    async def async_step_found_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password, and try it."""
        errors: dict[str, str] = {}
        detail = ""
        if user_input is not None:
            tried = [replace(each, link={**each.link, **user_input}) for each in self._candidates]
            try:
                found = await async_find(self.hass, tried)
            except ProbeError as err:
                errors["base"], detail = err.key, err.detail
            else:
                return await self._async_found(found)
        return self.async_show_form(
            step_id="found_password",
            data_schema=probatio.Schema(self._password_fields()),
            errors=errors,
            description_placeholders={"host": self._candidates[0].link[CONF_HOST], "detail": detail},
        )

    async def _async_found(self, found: Found) -> ConfigFlowResult:
        """Follow a device that is ours; offer one that is new."""
        profiles = await self.hass.async_add_executor_job(load_profiles)
        if known := known_as(self.hass, found, profiles):
            await async_follow(self.hass, found, known)
            return self.async_abort(reason="already_configured")
        self._found = found
        self.context["title_placeholders"] = {"name": found.probe.title}
        return await self.async_step_found()

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which home it belongs to and what of it is used; nothing where nothing is to choose."""
        found = self._found
        assert found is not None  # noqa: S101  # this step is only reached with a device
        if not real_sites(self.hass):
            return self.async_abort(reason="no_site")
        fields = self._choices(found)
        errors: dict[str, str] = {}
        detail = ""
        if user_input is None and not fields:
            user_input = {}
        if user_input is not None:
            try:
                return await self._async_chosen(found, user_input)
            except ProbeError as err:
                errors["base"], detail = err.key, err.detail
        return self.async_show_form(
            step_id="found",
            data_schema=self.add_suggested_values_to_schema(probatio.Schema(fields), user_input),
            errors=errors,
            description_placeholders={
                "device": found.probe.title,
                "serial": found.probe.serial,
                "host": found.candidate.link[CONF_HOST],
                "detail": detail,
            },
        )

    def _choices(self, found: Found) -> dict[Any, Any]:
        """Return the fields of what can be chosen at all."""
        fields: dict[Any, Any] = {}
        sites, roles = real_sites(self.hass), _roles(found)
        if len(sites) > 1:
            options = [SelectOptionDict(value=site.entry_id, label=site.title) for site in sites]
            fields[probatio.Required(CONF_SITE, default=sites[0].entry_id)] = SelectSelector(
                SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
            )
        if len(roles) > 1:
            # A home that has a meter rarely wants a second one from its inverter.
            metered = all(site.get_subentries_of_type(METER) for site in sites)
            wanted = [role for role in roles if role != METER or not metered]
            fields[probatio.Required(CONF_ROLES, default=wanted)] = SelectSelector(
                SelectSelectorConfig(
                    options=roles, multiple=True, translation_key="role", mode=SelectSelectorMode.LIST
                )
            )
        link = found.candidate.profile.link
        if isinstance(link, HttpLink) and link.channels > 1:
            fields[probatio.Required(CONF_CHANNEL, default=0)] = whole(0, link.channels - 1)
        return fields

    async def _async_chosen(self, found: Found, choice: Mapping[str, Any]) -> ConfigFlowResult:
        """Go on to the forms of what was chosen. Another channel is another meter, which is read first."""
        if not (roles := choice.get(CONF_ROLES, _roles(found))):
            raise ProbeError("nothing_chosen", "")
        if (channel := choice.get(CONF_CHANNEL, 0)) != found.candidate.link.get(CONF_CHANNEL, 0):
            link = {**found.candidate.link, CONF_CHANNEL: channel}
            found = await async_find(self.hass, [replace(found.candidate, link=link)])
        self._found = found
        self._site_id = choice.get(CONF_SITE, real_sites(self.hass)[0].entry_id)
        source = {
            CONF_KIND: SOURCE_PROFILE,
            CONF_PROFILE: found.candidate.profile.id,
            CONF_LINK: dict(found.candidate.link),
            CONF_SERIAL: found.probe.serial,
        }
        site = self.hass.config_entries.async_get_entry(self._site_id)
        house = house_of(site) if site else House()
        devices = [
            NewDevice(
                role=role, title=found.probe.title, source=source, reading=found.probe.reading, house=house
            )
            for role in roles
        ]
        return await self._async_describe_all(devices, then=self._async_add)

    async def _async_add(self) -> ConfigFlowResult:
        """Add everything to the home, which is loaded anew by its update listener."""
        site = self.hass.config_entries.async_get_entry(self._site_id)
        if site is None:
            return self.async_abort(reason="no_site")
        for device in self._described:
            subentry = ConfigSubentry(
                data=MappingProxyType(dict(device["data"])),
                subentry_type=device["subentry_type"],
                title=device["title"],
                unique_id=device["unique_id"],
            )
            self.hass.config_entries.async_add_subentry(site, subentry)
        return self.async_abort(reason="device_added", description_placeholders={"site": site.title})


def _roles(found: Found) -> list[str]:
    """Return what the device can be in a home: an inverter without a battery is no battery."""
    return [role for role in ROLES if role in found.probe.roles]
