"""One phase or three."""

from dataclasses import replace

from custom_components.ems.engine.control.phase_switch import (
    IDLE,
    PhaseState,
    PhaseWish,
    Stage,
    SwitchRules,
    next_phases,
)

RULES = SwitchRules()
DOWN = PhaseWish(phases=1, gain_kw=2.0)
UP = PhaseWish(phases=3, gain_kw=2.0)
CHARGING_A = 8.0


def after(
    state: PhaseState,
    wish: PhaseWish,
    seconds: int,
    *,
    drawn_a: float | None = CHARGING_A,
    start: int = 0,
    day: str = "a",
) -> PhaseState:
    """Return the state after looking every second."""
    for now in range(start, start + seconds + 1):
        state = next_phases(state, wish, drawn_a, float(now), day, RULES)
    return state


def test_a_cloud_shorter_than_three_minutes_changes_nothing() -> None:
    assert after(PhaseState(), DOWN, 179).stage is Stage.NONE


def test_three_minutes_of_too_little_sun_begin_a_change_with_a_pause() -> None:
    state = after(PhaseState(), DOWN, 180)
    assert (state.stage, state.phases, state.must_pause) == (Stage.PAUSING, 3, True)


def test_contactors_move_only_when_nothing_flows() -> None:
    pausing = after(PhaseState(), DOWN, 180)
    assert after(pausing, DOWN, 20, start=181).phases == 3
    moved = after(pausing, DOWN, 0, start=185, drawn_a=0.0)
    assert (moved.stage, moved.phases) == (Stage.SWITCHING, 1)
    settling = after(moved, IDLE, 10, start=185, drawn_a=0.0)
    assert (settling.stage, settling.must_pause) == (Stage.SETTLING, False)
    assert after(settling, IDLE, 60, start=195).stage is Stage.NONE


def test_a_car_that_does_not_stop_keeps_its_phases() -> None:
    pausing = after(PhaseState(), DOWN, 180)
    state = after(pausing, IDLE, 60, start=180)
    assert (state.stage, state.phases, state.changes) == (Stage.NONE, 3, 0)


def test_a_charger_without_a_meter_is_given_time_to_stop() -> None:
    pausing = after(PhaseState(), DOWN, 180, drawn_a=None)
    assert after(pausing, IDLE, 8, start=181, drawn_a=None).stage is Stage.PAUSING
    assert after(pausing, IDLE, 10, start=181, drawn_a=None).stage is Stage.SWITCHING


def test_a_gain_that_is_too_small_is_none() -> None:
    assert after(PhaseState(), PhaseWish(phases=1, gain_kw=0.4), 600).stage is Stage.NONE


def test_a_person_does_not_wait_for_the_weather() -> None:
    assert after(PhaseState(), PhaseWish(phases=1, gain_kw=2.0, at_once=True), 0).stage is Stage.PAUSING


def test_two_changes_are_five_minutes_apart() -> None:
    changed = PhaseState(phases=1, changed_at_s=0.0)
    assert after(changed, UP, 299).stage is Stage.NONE
    assert after(changed, UP, 300).stage is Stage.PAUSING


def test_there_are_only_so_many_a_day() -> None:
    tired = PhaseState(phases=1, changes=10, day="a")
    assert after(tired, UP, 600).stage is Stage.NONE
    assert after(tired, UP, 60, day="b").stage is Stage.PAUSING


def test_a_clock_set_back_starts_the_wait_anew() -> None:
    state = after(PhaseState(), DOWN, 100, start=10_000)
    assert after(state, DOWN, 179, start=0).stage is Stage.NONE
    assert replace(state, stage=Stage.NONE).phases == 3
