"""Thresholds of people: when they count, when they no longer do, and what nobody knows. By hand, and for any course."""

from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ems.engine.errors import PlanError
from custom_components.ems.engine.insight.alerts import (
    Alarm,
    AlertLimits,
    Alerts,
    AlertSample,
    AlertState,
    News,
    alert_step,
)

START_S = 1_750_000_000.0


class Watched:
    """A device that is looked at."""

    def __init__(self, **limits: float) -> None:
        """Begin with nothing known."""
        self.limits = AlertLimits(**limits)
        self.now_s, self.state, self.alerts = START_S, AlertState(), Alerts()
        self.news: list[News] = []

    def see(self, seconds: float = 0.0, *, step_s: float = 5.0, **sample: Any) -> bool | None:
        """Let a sample last; return whether anything is passed at the end."""
        for _ in range(max(1, round(seconds / step_s))):
            self.now_s += step_s
            self.state, self.alerts, news = alert_step(
                self.state, AlertSample(**sample), self.limits, self.now_s
            )
            self.news += news
        return self.alerts.is_on

    @property
    def told(self) -> list[str]:
        """Return what was news, an ended one with a minus."""
        return [f"{'-' if each.has_ended else '+'}{each.alert.alarm}" for each in self.news]


def test_power_counts_after_a_minute_and_until_it_has_been_back_for_one():
    """3000 W: over at 3001, back below 2850 and not before."""
    pump = Watched(power_above_w=3000)
    assert pump.see(60, power_w=1000) is None  # the first minute proves nothing
    assert pump.see(5, power_w=1000) is False
    assert pump.see(60, power_w=3200) is False
    assert pump.see(5, power_w=3200) is True
    assert pump.alerts.passed[Alarm.POWER_ABOVE].value == 3200
    assert pump.see(300, power_w=2900) is True  # within the hysteresis
    assert pump.see(60, power_w=2800) is True
    assert pump.see(5, power_w=2800) is False
    assert pump.told == ["+power_above", "-power_above"]
    assert pump.news[1].lasted_s == 300 + 65


def test_kettle_is_no_alarm():
    """Half a minute above, again and again."""
    kitchen = Watched(power_above_w=1500)
    kitchen.see(120, power_w=100)
    for _ in range(10):
        kitchen.see(30, power_w=2000)
        kitchen.see(30, power_w=100)
    assert kitchen.news == []


@pytest.mark.parametrize(
    ("limits", "fine", "wrong", "alarm"),
    [
        ({"power_below_w": 20}, {"power_w": 80}, {"power_w": 5}, "power_below"),  # the fridge is off
        ({"power_above_w": -500}, {"power_w": -2000}, {"power_w": 0}, "power_above"),  # nothing is fed in
        ({"soc_below_pct": 15}, {"soc_pct": 50}, {"soc_pct": 14}, "soc_below"),
        ({"silent_for_min": 1}, {"is_fresh": True}, {"is_fresh": False}, "silent"),
    ],
)
def test_each_threshold_begins_and_ends(limits, fine, wrong, alarm):
    device = Watched(**limits)
    assert device.see(65, **fine) is False
    assert device.see(65, **wrong) is True
    assert device.alerts.passed[Alarm(alarm)].value == next(iter(wrong.values())) or alarm == "silent"
    assert device.see(65, **fine) is False
    assert device.told == [f"+{alarm}", f"-{alarm}"]


def test_state_of_charge_has_to_rise_by_more_than_a_breath():
    """It counts from below 15, and until 17 have been reached."""
    battery = Watched(soc_below_pct=15)
    battery.see(65, soc_pct=50)
    battery.see(65, soc_pct=14)
    assert battery.see(600, soc_pct=16) is True
    assert battery.see(65, soc_pct=17) is False


def test_silence_alone_is_unknown_and_ends_no_alarm():
    """A device that died at full power did not stop drawing it, as far as anybody knows."""
    device = Watched(power_above_w=3000)
    device.see(65, power_w=100)
    assert device.see(600) is None
    device = Watched(power_above_w=3000)
    device.see(65, power_w=100)
    device.see(65, power_w=4000)
    assert device.see(600) is True
    assert device.told == ["+power_above"]
    assert device.see(65, power_w=100) is False


def test_several_thresholds_are_told_apart():
    """A battery that is empty and silent is both."""
    battery = Watched(soc_below_pct=15, silent_for_min=5)
    battery.see(65, soc_pct=14)
    assert set(battery.alerts.passed) == {Alarm.SOC_BELOW}
    battery.see(305, is_fresh=False)
    assert set(battery.alerts.passed) == {Alarm.SOC_BELOW, Alarm.SILENT}
    assert battery.alerts.unknown == {Alarm.SOC_BELOW}


def test_without_a_duration_the_first_sample_counts():
    device = Watched(power_above_w=3000, alert_after_s=0)
    assert device.see(power_w=100) is False
    assert device.see(power_w=3001) is True


def test_clock_that_is_set_back_undoes_nothing_and_one_set_forward_lets_time_pass():
    """A minute is a minute of life, whatever the clock on the wall says."""
    device = Watched(power_above_w=3000)
    device.see(65, power_w=100)
    device.see(40, power_w=4000)
    device.now_s -= 3600
    device.see(15, power_w=4000)
    assert device.news == []
    assert device.see(15, power_w=4000) is True


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"power_above_w": 100, "power_below_w": 200}, "power_below_w"),
        ({"power_above_w": float("nan")}, "power_above_w"),
        ({"soc_below_pct": 101}, "soc_below_pct"),
        ({"soc_below_pct": -1}, "soc_below_pct"),
        ({"silent_for_min": 0}, "silent_for_min"),
        ({"alert_after_s": -1}, "alert_after_s"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused_by_name(limits, field):
    with pytest.raises(PlanError, match=field):
        AlertLimits(**limits)


SAMPLES = st.builds(
    AlertSample,
    power_w=st.none() | st.floats(-5000, 5000),
    soc_pct=st.none() | st.floats(0, 100),
    is_fresh=st.booleans(),
)


@given(course=st.lists(st.tuples(SAMPLES, st.floats(-100, 400)), max_size=40))
@settings(max_examples=80, deadline=None)
def test_news_add_up_to_what_is_passed(course):
    """Whatever happens, clock jumps included: each begins once before it ends, and what is on has begun."""
    limits = AlertLimits(power_above_w=2000, power_below_w=-2000, soc_below_pct=20, silent_for_min=2)
    state, now_s, on = AlertState(), START_S, set()
    for sample, step_s in course:
        now_s += step_s
        state, alerts, news = alert_step(state, sample, limits, now_s)
        for each in news:
            assert (each.alert.alarm in on) == each.has_ended
            on ^= {each.alert.alarm}
        assert on == set(alerts.passed)
        assert not {Alarm.POWER_ABOVE, Alarm.POWER_BELOW} <= on or sample.power_w is None
