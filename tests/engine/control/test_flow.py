"""What a phase carries and what it has room for, worked by hand."""

from math import sqrt

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.engine.control.flow import PhaseFlow, phase_flow


def test_an_importing_phase_leaves_the_rest_of_its_fuse() -> None:
    assert PhaseFlow(active_a=10).room_a(25) == pytest.approx(15)


def test_an_exporting_phase_has_room_for_more_than_its_fuse() -> None:
    assert PhaseFlow(active_a=-8).room_a(25) == pytest.approx(33)


def test_an_overloaded_phase_has_negative_room() -> None:
    assert PhaseFlow(active_a=30).room_a(25) == pytest.approx(-5)


def test_reactive_current_takes_its_share_at_a_right_angle() -> None:
    # 15 A reactive leave 20 of 25 A for the active part: 3-4-5.
    assert PhaseFlow(active_a=5, reactive_a=15).room_a(25) == pytest.approx(15)


def test_reactive_current_beyond_the_fuse_leaves_nothing() -> None:
    assert PhaseFlow(active_a=0, reactive_a=30).room_a(25) == pytest.approx(0)


def test_power_and_current_give_both_parts() -> None:
    flow = phase_flow(power_w=920, current_a=5, voltage_v=230)
    assert flow is not None
    assert flow.active_a == pytest.approx(4)
    assert flow.reactive_a == pytest.approx(3)
    assert flow.magnitude_a == pytest.approx(5)


def test_power_out_of_the_home_is_negative_whatever_sign_the_ammeter_has() -> None:
    flow = phase_flow(power_w=-1150, current_a=5, voltage_v=230)
    assert flow is not None
    assert (flow.active_a, flow.reactive_a) == pytest.approx((-5, 0))


def test_a_current_without_a_power_is_taken_as_drawn() -> None:
    assert phase_flow(None, -7.0) == PhaseFlow(active_a=7.0)


@pytest.mark.parametrize("volts", [None, 0.0, 12.0, float("nan"), 4000.0])
def test_a_voltage_that_no_house_has_is_taken_as_230(volts: float | None) -> None:
    flow = phase_flow(2300, None, volts)
    assert flow is not None
    assert flow.active_a == pytest.approx(10)


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_nothing_known_is_nothing_and_not_zero(bad: float | None) -> None:
    assert phase_flow(bad, bad, 230) is None


@given(active=st.floats(-60, 60), reactive=st.floats(-60, 60), limit=st.floats(1, 100))
def test_the_room_used_up_is_exactly_the_limit(active: float, reactive: float, limit: float) -> None:
    flow = PhaseFlow(active_a=active, reactive_a=reactive)
    after = active + flow.room_a(limit)
    if abs(reactive) <= limit:
        assert sqrt(after**2 + reactive**2) == pytest.approx(limit)
    else:
        assert after == pytest.approx(0)
