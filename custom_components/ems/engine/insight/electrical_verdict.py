"""What is asked about a meter's electricity, and the words of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Subject(StrEnum):
    """What is judged."""

    VOLTAGE = "voltage"
    FREQUENCY = "frequency"
    VOLTAGE_IMBALANCE = "voltage_imbalance"
    CURRENT_IMBALANCE = "current_imbalance"
    POWER_FACTOR = "power_factor"
    CONNECTION = "connection"


class Condition(StrEnum):
    """What can be found."""

    NORMAL = "normal"
    LOW_WARNING = "low_warning"
    LOW_CRITICAL = "low_critical"
    HIGH_WARNING = "high_warning"
    HIGH_CRITICAL = "high_critical"
    FLUCTUATING = "fluctuating"
    OVER = "over"  # of an imbalance
    LOW = "low"  # of a power factor
    OFFLINE = "offline"  # of the connection


CRITICAL: Final = frozenset({Condition.LOW_CRITICAL, Condition.HIGH_CRITICAL, Condition.OFFLINE})


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a meter says now; None is unknown. One voltage and one current for every phase that it has.

    Attributes
    ----------
    voltage_v : Phase to neutral. [V]
    current_a : Drawn positive, fed in negative. [A]
    is_fresh : Whether the meter said anything recently.
    """

    voltage_v: tuple[float | None, ...] = ()
    current_a: tuple[float | None, ...] = ()
    frequency_hz: float | None = None
    power_factor: float | None = None
    power_w: float | None = None
    is_fresh: bool = True


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one subject is like.

    Attributes
    ----------
    phase : 1, 2 or 3 where one of them is the reason.
    value : What was measured; None while it is unknown or is no number.
    threshold : What it passed. [unit of the value]
    since_s : Since when. [s since epoch]
    """

    condition: Condition
    phase: int | None = None
    value: float | None = None
    threshold: float | None = None
    since_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Change:
    """A subject that is no longer what it was last known to be.

    Attributes
    ----------
    lasted_s : How long the condition before it lasted. [s] None where none was known.
    """

    subject: Subject
    finding: Finding
    before: Condition | None
    lasted_s: float | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is known now; None is unknown.

    Attributes
    ----------
    phases : The condition of every phase's voltage, None also where a phase is not wired.
    """

    findings: Mapping[Subject, Finding | None]
    phases: tuple[Condition | None, ...] = ()
    voltage_unbalance_pct: float | None = None
    current_spread_a: float | None = None
