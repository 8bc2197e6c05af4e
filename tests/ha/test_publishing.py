"""Which measured values become states: a database is no oscilloscope."""

import pytest

from custom_components.ems.devices.points import Kind
from custom_components.ems.publishing import HEARTBEAT_S, NOISE, Publisher


class Stopwatch:
    """Time as it is told."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def shown(kind: Kind, *values: object, every_s: float = 2.0) -> list[object]:
    """Return which of the values, read one after another, become states."""
    clock = Stopwatch()
    publisher = Publisher(NOISE.get(kind), clock)
    found = []
    for value in values:
        if publisher.is_worth_it(value, available=True):
            found.append(value)
        clock.now_s += every_s
    return found


@pytest.mark.parametrize(
    ("kind", "values", "states"),
    [
        (Kind.POWER, (500.0, 503.0, 498.0, 900.0), [500.0, 900.0]),  # a kettle counts, noise does not
        (
            Kind.POWER,
            (5000.0, 5040.0, 5060.0),
            [5000.0, 5060.0],
        ),  # the bigger the power, the bigger its noise
        (Kind.POWER, (0.0, 4.0, None, 4.0), [0.0, None, 4.0]),  # unknown is news, and so is its end
        (Kind.VOLTAGE, (230.0, 231.0, 229.0, 233.0), [230.0, 233.0]),
        (Kind.TEXT, ("available", "available", "charging"), ["available", "charging"]),
        (Kind.ENERGY, (1000.0, 1001.0, 1002.0), [1000.0]),  # a counter waits for its minute
    ],
)
def test_only_news_becomes_a_state(kind: Kind, values: tuple[object, ...], states: list[object]) -> None:
    assert shown(kind, *values) == states


def test_a_calm_value_is_confirmed_once_a_minute() -> None:
    """A chart of a quiet hour has points, and a counter its minutes."""
    readings = [1000.0 + n for n in range(61)]
    assert shown(Kind.ENERGY, *readings, every_s=HEARTBEAT_S / 30) == [1000.0, 1030.0, 1060.0]


def test_silence_and_return_are_shown_at_once() -> None:
    publisher = Publisher(NOISE[Kind.POWER], Stopwatch())
    assert publisher.is_worth_it(5.0, available=True)
    assert publisher.is_worth_it(5.0, available=False)
    assert not publisher.is_worth_it(5.0, available=False)
    assert publisher.is_worth_it(5.0, available=True)
