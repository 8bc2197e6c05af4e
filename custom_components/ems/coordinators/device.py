"""Poll one device, or listen to the entities that stand for one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.event import (
    async_call_later,
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..adapters.device_links import serial_of
from ..adapters.entity_points import INPUTS
from ..adapters.entity_reading import read_role
from ..const import (
    CONF_KIND,
    CONF_LINK,
    CONF_SERIAL,
    DOMAIN,
    LOGGER,
    METER,
    SETTINGS_INTERVAL,
    SOURCE_PROFILE,
)
from ..devices import (
    Device,
    DeviceBusyError,
    DeviceError,
    Identity,
    MqttDevice,
)
from ..devices.reading import Reading

# Entities tell us when they change; this only notices the ones that went away without a word.
ENTITY_INTERVAL = timedelta(seconds=30)
# So does this for devices that publish; they say themselves how long their silence may last.
SILENCE_INTERVAL = timedelta(seconds=10)
BURST_S = 0.3


def _trouble(name: str, err: DeviceError, retry_after_s: float | None = None) -> UpdateFailed:
    """Return what a coordinator raises for what a device did, in words that the UI knows."""
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key="communication_error",
        translation_placeholders={"device": name, "detail": str(err)},
        retry_after=retry_after_s,
    )


class DeviceCoordinator(DataUpdateCoordinator[Reading]):
    """Polls one device. What stayed silent is named in the reading, not guessed."""

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        device: Device,
        source: Mapping[str, Any],
        every: timedelta,
    ) -> None:
        """Initialize the coordinator."""
        self.device = device
        self.identity: Identity | None = None
        self._source = source
        name = f"{entry.title} {device.profile.label}"
        super().__init__(hass, LOGGER, config_entry=entry, name=name, update_interval=every)

    @override
    async def _async_update_data(self) -> Reading:
        """Read the device once; on the first contact make sure that it is the one that was set up."""
        try:
            # What was described by hand has no serial number, and is known by what was entered.
            if self.identity is None and self._source[CONF_KIND] == SOURCE_PROFILE:
                self.identity = await self._async_identify()
            return await self.device.async_read()
        except DeviceBusyError as err:
            # It is there and asks for quiet; who it is, is known.
            raise _trouble(self.name, err, err.retry_after_s) from err
        except DeviceError as err:
            # After a silence somebody else may sit at this address.
            self.identity = None
            raise _trouble(self.name, err) from err

    async def _async_identify(self) -> Identity:
        identity = await self.device.async_identify()
        serial, link = self._source[CONF_SERIAL], self._source[CONF_LINK]
        if identity.serial and serial_of(self.device.profile, identity, link) != serial:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="another_device",
                translation_placeholders={
                    "device": self.name,
                    "expected": serial,
                    "found": identity.serial,
                },
            )
        return identity


class MqttCoordinator(DataUpdateCoordinator[Reading]):
    """Takes what a device publishes when it publishes it; the clock only notices that it has gone silent."""

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], device: MqttDevice) -> None:
        """Listen. A device's topics are its identity: there is nothing to ask it for."""
        self.device = device
        self._due: CALLBACK_TYPE | None = None
        name = f"{entry.title} {device.profile.label}"
        super().__init__(hass, LOGGER, config_entry=entry, name=name, update_interval=SILENCE_INTERVAL)
        entry.async_on_unload(device.inbox.listen(self._async_news))
        entry.async_on_unload(self._async_forget)

    @callback
    def _async_news(self) -> None:
        """Gather what comes in a burst: a three-phase meter sends a dozen messages at once."""
        if self._due is None:
            self._due = async_call_later(self.hass, BURST_S, self._async_take)

    @callback
    def _async_take(self, _: datetime) -> None:
        self._due = None
        try:
            self.async_set_updated_data(self.device.reading())
        except DeviceError as err:
            self.async_set_update_error(err)

    @callback
    def _async_forget(self) -> None:
        if self._due:
            self._due()

    @override
    async def _async_update_data(self) -> Reading:
        """Look at what came last."""
        try:
            return await self.device.async_read()
        except DeviceError as err:
            raise _trouble(self.name, err) from err


class SettingsCoordinator(DataUpdateCoordinator[Reading]):
    """Reads a device's limits and modes, which change by hand or by us: the slow rhythm."""

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], device: Device) -> None:
        """Initialize the coordinator."""
        self.device = device
        name = f"{entry.title} {device.profile.label} settings"
        super().__init__(hass, LOGGER, config_entry=entry, name=name, update_interval=SETTINGS_INTERVAL)

    @override
    async def _async_update_data(self) -> Reading:
        """Read the settings once."""
        try:
            return await self.device.async_read_settings()
        except DeviceError as err:
            raise _trouble(self.name, err) from err


class EntityCoordinator(DataUpdateCoordinator[Reading]):
    """Turns the entities of another integration into readings, as they change."""

    config_entry: ConfigEntry[Any]

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], role: str, entities: Mapping[str, Any], name: str
    ) -> None:
        """Listen to every entity of the role."""
        self._role, self._entities = role, entities
        super().__init__(
            hass, LOGGER, config_entry=entry, name=f"{entry.title} {name}", update_interval=ENTITY_INTERVAL
        )
        watched = [entities[point.field] for point in INPUTS[role] if entities.get(point.field)]
        entry.async_on_unload(async_track_state_change_event(hass, watched, self._async_changed))
        if role == METER:
            # That it says the same again is news: a fuse is watched by it, and what is silent is not believed.
            entry.async_on_unload(async_track_state_report_event(hass, watched, self._async_changed))

    @callback
    def _async_changed(self, event: Event[EventStateChangedData] | Event[EventStateReportedData]) -> None:
        self.async_set_updated_data(read_role(self.hass, self._role, self._entities))

    @override
    async def _async_update_data(self) -> Reading:
        """Read the entities' states."""
        return read_role(self.hass, self._role, self._entities)
