"""What the planner answers: an immutable plan, read once from the solver, with its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..site import Preference, Strategy
from ..steps import Floats, Steps
from .program import Ints


class PlanStatus(StrEnum):
    """How much a plan is worth."""

    OK = "ok"
    DEGRADED = (
        "degraded"  # a plan, but something was estimated, stopped early or missing; `reasons` says what
    )
    FAILED = "failed"  # no new plan; what is shown is the last valid one or the rule


class Mode(StrEnum):
    """What a device is told to do in a step. Names are the same from the plan to the register."""

    AUTOMATIC = "automatic"  # the device follows the load by itself (self-consumption)
    HOLD = "hold"  # a battery keeps its energy (surplus may still enter)
    CHARGE = "charge"
    DISCHARGE = "discharge"
    ON = "on"  # a flexible load that runs
    OFF = "off"  # a charger or a load that waits
    LIMIT = "limit"  # PV held below what it could


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why, as data: a translation key and what goes into the sentence."""

    key: str
    placeholders: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class DevicePlan:
    """One device through the horizon. Series have shape (n,), stored energy (n + 1,).

    Attributes
    ----------
    kind : "battery", "pv", "inverter", "charger" or "load".
    power_kw : Signed as the home sees it: battery + discharge, PV + production, inverter + into the home, charger
        and load + consumption (a charger that feeds from a car into the home is negative). At the device's own
        terminal: DC for what is behind a hybrid inverter. [kW]
    bus : Id of the hybrid inverter it is behind; "": it is on the home's own bus. Sums over the home take the
        inverter, not what is behind it.
    energy_kwh : Stored energy between the steps, batteries only; index 0 is now, measured. [kWh]
    marginal_value_per_kwh : What a stored kWh is worth in each step (batteries), or one more kWh into the car
        or load (chargers, loads): the optimiser's own price. None where a device stores nothing.
        [currency/kWh]
    import_value_per_kwh, export_value_per_kwh : Batteries only: what one more stored kWh would bring, and what
        one less would cost. The first says what to buy, the second what to sell; the price above lies between
        them, and they part where the battery is full, empty or waits. For a charger that can feed the home
        both are at its socket: what a kWh into the car is worth, and what one out of it costs. [currency/kWh]
    available_kw : PV only: what could be produced. [kW]
    phases : Chargers only: on how many phases it is to run; 0 where it does not.
    """

    id: str
    name: str
    kind: str
    power_kw: Floats
    modes: tuple[Mode, ...]
    reasons: tuple[Reason, ...]
    bus: str = ""
    energy_kwh: Floats | None = None
    marginal_value_per_kwh: Floats | None = None
    import_value_per_kwh: Floats | None = None
    export_value_per_kwh: Floats | None = None
    available_kw: Floats | None = None
    phases: Ints | None = None


@dataclass(frozen=True, kw_only=True)
class Slack:
    """A wish the plan could not keep: by name, how much, when, and what it was worth to keep it."""

    name: str  # for instance "soc_min", "reserve", "import_limit", "car_ready"
    component: str  # device id, "grid", or a phase of it ("L1")
    amount: float
    unit: str
    first_step: int
    last_step: int
    cost: float


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The terms of a plan's cost. [currency]. Penalties are shown but are no money."""

    energy: float
    wear: float
    stored_energy_change: float  # end value of what is stored at the end less that of what is stored now
    peak: float = 0.0  # what the billing period's peak rises by, at the network's price
    penalty: float = 0.0

    @property
    def total(self) -> float:
        """Energy + wear + peak − change of stored energy's end value (design §10)."""
        return self.energy + self.wear + self.peak - self.stored_energy_change


@dataclass(frozen=True, kw_only=True)
class SolveStats:
    """How the plan was found."""

    solver: str
    variables: int
    rows: int
    binaries: int
    build_ms: float
    highs_ms: float  # run() alone, all re-solves together
    extract_ms: float
    total_ms: float
    objective: float
    gap_abs: float
    solves: int = 1
    scenarios: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """The finished plan."""

    status: PlanStatus
    reasons: tuple[Reason, ...]  # why it is not simply "ok"; empty when it is
    created_at_s: float
    currency: str
    steps: Steps
    import_kw: Floats
    export_kw: Floats
    load_kw: Floats
    import_price_per_kwh: Floats
    export_price_per_kwh: Floats
    marginal_value_per_kwh: (
        Floats  # dual of the bus balance: what one more kWh in the home is worth in each step
    )
    devices: Mapping[str, DevicePlan]
    slacks: tuple[Slack, ...]
    costs: Costs
    baseline: Costs  # self-consumption rule, cars charging on plug-in, loads running at once
    stats: SolveStats
    # What was planned by: `auto` is told by what it came to. Costs are money whatever it is.
    strategy: Strategy = Strategy.ARBITRAGE
    preference: Preference = Preference.ECONOMIC
    # What `auto` chose from: strategy → score on the common yardstick, less is better. [currency]
    scores: Mapping[str, float] = field(default_factory=dict)
    # What stands in the way in each step: "" or the name of a limit ("import_limit", "<device id>.power_max", …).
    binding: tuple[str, ...] = ()
    binding_value_per_kwh: Floats | None = None  # what one kWh more of it in the step would save
    # Of the energy imported; None where nobody says how clean the grid is. [kg]
    co2_kg: float | None = None
    baseline_co2_kg: float | None = None

    @property
    def expected_cost(self) -> float:
        """Cost of the plan. [currency]."""
        return self.costs.total

    @property
    def baseline_cost(self) -> float:
        """Cost of doing without a plan. [currency]."""
        return self.baseline.total

    @property
    def expected_saving(self) -> float:
        """What the plan is expected to save against the baseline. [currency]."""
        return self.baseline_cost - self.expected_cost
