"""The garage of docs/components/circuits.md: two wallboxes of 16 A behind a fuse of 16 A that nobody measures."""

import pytest

from custom_components.ems.engine.control.circuit import Circuit

from .closed_loop import House, SimCar
from .homes import MAIN, charger, setup


def garage(allowance_a: float, *wirings: tuple[int, ...], is_known: bool = True) -> House:
    """Return a quiet house with a car at every wallbox of its garage."""
    circuit = Circuit(
        key="garage", name="Garage", limit_a=16.0, above="main", allowance_a=allowance_a, is_metered=False
    )
    cars = {f"car{i}": SimCar(terminals=wiring) for i, wiring in enumerate(wirings)}
    boxes = [
        charger(key, circuit="garage", rotation=_rotation(car.terminals) if is_known else ())
        for key, car in cars.items()
    ]
    # A meter's last digit never stands still.
    return House(
        setup=setup(*boxes, circuits=(MAIN, circuit)), cars=cars, load_a=lambda at_s: ((at_s % 7) / 100,) * 3
    )


def _rotation(wiring: tuple[int, ...]) -> tuple[int, ...]:
    return (*wiring, *(phase for phase in (1, 2, 3) if phase not in wiring))


ALL = (1, 2, 3)


@pytest.mark.parametrize(
    ("cars", "each_a"),
    [
        ((ALL,), [16]),  # alone
        ((ALL, ALL), [8, 8]),  # together
        (((1,), (2,), (3,)), [16, 16, 16]),  # turned by the electrician
    ],
)
def test_wallboxes_share_the_fuse_of_their_garage(
    cars: tuple[tuple[int, ...], ...], each_a: list[float]
) -> None:
    """The connection would carry more; the tightest fuse along the path wins."""
    house = garage(0, *cars)
    house.run(900)
    assert [car.drawn_a for car in house.cars.values()] == each_a


def test_turned_phases_that_nobody_names_count_on_every_phase() -> None:
    """Safe, and two thirds are wasted: what 16 A carry is shared by three cars on three phases."""
    house = garage(0, (1,), (2,), (3,), is_known=False)
    house.run(900)
    assert sum(car.drawn_a for car in house.cars.values()) <= 16


def test_what_is_kept_free_makes_them_take_turns() -> None:
    """5 A for a workbench leave 11 A: one car has all of it, a quarter of an hour later the other."""
    house = garage(5, ALL, ALL)
    house.run(600)
    first = {key: car.drawn_a for key, car in house.cars.items()}
    assert sorted(first.values()) == [0, 11]
    house.run(900)
    second = {key: car.drawn_a for key, car in house.cars.items()}
    assert sorted(second.values()) == [0, 11]
    assert first != second
