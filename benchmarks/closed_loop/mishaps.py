"""What goes wrong in a week, and when: drawn from a seed, one after the other, with time between to recover."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final

from benchmarks.closed_loop.devices import CHARGERS, INVERTER, METER
from custom_components.ems.demo import Fault


class Mishap(StrEnum):
    """Ways in which a home loses what its guard stands on."""

    METER_SILENT = "meter silent"
    METER_FROZEN = "meter frozen"
    CHARGER_SILENT = "charger silent"
    CHARGER_IGNORES = "charger ignores"
    CHARGER_REBOOTS = "charger reboots"
    BATTERY_IGNORES = "battery ignores"
    BATTERY_SILENT = "battery silent"
    CLOCK_JUMPS = "clock jumps"
    EMS_KILLED = "EMS killed"
    PLAN_MISSING = "plan missing"


FAULTS: Final[Mapping[Mishap, Fault]] = MappingProxyType(
    {
        Mishap.METER_SILENT: Fault.SILENT,
        Mishap.METER_FROZEN: Fault.FROZEN,
        Mishap.CHARGER_SILENT: Fault.SILENT,
        Mishap.CHARGER_IGNORES: Fault.IGNORES,
        Mishap.CHARGER_REBOOTS: Fault.REBOOTS,
        Mishap.BATTERY_IGNORES: Fault.IGNORES,
        Mishap.BATTERY_SILENT: Fault.SILENT,
    }
)
# How long each lasts. [s]
_LASTS: Final[Mapping[Mishap, tuple[int, int]]] = MappingProxyType(
    {
        Mishap.METER_SILENT: (10, 600),
        Mishap.METER_FROZEN: (30, 600),
        Mishap.CHARGER_SILENT: (20, 900),
        Mishap.CHARGER_IGNORES: (60, 1800),
        Mishap.CHARGER_REBOOTS: (20, 60),
        Mishap.BATTERY_IGNORES: (300, 3600),
        Mishap.BATTERY_SILENT: (20, 900),
        Mishap.CLOCK_JUMPS: (30, 1800),
        Mishap.EMS_KILLED: (60, 900),
        Mishap.PLAN_MISSING: (1800, 7200),
    }
)
_APART_S: Final = (300, 2400)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One mishap. device : Where it happens to one. jump_s : What the clock is wrong by meanwhile."""

    kind: Mishap
    starts_s: int
    ends_s: int
    device: str = ""
    jump_s: float = 0.0


def events(seed: int, start_s: int, until_s: int) -> Iterator[Event]:
    """Return a home's mishaps, the earliest first."""
    chance, at_s = Random(seed), start_s  # noqa: S311  (luck)
    while (at_s := at_s + chance.randint(*_APART_S)) < until_s:
        kind = chance.choice(list(Mishap))
        ends_s = at_s + chance.randint(*_LASTS[kind])
        yield Event(
            kind=kind,
            starts_s=at_s,
            ends_s=ends_s,
            device=_device(kind, chance),
            jump_s=chance.choice((-1, 1)) * 10 ** chance.uniform(0.5, 3.6),
        )
        at_s = ends_s


def _device(kind: Mishap, chance: Random) -> str:
    match kind:
        case Mishap.METER_SILENT | Mishap.METER_FROZEN:
            return METER
        case Mishap.BATTERY_IGNORES | Mishap.BATTERY_SILENT:
            return INVERTER
        case Mishap.CHARGER_SILENT | Mishap.CHARGER_IGNORES | Mishap.CHARGER_REBOOTS:
            return chance.choice(CHARGERS)
    return ""
