"""What of a device's decisions is worth telling, and how often: a story rather than a stream.

The guard decides every few seconds. People want to know when something became something else: that a limit began to
hold a car back, not that it still does, and not that it let go for four seconds. So each thing that can be told has
what was told of it last; what differs is told once it has stood for a while, and no kind of news more often than once
a minute. What had to wait is told later if it is still true, and never if it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

# Of one kind, for one device. [s]
APART_S: Final = 60.0
# What comes is told at once; that it has gone, or is something else now, only when it stays so. [s]
SETTLES_S: Final = 30.0
# A plan is not left by a car that takes half a minute to come up to its current. [s]
DEVIATES_AFTER_S: Final = 30.0
_MOVING: Final = frozenset({"charge", "discharge"})


class Kind(StrEnum):
    """Kinds of news."""

    LIMITED = "limited"  # a limit began to hold it back, or another one did
    PROTECTED = "protected"  # EMS went over everybody's head without a limit that could be named
    FREED = "freed"  # neither any more
    STARTED = "started"  # it charges or discharges
    STOPPED = "stopped"  # it no longer does
    CHANGED = "changed"  # another mode, or another's word
    DEVIATED = "deviated"  # something else than the plan wants
    FOLLOWED = "followed"  # what the plan wants again


@dataclass(frozen=True, kw_only=True)
class Told:
    """One decision, as far as it is told.

    Attributes
    ----------
    limited_by : Name of the limit that holds it back; "" for none.
    protects : Why protection decides without such a limit; "" where it does not.
    mode, source : "" leaves both untold.
    deviates : Whether it is something else than the plan wants; None where there is no plan to compare with.
    """

    limited_by: str = ""
    protects: str = ""
    mode: str = ""
    source: str = ""
    deviates: bool | None = None


@dataclass(frozen=True, kw_only=True)
class _Aspect[T]:
    """One thing that can be told: what was told of it, what it is, and since when."""

    told: T
    now: T
    since_s: float = float("-inf")

    def look(self, now: T, now_s: float) -> _Aspect[T]:
        """Return it after a look."""
        is_same = now == self.now and self.since_s <= now_s
        return self if is_same else replace(self, now=now, since_s=now_s)

    def is_ripe(self, now_s: float, settles_s: float) -> bool:
        """Tell whether it has been something else for long enough."""
        return self.now != self.told and now_s - self.since_s >= settles_s


@dataclass(frozen=True, kw_only=True)
class Story:
    """What was told of one device.

    Attributes
    ----------
    hold : Limit and protection. act : Mode and source. deviates : From the plan.
    told_at_s : By kind of news. [s]
    """

    hold: _Aspect[tuple[str, str]]
    act: _Aspect[tuple[str, str]]
    deviates: _Aspect[bool]
    told_at_s: Mapping[Kind, float] = field(default_factory=dict)

    @classmethod
    def begin(cls, told: Told) -> Story:
        """Begin with how things stand: that is no news."""
        hold, act = (told.limited_by, told.protects), (told.mode, _whose(told, ""))
        return cls(
            hold=_Aspect(told=hold, now=hold),
            act=_Aspect(told=act, now=act),
            deviates=_Aspect(told=False, now=False),
        )


def tell(story: Story, told: Told, now_s: float) -> tuple[Story, tuple[Kind, ...]]:
    """Return the story after one more decision, and what is to be told now."""
    story = _looked(story, told, now_s)
    news: list[Kind] = []
    for name, kind in _ripe(story, now_s):
        if _may_tell(story.told_at_s.get(kind), now_s):
            aspect = getattr(story, name)
            done = {name: replace(aspect, told=aspect.now)}
            story = replace(story, told_at_s={**story.told_at_s, kind: now_s}, **done)
            news.append(kind)
    return story, tuple(news)


def _may_tell(last_s: float | None, now_s: float) -> bool:
    """Tell whether the last of its kind is long ago; a clock that was set back makes nobody wait for an hour."""
    return last_s is None or not last_s <= now_s < last_s + APART_S


def _looked(story: Story, told: Told, now_s: float) -> Story:
    act = (told.mode, _whose(told, story.act.now[1])) if told.mode else story.act.now
    before = story.act
    if not before.told[1]:  # whoever speaks first after a beginning under protection is no news
        before = replace(before, told=(before.told[0], act[1]))
    deviates = (
        _Aspect(told=False, now=False) if told.deviates is None else story.deviates.look(told.deviates, now_s)
    )
    return replace(
        story,
        hold=story.hold.look((told.limited_by, told.protects), now_s),
        act=before.look(act, now_s),
        deviates=deviates,
    )


def _whose(told: Told, before: str) -> str:
    """Return whose word it is; while protection decides, still that of whoever spoke before."""
    return before if told.source == "protection" else told.source


def _ripe(story: Story, now_s: float) -> list[tuple[str, Kind]]:
    """Return what could be told now."""
    found: list[tuple[str, Kind]] = []
    was_free = not any(story.hold.told)
    if story.hold.is_ripe(now_s, 0.0 if was_free else SETTLES_S):
        found.append(("hold", _of_hold(*story.hold.now)))
    if story.act.is_ripe(now_s, 0.0):
        found.append(("act", _of_act(story.act.told[0], story.act.now[0])))
    if story.deviates.is_ripe(now_s, DEVIATES_AFTER_S):
        found.append(("deviates", Kind.DEVIATED if story.deviates.now else Kind.FOLLOWED))
    return found


def _of_hold(limited_by: str, protects: str) -> Kind:
    if protects:
        return Kind.PROTECTED
    return Kind.LIMITED if limited_by else Kind.FREED


def _of_act(before: str, now: str) -> Kind:
    if (before in _MOVING) == (now in _MOVING):
        return Kind.CHANGED
    return Kind.STARTED if now in _MOVING else Kind.STOPPED
