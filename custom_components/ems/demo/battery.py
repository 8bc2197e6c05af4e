"""The battery's cells: energy, what they can take and give, and what is lost on the way."""

from dataclasses import dataclass

HOUR_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class BatterySpec:
    """What is built in. Powers are at the direct-current terminal."""

    capacity_wh: float = 10_000.0  # usable
    power_max_w: float = 5_000.0
    # One way between the cells and the home's alternating current is 0.95, of which the inverter loses 3 %.
    efficiency: float = 0.95 / 0.97
    standby_w: float = 6.0  # its own electronics, fed by the cells
    taper_from: float = 0.90  # above this state of charge the cells ask for less and less
    taper_to_w: float = 500.0  # what they still take when all but full


@dataclass(kw_only=True)
class Battery:
    """A store of energy. Positive power discharges."""

    spec: BatterySpec = BatterySpec()
    energy_wh: float = 5_000.0

    @property
    def soc(self) -> float:
        """State of charge, a fraction."""
        return self.energy_wh / self.spec.capacity_wh

    def charge_max_w(self, step_s: float) -> float:
        """Return the most the terminal takes over the coming step. [W]."""
        spec = self.spec
        fullness = max(0.0, (self.soc - spec.taper_from) / (1 - spec.taper_from))
        tapered = spec.power_max_w + (spec.taper_to_w - spec.power_max_w) * min(fullness, 1.0)
        room_w = (spec.capacity_wh - self.energy_wh) * HOUR_S / step_s / spec.efficiency
        return max(0.0, min(tapered, room_w))

    def discharge_max_w(self, step_s: float, reserve: float = 0.0) -> float:
        """Return the most the terminal gives over the coming step without touching the reserve. [W]."""
        spare_wh = self.energy_wh - reserve * self.spec.capacity_wh
        return max(0.0, min(self.spec.power_max_w, spare_wh * HOUR_S / step_s * self.spec.efficiency))

    def run(self, power_w: float, step_s: float) -> None:
        """Store or release energy for one step.

        e ← e + (η·charge - discharge/η - standby)·h
        """
        spec, hours = self.spec, step_s / HOUR_S
        flow_w = -power_w / spec.efficiency if power_w > 0 else -power_w * spec.efficiency
        energy_wh = self.energy_wh + (flow_w - spec.standby_w) * hours
        self.energy_wh = min(max(energy_wh, 0.0), spec.capacity_wh)
