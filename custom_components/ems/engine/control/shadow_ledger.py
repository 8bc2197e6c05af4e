"""What the shadow accounts are made of: a step as it was measured, the accounts, their days, the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..plan.components.end_value import EndValue
from ..site import Battery, DemandCharge
from .battery import AUTOMATIC

REAL: Final = "real"  # as it was: measured battery power
RULE: Final = "rule"  # plain self-consumption
PLAN: Final = "plan"  # what EMS decided
KEPT_DAYS: Final = 60


@dataclass(frozen=True, kw_only=True)
class Order:
    """What EMS decided for a battery. power_kw : A magnitude, for charge and discharge; None: all it can."""

    mode: str = AUTOMATIC
    power_kw: float | None = None


@dataclass(frozen=True, kw_only=True)
class CarStep:
    """A car in one step, as measured, and what EMS would have given it.

    Attributes
    ----------
    offered_kw : None: nobody said, so it charges as fast as it can.
    """

    measured_kw: float | None
    connected: bool
    offered_kw: float | None
    power_max_kw: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step as it was measured, and what was decided for it. None is unknown.

    Attributes
    ----------
    day : Local date, as "2026-06-15".
    grid_kw : + import, mean over the step.
    battery_kw : + discharge, mean over the step, per battery.
    energy_kwh : Stored when the step ends, per battery.
    orders : Per battery; one that is missing is left to itself.
    worth : What stored energy is worth now, per battery.
    owed_per_kwh : What a kWh will cost that a car has yet to get; None: what it costs now. [currency/kWh]
    steered : Batteries that really do what EMS decides; the others' decisions are followed by a virtual battery.
    is_active : Whether EMS steers the home; else it only says what it would do.
    for_money : Whether EMS was asked for the smallest bill: only then may it be judged by the bill.
    demand, peak_kw : What a peak costs, and the measured one of the period so far.
    """

    start_s: float
    hours: float
    day: str
    batteries: tuple[Battery, ...]
    grid_kw: float | None
    battery_kw: Mapping[str, float | None]
    energy_kwh: Mapping[str, float | None]
    import_price_per_kwh: float | None
    export_price_per_kwh: float | None
    worth: Mapping[str, EndValue]
    orders: Mapping[str, Order] = field(default_factory=dict)
    cars: Mapping[str, CarStep] = field(default_factory=dict)
    owed_per_kwh: float | None = None
    steered: frozenset[str] = frozenset()
    is_active: bool = False
    for_money: bool = True
    demand: DemandCharge | None = None
    peak_kw: float = 0.0

    @property
    def end_s(self) -> float:
        """Return when it ends. [s since epoch]."""
        return self.start_s + self.hours * 3600


@dataclass(frozen=True, kw_only=True)
class Account:
    """One way to run the home, and where it stands.

    Attributes
    ----------
    held : Value of what is stored less that of what cars are owed, as it was counted last. [currency]
    owed_kwh : What each measured car has taken and this account's has not yet.
    month, peak_kw : Local month, and its highest mean import of an interval so far.
    interval, interval_kwh : Number of the running peak interval since the epoch, and what was imported in it.
    """

    energy_kwh: Mapping[str, float]
    held: float
    owed_kwh: Mapping[str, float] = field(default_factory=dict)
    month: str = ""
    peak_kw: float = 0.0
    interval: int = 0
    interval_kwh: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Day:
    """What a day cost on each account. [currency].

    Attributes
    ----------
    hours, missing_h : How much of it was counted, and how much was not.
    turnover : What self-consumption paid for imports and got for exports: the yardstick for a difference.
    """

    day: str
    hours: float = 0.0
    missing_h: float = 0.0
    turnover: float = 0.0
    cost: Mapping[str, float] = field(default_factory=dict)
    saved: float = 0.0
    could_have_saved: float = 0.0
    for_money: bool = True


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All that is remembered.

    Attributes
    ----------
    saved : By the home as it was, against the rule, while EMS was active. [currency]
    could_have_saved : By EMS, against the home as it was, while it was advisory. [currency]
    hours, missing_h : Since the beginning.
    seen_s, counted_s : End of the last step, and of the last that counted. [s since epoch]
    """

    since_s: float
    seen_s: float
    counted_s: float
    today: Day
    is_active: bool
    accounts: Mapping[str, Account]
    days: tuple[Day, ...] = ()
    saved: float = 0.0
    could_have_saved: float = 0.0
    hours: float = 0.0
    missing_h: float = 0.0


def but_for(battery_id: str) -> str:
    """Return the account in which one battery follows the rule and all others what EMS decides."""
    return f"plan_but_{battery_id}"


def account_names(batteries: tuple[Battery, ...]) -> tuple[str, ...]:
    """Return the accounts of a home. With one battery, the rule is the account that lacks its plan."""
    several = len(batteries) > 1
    return (REAL, RULE, PLAN, *(but_for(each.id) for each in batteries if several))
