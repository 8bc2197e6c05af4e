"""The hybrid inverter: joins roof, cells and mains, and obeys storage commands while their lease runs.

Modes are the maker's (SolarEdge, "StorEdge charge/discharge policy"); what is simpler here is in
docs/demo-home.md.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple


class ControlMode(IntEnum):
    """Who decides about the battery."""

    DISABLED = 0
    SELF_CONSUMPTION = 1
    TIME_OF_USE = 2  # no profile is programmed: behaves as self-consumption
    BACKUP = 3
    REMOTE = 4


class CommandMode(IntEnum):
    """What the battery is told."""

    OFF = 0
    PV_EXCESS = 1
    PV_FIRST = 2
    PV_AND_AC = 3
    MAX_EXPORT = 4
    DISCHARGE_TO_LOAD = 5
    SELF_CONSUMPTION = 7


_WITHOUT_REMOTE = {
    ControlMode.DISABLED: CommandMode.OFF,
    ControlMode.SELF_CONSUMPTION: CommandMode.SELF_CONSUMPTION,
    ControlMode.TIME_OF_USE: CommandMode.SELF_CONSUMPTION,
    ControlMode.BACKUP: CommandMode.PV_FIRST,
}


@dataclass(kw_only=True)
class Settings:
    """The storage and export-control registers."""

    export_control: int = 0  # bit 0: limit the export
    export_per_phase: int = 0
    export_limit_w: float = 0.0
    control_mode: int = ControlMode.SELF_CONSUMPTION
    ac_charge_policy: int = 1  # 0 never, 1 always
    ac_charge_limit: float = 0.0
    backup_reserve_pct: float = 0.0
    default_mode: int = CommandMode.SELF_CONSUMPTION
    command_timeout_s: int = 3600
    command_mode: int = CommandMode.SELF_CONSUMPTION
    charge_limit_w: float = 5_000.0
    discharge_limit_w: float = 5_000.0
    power_control: int = 0  # 1: the two limits below count
    power_timeout_s: int = 60
    fallback_pct: float = 100.0  # of the rating, when nobody renews the limit
    limit_pct: float = 100.0


@dataclass(frozen=True, kw_only=True)
class InverterSpec:
    """What hangs on the wall."""

    ac_max_w: float = 8_000.0
    efficiency: float = 0.97


class Order(NamedTuple):
    """What rules the battery just now."""

    mode: CommandMode
    charge_max_w: float
    discharge_max_w: float


class Flows(NamedTuple):
    """Powers of one step: PV and battery (+ discharge) as direct current, AC (+ into the home). [W]."""

    pv_w: float
    battery_w: float
    ac_w: float


@dataclass(kw_only=True)
class Inverter:
    """The machine's memory: settings, the lease and its lifetime counters."""

    spec: InverterSpec = InverterSpec()
    settings: Settings = field(default_factory=Settings)
    commanded_s: float | None = None  # when a command last came
    limited_s: float | None = None  # when the limit on its power last came
    stuck: Order | None = None  # it takes storage commands and does this for ever
    ac_out_wh: float = 14_876_543.0
    pv_wh: float = 15_800_321.0
    battery_out_wh: float = 5_012_345.0
    battery_in_wh: float = 5_554_321.0

    def remaining_s(self, now_s: float) -> float:
        """Return how long the last command still holds. [s]."""
        if self.commanded_s is None:
            return 0.0
        return max(0.0, self.commanded_s + self.settings.command_timeout_s - now_s)

    def order(self, now_s: float) -> Order:
        """Return what rules: the command while its lease runs, then the default mode at full power."""
        if self.stuck is not None:
            return self.stuck
        s = self.settings
        if s.control_mode != ControlMode.REMOTE:
            return Order(_WITHOUT_REMOTE[ControlMode(s.control_mode)], float("inf"), float("inf"))
        if self.remaining_s(now_s) > 0:
            return Order(CommandMode(s.command_mode), s.charge_limit_w, s.discharge_limit_w)
        return Order(CommandMode(s.default_mode), float("inf"), float("inf"))

    def limit_w(self, now_s: float) -> float:
        """Return the most it may give by its rating and by what was written while that holds. [W]."""
        s = self.settings
        if not s.power_control:
            return self.spec.ac_max_w
        holds = self.limited_s is not None and now_s < self.limited_s + s.power_timeout_s
        return self.spec.ac_max_w * (s.limit_pct if holds else s.fallback_pct) / 100

    def ac_cap_w(self, load_w: tuple[float, float, float], now_s: float) -> float:
        """Return the most the inverter may feed in: its limit, or load plus permitted export. [W]."""
        s, most_w = self.settings, self.limit_w(now_s)
        if not s.export_control & 1:
            return most_w
        load = 3 * min(load_w) if s.export_per_phase else sum(load_w)
        return max(0.0, min(most_w, load + s.export_limit_w))


def dispatch(
    order: Order,
    *,
    pv_w: float,
    load_w: float,
    ac_cap_w: float,
    charge_max_w: float,
    discharge_max_w: float,
    spec: InverterSpec,
    ac_charging: bool = True,
) -> Flows:
    """Split a step's power between roof, cells and mains.

    Parameters
    ----------
    pv_w : What the roof could give, direct current. [W]
    load_w : What the home consumes, the car included, alternating current. [W]
    ac_cap_w : The most that may be fed into the home. [W]
    charge_max_w, discharge_max_w : What the cells can do this step. [W]
    """
    charge_max_w = min(order.charge_max_w, charge_max_w)
    discharge_max_w = min(order.discharge_max_w, discharge_max_w)
    surplus_w = pv_w - load_w / spec.efficiency
    charge_from_ac_w = spec.ac_max_w * spec.efficiency if ac_charging else 0.0
    cap_w = ac_cap_w / spec.efficiency
    match order.mode:
        case CommandMode.OFF:
            battery_w = 0.0
        case CommandMode.PV_EXCESS:
            battery_w = -min(max(pv_w - cap_w, 0.0), charge_max_w)
        case CommandMode.PV_FIRST:
            battery_w = -min(pv_w, charge_max_w)
        case CommandMode.PV_AND_AC:
            battery_w = -min(charge_max_w, pv_w + charge_from_ac_w)
        case CommandMode.MAX_EXPORT:
            battery_w = discharge_max_w
        case CommandMode.DISCHARGE_TO_LOAD:
            battery_w = min(max(-surplus_w, 0.0), discharge_max_w)
        case CommandMode.SELF_CONSUMPTION:
            battery_w = min(max(-surplus_w, -charge_max_w), discharge_max_w)
    battery_w = min(battery_w, max(0.0, cap_w - pv_w))  # the roof goes first where both do not fit
    used_pv_w = max(0.0, min(pv_w, cap_w - battery_w))
    dc_w = used_pv_w + battery_w
    return Flows(used_pv_w, battery_w, dc_w * spec.efficiency if dc_w >= 0 else dc_w / spec.efficiency)
