"""The home's devices without their wires: what they would answer and obey, for closed loops at full speed.

The same faults apply as on the wires. A device that cannot be understood (silent, refusing, answering with an
exception or with garbage, rebooting) is None when it is read and False when it is told something. A slow one is not
slow here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from .charger import Charger
from .faults import ActiveFault, Fault
from .home import Home
from .inverter import CommandMode, ControlMode
from .mains import apparent_va

type Phases = tuple[float, float, float]

_MUTE = {Fault.SILENT, Fault.REFUSE, Fault.EXCEPTION, Fault.GARBAGE, Fault.REBOOTS}


class MeterReading(NamedTuple):
    """The grid meter: import is positive, currents have no sign."""

    power_w: Phases
    current_a: Phases
    voltage_v: Phases
    import_wh: float
    export_wh: float


class ChargerReading(NamedTuple):
    """A box: currents and powers of its terminals, which hang on the phases of the house by its rotation."""

    state: str  # of IEC 61851-1: A, B1, B2, C2
    current_a: Phases
    power_w: Phases
    applied_a: float
    setpoint_a: float
    lease_s: float
    phases: int
    energy_wh: float

    @property
    def is_connected(self) -> bool:
        """Whether a car is plugged in."""
        return self.state != "A"


class InverterReading(NamedTuple):
    """Roof and battery; the battery discharges with a positive power."""

    pv_w: float
    battery_w: float
    ac_w: float
    soc: float
    battery_wh: float
    lease_s: float
    limit_w: float


class Direct:
    """A home to be stepped, read and told by a test: `home.step(1)`, then `meter()`, then `set_current()`."""

    def __init__(self, home: Home) -> None:
        """Connect to a home, which its owner steps."""
        self.home = home
        self._read: dict[str, Callable[[], Any]] = {
            "meter": self._meter,
            "inverter": self._inverter,
            **{point.spec.key: self._reader(point.spec.key) for point in home.points},
        }
        self._frozen: dict[str, Any] = {}
        home.faults.listen(self._on_fault)

    def meter(self) -> MeterReading | None:
        """Return what the grid meter says."""
        return cast("MeterReading | None", self._ask("meter"))

    def charger(self, key: str) -> ChargerReading | None:
        """Return what a box says: "charger", "charger_2" or "charger_3"."""
        return cast("ChargerReading | None", self._ask(key))

    def inverter(self) -> InverterReading | None:
        """Return what the inverter says of roof and battery."""
        return cast("InverterReading | None", self._ask("inverter"))

    def set_current(self, key: str, current_a: float) -> bool:
        """Write a box's limit, which renews its lease; return whether it was taken. [A]."""
        if self._is_mute(key):
            return False
        self._box(key).set_current(current_a, self.home.at_s)
        return True

    def set_phases(self, key: str, phases: int) -> bool:
        """Change a box over to one or three phases; return whether it was taken."""
        if self._is_mute(key) or not self._box(key).accepts_phases(phases):
            return False
        self._box(key).set_phases(phases, self.home.at_s)
        return True

    def set_battery(
        self, mode: CommandMode, *, charge_max_w: float = 5_000.0, discharge_max_w: float = 5_000.0
    ) -> bool:
        """Command the battery, which renews its lease of `command_timeout_s`; return whether it was taken. [W]."""
        if self._is_mute("inverter"):
            return False
        settings = self.home.inverter.settings
        settings.control_mode = ControlMode.REMOTE
        settings.command_mode, settings.charge_limit_w = mode, charge_max_w
        settings.discharge_limit_w = discharge_max_w
        self.home.inverter.commanded_s = self.home.at_s
        return True

    def set_pv_limit(self, limit_w: float | None) -> bool:
        """Limit what the inverter gives, which renews that lease; None frees it. Returns whether it was taken. [W]."""
        if self._is_mute("inverter"):
            return False
        inverter = self.home.inverter
        inverter.settings.power_control = int(limit_w is not None)
        if limit_w is not None:
            inverter.settings.limit_pct = min(100.0, 100 * limit_w / inverter.spec.ac_max_w)
            inverter.limited_s = self.home.at_s
        return True

    def _ask(self, device: str) -> Any:
        """Return a reading, an old one where the device is frozen, None where it is mute."""
        if self._is_mute(device):
            return None
        return self._frozen[device] if device in self._frozen else self._read[device]()

    def _is_mute(self, device: str) -> bool:
        fault = self.home.faults.get(device)
        return fault is not None and fault.kind in _MUTE

    def _on_fault(self, device: str, fault: ActiveFault | None) -> None:
        self._frozen.pop(device, None)
        if fault is not None and fault.kind is Fault.FROZEN and device in self._read:
            self._frozen[device] = self._read[device]()

    def _box(self, key: str) -> Charger:
        return next(point.charger for point in self.home.points if point.spec.key == key)

    def _meter(self) -> MeterReading:
        home, seen = self.home, self.home.metered
        (p1, p2, p3), (q1, q2, q3), (u1, u2, u3) = seen.grid_w, seen.reactive_var, seen.voltage_v
        current_a = apparent_va(p1, q1) / u1, apparent_va(p2, q2) / u2, apparent_va(p3, q3) / u3
        return MeterReading(
            seen.grid_w, current_a, seen.voltage_v, home.meter.import_wh, home.meter.export_wh
        )

    def _reader(self, key: str) -> Callable[[], ChargerReading]:
        def read() -> ChargerReading:
            box, now_s = self._box(key), self.home.at_s
            return ChargerReading(
                box.mode3_state(now_s), box.terminal_a, box.terminal_w, box.applied_a(now_s), box.setpoint_a,
                box.remaining_s(now_s), box.phases, sum(box.energy_wh),
            )  # fmt: skip

        return read

    def _inverter(self) -> InverterReading:
        home, flows = self.home, self.home.snapshot.flows
        return InverterReading(
            flows.pv_w, flows.battery_w, flows.ac_w, home.battery.soc, home.battery.energy_wh,
            home.inverter.remaining_s(home.at_s), home.inverter.limit_w(home.at_s),
        )  # fmt: skip
