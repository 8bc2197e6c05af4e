"""Where a charger hangs, seen from what a car on one phase moves."""

import pytest

from custom_components.ems.engine.control.charger import PhaseCurrents
from custom_components.ems.engine.control.rotation import Place, place
from custom_components.ems.engine.control.swing import Flows, Moved, Swing

ONE = (16.0, 0.0, 0.0)


def seen(
    flows: Flows,
    amps: PhaseCurrents = ONE,
    unrest: Flows = (0.2, 0.2, 0.2),
    other_a: float = 0.0,
    times: int = 4,
    was_told: bool = True,
) -> Place:
    """Return what is known of the car's charger after some swings, all alike."""
    devices = {
        "car": Moved(amps=amps, on=(1, 2, 3), was_told=was_told),
        "other": Moved(amps=(other_a, 0, 0), on=(1, 2, 3), was_told=False),
    }
    known = Place()
    for _ in range(times):
        known = place(known, "car", Swing(flows=flows, unrest=unrest, devices=devices))
    return known


@pytest.mark.parametrize(
    ("flows", "found"),
    [
        ((16, 0, 0), 1),
        ((0, 16, 0), 2),
        ((0.5, -0.4, 15), 3),
        ((5, 5, 5), None),  # a meter that only knows the sum and shares it out
        ((-16, 0, 0), None),  # a turned clamp is another matter
        ((8, 8, 0), None),
        ((0, 0, 0), None),
        ((0, 16, None), None),
    ],
)
def test_the_phase_that_moves_with_the_car_is_its_own(flows: Flows, found: int | None) -> None:
    assert seen(flows).found == found


def test_three_swings_are_not_enough() -> None:
    assert seen((0, 16, 0), times=3).found is None


@pytest.mark.parametrize(
    "given",
    [
        {"amps": (16.0, 16.0, 16.0)},  # all phases alike: nothing to tell
        {"amps": (4.0, 0.0, 0.0)},
        {"unrest": (0.2, 6.0, 0.2)},
        {"other_a": 6.0},
        {"was_told": False},
    ],
)
def test_what_is_not_clear_proves_nothing(given: dict[str, object]) -> None:
    assert seen((0, 16, 0), **given) == Place()  # type: ignore[arg-type]


def test_a_swing_down_proves_as_much() -> None:
    assert seen((0, -16, 0), amps=(-16.0, 0.0, 0.0)).found == 2


def test_one_kettle_in_between_does_not_mislead() -> None:
    known = Place()
    for flows in ((0, 16, 0), (9, 16, 0), (0, 16, 0), (0, 16, -9), (0, 16, 0)):
        moved = {"car": Moved(amps=ONE, on=(1, 2, 3), was_told=True)}
        known = place(known, "car", Swing(flows=flows, unrest=(0, 0, 0), devices=moved))
    assert known.found == 2


def test_only_what_people_said_otherwise_is_wrong() -> None:
    known = seen((0, 16, 0))
    assert known.contradicts((1, 2, 3))
    assert not known.contradicts((2, 3, 1))
    assert not known.contradicts(())
    assert not Place().contradicts((1, 2, 3))


def test_the_rotation_to_enter_begins_with_what_was_seen() -> None:
    assert seen((0, 16, 0)).rotation(3) == (2, 3, 1)
    assert seen((0, 0, 16)).rotation(1) == (3,)
    assert Place().rotation(3) == ()


def test_a_charger_that_was_wired_anew_is_found_again() -> None:
    known = seen((16, 0, 0), times=30)
    moved = {"car": Moved(amps=ONE, on=(1, 2, 3), was_told=True)}
    for _ in range(6):
        known = place(known, "car", Swing(flows=(0, 0, 16), unrest=(0, 0, 0), devices=moved))
    assert known.found == 3
