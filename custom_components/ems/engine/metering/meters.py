"""A meter, what it may measure, and the devices that it may measure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# A meter that is told to stand at the connection beside the others, below none.
BESIDE: Final = "beside"


class MeterRole(StrEnum):
    """What a meter measures. Positive is import, consumption, production or discharge, each as it is called."""

    GRID = "grid"  # the connection to the network
    BUILDING = "building"  # a building or flat, less what feeds in below it
    SOLAR = "solar"  # production
    ZONE = "zone"  # a part of a building, for information
    BATTERY = "battery"  # + discharging
    CHARGER = "charger"
    LOAD = "load"  # a room, a machine: any other consumer


class DeviceKind(StrEnum):
    """What a device is to the bus."""

    PV = "pv"
    BATTERY = "battery"
    CHARGER = "charger"
    LOAD = "load"


# What gives power to the home, and is added to what the grid gives.
SOURCES: Final = frozenset({DeviceKind.PV, DeviceKind.BATTERY})
KIND_OF: Final[Mapping[MeterRole, DeviceKind]] = {
    MeterRole.SOLAR: DeviceKind.PV,
    MeterRole.BATTERY: DeviceKind.BATTERY,
    MeterRole.CHARGER: DeviceKind.CHARGER,
    MeterRole.LOAD: DeviceKind.LOAD,
}


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A meter.

    above : Key of the meter above it. None: where such a meter usually hangs, which is below the meter at the
        connection, or where there is none below the building (sources beside it). `BESIDE`: below none.
    measures : Key of the device whose power it measures, if it names one.
    serial : What tells the hardware from every other; None where nobody knows.
    """

    key: str
    role: MeterRole
    name: str = ""
    above: str | None = None
    measures: str | None = None
    serial: str | None = None

    @property
    def label(self) -> str:
        """Return what people call it."""
        return self.name or self.key

    @property
    def sign(self) -> int:
        """Return what turns its own count into the flow from the connection down through it."""
        return -1 if KIND_OF.get(self.role) in SOURCES else 1


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device that gives or takes power.

    measures_itself : Whether it tells its own power.
    inverter : Key of what it shares an AC terminal with, where that terminal may be measured as a whole.
    """

    key: str
    kind: DeviceKind
    name: str = ""
    measures_itself: bool = True
    inverter: str | None = None

    @property
    def label(self) -> str:
        """Return what people call it."""
        return self.name or self.key
