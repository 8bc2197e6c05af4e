"""The words of a report: what each is called, in which unit, within which bounds, and which point it becomes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from ..points import PLAUSIBLE, Kind


@dataclass(frozen=True, kw_only=True)
class Field:
    """One number of a report. Bounds are in its unit."""

    unit: str
    low: float
    high: float


def _field(kind: Kind, unit: str, per_unit: float = 1.0) -> Field:
    low, high = PLAUSIBLE[kind]
    return Field(unit=unit, low=low / per_unit, high=high / per_unit)


CONSUMED: Final = "energy_consumed"
PRODUCED: Final = "energy_produced"
LOAD: Final = "current_load"
POWER: Final = "power"
POWER_KW: Final = "power_kw"

NUMBERS: Final[Mapping[str, Field]] = {
    PRODUCED: _field(Kind.ENERGY, "kWh", 1000),
    CONSUMED: _field(Kind.ENERGY, "kWh", 1000),
    # A connection may be overloaded for a while, but not tenfold.
    LOAD: Field(unit="%", low=0, high=1000),
    POWER: _field(Kind.POWER, "W"),
    POWER_KW: _field(Kind.POWER, "kW", 1000),
    **dict.fromkeys(("voltage", "voltage1", "voltage2", "voltage3"), _field(Kind.VOLTAGE, "V")),
    **dict.fromkeys(("current", "current1", "current2", "current3"), _field(Kind.CURRENT, "A")),
    "frequency": _field(Kind.FREQUENCY, "Hz"),
    "power_factor": _field(Kind.POWER_FACTOR, ""),
}
# Role → energy of a report → (our counter, what a kWh of it adds to the power in our sign).
COUNTERS: Final[Mapping[str, Mapping[str, tuple[str, int]]]] = {
    "meter": {CONSUMED: ("import_energy", 1), PRODUCED: ("export_energy", -1)},
    "pv": {PRODUCED: ("energy", 1)},
}
# What passes as it is. The single voltage and current are those of the only phase.
_MEASURED: Final[Mapping[str, Mapping[str, str]]] = {
    "meter": {
        "voltage": "voltage_l1",
        "current": "current_l1",
        **{f"voltage{n}": f"voltage_l{n}" for n in (1, 2, 3)},
        **{f"current{n}": f"current_l{n}" for n in (1, 2, 3)},
        "frequency": "frequency",
        "power_factor": "power_factor",
    },
    "pv": {},
}


def measured(role: str, fields: Collection[str]) -> dict[str, str]:
    """Return which of a report's fields becomes which point; a numbered phase beats the word without a number."""
    chosen = {name: point for name, point in _MEASURED[role].items() if name in fields}
    for name in ("voltage", "current"):
        if f"{name}1" in chosen:
            chosen.pop(name, None)
    return chosen


def used(role: str, fields: Collection[str], *, has_capacity: bool) -> tuple[str, ...]:
    """Return those fields that something becomes of, in the order of the table."""
    wanted = {POWER, POWER_KW, *COUNTERS[role], *measured(role, fields)}
    if has_capacity and role == "meter":
        wanted.add(LOAD)
    return tuple(name for name in NUMBERS if name in fields and name in wanted)


def points_of(role: str, fields: Collection[str]) -> tuple[str, ...]:
    """Return the points that a device has, which has sent these fields so far."""
    counters = [point for name, (point, _) in COUNTERS[role].items() if name in fields]
    return ("power", *counters, *measured(role, fields).values())


def first_points(role: str) -> tuple[str, ...]:
    """Return the points of a device that has not said anything yet."""
    return ("power", *(point for point, _ in COUNTERS[role].values()))
