"""Where a charger or battery hangs in the house: its circuit, its phases, and what it falls back to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..engine.control.circuit import Circuit, Phases
from .circuits import ALL, CONNECTION, SiteCircuits

# The section of a device's form, and of its stored parameters. Devices older than it have none and get the defaults.
SECTION: Final = "wiring"
UNKNOWN: Final = "unknown"
# What a form calls it → phases of the house behind the charger's terminals L1, L2, L3.
ROTATIONS: Final[Mapping[str, Phases]] = {
    UNKNOWN: (),
    "l1_l2_l3": (1, 2, 3),
    "l2_l3_l1": (2, 3, 1),
    "l3_l1_l2": (3, 1, 2),
    "l1_l3_l2": (1, 3, 2),
    "l2_l1_l3": (2, 1, 3),
    "l3_l2_l1": (3, 2, 1),
    "l1": (1,),
    "l2": (2,),
    "l3": (3,),
}
# No car charges with less (IEC 61851-1), and most stations fall back to it.
SAFE_A: Final = 6.0
PRIORITY: Final = 0


@dataclass(frozen=True, kw_only=True)
class ChargerWiring:
    """Where a charger hangs.

    rotation : Phases of the house behind its terminals; empty: nobody knows, so it counts on every one.
    safe_a : What it falls back to without EMS; 0 is a pause. [A]
    priority : Higher is served first.
    """

    circuit: str
    rotation: Phases
    safe_a: float
    priority: int


@dataclass(frozen=True, kw_only=True)
class BatteryWiring:
    """Where a battery hangs.

    on : Phases of the house, evenly.
    """

    circuit: str
    on: Phases


def charger_wiring(params: Mapping[str, Any], circuits: SiteCircuits) -> ChargerWiring:
    """Return where a charger hangs; one whose circuit was removed hangs at the connection."""
    said = params.get(SECTION, {})
    circuit = circuits.at(said.get("circuit", CONNECTION))
    return ChargerWiring(
        circuit=circuit.key,
        rotation=_rotation(said.get("rotation", UNKNOWN), circuit),
        safe_a=safe_current_a(params),
        priority=int(said.get("priority", PRIORITY)),
    )


def safe_current_a(params: Mapping[str, Any]) -> float:
    """Return what a charger is left with without EMS. [A]."""
    return float(params.get(SECTION, {}).get("safe_a", SAFE_A))


def _rotation(said: str, circuit: Circuit) -> Phases:
    """Return the phases behind the terminals; what names a phase that the circuit has not is not believed."""
    if len(circuit.phases) == 1:
        # There is only one that they can hang on.
        return circuit.phases * 3
    rotation = ROTATIONS[said]
    return rotation if set(rotation) <= set(circuit.phases) else ()


def battery_wiring(params: Mapping[str, Any], circuits: SiteCircuits) -> BatteryWiring:
    """Return where a battery hangs; one whose circuit was removed hangs at the connection."""
    said = params.get(SECTION, {})
    circuit = circuits.at(said.get("circuit", CONNECTION))
    on = said.get("on", ALL)
    named = () if on == ALL else (int(on),)
    return BatteryWiring(
        circuit=circuit.key, on=named if named and set(named) <= set(circuit.phases) else circuit.phases
    )
