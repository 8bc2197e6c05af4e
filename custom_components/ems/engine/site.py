"""The nouns of a home: what is installed and what its people want.

What is true right now is in `problem.State`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Strategy(StrEnum):
    """What the plan leans towards; weights over one model, not different models."""

    AUTO = "auto"
    ARBITRAGE = "arbitrage"
    PEAK_SHAVING = "peak_shaving"
    SELF_CONSUMPTION = "self_consumption"
    LOAD_BALANCING = "load_balancing"


class Preference(StrEnum):
    """Whose side a trade-off falls on."""

    ECONOMIC = "economic"
    COMFORT = "comfort"
    ENVIRONMENTAL = "environmental"
    BALANCED = "balanced"


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The connection to the network, seen from the home bus: import is positive.

    Limits are wishes with a price, never a reason to have no plan: a home may already be above them.
    """

    import_max_kw: float = 17.25  # 3 × 25 A × 230 V, the commonest domestic connection
    export_max_kw: float = 17.25
    phases: int = 3
    fuse_a: float = 25.0

    def __post_init__(self) -> None:
        """Refuse what no connection can be."""
        _require(self.import_max_kw >= 0, "import_max_kw: must not be negative")
        _require(self.export_max_kw >= 0, "export_max_kw: must not be negative; 0 means no export")
        _require(self.phases in (1, 2, 3), "phases: must be 1, 2 or 3")


@dataclass(frozen=True, kw_only=True)
class Battery:
    """A lossy store of energy, seen from the home bus: discharging is positive.

    Powers are at the AC terminal, energies are usable. Efficiencies and SoC are fractions.
    """

    id: str
    name: str
    capacity_kwh: float
    charge_max_kw: float
    discharge_max_kw: float
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    soc_min: float = 0.05  # the band is a wish with a price
    soc_max: float = 1.0
    wear_per_kwh: float = 0.02  # currency per kWh discharged

    def __post_init__(self) -> None:
        """Refuse what no battery can be.

        A capacity of 0 is a battery that is absent, and is planned as such.
        """
        _require(self.capacity_kwh >= 0, f"{self.name}: capacity_kwh must not be negative")
        _require(self.charge_max_kw >= 0, f"{self.name}: charge_max_kw must not be negative")
        _require(self.discharge_max_kw >= 0, f"{self.name}: discharge_max_kw must not be negative")
        _require(
            0 < self.charge_efficiency <= 1, f"{self.name}: charge_efficiency must be above 0 and at most 1"
        )
        _require(
            0 < self.discharge_efficiency <= 1,
            f"{self.name}: discharge_efficiency must be above 0 and at most 1",
        )
        _require(0 <= self.soc_min <= self.soc_max <= 1, f"{self.name}: needs 0 ≤ soc_min ≤ soc_max ≤ 1")


@dataclass(frozen=True, kw_only=True)
class PvArray:
    """One plane of modules behind an inverter."""

    id: str
    name: str
    peak_kw: float
    inverter_max_kw: float | None = None
    tilt_deg: float = 35.0  # from horizontal
    azimuth_deg: float = 180.0  # from north, clockwise: 180 is south
    curtailable: bool = False

    def __post_init__(self) -> None:
        """Refuse what no array can be."""
        _require(self.peak_kw >= 0, f"{self.name}: peak_kw must not be negative")
        _require(0 <= self.tilt_deg <= 90, f"{self.name}: tilt_deg must be between 0 (flat) and 90 (upright)")
        _require(
            0 <= self.azimuth_deg <= 360, f"{self.name}: azimuth_deg must be between 0 and 360 (180 is south)"
        )


@dataclass(frozen=True, kw_only=True)
class Charger:
    """A wallbox and what its people want of it. Power is consumed, and positive."""

    id: str
    name: str
    current_min_a: float = 6.0  # IEC 61851 knows no smaller current but none
    current_max_a: float = 16.0
    phases: int = 3
    voltage_v: float = 230.0
    charge_efficiency: float = 0.9  # socket to car battery

    def __post_init__(self) -> None:
        """Refuse what no charger can be."""
        _require(self.phases in (1, 2, 3), f"{self.name}: phases must be 1, 2 or 3")
        _require(
            0 < self.current_min_a <= self.current_max_a,
            f"{self.name}: needs 0 < current_min_a ≤ current_max_a",
        )

    @property
    def power_min_kw(self) -> float:
        """Smallest power a car can charge with. [kW]."""
        return self.current_min_a * self.phases * self.voltage_v / 1000

    @property
    def power_max_kw(self) -> float:
        """Largest power. [kW]."""
        return self.current_max_a * self.phases * self.voltage_v / 1000


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything installed behind one grid connection."""

    name: str
    currency: str = "EUR"
    grid: Grid = Grid()
    batteries: tuple[Battery, ...] = ()
    pvs: tuple[PvArray, ...] = ()
    chargers: tuple[Charger, ...] = ()
    strategy: Strategy = Strategy.AUTO
    preference: Preference = Preference.ECONOMIC
