"""One device of a site: a subentry, where its readings come from, and what can be told to it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Protocol

from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .const import LOAD, METER, PLAN_MAX_AGE_S
from .devices.command import DeviceCommand
from .devices.reading import Quality, Reading, Scalar

# Where a meter's power never stays the same for long.
LIVELY: Final = ("grid", "building")


@dataclass(frozen=True, kw_only=True)
class SetpointWrite:
    """One value that was written, as proof: what was there, what was sent, what came back."""

    entity_id: str | None
    register: str  # point and address on the device, or the foreign entity that was written
    unit: str | None
    before: float | str | None
    written: float | str
    read_back: float | str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Brand:
    """Who made a device and what it is called: its own words where it has any."""

    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None


class Actuator(Protocol):
    """The hands of a device: one role of a Modbus device, or the entities of another integration."""

    modes: tuple[str, ...]
    renew_s: float | None  # None: what is written stays without us
    lease_s: float | None = None  # how long the device believes a command; None: for ever
    on_expiry: str = ""  # what it does when nobody renews it, in its profile's words
    keeps: Collection[str] = ()  # modes that stay without us although others expire
    min_write_interval_s: float = 0.0  # how long a change has to stand before the next
    amounts: Mapping[str, str] = MappingProxyType({})  # mode → the field of a command that says how strongly

    @property
    def switches_phases(self) -> bool:
        """Tell whether a charger's number of phases can be chosen, as far as is known now."""
        return False

    @property
    def is_there(self) -> bool:
        """Tell whether it can be written to at all, as far as that is known without trying."""
        return True

    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[SetpointWrite]:
        """Carry a command out; raises HomeAssistantError where the device refuses."""

    async def async_release(self) -> list[SetpointWrite]:
        """Put the device into its documented safe state."""


@dataclass(kw_only=True)
class SiteDevice:
    """A device as the site sees it."""

    subentry_id: str
    role: str
    name: str
    source: Mapping[str, Any]
    params: Mapping[str, Any]
    coordinator: DataUpdateCoordinator[Reading]
    settings: DataUpdateCoordinator[Reading] | None = None  # the slow rhythm: limits and modes
    points: tuple[str, ...] = ()  # what the device reads in its role
    setting_points: tuple[str, ...] = ()  # what it tells in the slow rhythm: limits and sizes
    inverter_points: tuple[str, ...] = ()  # what the inverter around it reads of itself
    actuator: Actuator | None = field(default=None)
    reading_max_age_s: float | None = None  # of devices that EMS reads itself
    brand: Brand = Brand()  # what the device said it is, as far as it did

    @property
    def serial(self) -> str:
        """Return what identifies the hardware."""
        return str(self.source["serial"])

    def value(self, point: str, role: str | None = None) -> Scalar | None:
        """Return a point's last value, however old; None where unknown."""
        return self.coordinator.data.get(role or self.role, point) if self.coordinator.data else None

    def fresh_number(self, point: str, role: str | None = None) -> float | None:
        """Return a number read recently, else None: an old value must not steer anything."""
        reading = self.coordinator.data
        if not reading or not self.coordinator.last_update_success:
            return None
        found = reading.roles.get(role or self.role, {}).get(point)
        if found is None or found.quality is not Quality.GOOD:
            return None
        if dt_util.utcnow().timestamp() - found.at_s > self.max_age_s:
            return None
        return reading.number(role or self.role, point)

    @property
    def max_age_s(self) -> float:
        """Return how old a reading may be before it counts as none."""
        if self.reading_max_age_s is not None:
            return self.reading_max_age_s
        # Entities of other integrations report on change or at their own pace; that they are there is what counts.
        # But no grid stands still, and no building: a meter there without a word for longer than a plan lives is dead,
        # and its power old. One of a roof or a car has nothing to say all night.
        is_lively = self.role == METER and self.params.get("position") in LIVELY
        return float(PLAN_MAX_AGE_S) if is_lively else float("inf")

    @property
    def is_fresh(self) -> bool:
        """Tell whether the device answered recently."""
        is_entities = self.source["kind"] == "entities"
        if self.role == LOAD and (is_entities or not self._load_is_there):
            return self._load_is_there
        if self.role == "meter" or is_entities:
            return self.fresh_number("power") is not None
        reading = self.coordinator.data
        age_s = dt_util.utcnow().timestamp() - reading.at_s if reading else float("inf")
        return self.coordinator.last_update_success and age_s <= self.max_age_s

    @property
    def _load_is_there(self) -> bool:
        """Tell whether a flexible load's switch says anything, or its power; one without either cannot be silent."""
        told = next((point for point in ("running", "power") if point in self.points), None)
        return told is None or self.value(told) is not None
