"""Every limit as one row: what each device adds to it, and how much room it has.

For a phase p of a circuit c with limit L, measured net current I and devices j below it that draw d_j now:

    Σ x_j         ≤  L ⊖ I + Σ d_j        what they are given together (design §10: headroom)
    Σ (x_j - d_j)⁺  ≤  L ⊖ I               what they may add to what flows already

The first row is what a home can carry when all do as they are told. The second never counts on a decrease that no
meter has seen yet: that one charger was told to slow down is no room for another until the current has gone. `⊖` is
the room of `PhaseFlow`, which knows of reactive current.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..steps import Bools, Floats
from .circuit import Circuit, CircuitNow, CircuitTree
from .claim import Claim
from .flow import NOMINAL_V, PhaseFlow

KW_PER_A: Final = NOMINAL_V / 1000


class BoundKind(StrEnum):
    """What kind of limit it is, in the order in which they are named when several bind."""

    FUSE = "fuse"
    UNTRUSTED = "untrusted"
    OPERATOR = "operator"
    QUARTER_HOUR = "quarter_hour"
    CAP = "cap"
    POWER = "power"
    SURPLUS = "surplus"


@dataclass(frozen=True, kw_only=True)
class Bound:
    """The name of a limit, for reasons."""

    kind: BoundKind
    circuit: str = ""
    phase: int | None = None


@dataclass(frozen=True, kw_only=True)
class PowerBound:
    """A limit on power: the operator's, a time of day's, a quarter-hour's rest, or what the sun leaves over.

    Attributes
    ----------
    limit_kw : Most that may flow in.
    net_kw : What flows in now, everything counted; None: only the devices themselves count against the limit.
    only_surplus : Whether only what follows the surplus is held by it.
    """

    kind: BoundKind
    circuit: str
    limit_kw: float
    net_kw: float | None = None
    only_surplus: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """The limits of one tick. m rows, n claims.

    Attributes
    ----------
    load : What an ampere of each claim adds, shape (m, n). [A] or [kW]
    room : Of all that is given, shape (m,).
    free : Of what is added to what flows, shape (m,).
    over : Whether what flows, with what cannot be kept from coming, is too much already, shape (m,).
    yields : Rows that the floor of a claim may break, shape (m,): no sun is no reason to break off a charge
        that people want to go on.
    cap_a : The most a claim may have whatever rows say, shape (n,). [A]
    cap_by : The bound behind a cap, by claim; None where there is none.
    """

    bounds: tuple[Bound, ...]
    load: Floats
    room: Floats
    free: Floats
    over: Bools
    yields: Bools
    cap_a: Floats
    cap_by: tuple[Bound | None, ...]


def rows_of(
    tree: CircuitTree,
    now: dict[str, CircuitNow],
    claims: Sequence[Claim],
    powers: Iterable[PowerBound] = (),
) -> Rows:
    """Write down every limit that holds in this tick."""
    writer = _Writer(tree, claims)
    for circuit in tree.circuits:
        found = now.get(circuit.key, CircuitNow())
        below = writer.below(circuit.key)
        if circuit.is_metered and not is_known(circuit, found):
            writer.cap(below, circuit)
        else:
            writer.fuse(circuit, found, below)
    for power in powers:
        writer.power(power)
    return writer.rows()


def is_known(circuit: Circuit, found: CircuitNow) -> bool:
    """Tell whether a circuit's current is known: a phase that nobody measures is as bad as a silent meter."""
    return found.trust.counts and all(found.flows.get(phase) is not None for phase in circuit.phases)


class _Writer:
    """Gathers rows."""

    def __init__(self, tree: CircuitTree, claims: Sequence[Claim]) -> None:
        self._paths = [set(tree.path(claim.circuit)) for claim in claims]
        self._claims = claims
        self.drawn = np.array([claim.drawn_a for claim in claims], dtype=float)
        self.terminals = np.array([claim.terminals for claim in claims], dtype=float)
        self._on = [set(claim.on) for claim in claims]
        self._bounds: list[Bound] = []
        self._lines: list[tuple[Floats, float, float]] = []
        self._cap = np.full(len(claims), np.inf)
        self._cap_by: list[Bound | None] = [None] * len(claims)

    def below(self, key: str) -> Bools:
        """Return which claims hang below a circuit, shape (n,)."""
        return np.array([key in path for path in self._paths], dtype=bool)

    def cap(self, below: Bools, circuit: Circuit) -> None:
        """Leave what hangs below an unknown current its safe value: the fuse counts as full."""
        for j in np.flatnonzero(below).tolist():
            safe = self._claims[j].untrusted_a
            if safe < self._cap[j]:
                self._cap[j] = safe
                self._cap_by[j] = Bound(kind=BoundKind.UNTRUSTED, circuit=circuit.key)

    def fuse(self, circuit: Circuit, found: CircuitNow, below: Bools) -> None:
        """Add a circuit's limit on each of its phases, and on all together where it has one."""
        for phase in circuit.phases:
            on = np.array([not phases or phase in phases for phases in self._on], dtype=bool)
            load = (below & on).astype(float)
            flow = found.flows.get(phase) if circuit.is_metered else None
            # Without a meter, what hangs here is all there is, with the allowance for the rest.
            flow = flow or PhaseFlow(active_a=circuit.allowance_a + float(load @ self.drawn))
            self._add(
                Bound(kind=BoundKind.FUSE, circuit=circuit.key, phase=phase),
                load,
                flow.room_a(circuit.limit_a),
            )
        if circuit.limit_kw is not None and circuit.is_metered:
            net_kw = sum(flow.active_a for flow in found.flows.values() if flow) * KW_PER_A
            self.power(
                PowerBound(
                    kind=BoundKind.POWER, circuit=circuit.key, limit_kw=circuit.limit_kw, net_kw=net_kw
                )
            )

    def power(self, power: PowerBound) -> None:
        """Add a limit on power."""
        below = self.below(power.circuit)
        if power.only_surplus:
            below &= np.array([claim.follows_surplus for claim in self._claims], dtype=bool)
        load = below * self.terminals * KW_PER_A
        own_kw = float(load @ self.drawn)
        free = power.limit_kw - (own_kw if power.net_kw is None else power.net_kw)
        self._add(Bound(kind=power.kind, circuit=power.circuit), load, free)

    def _add(self, bound: Bound, load: Floats, free: float) -> None:
        self._bounds.append(bound)
        self._lines.append((load, free + float(load @ self.drawn), free))

    def rows(self) -> Rows:
        """Return what was gathered, what cannot be steered already taken off."""
        n, m = len(self._claims), len(self._lines)
        load = np.array([line[0] for line in self._lines]).reshape(m, n)
        room = np.array([line[1] for line in self._lines])
        free = np.array([line[2] for line in self._lines])
        fixed: NDArray[np.float64] = np.array([claim.fixed_a or 0.0 for claim in self._claims], dtype=float)
        added = np.maximum(0.0, fixed - self.drawn) * np.array([c.fixed_a is not None for c in self._claims])
        left = free - load @ added
        return Rows(
            bounds=tuple(self._bounds),
            load=load,
            room=room - load @ fixed,
            free=np.maximum(0.0, left),
            over=left < 0,
            yields=np.array([bound.kind is BoundKind.SURPLUS for bound in self._bounds], dtype=bool),
            cap_a=self._cap,
            cap_by=tuple(self._cap_by),
        )
