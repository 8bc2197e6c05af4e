"""The nouns of a home: what is installed and what its people want.

What is true right now is in `problem.Problem`. Nouns refuse what no device can be with a `PlanError`.
"""

from dataclasses import dataclass
from enum import StrEnum

from . import checks
from .checks import PHASES
from .errors import PlanError
from .flexible_load import FlexibleLoad


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


@dataclass(frozen=True, kw_only=True)
class DemandCharge:
    """What a network asks for the highest mean import of any interval of a billing period.

    Attributes
    ----------
    price_per_kw : For the whole period. [currency/kW]
    interval_min : Length of the clock-aligned interval whose mean counts. [min]
    starts_past_min : When an interval starts, past the full hour in UTC: half-hour zones that measure whole
        hours have 30. [min]
    """

    price_per_kw: float
    interval_min: float = 15.0
    starts_past_min: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no tariff can be."""
        checks.at_least_zero("demand_charge", price_per_kw=self.price_per_kw)
        checks.above_zero("demand_charge", interval_min=self.interval_min)
        checks.at_least_zero("demand_charge", starts_past_min=self.starts_past_min)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The connection to the network, seen from the home bus: import is positive.

    Limits are wishes with a price, never a reason to have no plan: a home may already be above them.

    Attributes
    ----------
    export_price_min_per_kwh : Feed nothing in while it earns less than this; None: always. [currency/kWh]
    limits_each_phase : Whether `fuse_a` is kept on every phase, as far as a plan knows what hangs where.
    """

    import_max_kw: float = 17.25  # 3 × 25 A × 230 V, the commonest domestic connection
    export_max_kw: float = 17.25  # 0 means no export
    phases: int = 3
    fuse_a: float = 25.0
    voltage_v: float = 230.0
    export_price_min_per_kwh: float | None = None
    limits_each_phase: bool = False
    demand_charge: DemandCharge | None = None

    def __post_init__(self) -> None:
        """Refuse what no connection can be."""
        checks.at_least_zero("grid", import_max_kw=self.import_max_kw, export_max_kw=self.export_max_kw)
        checks.above_zero("grid", fuse_a=self.fuse_a, voltage_v=self.voltage_v)
        checks.one_of_numbers("grid", "phases", self.phases, PHASES)

    @property
    def phase_max_kw(self) -> float:
        """What one phase may carry. [kW]."""
        return self.fuse_a * self.voltage_v / 1000


@dataclass(frozen=True, kw_only=True)
class Battery:
    """A lossy store of energy, seen from the bus it hangs on: discharging is positive.

    Powers are at its terminal: AC, or DC where a hybrid inverter stands between it and the home. Energies are
    usable. Efficiencies and SoC are fractions.

    Attributes
    ----------
    reserve_soc : What people would rather keep, above the floor; a wish with a price. 0: none.
    charge_curve, discharge_curve : What it can take and give by SoC, as (soc, kW) points; empty: the same at
        any SoC. The curve is planned with as its concave hull.
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
    reserve_soc: float = 0.0
    wear_per_kwh: float = 0.02  # currency per kWh discharged
    charge_curve: tuple[tuple[float, float], ...] = ()
    discharge_curve: tuple[tuple[float, float], ...] = ()
    phases: tuple[int, ...] = ()  # which of 1, 2, 3 it hangs on; empty: evenly on all

    def __post_init__(self) -> None:
        """Refuse what no battery can be.

        A capacity of 0 is a battery that is absent, and is planned as such.
        """
        name = self.name
        checks.at_least_zero(
            name,
            capacity_kwh=self.capacity_kwh,
            charge_max_kw=self.charge_max_kw,
            discharge_max_kw=self.discharge_max_kw,
            wear_per_kwh=self.wear_per_kwh,
        )
        checks.above_zero(
            name, charge_efficiency=self.charge_efficiency, discharge_efficiency=self.discharge_efficiency
        )
        checks.between(
            name,
            0,
            1,
            charge_efficiency=self.charge_efficiency,
            discharge_efficiency=self.discharge_efficiency,
        )
        checks.between(name, 0, 1, soc_min=self.soc_min, soc_max=self.soc_max, reserve_soc=self.reserve_soc)
        checks.in_order(name, soc_min=self.soc_min, soc_max=self.soc_max)
        for field in ("charge_curve", "discharge_curve"):
            _check_curve(name, field, getattr(self, field))
        checks.phases(name, self.phases)


def _check_curve(name: str, field: str, curve: tuple[tuple[float, float], ...]) -> None:
    for i, (soc, kw) in enumerate(curve):
        checks.between(name, 0, 1, **{f"{field}[{i}].soc": soc})
        checks.at_least_zero(name, **{f"{field}[{i}].kw": kw})
    checks.in_order(name, **{f"{field}[{i}].soc": soc for i, (soc, _) in enumerate(curve)})


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
    phases: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no array can be."""
        checks.at_least_zero(self.name, peak_kw=self.peak_kw)
        checks.between(self.name, 0, 90, tilt_deg=self.tilt_deg)
        checks.between(self.name, 0, 360, azimuth_deg=self.azimuth_deg)
        checks.phases(self.name, self.phases)


@dataclass(frozen=True, kw_only=True)
class HybridInverter:
    """An inverter with batteries and modules on its DC side.

    What is behind it is planned on its own DC bus: sun goes into the battery without passing the inverter.
    """

    id: str
    name: str
    battery_ids: tuple[str, ...] = ()
    pv_ids: tuple[str, ...] = ()
    ac_max_kw: float  # in either direction, at the AC terminal
    dc_to_ac_efficiency: float = 0.97
    ac_to_dc_efficiency: float = 0.97

    def __post_init__(self) -> None:
        """Refuse what no inverter can be."""
        checks.at_least_zero(self.name, ac_max_kw=self.ac_max_kw)
        efficiencies = {
            "dc_to_ac_efficiency": self.dc_to_ac_efficiency,
            "ac_to_dc_efficiency": self.ac_to_dc_efficiency,
        }
        checks.above_zero(self.name, **efficiencies)
        checks.between(self.name, 0, 1, **efficiencies)


@dataclass(frozen=True, kw_only=True)
class Charger:
    """A wallbox. Power is consumed, and positive.

    Attributes
    ----------
    switches_phases : Whether it can go down to one phase by itself, and up again.
    discharge_max_kw : What it can feed from a car into the home; 0: nothing. [kW]
    """

    id: str
    name: str
    current_min_a: float = 6.0  # IEC 61851 knows no smaller current but none
    current_max_a: float = 16.0
    phases: int = 3
    voltage_v: float = 230.0
    charge_efficiency: float = 0.9  # socket to car battery
    switches_phases: bool = False
    discharge_max_kw: float = 0.0
    discharge_efficiency: float = 0.9  # car battery to socket
    wear_per_kwh: float = 0.05  # currency per kWh taken from a car
    first_phase: int = 1  # the one a single-phase car hangs on

    def __post_init__(self) -> None:
        """Refuse what no charger can be."""
        checks.one_of_numbers(self.name, "phases", self.phases, PHASES)
        checks.one_of_numbers(self.name, "first_phase", self.first_phase, PHASES)
        checks.above_zero(self.name, current_min_a=self.current_min_a, voltage_v=self.voltage_v)
        checks.in_order(self.name, current_min_a=self.current_min_a, current_max_a=self.current_max_a)
        checks.at_least_zero(
            self.name, discharge_max_kw=self.discharge_max_kw, wear_per_kwh=self.wear_per_kwh
        )
        efficiencies = {
            "charge_efficiency": self.charge_efficiency,
            "discharge_efficiency": self.discharge_efficiency,
        }
        checks.above_zero(self.name, **efficiencies)
        checks.between(self.name, 0, 1, **efficiencies)

    @property
    def power_min_kw(self) -> float:
        """Smallest power a car can charge with on all phases. [kW]."""
        return self.current_min_a * self.phases * self.voltage_v / 1000

    @property
    def power_max_kw(self) -> float:
        """Largest power. [kW]."""
        return self.current_max_a * self.phases * self.voltage_v / 1000


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much of each leaning people want, as multiples of what EMS would weigh: 1 is EMS' own, 0 is none."""

    peak: float = 1.0
    ramps: float = 1.0
    self_consumption: float = 1.0
    comfort: float = 1.0
    environment: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what would turn a wish into its opposite."""
        checks.at_least_zero(
            "weights",
            peak=self.peak,
            ramps=self.ramps,
            self_consumption=self.self_consumption,
            comfort=self.comfort,
            environment=self.environment,
        )


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything installed behind one grid connection, and what its people want.

    Attributes
    ----------
    switch_threshold : How much better another strategy has to score before `auto` changes to it, as a share of
        the score in force.
    risk_weight : Between 0, plan for the mean of all scenarios, and 1, plan for the worst tenth of them.
    """

    name: str
    currency: str = "EUR"
    grid: Grid = Grid()
    batteries: tuple[Battery, ...] = ()
    pvs: tuple[PvArray, ...] = ()
    inverters: tuple[HybridInverter, ...] = ()
    chargers: tuple[Charger, ...] = ()
    loads: tuple[FlexibleLoad, ...] = ()
    strategy: Strategy = Strategy.AUTO
    preference: Preference = Preference.ECONOMIC
    weights: Weights = Weights()
    switch_threshold: float = 0.15
    risk_weight: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no site can be."""
        object.__setattr__(self, "strategy", checks.one_of(Strategy, "strategy", self.strategy))
        object.__setattr__(self, "preference", checks.one_of(Preference, "preference", self.preference))
        checks.at_least_zero("site", switch_threshold=self.switch_threshold)
        checks.between("site", 0, 1, risk_weight=self.risk_weight)
        self._check_ids()

    @property
    def device_ids(self) -> list[str]:
        """Return the id of every device, in no order that means anything."""
        groups = (self.batteries, self.pvs, self.inverters, self.chargers, self.loads)
        return [device.id for group in groups for device in group]

    def _check_ids(self) -> None:
        ids = self.device_ids
        twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
        if twice:
            raise PlanError("duplicate_id", field="id", id=", ".join(twice))
        behind = [id_ for inverter in self.inverters for id_ in (*inverter.battery_ids, *inverter.pv_ids)]
        known = {*(battery.id for battery in self.batteries), *(array.id for array in self.pvs)}
        for id_ in behind:
            if id_ not in known:
                raise PlanError("unknown_id", field="inverters", id=id_)
            if behind.count(id_) > 1:
                raise PlanError("duplicate_id", field="inverters", id=id_)
