"""Add or change a device: pick how it is reached, talk to it, see what it reads, name it."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from ..adapters.car_soc import FIELD as CAR_SOC, soc_problem
from ..adapters.modbus_link import is_serial
from ..const import (
    BATTERY,
    CHARGER,
    CONF_ENTITIES,
    CONF_KIND,
    CONF_LINK,
    CONF_PARAMS,
    CONF_PROFILE,
    CONF_SERIAL,
    CONF_SOURCE,
    DOMAIN,
    KIND_DEMO,
    METER,
    OPT_DEVICES,
    PV,
    SOURCE_ENTITIES,
    SOURCE_HTTP,
    SOURCE_MODBUS,
    SOURCE_MQTT,
    SOURCE_PROFILE,
    SOURCE_PUSH,
)
from ..devices import AnyProfile, Profile
from ..profile_issues import async_profiles
from .charger_fields import charger_fields
from .device_wiring import House, house_of, still_there, wiring_errors
from .entities import entities_schema, entity_identity, entity_problems, read_entities
from .links import connection_link, connection_schema, floor_s, shown_link
from .params import confirm_schema, param_errors, suggestions
from .probe import Probe, ProbeError, async_describe, async_probe, implausible
from .profile_words import async_profile_words
from .push import PushFlow
from .wiring import link_errors

# How a device can be reached; steps of the flow.
MENU = ["profile", SOURCE_HTTP, SOURCE_MQTT, SOURCE_MODBUS, "entities"]
# What only counts can tell all of it by itself; a battery or a charger that posts could not be steered.
PUSH_MENU = [*MENU, SOURCE_PUSH]


class DeviceFlow(PushFlow):
    """One flow for every role; the role decides the profiles offered and the last form."""

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._profile: AnyProfile | None = None
        self._detail = ""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask how the device is reached."""
        if self._get_entry().data[CONF_KIND] == KIND_DEMO:
            # It is steered from the first minute: a real device in it would be, too, without a guard.
            return self.async_abort(reason="demo_home_only")
        menu = PUSH_MENU if self.role in (METER, PV) else MENU
        return self.async_show_menu(step_id="user", menu_options=menu)

    async def async_step_profile(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which device it is."""
        found = await async_profiles(self.hass)
        profiles = {key: each for key, each in found.every.items() if self.role in each.roles}
        if user_input is not None and (chosen := profiles.get(user_input[CONF_PROFILE])):
            self._profile = chosen
            return await self.async_step_connection()
        label, broken = await async_profile_words(self.hass, found.own)
        options = [SelectOptionDict(value=key, label=label(profile)) for key, profile in profiles.items()]
        picker = SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN))
        return self.async_show_form(
            step_id="profile",
            data_schema=probatio.Schema({probatio.Required(CONF_PROFILE): picker}),
            description_placeholders={"own": broken},
        )

    async def async_step_connection(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where it is, connect, and read."""
        profile = self._profile
        assert profile is not None  # noqa: S101  # this step is only reached through a chosen profile
        errors: dict[str, str] = {}
        placeholders = {"device": profile.label, "detail": ""}
        if user_input is not None:
            link = connection_link(profile, user_input, self._old_link())
            errors, placeholders["detail"] = link_errors(link, floor_s(profile))
            if not errors and isinstance(profile, Profile) and is_serial(link):
                line = profile.link.serial
                return await self._async_ask_port(link, self._old_link(), line, self._async_reach_by_profile)
            try:
                if not errors:
                    return await self._async_reach_by_profile(link)
            except ProbeError as err:
                errors["base"] = err.key
                placeholders["detail"] = err.detail
        return self.async_show_form(
            step_id="connection",
            data_schema=self.add_suggested_values_to_schema(
                connection_schema(profile), user_input or shown_link(self._old_link())
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_reach_by_profile(self, link: dict[str, Any]) -> SubentryFlowResult:
        """Connect and read, and go on to the last form. Raises ProbeError."""
        profile = self._profile
        assert profile is not None  # noqa: S101  # see above
        async with self._line_freed(link):
            probe = await async_probe(self.hass, profile, link)
        self._refuse_another_device(probe)
        self._source = {
            CONF_KIND: SOURCE_PROFILE,
            CONF_PROFILE: profile.id,
            CONF_LINK: link,
            # Without a serial number a device is known by where it was first: it stays that one wherever it moves.
            CONF_SERIAL: probe.serial if probe.has_serial else self._known_serial() or probe.serial,
        }
        self._title, self._reading = probe.title, probe.reading
        return await self.async_step_confirm()

    async def async_step_entities(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which entities are this device, and read them."""
        errors: dict[str, str] = {}
        placeholders = {"detail": ""}
        if user_input is not None:
            errors, placeholders = entity_problems(self.hass, self.role, user_input)
            if not errors:
                self._source = {CONF_KIND: SOURCE_ENTITIES, CONF_ENTITIES: user_input}
                self._title, identity = entity_identity(self.hass, self.role, user_input)
                # What a device is stays what it was, whichever entities are exchanged later.
                self._source[CONF_SERIAL] = self._known_serial() or identity
                self._reading = read_entities(self.hass, self.role, user_input)
                return await self.async_step_confirm()
        current = self._current().get(CONF_SOURCE, {}).get(CONF_ENTITIES)
        return self.async_show_form(
            step_id="entities",
            data_schema=self.add_suggested_values_to_schema(
                entities_schema(self.role), user_input or current
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    @override
    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the values that were read, ask for what only people know, save."""
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._confirm_errors(user_input)):
            return await self._async_confirmed(dict(user_input))
        current = self._current()
        shown = user_input or {
            CONF_NAME: current.get(CONF_NAME, self._title),
            **suggestions(self.role, self._reading),
            **still_there(self.role, current.get(CONF_PARAMS, {}), self._house),
            **self._turned(current.get(CONF_PARAMS, {})),
        }
        return self.async_show_form(
            step_id="confirm",
            data_schema=self.add_suggested_values_to_schema(self._confirm_schema(), shown),
            errors=errors,
            description_placeholders={
                "values": await async_describe(self.hass, self.role, self._reading),
                "serial": str(self._source[CONF_SERIAL]),
                "detail": self._detail,
            },
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change how a known device is reached, or what is known of it."""
        source = self._current()[CONF_SOURCE]
        if source[CONF_KIND] == SOURCE_ENTITIES:
            return await self.async_step_entities(user_input)
        if source[CONF_KIND] != SOURCE_PROFILE:
            return await self._async_step(source[CONF_KIND])
        self._profile = (await async_profiles(self.hass)).every.get(source[CONF_PROFILE])
        if self._profile is None or self.role not in self._profile.roles:
            return self.async_abort(reason="profile_missing")
        return await self.async_step_connection(user_input)

    async def _async_step(self, kind: str) -> SubentryFlowResult:
        """Show the form of a device that was described by hand."""
        steps = {
            SOURCE_HTTP: self.async_step_http,
            SOURCE_MQTT: self.async_step_mqtt,
            SOURCE_MODBUS: self.async_step_modbus,
            SOURCE_PUSH: self.async_step_push,
        }
        return await steps[kind]()

    def _confirm_schema(self) -> probatio.Schema:
        """Return the last form."""
        form = confirm_schema(self.role, self._house)
        return probatio.Schema({**form.schema, **charger_fields(self.role, self._source, self._profile)})

    def _confirm_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Name what the last form lacks or contradicts."""
        if problem := soc_problem(self.hass, user_input):
            key, self._detail = problem
            return {CAR_SOC: key}
        return param_errors(self.role, user_input) or wiring_errors(self.role, user_input, self._house)

    @property
    def _house(self) -> House:
        """Return what of the home decides how a device may be wired."""
        return house_of(self._get_entry())

    async def _async_confirmed(self, user_input: dict[str, Any]) -> SubentryFlowResult:
        """Save what the form says."""
        return self._save(user_input)

    def _save(self, params: dict[str, Any]) -> SubentryFlowResult:
        """Create or update the subentry."""
        name = params.pop(CONF_NAME)
        data = {CONF_NAME: name, CONF_SOURCE: self._source, CONF_PARAMS: params}
        unique_id = f"{self.role}:{self._source[CONF_SERIAL]}"
        if self.source != SOURCE_RECONFIGURE and self._is_known(unique_id):
            return self.async_abort(reason="already_configured")
        self._take_along()
        if self.source == SOURCE_RECONFIGURE:
            self._forget_turned(params)
            return self.async_update_and_abort(
                self._get_entry(), self._get_reconfigure_subentry(), title=name, data=data
            )
        return self.async_create_entry(title=name, data=data, unique_id=unique_id)

    def _turned(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return what entities have turned since the set-up: that is what holds now."""
        if self.source != SOURCE_RECONFIGURE:
            return {}
        devices = self._get_entry().options.get(OPT_DEVICES, {})
        turned = devices.get(self._get_reconfigure_subentry().subentry_id, {})
        return {key: value for key, value in turned.items() if key in params}

    def _forget_turned(self, params: Mapping[str, Any]) -> None:
        """Let the form's word count, not what was turned before it."""
        entry, subentry_id = self._get_entry(), self._get_reconfigure_subentry().subentry_id
        devices = dict(entry.options.get(OPT_DEVICES, {}))
        left = {key: value for key, value in devices.pop(subentry_id, {}).items() if key not in params}
        if OPT_DEVICES in entry.options:
            options = {**entry.options, OPT_DEVICES: {**devices, **({subentry_id: left} if left else {})}}
            self.hass.config_entries.async_update_entry(entry, options=options)

    def _is_known(self, unique_id: str) -> bool:
        """Tell whether this site has the device already, or another one steers it: two would fight over it.

        A meter is only read, and two flats may well look at one.
        """
        sites = [self._get_entry()] if self.role == METER else self.hass.config_entries.async_entries(DOMAIN)
        return any(known.unique_id == unique_id for site in sites for known in site.subentries.values())

    def _take_along(self) -> None:
        """Let everything on the same hardware use the address that was just proven: a hybrid's battery and its PV."""
        self._take_line_along(self._source.get(CONF_LINK, {}))
        if self._source[CONF_KIND] != SOURCE_PROFILE:
            return
        entry, link = self._get_entry(), self._source[CONF_LINK]
        same = (CONF_KIND, CONF_PROFILE, CONF_SERIAL)
        for other in list(entry.subentries.values()):
            source = other.data.get(CONF_SOURCE, {})
            if all(source.get(key) == self._source[key] for key in same) and source[CONF_LINK] != link:
                data = {**other.data, CONF_SOURCE: {**source, CONF_LINK: link}}
                self.hass.config_entries.async_update_subentry(entry, other, data=data)

    def _refuse_another_device(self, probe: Probe) -> None:
        """Keep a reconfigured device the device it was, and add no battery that is not wired."""
        if self.role not in probe.roles:
            raise ProbeError("role_missing", probe.title)
        if self._profile and (wrong := implausible(self._profile, self.role, probe.reading)):
            raise ProbeError("implausible", wrong)
        known = self._known_serial()
        if probe.has_serial and known is not None and known != probe.serial:
            raise ProbeError("another_device", f"{probe.title} {probe.serial} ≠ {known}")

    @override
    def _known_serial(self) -> str | None:
        serial = self._current().get(CONF_SOURCE, {}).get(CONF_SERIAL)
        return None if serial is None else str(serial)

    @override
    def _current(self) -> Mapping[str, Any]:
        """Return the stored subentry when reconfiguring, else nothing."""
        return self._get_reconfigure_subentry().data if self.source == SOURCE_RECONFIGURE else {}


class BatteryFlow(DeviceFlow):
    """Add a battery."""

    role = BATTERY


class PvFlow(DeviceFlow):
    """Add a PV array."""

    role = PV


class ChargerFlow(DeviceFlow):
    """Add an EV charger."""

    role = CHARGER
