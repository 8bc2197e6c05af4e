"""The words every profile speaks: canonical points per role, with their unit, kind and sign.

A profile may only name readings listed here, so that a sensor, an adapter and a test mean the same thing by
`power`. Settings differ from maker to maker: those listed here are shared words, others are a profile's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

ROLES: Final = ("meter", "battery", "pv", "charger", "load", "inverter")

# What a role can be told (DeviceCommand.mode). Meters and inverters only report.
MODES: Final[Mapping[str, tuple[str, ...]]] = {
    "meter": (),
    "battery": ("automatic", "hold", "charge", "discharge"),
    "pv": ("automatic", "limit"),
    "charger": ("off", "charge", "discharge"),  # discharge: out of the car into the home
    # What is left alone half-way must not run out: `stay_on` is `on` without a lease.
    "load": ("off", "on", "stay_on"),
    "inverter": (),
}

# How a device counts, per role, and what that makes of our sign: positive flows into the home bus, and
# consumers are positive as they consume.
POSITIVE: Final[Mapping[str, Mapping[str, int]]] = {
    "meter": {"import": 1, "export": -1},
    "battery": {"discharging": 1, "charging": -1},
    "pv": {"production": 1, "consumption": -1},
    "charger": {"consumption": 1, "production": -1},
    "load": {"consumption": 1, "production": -1},
    "inverter": {"production": 1, "consumption": -1},
}

CHARGER_STATES: Final = ("available", "connected", "charging", "fault", "unavailable")


class Kind(StrEnum):
    """What a value is; it decides the unit and what is physically possible."""

    POWER = "power"
    ENERGY = "energy"
    VOLTAGE = "voltage"
    CURRENT = "current"
    FREQUENCY = "frequency"
    POWER_FACTOR = "power_factor"
    REACTIVE_POWER = "reactive_power"
    APPARENT_POWER = "apparent_power"
    SHARE = "share"
    TEMPERATURE = "temperature"
    DURATION = "duration"
    COUNT = "count"
    TEXT = "text"
    FLAG = "flag"


UNIT_OF: Final[Mapping[Kind, str | None]] = {
    Kind.POWER: "W",
    Kind.ENERGY: "Wh",
    Kind.VOLTAGE: "V",
    Kind.CURRENT: "A",
    Kind.FREQUENCY: "Hz",
    Kind.POWER_FACTOR: None,
    Kind.REACTIVE_POWER: "var",
    Kind.APPARENT_POWER: "VA",
    Kind.SHARE: "%",
    Kind.TEMPERATURE: "°C",
    Kind.DURATION: "s",
    Kind.COUNT: None,
    Kind.TEXT: None,
    Kind.FLAG: None,
}

# Outside these a register is garbage (swapped words, a wrong map, a wrong device), not a reading. Wide on
# purpose: a profile narrows them where it knows better.
PLAUSIBLE: Final[Mapping[Kind, tuple[float, float]]] = {
    Kind.POWER: (-1e7, 1e7),
    Kind.ENERGY: (0, 1e13),  # 10 TWh: no counter behind a house connection gets there
    Kind.VOLTAGE: (0, 1500),  # DC strings go up to 1500 V
    Kind.CURRENT: (-10_000, 10_000),
    Kind.FREQUENCY: (0, 100),
    Kind.POWER_FACTOR: (-1, 1),
    Kind.REACTIVE_POWER: (-1e7, 1e7),
    Kind.APPARENT_POWER: (-1e7, 1e7),
    Kind.SHARE: (0, 100),
    Kind.TEMPERATURE: (-60, 200),
    Kind.DURATION: (0, 1e9),
}

# Unit as a maker prints it → (unit we speak, factor).
UNITS: Final[Mapping[str, tuple[str, Fraction]]] = {
    "W": ("W", Fraction(1)),
    "kW": ("W", Fraction(1000)),
    "mW": ("W", Fraction(1, 1000)),
    "Wh": ("Wh", Fraction(1)),
    "kWh": ("Wh", Fraction(1000)),
    "MWh": ("Wh", Fraction(1_000_000)),
    "Ws": ("Wh", Fraction(1, 3600)),
    "Wmin": ("Wh", Fraction(1, 60)),
    "V": ("V", Fraction(1)),
    "mV": ("V", Fraction(1, 1000)),
    "A": ("A", Fraction(1)),
    "mA": ("A", Fraction(1, 1000)),
    "Hz": ("Hz", Fraction(1)),
    "mHz": ("Hz", Fraction(1, 1000)),
    "var": ("var", Fraction(1)),
    "kvar": ("var", Fraction(1000)),
    "VA": ("VA", Fraction(1)),
    "kVA": ("VA", Fraction(1000)),
    "%": ("%", Fraction(1)),
    "°C": ("°C", Fraction(1)),
    "s": ("s", Fraction(1)),
    "ms": ("s", Fraction(1, 1000)),
    "min": ("s", Fraction(60)),
}

KIND_OF_UNIT: Final[Mapping[str, Kind]] = {unit: kind for kind, unit in UNIT_OF.items() if unit is not None}


class Direction(StrEnum):
    """Whether a point has a sign that depends on the maker."""

    NONE = "none"  # a magnitude, a counter, a text
    MAY = "may"  # most devices give a magnitude, some a signed value
    MUST = "must"  # the profile has to say `positive:`; guessing would turn a home upside down


@dataclass(frozen=True, kw_only=True)
class PointSpec:
    """One canonical point."""

    key: str
    kind: Kind
    direction: Direction = Direction.NONE
    words: tuple[str, ...] | None = None  # the only texts allowed, None where the maker's own words are fine

    @property
    def unit(self) -> str | None:
        """Return the unit values of this point carry."""
        return UNIT_OF[self.kind]


def _spec(key: str, kind: Kind, direction: Direction = Direction.NONE) -> list[PointSpec]:
    return [PointSpec(key=key, kind=kind, direction=direction)]


def _phases(key: str, kind: Kind, direction: Direction = Direction.NONE) -> list[PointSpec]:
    return [PointSpec(key=f"{key}_l{n}", kind=kind, direction=direction) for n in (1, 2, 3)]


def _flow(key: str) -> list[PointSpec]:
    return _spec(key, Kind.POWER, Direction.MUST)


_METER = (
    *_flow("power"),
    *_phases("power", Kind.POWER, Direction.MUST),
    *_phases("voltage", Kind.VOLTAGE),
    *_phases("current", Kind.CURRENT, Direction.MAY),
    *_spec("frequency", Kind.FREQUENCY),
    *_spec("power_factor", Kind.POWER_FACTOR),
    *_phases("power_factor", Kind.POWER_FACTOR),
    *_spec("reactive_power", Kind.REACTIVE_POWER, Direction.MAY),
    *_spec("apparent_power", Kind.APPARENT_POWER),
    *_spec("import_energy", Kind.ENERGY),
    *_spec("export_energy", Kind.ENERGY),
)
_BATTERY = (
    *_flow("power"),
    *_spec("soc", Kind.SHARE),
    *_spec("charge_energy", Kind.ENERGY),
    *_spec("discharge_energy", Kind.ENERGY),
    *_spec("charge_power_max", Kind.POWER),
    *_spec("discharge_power_max", Kind.POWER),
    *_spec("capacity", Kind.ENERGY),
    *_spec("mode", Kind.TEXT),
    *_spec("status", Kind.TEXT),
    *_spec("temperature", Kind.TEMPERATURE),
    *_spec("charge_limit", Kind.POWER),
    *_spec("discharge_limit", Kind.POWER),
    *_spec("backup_reserve", Kind.SHARE),
)
_PV = (
    *_flow("power"),
    *_spec("energy", Kind.ENERGY),
    *_spec("power_limit", Kind.POWER),
)
_INVERTER = (
    *_flow("ac_power"),
    *_flow("dc_power"),
    *_spec("energy", Kind.ENERGY),
    *_spec("status", Kind.TEXT),
    *_phases("voltage", Kind.VOLTAGE),
    *_spec("current", Kind.CURRENT),
    *_phases("current", Kind.CURRENT),
    *_spec("frequency", Kind.FREQUENCY),
    *_spec("temperature", Kind.TEMPERATURE),
)
_CHARGER = (
    *_flow("power"),
    *_phases("power", Kind.POWER, Direction.MUST),
    *_phases("voltage", Kind.VOLTAGE),
    *_phases("current", Kind.CURRENT),
    *_spec("frequency", Kind.FREQUENCY),
    *_spec("energy", Kind.ENERGY),
    PointSpec(key="state", kind=Kind.TEXT, words=CHARGER_STATES),
    *_spec("car_connected", Kind.FLAG),
    *_spec("applied_current", Kind.CURRENT),
    *_spec("current_setpoint", Kind.CURRENT),
    *_spec("setpoint_valid_s", Kind.DURATION),
    *_spec("setpoint_accounted", Kind.FLAG),
    *_spec("safe_current", Kind.CURRENT),
    # On how many it may charge, and on how many its contactors are closed just now.
    *_spec("phases", Kind.COUNT),
    *_spec("phases_in_use", Kind.COUNT),
)

# A load only ever consumes: its power is a magnitude, and nobody is asked how it counts.
_LOAD = (
    *_spec("power", Kind.POWER),
    *_spec("energy", Kind.ENERGY),
    *_spec("running", Kind.FLAG),
    *_spec("power_setpoint", Kind.POWER),
    *_spec("voltage_l1", Kind.VOLTAGE),
    *_spec("current_l1", Kind.CURRENT),
    *_spec("frequency", Kind.FREQUENCY),
    *_spec("temperature", Kind.TEMPERATURE),
)

POINTS: Final[Mapping[str, Mapping[str, PointSpec]]] = {
    role: {spec.key: spec for spec in specs}
    for role, specs in {
        "meter": _METER,
        "battery": _BATTERY,
        "pv": _PV,
        "charger": _CHARGER,
        "inverter": _INVERTER,
        "load": _LOAD,
    }.items()
}
