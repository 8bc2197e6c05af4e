"""A home whose load is stepped by hand, and the configuration of a Home Assistant that guards it.

The demo home with its wires, its cars and their ramps, but with no chance in it: no sun, an empty battery that nobody
steers, cars that stay, and a household that draws what it is told. So whatever moves the charger is the fuse.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from math import inf, sqrt
from pathlib import Path
from typing import Any, Final, override
from zoneinfo import ZoneInfo

from benchmarks.devices import ROOT, config_entry, store_entries
from custom_components.ems.demo import DemoHome, DemoPorts
from custom_components.ems.demo.charger import Charger
from custom_components.ems.demo.charging_point import POINTS
from custom_components.ems.demo.faults import ActiveFault
from custom_components.ems.demo.home import REACTIVE_SHARE
from custom_components.ems.demo.household import Household
from custom_components.ems.demo.maps.abb_b23 import SERIAL as METER_SERIAL
from custom_components.ems.demo.pv import PvPlane
from custom_components.ems.devices import AnyProfile, Profile, load_profiles
from script.lib.ha.config_dir import write_config_dir

type Phases = tuple[float, float, float]

FUSE_A: Final = 25.0
CAR_MAX_A: Final = 16.0
POLL_S: Final = 2.0
ENTRY_ID: Final = "ems"
GARAGE_ID: Final = "charger"
_ZONE: Final = "Europe/Vienna"
_ROTATIONS: Final = {"charger": "l1_l2_l3", "charger_2": "l2", "charger_3": "l3_l1_l2"}


class HandLoad(Household):
    """A household that draws what it is told, on every phase alike."""

    def __init__(self) -> None:
        """Draw nothing yet."""
        super().__init__(seed=0, zone=ZoneInfo(_ZONE))
        self.watts: Phases = (0.0, 0.0, 0.0)

    @override
    def power_w(self, at_s: float) -> Phases:
        return self.watts


class SteppedHome:
    """A demo home with a switch for its load, and a note of when its meter was asked."""

    def __init__(self) -> None:
        """Build it; nothing listens yet."""
        self.demo = DemoHome(timezone=_ZONE, plane=PvPlane(peak_w=0.0))
        self.asked_s: list[float] = []
        self._load = HandLoad()
        home = self.demo.home
        home.household, home.battery.energy_wh = self._load, 0.0
        for point in home.points:
            point.car.stays_s, point.car.energy_wh = inf, 0.3 * point.car.spec.capacity_wh
        # Every request to a device first asks for its faults, which is the one place where all requests pass.
        setattr(home.faults, "get", self._noting(home.faults.get))  # noqa: B010  (a method, on purpose)

    def _noting(self, get: Callable[[str], ActiveFault | None]) -> Callable[[str], ActiveFault | None]:
        def get_and_note(device: str) -> ActiveFault | None:
            if device == "meter":
                self.asked_s.append(self.demo.clock())
            return get(device)

        return get_and_note

    @property
    def box(self) -> Charger:
        """The garage's box; its setpoint is the register."""
        return self.demo.home.charger

    @property
    def drawn_a(self) -> float:
        """What the garage's car draws on each phase. [A]."""
        return self.demo.home.car.current_a

    def leave_room(self, room_a: float) -> float:
        """Let the household draw so much that the fuse leaves this for the charger; return when. [A], [s].

        With the active current i and its reactive part k·i on every phase:

            (room + i)² + (k·i)² = L²

        The meter shows it at once, not only with the home's next step of a second.
        """
        k = REACTIVE_SHARE
        amps = (sqrt(room_a**2 + (1 + k**2) * (FUSE_A**2 - room_a**2)) - room_a) / (1 + k**2)
        seen = self.demo.home.snapshot
        u1, u2, u3 = seen.voltage_v
        self._load.watts = w1, w2, w3 = amps * u1, amps * u2, amps * u3
        (b1, b2, b3), (g1, g2, g3) = seen.household_w, seen.grid_w
        self.demo.home.snapshot = replace(
            seen,
            household_w=self._load.watts,
            reactive_var=(k * w1, k * w2, k * w3),
            grid_w=(g1 + w1 - b1, g2 + w2 - b2, g3 + w3 - b3),
        )
        return self.demo.clock()


@asynccontextmanager
async def stepped_home() -> AsyncIterator[SteppedHome]:
    """Serve a home on free ports."""
    home = SteppedHome()
    await home.demo.async_start(ports=DemoPorts.free())
    try:
        yield home
    finally:
        await home.demo.async_stop()


def write_config(folder: Path, home: SteppedHome, port: int) -> None:
    """Write a configuration in which the home is steered from the first minute, and one car charges now."""
    write_config_dir(folder, port=port, component=ROOT / "custom_components" / "ems")
    site = {
        "kind": "home",
        "grid": {"phases": 3, "fuse_a": FUSE_A, "import_max_kw": 17.25, "export_max_kw": 17.25},
        "tariff": {"kind": "fixed", "import_price": 0.30, "export_price": 0.08},
        "weather": {"kind": "none"},
    }
    modes = {key: {"ev_mode": "now" if key == GARAGE_ID else "off"} for key in _ROTATIONS}
    options = {"operation": "active", "devices": modes}
    entry = config_entry("ems", "Stepped home", site, options=options, subentries=_subentries(home))
    store_entries(folder, [entry])


def _subentries(home: SteppedHome) -> list[dict[str, Any]]:
    """Return meter and chargers as the demo home's own set-up would store them.

    Not the inverter: a battery that charges from the grid would take the room that the charger is to have.
    """
    return [
        _subentry(home, "meter", "meter", "abb_b23", str(METER_SERIAL), {"position": "grid"}),
        *(
            _subentry(home, "charger", spec.key, "alfen_eve", spec.box.serial, _charger(spec.key))
            for spec in POINTS
        ),
    ]


def _charger(key: str) -> dict[str, Any]:
    return {
        "phases": "1" if key == "charger_2" else "3",
        "current_min_a": 6,
        "current_max_a": CAR_MAX_A,
        "switches_phases": False,
        "energy_needed_kwh": 15,
        "ready_by": "07:00:00",
        "wiring": {"circuit": "connection", "rotation": _ROTATIONS[key], "safe_a": 6, "priority": 0},
    }


def _subentry(
    home: SteppedHome, role: str, at: str, profile: str, serial: str, params: dict[str, Any]
) -> dict[str, Any]:
    link = {"transport": "modbus_tcp", **asdict(getattr(home.demo.addresses, at))}
    link |= {"poll_s": POLL_S} if role == "meter" else {}
    known = _unique(load_profiles()[profile], serial, link["unit_id"])
    name = next((spec.name for spec in POINTS if spec.key == at), role.capitalize())
    source = {"kind": "profile", "profile": profile, "link": link, "serial": known}
    return {
        "data": {"name": name, "source": source, "params": params},
        "subentry_id": at if role == "charger" else role,
        "subentry_type": role,
        "title": name,
        "unique_id": f"{role}:{known}",
    }


def _unique(profile: AnyProfile, serial: str, unit_id: int) -> str:
    if not isinstance(profile, Profile):
        raise TypeError(f"{profile.id} has no registers")
    return profile.unique_serial(serial, unit_id)
