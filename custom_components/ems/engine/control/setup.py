"""What is installed and how calmly it is steered: everything about a site that does not change by the second."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import PlanError
from .battery import BatteryRules, BatterySpec
from .charger import ChargerSpec, house_phases
from .circuit import ALL_PHASES, Circuit, CircuitTree, safe_currents_fit
from .freshness import Patience
from .phase_switch import SwitchRules
from .pv import ExportRules, PvSpec
from .ramp import Pace
from .surplus import SunRules


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A site for the guard.

    Attributes
    ----------
    patience : By circuit key; circuits without an entry have the usual one.
    slice_s : Where not everybody can have the minimum, who had it this long makes way for who waits. [s]
    """

    tree: CircuitTree
    chargers: tuple[ChargerSpec, ...] = ()
    batteries: tuple[BatterySpec, ...] = ()
    arrays: tuple[PvSpec, ...] = ()
    patience: Mapping[str, Patience] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    sun: SunRules = field(default_factory=SunRules)
    switching: SwitchRules = field(default_factory=SwitchRules)
    battery: BatteryRules = field(default_factory=BatteryRules)
    export: ExportRules = field(default_factory=lambda: ExportRules(export_max_kw=float("inf")))
    slice_s: float = 900.0

    def __post_init__(self) -> None:
        """Refuse devices on circuits that are not there, and keys that stand for two."""
        fed = [(each.name, each.circuit) for each in self.chargers]
        fed += [(each.name, each.circuit) for each in self.batteries]
        for name, circuit in fed:
            if circuit not in self.tree.by_key:
                raise PlanError("unknown_id", field=f"circuit ({name})", id=circuit)
        keys = [each.key for each in self.chargers] + [each.key for each in self.batteries]
        keys += [each.key for each in self.arrays]
        for key in keys:
            if keys.count(key) > 1:
                raise PlanError("duplicate_id", field="device", id=key)

    @cached_property
    def connection(self) -> Circuit:
        """Return the circuit that nothing feeds but the network."""
        return next(circuit for circuit in self.tree.circuits if circuit.above is None)

    @cached_property
    def untrusted_a(self) -> Mapping[str, Mapping[str, float]]:
        """Return, by circuit and charger, what it may draw while that circuit's current is unknown. [A].

        Its safe current where all of them fit under the circuit at once, else nothing.
        """
        return {circuit.key: self._safe_below(circuit) for circuit in self.tree.circuits}

    def _safe_below(self, circuit: Circuit) -> dict[str, float]:
        below = [each for each in self.chargers if circuit.key in self.tree.path(each.circuit)]
        fits = safe_currents_fit(circuit, [_safe_sum(below, phase) for phase in circuit.phases])
        return {each.key: each.safe_a if fits else 0.0 for each in below}


def _safe_sum(chargers: list[ChargerSpec], phase: int) -> float:
    """Return the sum of safe currents on a phase; who could be anywhere is everywhere. [A]."""
    return sum(each.safe_a for each in chargers if phase in phases_of(each))


def phases_of(spec: ChargerSpec) -> tuple[int, ...]:
    """Return all phases of the house a charger may load."""
    return house_phases(spec, tuple(range(spec.phases))) or ALL_PHASES
