"""A charging point as the limiter sees it: where it hangs, what it draws, what it was told."""

from dataclasses import dataclass

from .. import checks

# From here on a phase counts as used: evcc's threshold, below which contactors and electronics idle.
ACTIVE_A = 1.0
# What a car that takes less than it is offered is left above what it takes: if it uses more than half of that, it
# wants more and gets it.
SLACK_A = 2.0
# No car charges with less (IEC 61851-1).
FLOOR_A = 6.0

type PhaseCurrents = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class ChargerSpec:
    """What is installed.

    Attributes
    ----------
    circuit : Key of the circuit that feeds it.
    phases : On how many phases it can charge.
    rotation : Which phase of the house its terminals L1, L2, L3 hang on, as far as it uses them; empty: nobody
        knows, and it counts on the worst one.
    current_min_a, current_max_a : Per phase. [A]
    step_a : The smallest change it understands. [A]
    safe_a : What it falls back to by itself, or is told when nothing is known: 0 is a pause. [A]
    lease_s : After how long without a word from EMS it falls back by itself; None: never. [s]
    reacts_within_s : How long it and the car take to do what it is told. [s]
    priority : Higher is served first; equal ones share.
    switches_phases : Whether it can go to one phase and back.
    """

    key: str
    name: str
    circuit: str
    phases: int = 3
    rotation: tuple[int, ...] = ()
    current_min_a: float = 6.0
    current_max_a: float = 16.0
    step_a: float = 1.0
    safe_a: float = 6.0
    lease_s: float | None = 60.0
    reacts_within_s: float = 5.0
    priority: int = 0
    switches_phases: bool = False

    def __post_init__(self) -> None:
        """Refuse what no charging point can be."""
        checks.one_of_numbers(self.name, "phases", self.phases, checks.PHASES)
        checks.phases(self.name, self.rotation)
        checks.above_zero(self.name, current_min_a=self.current_min_a, step_a=self.step_a)
        checks.in_order(self.name, current_min_a=self.current_min_a, current_max_a=self.current_max_a)
        checks.at_least_zero(self.name, safe_a=self.safe_a)


@dataclass(frozen=True, kw_only=True)
class ChargerNow:
    """What it says, and what it was told.

    Attributes
    ----------
    is_reachable : Whether its word is fresh. One that is silent keeps drawing what it may.
    is_connected : Whether a car is plugged in; None where it does not say.
    drawn_a : Measured on its own terminals; None where it does not measure. [A]
    offered_a : The limit in force as it was last known; None before anything was. [A]
    is_spread : Whether only its power is known, and `drawn_a` is that spread over all its phases: a car on one of
        them draws three times as much there.
    phases_in_use : On how many phases it charges now, where it says so.
    is_charging : Whether it says that current flows; None where it does not say.
    """

    is_reachable: bool = True
    is_connected: bool | None = None
    drawn_a: PhaseCurrents | None = None
    is_spread: bool = False
    offered_a: float | None = None
    phases_in_use: int | None = None
    is_charging: bool | None = None


def active_terminals(spec: ChargerSpec, now: ChargerNow) -> tuple[int, ...]:
    """Return which of its terminals (0, 1, 2) carry current, or would.

    A car that draws shows how many phases it has; one that does not may have all.
    """
    told = now.phases_in_use or spec.phases
    if now.drawn_a is None:
        return tuple(range(told))
    drawing = tuple(i for i, amps in enumerate(now.drawn_a) if amps >= ACTIVE_A)
    return drawing or tuple(range(told))


def house_phases(spec: ChargerSpec, terminals: tuple[int, ...]) -> tuple[int, ...]:
    """Return the phases of the house that some terminals hang on; empty where nobody knows."""
    if len(spec.rotation) <= max(terminals, default=0):
        return ()
    return tuple(spec.rotation[i] for i in terminals)


def drawn_most_a(now: ChargerNow) -> float | None:
    """Return the largest current on one phase; None where nobody measures it. [A]."""
    return None if now.drawn_a is None else max(now.drawn_a)


def perhaps_drawn_a(now: ChargerNow) -> float | None:
    """Return what may flow on one phase at most by what is measured; None where nobody measures. [A]."""
    if now.drawn_a is None:
        return None
    return sum(now.drawn_a) if now.is_spread else max(now.drawn_a)


def counted_a(now: ChargerNow, told_a: float = 0.0) -> float:
    """Return what may be taken for drawn now, where a limiter gives it back to the circuit. [A].

    Never more than is known to flow: what is counted here and does not flow would be handed out twice. One that does
    not measure is taken to draw what it was told, while it says that it charges.
    """
    drawn = drawn_most_a(now)
    if drawn is not None:
        return max(0.0, drawn)
    return told_a if now.is_charging else 0.0


def may_draw_a(spec: ChargerSpec, now: ChargerNow, silent_s: float) -> float:
    """Return what a charger that cannot be steered may draw at most. [A].

    silent_s : For how long it has not answered: with a lease, it is at its safe current after that. Without one it
        keeps what it was told, until somebody else tells it more or it restarts: so it counts with its maximum.
    """
    if spec.lease_s is None and not now.is_reachable:
        return max(spec.current_max_a, counted_a(now))
    if spec.lease_s is not None and silent_s > spec.lease_s:
        return max(spec.safe_a, counted_a(now))
    offered_a = spec.current_max_a if now.offered_a is None else now.offered_a
    return max(offered_a, counted_a(now))
