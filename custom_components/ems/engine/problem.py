"""A frozen question for the planner: the site, what was measured, and what is expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .site import Site
from .steps import Bools, Floats, Steps


@dataclass(frozen=True, kw_only=True)
class BatteryState:
    """What a battery's last reading said. A measured value is never bounded by a wish."""

    energy_kwh: float
    # Devices in trouble are planned around, not with: the flow through them stays at zero.
    available: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class CarState:
    """A car at a charger: what it still needs, and by when."""

    connected: Bools  # per step, shape (n,): True where the car is expected to be plugged in
    energy_needed_kwh: float  # at the socket, still to come
    energy_max_kwh: float  # at the socket, what the car can take at all; at least what it needs
    ready_at_s: float | None = None  # None: no deadline, the horizon's end counts
    # What a missing kWh is worth. Far above any tariff, so that price never strands a driver.
    shortfall_price_per_kwh: float = 2.0
    available: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """One planning question. All series have shape (n,), n = len(steps).

    Attributes
    ----------
    import_price_per_kwh, export_price_per_kwh : As paid and as received, with all taxes. [currency/kWh]
    price_known : False where a price is estimated because it is not published yet.
    load_kw : Expected consumption that nobody can move. [kW]
    pv_available_kw : Expected production per array id, before curtailment. [kW]
    """

    site: Site
    steps: Steps
    import_price_per_kwh: Floats
    export_price_per_kwh: Floats
    price_known: Bools
    load_kw: Floats
    pv_available_kw: Mapping[str, Floats] = field(default_factory=dict)
    batteries: Mapping[str, BatteryState] = field(default_factory=dict)
    cars: Mapping[str, CarState] = field(default_factory=dict)
    # What was missing or estimated when this was put together, as reason keys; the plan then says "degraded".
    degraded: tuple[str, ...] = ()
