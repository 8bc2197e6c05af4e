"""Small sites for the guard's tests, and a picture of them."""

from collections.abc import Mapping
from dataclasses import replace

from custom_components.ems.engine.control.charger import ChargerNow, ChargerSpec
from custom_components.ems.engine.control.circuit import Circuit, CircuitTree
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.engine.control.flow import PhaseFlow
from custom_components.ems.engine.control.setup import Setup
from custom_components.ems.engine.control.snapshot import ChargerSeen, MeterWord, Snapshot, State

MAIN = Circuit(key="main", name="House", limit_a=25.0)
START_S = 1_750_000_000.0


def charger(key: str = "car", **kwargs: object) -> ChargerSpec:
    """Return a three-phase 16 A charging point whose wiring is known."""
    given = {"key": key, "name": key.title(), "circuit": "main", "rotation": (1, 2, 3), **kwargs}
    return ChargerSpec(**given)  # type: ignore[arg-type]


def setup(*chargers: ChargerSpec, circuits: tuple[Circuit, ...] = (MAIN,), **kwargs: object) -> Setup:
    """Return a house with a 25 A connection."""
    return Setup(tree=CircuitTree(circuits=circuits), chargers=chargers, **kwargs)  # type: ignore[arg-type]


def word(l1: float, l2: float, l3: float, at_s: float) -> MeterWord:
    """Return what a grid meter says of three phases, in ampere."""
    return MeterWord(at_s=at_s, flows={i + 1: PhaseFlow(active_a=a) for i, a in enumerate((l1, l2, l3))})


def seen(
    mode: EvMode = EvMode.NOW, drawn: tuple[float, float, float] | None = (0, 0, 0), **kwargs: object
) -> ChargerSeen:
    """Return a charging point with a car."""
    now = ChargerNow(is_connected=True, drawn_a=drawn)
    wishes = {key: value for key, value in kwargs.items() if key in ("ask", "planned", "goal")}
    states = {key: value for key, value in kwargs.items() if key not in wishes}
    return ChargerSeen(now=replace(now, **states), mode=mode, **wishes)  # type: ignore[arg-type]


def snapshot(
    now_s: float,
    meters: Mapping[str, MeterWord],
    chargers: Mapping[str, ChargerSeen],
    **kwargs: object,
) -> Snapshot:
    """Return one picture."""
    return Snapshot(now_s=now_s, day="2025-06-15", meters=meters, chargers=chargers, **kwargs)  # type: ignore[arg-type]


NOTHING = State()
