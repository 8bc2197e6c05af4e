"""What a circuit's meter showed when a device of ours did what it was told: the evidence about how things are wired.

Only what follows a command of ours counts, and only where the circuit was calm when it was given: the guard answers to
the house (a cloud comes, a car is told less), so what moved before the command may be its cause and proves nothing.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from .charger import PhaseCurrents
from .snapshot import MeterWord

PHASES: Final = (1, 2, 3)

type Flows = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class SwingRules:
    """When a command is looked at.

    Attributes
    ----------
    settle_s : So long after it device, car and their readings have arrived: 5 s to react, 3 s to be read. [s]
    calm_s : So far back the circuit is looked at before it. [s]
    forget_s : Without a word of the meter for so long after it, it is given up. [s]
    """

    settle_s: float = 8.0
    calm_s: float = 6.0
    forget_s: float = 30.0


RULES: Final = SwingRules()


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What a device of ours below a circuit draws now, and what it was told.

    Attributes
    ----------
    amps : By terminal; negative where it gives. [A]
    on : Phases of the house its terminals hang on; empty: nobody knows.
    told : Anything that changes when it is told something else.
    """

    amps: PhaseCurrents
    on: tuple[int, ...] = ()
    told: Hashable = None


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How much more a device draws than before its command. `was_told`: whether it was its command."""

    amps: PhaseCurrents
    on: tuple[int, ...]
    was_told: bool


@dataclass(frozen=True, kw_only=True)
class Swing:
    """What changed from before a command until it was carried out. [A].

    Attributes
    ----------
    flows : By phase of the house, + into the home; None where the meter does not say.
    unrest : How far each moved by itself shortly before.
    devices : What our devices below changed, by key.
    """

    flows: Flows
    unrest: Flows
    devices: Mapping[str, Moved]


@dataclass(frozen=True, kw_only=True)
class _Open:
    """A command that is being carried out."""

    at_s: float
    flows: Flows
    unrest: Flows
    drawn: Mapping[str, Drawn]
    told: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Watching:
    """What is remembered of a circuit between two looks.

    words : The meter's last ones, oldest first: when, and what. [s], [A]
    told : What each device below was told last.
    """

    words: tuple[tuple[float, Flows], ...] = ()
    told: Mapping[str, Hashable] = field(default_factory=dict)
    open: _Open | None = None


def next_swing(
    watching: Watching,
    word: MeterWord | None,
    drawn: Mapping[str, Drawn] | None,
    now_s: float,
    rules: SwingRules = RULES,
) -> tuple[Watching, Swing | None]:
    """Return what to remember after a look, and the swing that has come to its end with it.

    word : The circuit's meter, believed or not: whether it can be is the question.
    drawn : Our devices below; None where one of them is unknown: then nothing can be learned.
    """
    if word is None or word.at_s is None or drawn is None:
        return Watching(), None
    watching = _hear(watching, word.at_s, tuple(_amps(word, phase) for phase in PHASES), now_s, rules)  # type: ignore[arg-type]
    watching, swing = _close(watching, drawn, now_s, rules)
    return _open(watching, drawn, now_s, rules), swing


def _amps(word: MeterWord, phase: int) -> float | None:
    flow = word.flows.get(phase)
    return None if flow is None else flow.active_a


def _hear(watching: Watching, at_s: float, flows: Flows, now_s: float, rules: SwingRules) -> Watching:
    if watching.words and watching.words[-1][0] == at_s:
        return watching
    # A clock that was set back begins anew.
    recent = [each for each in watching.words if now_s - rules.calm_s <= each[0] < at_s]
    return replace(watching, words=(*recent, (at_s, flows)))


def _close(
    watching: Watching, drawn: Mapping[str, Drawn], now_s: float, rules: SwingRules
) -> tuple[Watching, Swing | None]:
    begun = watching.open
    if begun is None:
        return watching, None
    at_s, flows = watching.words[-1]
    if drawn.keys() != begun.drawn.keys() or not 0 <= now_s - begun.at_s <= rules.forget_s:
        return replace(watching, open=None), None
    if at_s < begun.at_s + rules.settle_s:
        return watching, None
    return replace(watching, open=None), _swing(begun, flows, drawn)


def _swing(begun: _Open, flows: Flows, drawn: Mapping[str, Drawn]) -> Swing:
    devices = {
        key: Moved(
            amps=_minus(each.amps, begun.drawn[key].amps),  # type: ignore[arg-type]
            on=each.on,
            was_told=key in begun.told,
        )
        for key, each in drawn.items()
    }
    return Swing(flows=_minus(flows, begun.flows), unrest=begun.unrest, devices=devices)


def _minus(one: Flows, other: Flows) -> Flows:
    return tuple(None if a is None or b is None else a - b for a, b in zip(one, other, strict=True))  # type: ignore[return-value]


def _open(watching: Watching, drawn: Mapping[str, Drawn], now_s: float, rules: SwingRules) -> Watching:
    """Begin anew with every command: what another one moves in between belongs to neither."""
    told = {key: each.told for key, each in drawn.items()}
    changed = frozenset(key for key in told if key in watching.told and watching.told[key] != told[key])
    watching = replace(watching, told=told)
    if not changed:
        return watching
    before = [flows for at_s, flows in watching.words if at_s >= now_s - rules.calm_s]
    if len(before) < 2:
        return replace(watching, open=None)
    unrest: Flows = tuple(map(_spread, zip(*before, strict=True)))  # type: ignore[assignment]
    begun = _Open(at_s=now_s, flows=before[-1], unrest=unrest, drawn=dict(drawn), told=changed)
    return replace(watching, open=begun)


def _spread(values: tuple[float | None, ...]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) - min(known) if len(known) == len(values) else None
