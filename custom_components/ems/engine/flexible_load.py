"""Loads that can wait: what they are, and what is asked of them."""

from dataclasses import dataclass
from enum import StrEnum

from . import checks
from .steps import Bools


class LoadKind(StrEnum):
    """How a load uses energy once it may."""

    CONTINUOUS = "continuous"  # any power up to its largest (a heating rod with a thyristor)
    INTERRUPTIBLE = "interruptible"  # on or off, as often as its shortest times allow (a pool pump)
    BLOCK = "block"  # on once, for as long as it takes
    PROGRAMME = "programme"  # on once, through a power profile of its own (a dishwasher)


@dataclass(frozen=True, kw_only=True)
class FlexibleLoad:
    """A consumer whose time can be chosen. Power is consumed, and positive.

    Attributes
    ----------
    power_kw : When on; for a continuous load the most it can draw, for a programme unused. [kW]
    power_min_kw : Continuous only: the least it draws when it runs at all. [kW]
    min_on_h, min_off_h : Interruptible only: once switched, how long it stays so. [h]
    profile_kw, profile_step_h : Programme only: mean power in each part of the run, and how long a part is.
        [kW], [h]
    """

    id: str
    name: str
    kind: LoadKind = LoadKind.INTERRUPTIBLE
    power_kw: float = 1.0
    power_min_kw: float = 0.0
    min_on_h: float = 0.0
    min_off_h: float = 0.0
    profile_kw: tuple[float, ...] = ()
    profile_step_h: float = 0.25
    phases: tuple[int, ...] = ()  # which of 1, 2, 3 it hangs on; empty: evenly on all

    def __post_init__(self) -> None:
        """Refuse what no load can be."""
        object.__setattr__(self, "kind", checks.one_of(LoadKind, "kind", self.kind))
        checks.at_least_zero(
            self.name, power_min_kw=self.power_min_kw, min_on_h=self.min_on_h, min_off_h=self.min_off_h
        )
        checks.above_zero(self.name, power_kw=self.power_kw, profile_step_h=self.profile_step_h)
        checks.phases(self.name, self.phases)
        checks.in_order(self.name, power_min_kw=self.power_min_kw, power_kw=self.power_kw)
        checks.at_least_zero(self.name, **{f"profile_kw[{i}]": kw for i, kw in enumerate(self.profile_kw)})
        if self.kind is LoadKind.PROGRAMME:
            checks.above_zero(self.name, profile_kw=float(sum(self.profile_kw)))

    @property
    def run_h(self) -> float:
        """Length of a programme. [h]."""
        return len(self.profile_kw) * self.profile_step_h

    @property
    def run_kwh(self) -> float:
        """Energy of a programme. [kWh]."""
        return float(sum(self.profile_kw)) * self.profile_step_h

    @property
    def power_max_kw(self) -> float:
        """Largest power it can draw. [kW]."""
        return max(self.profile_kw) if self.kind is LoadKind.PROGRAMME else self.power_kw


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadTask:
    """One thing a load is to do: so much energy, within these steps. For a programme, one run.

    Attributes
    ----------
    allowed : Steps in which it may draw power, shape (n,). A run has to end within them.
    energy_kwh : What it is to use; ignored by a programme, whose profile says it. [kWh]
    reward : None: it has to be done, and what is missing costs `shortfall_price_per_kwh`. A number: it may be
        left out, and is done where that costs less than the reward for the whole task. [currency]
    """

    allowed: Bools
    energy_kwh: float = 0.0
    reward: float | None = None
    shortfall_price_per_kwh: float = 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadState:
    """What a flexible load is doing, and what is asked of it.

    Attributes
    ----------
    tasks : In the order of their windows, which do not overlap.
    is_on : Whether it runs now.
    since_h : How long it has been on or off; None where nobody knows, and then it may switch at once. [h]
    """

    tasks: tuple[LoadTask, ...] = ()
    is_on: bool = False
    since_h: float | None = None
    # Devices in trouble are planned around, not with.
    available: bool = True
