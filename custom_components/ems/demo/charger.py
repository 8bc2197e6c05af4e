"""A wallbox: offers a current for as long as somebody keeps asking, then falls back to its safe current."""

from dataclasses import dataclass

type Phases = tuple[float, float, float]

VALIDITY_S = 60.0  # the maker's default
SAFE_CURRENT_A = 6.0
STATION_MAX_A = 16.0  # the installer's fuse
HARDWARE_MAX_A = 32.0
CURRENT_MIN_A = 6.0
SWITCHING_S = 10.0  # the pause around a change of phases: the car stops, the contactor moves


@dataclass(frozen=True, kw_only=True)
class BoxSpec:
    """What hangs on the wall.

    Attributes
    ----------
    station_max_a : What the installer set as its fuse. [A]
    phases : On how many it is wired.
    rotation : Which phase of the house (0, 1, 2) its terminals hang on.
    switches : Whether it can go from three phases to one and back.
    """

    serial: str = "ACE0274123"
    station_max_a: float = STATION_MAX_A
    phases: int = 3
    rotation: tuple[int, int, int] = (0, 1, 2)
    switches: bool = True


@dataclass(kw_only=True)
class Charger:
    """A socket with a lease on its current limit, and what its own meter shows."""

    spec: BoxSpec = BoxSpec()
    setpoint_a: float = STATION_MAX_A
    written_s: float | None = None  # when the setpoint last came
    phases: int = 3
    energy_wh: Phases = (812_345.0, 811_001.0, 810_777.0)
    connected: bool = False
    charging: bool = False
    # On its terminals, not on the phases of the house.
    terminal_a: Phases = (0.0, 0.0, 0.0)
    terminal_w: Phases = (0.0, 0.0, 0.0)
    closed_phases: int = 3  # what the contactor connects: it follows `phases` when no current flows
    quiet_until_s: float = 0.0  # nothing is offered before this instant
    stuck_a: float | None = None  # it no longer obeys and applies this for ever

    @classmethod
    def new(cls, spec: BoxSpec) -> Charger:
        """Return a box as the installer left it."""
        return cls(spec=spec, setpoint_a=spec.station_max_a, phases=spec.phases, closed_phases=spec.phases)

    def set_current(self, current_a: float, now_s: float) -> None:
        """Take a setpoint and renew the lease."""
        self.setpoint_a, self.written_s = current_a, now_s

    def accepts_phases(self, phases: float) -> bool:
        """Return whether it can charge on so many phases."""
        return phases == self.spec.phases or (self.spec.switches and phases in {1, 3})

    def set_phases(self, phases: int, now_s: float) -> None:
        """Change over to one or three phases, with a pause."""
        if phases != self.phases and self.stuck_a is None:
            self.phases, self.quiet_until_s = phases, now_s + SWITCHING_S

    def get_stuck(self, now_s: float) -> None:
        """Take commands from now on and do nothing with them."""
        self.stuck_a = self.offered_a(now_s)

    def reboot(self, now_s: float, for_s: float) -> None:
        """Forget what was commanded, and offer nothing until it is up again."""
        self.setpoint_a, self.written_s, self.phases = self.spec.station_max_a, None, self.spec.phases
        self.quiet_until_s = now_s + for_s

    def remaining_s(self, now_s: float) -> float:
        """Return how long the setpoint still holds. [s]."""
        if self.written_s is None or self.stuck_a is not None:
            return 0.0
        return max(0.0, self.written_s + VALIDITY_S - now_s)

    def applied_a(self, now_s: float) -> float:
        """Return the limit in force. [A]."""
        if self.stuck_a is not None:
            return self.stuck_a
        wish_a = self.setpoint_a if self.remaining_s(now_s) > 0 else SAFE_CURRENT_A
        return min(wish_a, self.spec.station_max_a)

    def offered_a(self, now_s: float) -> float:
        """Return what the pilot signal offers the car: nothing below 6 A, nothing while it switches. [A]."""
        applied_a = self.applied_a(now_s)
        return applied_a if applied_a >= CURRENT_MIN_A and now_s >= self.quiet_until_s else 0.0

    def mode3_state(self, now_s: float) -> str:
        """Return the state of IEC 61851-1: A free, B connected, C charging; 2 with a pilot, 1 without."""
        if not self.connected:
            return "A"
        if self.charging:
            return "C2"
        return "B2" if self.offered_a(now_s) > 0 else "B1"
