"""Poll one device, or listen to the entities that stand for one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..adapters.entity_points import INPUTS
from ..adapters.entity_reading import read_role
from ..const import CONF_LINK, CONF_SERIAL, CONF_UNIT_ID, DOMAIN, LOGGER, SETTINGS_INTERVAL
from ..devices import DeviceError, Identity, ModbusDevice
from ..devices.reading import Reading

# Entities tell us when they change; this only notices the ones that went away without a word.
ENTITY_INTERVAL = timedelta(seconds=30)


class ModbusCoordinator(DataUpdateCoordinator[Reading]):
    """Polls one Modbus device. What stayed silent is named in the reading, not guessed."""

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        device: ModbusDevice,
        source: Mapping[str, Any],
        every: timedelta,
    ) -> None:
        """Initialize the coordinator."""
        self.device = device
        self.identity: Identity | None = None
        self._serial, self._unit_id = source[CONF_SERIAL], int(source[CONF_LINK][CONF_UNIT_ID])
        name = f"{entry.title} {device.profile.label}"
        super().__init__(hass, LOGGER, config_entry=entry, name=name, update_interval=every)

    @override
    async def _async_update_data(self) -> Reading:
        """Read the device once; on the first contact make sure that it is the one that was set up."""
        try:
            if self.identity is None:
                self.identity = await self._async_identify()
            return await self.device.async_read()
        except DeviceError as err:
            # After a silence somebody else may sit at this address.
            self.identity = None
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="communication_error",
                translation_placeholders={"device": self.name, "detail": str(err)},
            ) from err

    async def _async_identify(self) -> Identity:
        identity = await self.device.async_identify()
        profile = self.device.profile
        if identity.serial and profile.unique_serial(identity.serial, self._unit_id) != self._serial:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="another_device",
                translation_placeholders={
                    "device": self.name,
                    "expected": self._serial,
                    "found": identity.serial,
                },
            )
        return identity


class SettingsCoordinator(DataUpdateCoordinator[Reading]):
    """Reads a device's limits and modes, which change by hand or by us: the slow rhythm."""

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], device: ModbusDevice) -> None:
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
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="communication_error",
                translation_placeholders={"device": self.name, "detail": str(err)},
            ) from err


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

    @callback
    def _async_changed(self, event: Event[EventStateChangedData]) -> None:
        self.async_set_updated_data(read_role(self.hass, self._role, self._entities))

    @override
    async def _async_update_data(self) -> Reading:
        """Read the entities' states."""
        return read_role(self.hass, self._role, self._entities)
