"""The tree of circuits: main connection, sub-distributions, a group of wallboxes. The tightest along the path wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .. import checks
from ..errors import PlanError
from .flow import PhaseFlow
from .freshness import Trust

type Phases = tuple[int, ...]
ALL_PHASES: Phases = (1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """A fuse, and what it may carry.

    Attributes
    ----------
    above : Key of the circuit that feeds it; None for the connection.
    limit_a : Per phase. [A]
    limit_kw : Over all phases together, net of what is produced behind it; None: only the fuse counts. [kW]
    allowance_a : What else may draw here although nobody measures it: with the circuit's meter silent, or none
        there at all, this is kept free on every phase. [A]
    is_metered : Whether a meter measures what flows here. Where none does, what EMS commands below it is added
        up, with the allowance.
    """

    key: str
    name: str
    limit_a: float
    above: str | None = None
    phases: Phases = ALL_PHASES
    limit_kw: float | None = None
    allowance_a: float = 0.0
    is_metered: bool = True

    def __post_init__(self) -> None:
        """Refuse what no circuit can be."""
        checks.above_zero(self.name, limit_a=self.limit_a)
        checks.at_least_zero(self.name, allowance_a=self.allowance_a)
        checks.phases(self.name, self.phases)
        if self.limit_kw is not None:
            checks.at_least_zero(self.name, limit_kw=self.limit_kw)


@dataclass(frozen=True, kw_only=True)
class CircuitNow:
    """What a circuit's meter says.

    flows : By phase; None where the meter does not say.
    trust : Whether that counts.
    """

    flows: Mapping[int, PhaseFlow | None] = field(default_factory=dict)
    trust: Trust = Trust.NEVER


@dataclass(frozen=True, kw_only=True)
class CircuitTree:
    """All circuits of a site. The first one without another above it is the connection."""

    circuits: tuple[Circuit, ...]

    def __post_init__(self) -> None:
        """Refuse circuits that feed themselves, and those that nobody feeds."""
        keys = [circuit.key for circuit in self.circuits]
        for key in keys:
            if keys.count(key) > 1:
                raise PlanError("duplicate_id", field="circuit", id=key)
        for circuit in self.circuits:
            self._check_path(circuit)

    def _check_path(self, circuit: Circuit) -> None:
        seen = {circuit.key}
        above = circuit.above
        while above is not None:
            if above in seen:
                raise PlanError("circuit_feeds_itself", name=circuit.name)
            if above not in self.by_key:
                raise PlanError("unknown_id", field=f"above ({circuit.name})", id=above)
            seen.add(above)
            above = self.by_key[above].above

    @property
    def by_key(self) -> dict[str, Circuit]:
        """Return the circuits by key."""
        return {circuit.key: circuit for circuit in self.circuits}

    def path(self, key: str) -> tuple[str, ...]:
        """Return a circuit and all that feed it, up to the connection."""
        found, by_key = [], self.by_key
        at: str | None = key
        while at is not None:
            found.append(at)
            at = by_key[at].above
        return tuple(found)


def safe_currents_fit(circuit: Circuit, safe_by_phase_a: Sequence[float]) -> bool:
    """Tell whether all safe currents below a circuit fit under it at once, the allowance for the rest kept free.

    safe_by_phase_a : Sum of the safe currents on each of its phases, in their order. [A]
    """
    return all(safe_a + circuit.allowance_a <= circuit.limit_a for safe_a in safe_by_phase_a)
