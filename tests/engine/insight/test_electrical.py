"""Electrical health of a meter: each condition by hand, and what holds for any course of samples."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.engine.errors import PlanError
from custom_components.ems.engine.insight.electrical import ElectricalState, step
from custom_components.ems.engine.insight.electrical_limits import ElectricalLimits
from custom_components.ems.engine.insight.electrical_verdict import (
    Change,
    Condition,
    Sample,
    Subject,
    Verdict,
)
from custom_components.ems.engine.insight.unbalance import (
    current_spread_a,
    signed_current_a,
    voltage_unbalance_pct,
)

WELL = Sample(
    voltage_v=(230.0, 231.0, 229.0),
    current_a=(5.0, 4.0, 6.0),
    frequency_hz=50.0,
    power_factor=0.97,
    power_w=3400.0,
)
LIMITS = ElectricalLimits()
# One phase that is far off is out of balance, too, which is news of its own.
ONLY_LEVELS = ElectricalLimits(unbalance_pct=99.0)
NOON_S = 1_750_000_000.0


class Meter:
    """A meter that is looked at every few seconds."""

    def __init__(self, limits: ElectricalLimits = LIMITS) -> None:
        """Begin with nothing known."""
        self.limits, self.state, self.now_s = limits, ElectricalState(), NOON_S
        self.changes: list[Change] = []
        self.verdict = Verdict(findings={})

    def see(self, sample: Sample, seconds: float = 0.0, every_s: float = 2.0) -> Meter:
        """Look at a sample for a while, once at least."""
        end_s = self.now_s + seconds
        while True:
            self.state, self.verdict, changes = step(self.state, sample, self.limits, self.now_s)
            self.changes += changes
            if self.now_s >= end_s:
                return self
            self.now_s += every_s

    def condition(self, subject: Subject) -> Condition | None:
        """Return what a subject is like."""
        finding = self.verdict.findings[subject]
        return None if finding is None else finding.condition

    @property
    def told(self) -> list[tuple[Subject, Condition]]:
        """Return what was news, in order."""
        return [(change.subject, change.finding.condition) for change in self.changes]


def volts(one: float | None) -> Sample:
    """Return a sample with another voltage on L2."""
    return replace(WELL, voltage_v=(230.0, one, 230.0))


def test_a_healthy_meter_is_normal_and_no_news() -> None:
    """Nothing is known at first; then all is well, which nobody needs to be told."""
    meter = Meter().see(WELL)
    assert set(meter.verdict.findings.values()) == {None}
    meter.see(WELL, 70)
    assert {finding and finding.condition for finding in meter.verdict.findings.values()} == {
        Condition.NORMAL
    }
    assert meter.changes == []


@pytest.mark.parametrize(
    ("voltage_v", "condition", "threshold"),
    [
        (214.0, Condition.NORMAL, None),
        (210.0, Condition.LOW_WARNING, 211.6),
        (205.0, Condition.LOW_CRITICAL, 207.0),
        (247.0, Condition.NORMAL, None),
        (250.0, Condition.HIGH_WARNING, 248.4),
        (254.0, Condition.HIGH_CRITICAL, 253.0),
        (0.0, Condition.LOW_CRITICAL, 207.0),  # a fuse that blew
    ],
)
def test_the_worst_phase_gives_the_voltage_its_state(
    voltage_v: float, condition: Condition, threshold: float | None
) -> None:
    """With the phase, the value and the threshold that it passed: EN 50160's ±10 %, and a warning before it."""
    meter = Meter().see(WELL, 60).see(volts(voltage_v), 20)
    finding = meter.verdict.findings[Subject.VOLTAGE]
    assert finding is not None
    assert finding.condition is condition
    assert finding.threshold == (None if threshold is None else pytest.approx(threshold))
    if condition is not Condition.NORMAL:
        assert (finding.phase, finding.value) == (2, voltage_v)
        assert meter.verdict.phases == (Condition.NORMAL, condition, Condition.NORMAL)


def test_a_change_says_how_long_what_was_before_it_lasted() -> None:
    """Ten seconds to enter, thirty to leave; the way from critical to normal leads past the warning at once."""
    meter = Meter(ONLY_LEVELS).see(WELL, 60)
    begun_s = meter.now_s
    meter.see(volts(200.0), 100)
    assert meter.told == [(Subject.VOLTAGE, Condition.LOW_CRITICAL)]
    finding = meter.verdict.findings[Subject.VOLTAGE]
    assert finding is not None
    assert finding.since_s == begun_s + 10
    meter.see(WELL, 40)
    assert meter.told[1:] == [(Subject.VOLTAGE, Condition.NORMAL)]
    assert meter.changes[-1].before is Condition.LOW_CRITICAL
    assert meter.changes[-1].lasted_s == 120.0  # 90 s of it, and 30 s until it was believed to be over


def test_a_voltage_that_swings_is_fluctuating() -> None:
    """14 V up and down, far from both warnings, four times within two minutes; quiet again after the window."""
    meter = Meter().see(WELL, 60)
    for _ in range(3):
        meter.see(volts(223.0), 10).see(volts(237.0), 10)
    assert meter.condition(Subject.VOLTAGE) is Condition.FLUCTUATING
    finding = meter.verdict.findings[Subject.VOLTAGE]
    assert finding is not None
    assert (finding.phase, finding.threshold) == (2, 11.5)
    meter.see(volts(230.0), 125)
    assert meter.told == [(Subject.VOLTAGE, Condition.FLUCTUATING), (Subject.VOLTAGE, Condition.NORMAL)]


def test_a_voltage_that_swings_from_end_to_end_is_fluctuating_although_no_level_lasts() -> None:
    meter = Meter()
    for _ in range(6):
        meter.see(volts(190.0), 4).see(volts(260.0), 4)
    assert meter.condition(Subject.VOLTAGE) is Condition.FLUCTUATING
    meter.see(volts(None), 40)
    assert meter.condition(Subject.VOLTAGE) is None


@pytest.mark.parametrize(
    ("nominal_hz", "frequency_hz", "condition"),
    [
        (50.0, 49.6, Condition.NORMAL),
        (50.0, 49.4, Condition.LOW_WARNING),
        (50.0, 46.9, Condition.LOW_CRITICAL),
        (50.0, 50.6, Condition.HIGH_WARNING),
        (50.0, 52.1, Condition.HIGH_CRITICAL),
        (60.0, 59.5, Condition.NORMAL),
        (60.0, 59.3, Condition.LOW_WARNING),
        (60.0, 62.5, Condition.HIGH_CRITICAL),
    ],
)
def test_the_frequency_is_judged_by_the_grid_it_belongs_to(
    nominal_hz: float, frequency_hz: float, condition: Condition
) -> None:
    meter = Meter(ElectricalLimits(nominal_hz=nominal_hz))
    meter.see(replace(WELL, frequency_hz=nominal_hz), 40).see(replace(WELL, frequency_hz=frequency_hz), 20)
    assert meter.condition(Subject.FREQUENCY) is condition


def test_imbalances_are_told_apart() -> None:
    """A loaded phase pulls its voltage down; 26 A against 1 A are more than the 20 A that rules allow."""
    meter = Meter().see(WELL, 70)
    meter.see(replace(WELL, voltage_v=(219.0, 231.0, 231.0)), 70)
    assert meter.condition(Subject.VOLTAGE_IMBALANCE) is Condition.OVER
    assert meter.condition(Subject.CURRENT_IMBALANCE) is Condition.NORMAL
    meter.see(replace(WELL, current_a=(26.0, 1.0, 2.0)), 70)
    assert meter.condition(Subject.VOLTAGE_IMBALANCE) is Condition.NORMAL
    assert meter.condition(Subject.CURRENT_IMBALANCE) is Condition.OVER


@pytest.mark.parametrize(
    ("power_factor", "power_w", "condition"),
    [
        (0.97, 3000.0, Condition.NORMAL),
        (0.6, 3000.0, Condition.LOW),
        (-0.6, -3000.0, Condition.LOW),  # while feeding in it has the other sign
        (0.3, 200.0, Condition.NORMAL),  # an idle home: power supplies, nothing to judge
        (0.6, None, None),
        (None, 3000.0, None),
    ],
)
def test_a_power_factor_counts_where_enough_flows(
    power_factor: float | None, power_w: float | None, condition: Condition | None
) -> None:
    meter = Meter().see(replace(WELL, power_factor=power_factor, power_w=power_w), 70)
    assert meter.condition(Subject.POWER_FACTOR) is condition


def test_a_silent_meter_is_offline_after_its_time_and_online_when_it_is_back() -> None:
    """Its voltages are unknown meanwhile, and what they were before is no news afterwards."""
    silent = Sample(voltage_v=(None,) * 3, current_a=(None,) * 3, is_fresh=False)
    meter = Meter(ONLY_LEVELS).see(volts(200.0), 60)
    assert meter.told == [(Subject.VOLTAGE, Condition.LOW_CRITICAL)]
    meter.see(silent, 50)
    assert meter.condition(Subject.CONNECTION) is Condition.NORMAL
    assert meter.condition(Subject.VOLTAGE) is None
    meter.see(silent, 20)
    assert meter.told[1:] == [(Subject.CONNECTION, Condition.OFFLINE)]
    meter.see(volts(200.0), 60)
    assert meter.told[2:] == [(Subject.CONNECTION, Condition.NORMAL)]
    assert meter.condition(Subject.VOLTAGE) is Condition.LOW_CRITICAL


def test_a_phase_that_is_not_known_is_not_normal() -> None:
    """Two healthy phases say nothing about the third; a sick one speaks for itself."""
    meter = Meter().see(WELL, 60).see(volts(None), 40)
    assert meter.condition(Subject.VOLTAGE) is None
    assert meter.condition(Subject.VOLTAGE_IMBALANCE) is None
    assert meter.verdict.voltage_unbalance_pct is None
    meter.see(replace(WELL, voltage_v=(200.0, None, 230.0)), 20)
    assert meter.condition(Subject.VOLTAGE) is Condition.LOW_CRITICAL


def test_a_three_phase_meter_on_one_phase_has_one_phase() -> None:
    """Terminals without a wire are not a voltage that is low, unless all of them are known to be wired."""
    lonely = replace(WELL, voltage_v=(230.0, 0.4, None), current_a=(24.0, 0.0, 0.0))
    meter = Meter().see(lonely, 70)
    assert meter.condition(Subject.VOLTAGE) is Condition.NORMAL
    assert meter.condition(Subject.CURRENT_IMBALANCE) is None
    wired = Meter(ElectricalLimits(expects_all_phases=True)).see(lonely, 70)
    assert wired.condition(Subject.VOLTAGE) is Condition.LOW_CRITICAL


def test_a_clock_that_is_set_back_takes_nothing_back() -> None:
    """An hour back in the middle of a dwell: it goes on as if nothing was, and durations stay true."""
    meter = Meter(ONLY_LEVELS).see(WELL, 60).see(volts(200.0), 6)
    meter.now_s -= 3600.0
    meter.see(volts(200.0), 6)
    assert meter.told == [(Subject.VOLTAGE, Condition.LOW_CRITICAL)]
    meter.see(volts(200.0), 30).see(WELL, 40)
    lasted_s = meter.changes[-1].lasted_s
    assert lasted_s is not None
    assert 55 <= lasted_s <= 75


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"voltage_warning_pct": 11.0}, "voltage_warning_pct"),
        ({"nominal_v": 0.0}, "nominal_v"),
        ({"nominal_hz": 55.0}, "nominal_hz"),
        ({"power_factor_min": 1.2}, "power_factor_min"),
        ({"offline_s": float("nan")}, "offline_s"),
        ({"frequency_warning_pct": 5.0}, "frequency_warning_pct"),
    ],
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, float], field: str) -> None:
    with pytest.raises(PlanError, match=field):
        ElectricalLimits(**wrong)  # type: ignore[arg-type]  # all of them are numbers


def test_unbalance_by_hand() -> None:
    """NEMA's own example: 460, 467 and 450 V have a mean of 459 and an unbalance of 1.96 %."""
    assert voltage_unbalance_pct([460.0, 467.0, 450.0]) == pytest.approx(1.96, abs=0.005)
    assert voltage_unbalance_pct([230.0]) is None
    assert voltage_unbalance_pct([230.0, None, 230.0]) is None
    assert voltage_unbalance_pct([0.0, 0.0, 0.0]) is None


def test_currents_are_apart_by_their_direction() -> None:
    """10 A fed in beside 10 A drawn; where only powers are known, they tell the currents."""
    assert current_spread_a([10.0, -10.0, 0.0]) == 20.0
    assert current_spread_a([10.0, None, 0.0]) is None
    assert signed_current_a(10.0, -2300.0, 230.0) == -10.0
    assert signed_current_a(10.0, None, None) == 10.0
    assert signed_current_a(None, -2300.0, 230.0) == -10.0
    assert signed_current_a(None, 2300.0, None) is None
    assert signed_current_a(None, None, 230.0) is None


NUMBER = st.none() | st.floats(0, 300)
SAMPLES = st.lists(
    st.builds(
        Sample,
        voltage_v=st.tuples(NUMBER, NUMBER, NUMBER),
        current_a=st.tuples(NUMBER, NUMBER, NUMBER),
        frequency_hz=st.none() | st.floats(45, 65),
        power_factor=st.none() | st.floats(-1, 1),
        power_w=st.none() | st.floats(-9000, 9000),
        is_fresh=st.booleans(),
    ),
    max_size=40,
)


def course(
    samples: Iterable[Sample], gaps_s: Iterable[float]
) -> Iterator[tuple[float, Verdict, list[Change]]]:
    """Yield what is known after every sample."""
    state, now_s = ElectricalState(), NOON_S
    for sample, gap_s in zip(samples, gaps_s, strict=False):
        now_s += gap_s
        state, verdict, changes = step(state, sample, LIMITS, now_s)
        yield now_s, verdict, list(changes)


@given(SAMPLES, st.lists(st.floats(-3600, 600), min_size=40, max_size=40))
def test_news_is_what_changed_and_nothing_began_in_the_future(
    samples: list[Sample], gaps_s: list[float]
) -> None:
    """Whatever the clock does: no subject is told twice in a row, and no duration is negative."""
    told: dict[Subject, Condition] = {}
    for now_s, verdict, changes in course(samples, gaps_s):
        for change in changes:
            assert told.get(change.subject) is not change.finding.condition
            assert change.lasted_s is None or change.lasted_s >= 0
            told[change.subject] = change.finding.condition
        for subject, finding in verdict.findings.items():
            assert finding is None or finding.since_s <= now_s + 1e-3
            assert finding is None or finding.condition is told.get(subject, Condition.NORMAL)


@given(SAMPLES, st.floats(0.1, 9))
def test_nothing_is_known_before_it_has_lasted(samples: list[Sample], every_s: float) -> None:
    """The shortest dwell is ten seconds; a swing needs four turns."""
    for now_s, verdict, _ in course(samples, [every_s] * len(samples)):
        if now_s - (NOON_S + every_s) < 10:
            known = {subject for subject, finding in verdict.findings.items() if finding}
            assert known <= {Subject.VOLTAGE}
            voltage = verdict.findings[Subject.VOLTAGE]
            assert voltage is None or voltage.condition is Condition.FLUCTUATING
