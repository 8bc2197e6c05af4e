"""Two meters, read seconds apart."""

import pytest

from custom_components.ems.running_median import RunningMedian


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        (
            (300, 300, 5300, 5300, 300, 300),
            [300, 300, 300, 300, 300, 300],
        ),  # one has not seen the battery jump yet
        (
            (300, 300, 300, 2300, 2300, 2300, 2300),
            [300, 300, 300, 300, 300, 300, 2300],
        ),  # a kettle is believed
        ((300, None, 900), [300, None, 900]),  # silence is not bridged
        ((0, 0, 0), [0, 0, 0]),
    ],
)
def test_a_jump_must_be_seen_twice(seen: tuple[float | None, ...], shown: list[float | None]) -> None:
    """Readings every two seconds, a window of ten."""
    running = RunningMedian(10)
    assert [running.add(2.0 * n, value) for n, value in enumerate(seen)] == shown


def test_no_window_means_no_memory() -> None:
    """What tells of a change only once must be believed at once."""
    running = RunningMedian(0)
    assert [running.add(float(n), value) for n, value in enumerate((500, 1500))] == [500, 1500]
