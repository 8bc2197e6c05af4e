"""The wallbox: offers a current for as long as somebody keeps asking, then falls back to its safe current."""

from dataclasses import dataclass

VALIDITY_S = 60.0  # the maker's default
SAFE_CURRENT_A = 6.0
STATION_MAX_A = 16.0  # the installer's fuse
HARDWARE_MAX_A = 32.0
CURRENT_MIN_A = 6.0


@dataclass(kw_only=True)
class Charger:
    """A socket with a lease on its current limit."""

    setpoint_a: float = STATION_MAX_A
    written_s: float | None = None  # when the setpoint last came
    phases: int = 3
    energy_wh: tuple[float, float, float] = (812_345.0, 811_001.0, 810_777.0)
    connected: bool = False
    charging: bool = False

    def set_current(self, current_a: float, now_s: float) -> None:
        """Take a setpoint and renew the lease."""
        self.setpoint_a, self.written_s = current_a, now_s

    def remaining_s(self, now_s: float) -> float:
        """Return how long the setpoint still holds. [s]."""
        return 0.0 if self.written_s is None else max(0.0, self.written_s + VALIDITY_S - now_s)

    def applied_a(self, now_s: float) -> float:
        """Return the limit in force. [A]."""
        wish_a = self.setpoint_a if self.remaining_s(now_s) > 0 else SAFE_CURRENT_A
        return min(wish_a, STATION_MAX_A)

    def offered_a(self, now_s: float) -> float:
        """Return what the pilot signal offers the car: nothing below 6 A. [A]."""
        applied_a = self.applied_a(now_s)
        return applied_a if applied_a >= CURRENT_MIN_A else 0.0

    def mode3_state(self, now_s: float) -> str:
        """Return the state of IEC 61851-1: A free, B connected, C charging; 2 with a pilot, 1 without."""
        if not self.connected:
            return "A"
        if self.charging:
            return "C2"
        return "B2" if self.offered_a(now_s) > 0 else "B1"
