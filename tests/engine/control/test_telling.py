"""What of decisions is told: what comes at once, what has to last, and never more than once a minute of a kind."""

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, strategies as st

from custom_components.ems.engine.control.telling import (
    APART_S,
    DEVIATES_AFTER_S,
    SETTLES_S,
    Kind,
    Story,
    Told,
    tell,
)

CHARGES = Told(mode="charge", source="plan", deviates=False)
FUSE = replace(CHARGES, limited_by="fuse:house", source="protection")
type Events = list[tuple[float, Kind]]


def told(*seen: tuple[float, Told], begin: Told = CHARGES) -> Events:
    """Return what is told of decisions, each standing from its instant to the next; the guard looks every 2 s."""
    story, found, ends_s = Story.begin(begin), [], [at_s for at_s, _ in seen[1:]] + [seen[-1][0] + 1]
    for (at_s, each), until_s in zip(seen, ends_s, strict=True):
        now_s = at_s
        while now_s < until_s:
            story, news = tell(story, each, now_s)
            found += [(now_s, kind) for kind in news]
            now_s += 2
    return found


def test_how_things_stand_at_first_is_no_news() -> None:
    assert told((0, FUSE), (100, FUSE), begin=FUSE) == []


def test_a_limit_is_told_at_once_and_its_end_when_it_lasts() -> None:
    assert told((0, CHARGES), (10, FUSE), (40, CHARGES), (200, CHARGES)) == [
        (10, Kind.LIMITED),
        (40 + SETTLES_S, Kind.FREED),
    ]


def test_a_limit_that_comes_and_goes_is_told_once() -> None:
    flapping = [(float(at), FUSE if at % 8 else CHARGES) for at in range(0, 600, 4)]
    assert told(*flapping) == [(4, Kind.LIMITED)]


def test_another_limit_is_told_when_it_stays() -> None:
    other = replace(FUSE, limited_by="operator:house")
    assert told((0, FUSE), (100, other), (110, FUSE), (200, other), (300, other)) == [
        (0, Kind.LIMITED),
        (200 + SETTLES_S, Kind.LIMITED),
    ]


def test_protection_without_a_limit_has_a_name_of_its_own() -> None:
    silent = replace(CHARGES, protects="ev_silent", source="protection")
    assert told((0, CHARGES), (10, silent), (20, silent)) == [(10, Kind.PROTECTED)]


def test_beginning_and_ending_are_told_by_what_flows() -> None:
    off, hold, discharge = (replace(CHARGES, mode=mode) for mode in ("off", "hold", "discharge"))
    found = told((0, off), (100, CHARGES), (200, hold), (300, off), (400, discharge), (500, discharge))
    assert [kind for _, kind in found] == [
        *(Kind.STOPPED, Kind.STARTED, Kind.STOPPED, Kind.CHANGED, Kind.STARTED)
    ]


def test_anothers_word_is_told_but_not_that_protection_spoke_in_between() -> None:
    person = replace(CHARGES, source="override")
    assert told((0, FUSE), (2, CHARGES), (10, person), (100, person))[1:] == [
        (10, Kind.CHANGED),
        (2 + SETTLES_S, Kind.FREED),
    ]


def test_whoever_speaks_first_after_a_beginning_under_protection_is_no_news() -> None:
    assert told((0, FUSE), (2, CHARGES), (100, CHARGES), begin=FUSE) == [(2 + SETTLES_S, Kind.FREED)]


def test_a_plan_is_left_when_it_is_left_for_half_a_minute() -> None:
    other = replace(CHARGES, deviates=True)
    assert told((0, CHARGES), (10, other), (30, CHARGES), (100, CHARGES)) == []
    assert told((0, CHARGES), (10, other), (100, CHARGES), (200, CHARGES)) == [
        (10 + DEVIATES_AFTER_S, Kind.DEVIATED),
        (100 + DEVIATES_AFTER_S, Kind.FOLLOWED),
    ]


def test_without_a_plan_nobody_leaves_it_nor_comes_back_to_it() -> None:
    other, nobody = replace(CHARGES, deviates=True), replace(CHARGES, deviates=None)
    assert [kind for _, kind in told((0, other), (100, nobody), (200, CHARGES), (300, CHARGES))] == [
        Kind.DEVIATED
    ]


def test_what_had_to_wait_is_told_later_if_it_is_still_true() -> None:
    """Off, on and off again within the minute: the second end is told when the minute is over."""
    off = replace(CHARGES, mode="off")
    assert told((0, CHARGES), (2, off), (10, CHARGES), (20, off), (200, off)) == [
        (2, Kind.STOPPED),
        (10, Kind.STARTED),
        (2 + APART_S, Kind.STOPPED),
    ]


def test_a_clock_that_was_set_back_makes_nobody_wait() -> None:
    story, first = tell(Story.begin(CHARGES), replace(CHARGES, mode="off"), 10_000)
    story, _ = tell(story, CHARGES, 10_002)
    _, second = tell(story, replace(CHARGES, mode="off"), 6_000)
    assert (first, second) == ((Kind.STOPPED,), (Kind.STOPPED,))


DECISIONS = st.builds(
    Told,
    limited_by=st.sampled_from(["", "fuse:a", "fuse:b"]),
    protects=st.sampled_from(["", "ev_silent"]),
    mode=st.sampled_from(["charge", "off", "hold"]),
    source=st.sampled_from(["plan", "override", "protection"]),
    deviates=st.sampled_from([True, False, None]),
)


@given(st.lists(st.tuples(st.floats(0.25, 40), DECISIONS), min_size=1, max_size=200))
def test_no_kind_is_told_more_than_once_a_minute(steps: list[tuple[float, Told]]) -> None:
    """And once everything has stood still for long enough, all that is different has been told."""
    story, now_s, at_s = Story.begin(CHARGES), 0.0, defaultdict(list)
    calm = [(2.0, steps[-1][1])] * 60
    for step_s, each in [*steps, *calm]:
        now_s += step_s
        story, news = tell(story, each, now_s)
        for kind in news:
            at_s[kind].append(now_s)
    for times in at_s.values():
        assert all(later - earlier >= APART_S for earlier, later in pairwise(times))
    for aspect in (story.hold, story.act, story.deviates):
        assert aspect.told == aspect.now
