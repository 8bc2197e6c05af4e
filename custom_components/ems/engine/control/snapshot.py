"""One picture of a site, frozen; and what is remembered from one to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .battery import BatteryAsk, BatteryNow, BatteryOrder
from .charger import ChargerNow
from .ev_mode import Ask, EvMode, Goal, Planned
from .flow import PhaseFlow
from .freshness import Heard
from .phase_switch import PhaseState
from .pv import ArrayAsk
from .quarter_hour import Interval
from .ramp import Offer
from .timer import OFF, Switch
from .wake_up import AWAKE, WakeState


@dataclass(frozen=True, kw_only=True)
class MeterWord:
    """What a circuit's meter said last.

    at_s : When; None: never. [s]
    flows : By phase; None where it does not say.
    values : All that it reads, to tell whether it is frozen.
    """

    at_s: float | None
    flows: Mapping[int, PhaseFlow | None]
    values: tuple[float | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChargerSeen:
    """A charging point now, and what is wanted of it."""

    now: ChargerNow
    mode: EvMode = EvMode.PLAN
    ask: Ask | None = None
    planned: Planned | None = None
    goal: Goal | None = None


@dataclass(frozen=True, kw_only=True)
class BatterySeen:
    """A house battery now, and what is wanted of it."""

    now: BatteryNow
    ask: BatteryAsk


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything a tick looks at.

    Attributes
    ----------
    day : Local date, for what is counted by the day.
    meters : By circuit.
    arrays_kw : What each array gives; None where unknown. [kW]
    array_asks : What people and the plan want of them.
    operator_kw : Most that what EMS steers may draw from the grid, by the operator's word; None: no word. [kW]
    cap_kw : Most that may flow in at the connection at this time of day; None: no such limit. [kW]
    quarter, target_kw : The running interval of a capacity tariff and the mean not to exceed; None: no such tariff.
    export_price_per_kwh : Now; None where unknown. [currency/kWh]
    """

    now_s: float
    day: str
    meters: Mapping[str, MeterWord]
    chargers: Mapping[str, ChargerSeen] = field(default_factory=dict)
    batteries: Mapping[str, BatterySeen] = field(default_factory=dict)
    arrays_kw: Mapping[str, float | None] = field(default_factory=dict)
    array_asks: Mapping[str, ArrayAsk] = field(default_factory=dict)
    operator_kw: float | None = None
    cap_kw: float | None = None
    quarter: Interval | None = None
    target_kw: float | None = None
    export_price_per_kwh: float | None = None


@dataclass(frozen=True, kw_only=True)
class ChargerState:
    """What is remembered of a charging point. Times in s.

    Attributes
    ----------
    served_at_s, waiting_at_s : Since when it has had a current, or has wanted one in vain.
    silent_at_s : Since when it has not answered.
    above_at_s : Since when it has drawn more than it was offered.
    below_at_s : Since when its car has taken less than it was offered.
    yields_at_s : Since when it should stop for others although no limit is exceeded.
    wake : What was tried with a car that takes nothing.
    """

    offer: Offer = field(default_factory=Offer)
    phases: PhaseState = field(default_factory=PhaseState)
    sun: Switch = OFF
    served_at_s: float | None = None
    waiting_at_s: float | None = None
    silent_at_s: float | None = None
    above_at_s: float | None = None
    below_at_s: float | None = None
    yields_at_s: float | None = None
    wake: WakeState = AWAKE


@dataclass(frozen=True, kw_only=True)
class State:
    """What is remembered of a site between two ticks."""

    meters: Mapping[str, Heard] = field(default_factory=dict)
    chargers: Mapping[str, ChargerState] = field(default_factory=dict)
    batteries: Mapping[str, BatteryOrder] = field(default_factory=dict)
    limits_kw: Mapping[str, float | None] = field(default_factory=dict)  # of arrays; None: free
