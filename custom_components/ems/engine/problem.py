"""A frozen question for the planner: the site, what was measured, and what is expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .flexible_load import LoadState
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
    """A car at a charger: what it still needs, and by when.

    Attributes
    ----------
    connected : Where the car is expected to be plugged in, shape (n,).
    energy_needed_kwh : At the socket, still to come: from the SoC it is to have where that is known, from what
        people asked for where it is not. [kWh]
    energy_max_kwh : At the socket, what the car can take at all; at least what it needs. [kWh]
    energy_spare_kwh : At the car, what the home may borrow (V2H): what is in it above the least it is to
        keep. [kWh]
    ready_at_s : When it is to be ready; None: no deadline, the horizon's end counts.
    surplus_only : Charge from the home's own surplus and never from the grid, even if it ends up short.
    is_wanted : Whether people want it charged at all. Where not, it is `connected` in no step, and a plan says why.
    """

    connected: Bools
    energy_needed_kwh: float
    energy_max_kwh: float
    energy_spare_kwh: float = 0.0
    ready_at_s: float | None = None
    # What a missing kWh is worth. Far above any tariff, so that price never strands a driver.
    shortfall_price_per_kwh: float = 2.0
    surplus_only: bool = False
    is_wanted: bool = True
    available: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class PeakState:
    """Where the billing period's peak stands.

    Attributes
    ----------
    so_far_kw : Highest mean import of any interval of this period. [kW]
    running_kwh : Imported in the running interval before the first step. [kWh]
    counts : Steps that count (a tariff may only look at weekday evenings), shape (n,); None: all.
    """

    so_far_kw: float = 0.0
    running_kwh: float = 0.0
    counts: Bools | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """One way the next two days may go: load and sun together, as one past day erred. Series have shape (n,)."""

    load_kw: Floats
    pv_available_kw: Mapping[str, Floats] = field(default_factory=dict)
    probability: float = 1.0  # beside the others'; they are scaled to 1 together


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """One planning question. All series have shape (n,), n = len(steps).

    Attributes
    ----------
    import_price_per_kwh, export_price_per_kwh : As paid and as received, with all taxes. [currency/kWh]
    price_known : False where a price is estimated because it is not published yet.
    load_kw : Expected consumption that nobody can move. [kW]
    pv_available_kw : Expected production per array id, before curtailment: on the AC side, or on the DC side
        for an array behind a hybrid inverter. [kW]
    co2_g_per_kwh : Carbon intensity of what the grid delivers; None where nobody says. [g/kWh]
    import_cap_kw : Most that may flow in during each step by the clock, besides what the connection carries; infinite
        where nothing is asked; None: nowhere. [kW]
    load_phase_shares : How the load is spread over the phases; empty: evenly.
    scenarios : None, for a plan on the mean; some, for one that is good over all of them. They share the first
        `shared_h` hours, in which the mean is expected.
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
    loads: Mapping[str, LoadState] = field(default_factory=dict)
    peak: PeakState = field(default_factory=PeakState)
    co2_g_per_kwh: Floats | None = None
    import_cap_kw: Floats | None = None
    load_phase_shares: tuple[float, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    shared_h: float = 1.0
    # What was missing or estimated when this was put together, as reason keys; the plan then says "degraded".
    degraded: tuple[str, ...] = ()
