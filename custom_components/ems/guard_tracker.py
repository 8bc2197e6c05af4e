"""What has to be remembered of one look of the guard to the next for people to see how well it works."""

from dataclasses import replace
from typing import Final

from .adapters.decision_view import as_told, told_of
from .channel import Channel
from .coordinators.guard import GuardState
from .engine.control.decision import Decision
from .engine.control.freshness import Trust
from .engine.control.headroom import headroom, net_kw
from .engine.control.overload import Overload, after_word as after_load
from .engine.control.pv import NO_ASK
from .engine.control.reaction import Reactions, after_word
from .engine.control.snapshot import MeterWord
from .engine.control.telling import Kind, Story, tell

# After a start meters have to be heard first: that cars wait for them is no news.
_BEGINS_WITHIN_S: Final = 60.0


def is_believed(state: GuardState, circuit: str) -> bool:
    """Tell whether a circuit's meter counts."""
    return state.trusts.get(circuit) == Trust.FRESH


class DecisionTracker:
    """What was told of one device, and what is to be told now."""

    def __init__(self, channel: Channel) -> None:
        """Nothing was told yet."""
        self._channel = channel
        self._story: Story | None = None
        self._began_s: float | None = None

    def look(self, state: GuardState, *, is_active: bool) -> tuple[Kind, ...]:
        """Return what is to be told of the device after a look of the guard."""
        decision = state.decisions.get(self._channel.device.subentry_id)
        if decision is None:
            return ()
        now_s, decision = state.at.timestamp(), as_told(decision, self._channel)
        told = told_of(decision, self._channel, state.at, self._charge_max_kw(state))
        if not is_active:
            # Nobody was told anything: what a device does is its own, and no departure from a plan.
            told = replace(told, deviates=None)
        if self._story is None:
            if self._may_begin(decision, now_s):
                self._story = Story.begin(told)
            return ()
        self._story, news = tell(self._story, told, now_s)
        return news

    def _may_begin(self, decision: Decision, now_s: float) -> bool:
        self._began_s = now_s if self._began_s is None else self._began_s
        return decision.renews or now_s - self._began_s >= _BEGINS_WITHIN_S

    def _charge_max_kw(self, state: GuardState) -> float:
        key = self._channel.device.subentry_id
        return next((each.charge_max_kw for each in state.setup.batteries if each.key == key), 0.0)


class OverloadTracker:
    """For how long a circuit has been above its limit today."""

    def __init__(self, circuit: str) -> None:
        """Nothing was seen yet."""
        self._circuit = circuit
        self.overload = Overload()

    def look(self, state: GuardState) -> None:
        """Count."""
        circuit, snapshot = state.setup.tree.by_key.get(self._circuit), state.snapshot
        if circuit is None or snapshot is None:
            return
        room = headroom(state.setup, snapshot, circuit, is_believed=is_believed(state, circuit.key))
        word = snapshot.meters.get(circuit.key)
        # Without a meter what EMS knows is as old as its last look.
        at_s = snapshot.now_s if not circuit.is_metered else word.at_s if word else None
        self.overload = after_load(self.overload, room.tightest_a, at_s, snapshot.day)


class ReactionTracker:
    """How long it took until no more was fed in than may be, while an array could be held back for it."""

    def __init__(self, array: str) -> None:
        """Nothing was seen yet."""
        self._array = array
        self.reactions = Reactions()

    def look(self, state: GuardState, *, is_active: bool) -> None:
        """Measure; while nothing is steered, there is no reaction to measure."""
        word = state.snapshot.meters.get(state.setup.connection.key) if state.snapshot else None
        if state.snapshot is None or word is None or word.at_s is None:
            return
        over_kw = self._over_kw(state, word) if is_active else None
        self.reactions = after_word(self.reactions, over_kw, word.at_s, state.setup.export.margin_kw)

    def _over_kw(self, state: GuardState, word: MeterWord) -> float | None:
        """Return what is fed in above what may be; None while the meter is not believed. [kW]."""
        connection, snapshot = state.setup.connection, state.snapshot
        flows_kw = net_kw(connection, word) if is_believed(state, connection.key) else None
        if flows_kw is None or snapshot is None:
            return None
        allowed_kw = state.setup.export.allowed_kw(snapshot.export_price_per_kwh)
        asked_kw = snapshot.array_asks.get(self._array, NO_ASK).export_kw
        return -flows_kw - (allowed_kw if asked_kw is None else min(allowed_kw, asked_kw))
