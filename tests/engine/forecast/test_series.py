"""Measured series as they come."""

import numpy as np
import pytest

from custom_components.ems.engine.forecast.series import closed_series


def closed(starts, values, interval_s=None):
    at_s, held = closed_series(starts, values, interval_s)
    return list(zip(at_s.tolist(), [None if np.isnan(v) else v for v in held], strict=True))


def test_a_hole_is_a_hole_and_the_end_is_an_end():
    assert closed([0, 900, 2700], [1, 2, 3], 900) == [(0, 1), (900, 2), (1800, None), (2700, 3), (3600, None)]


def test_order_and_repetition_do_not_matter_and_the_later_word_counts():
    assert closed([900, 0, 900], [5, 1, 2], 900) == [(0, 1), (900, 2), (1800, None)]


def test_infinite_is_unknown():
    assert closed([0, 900], [float("inf"), 2]) == [(0, None), (900, 2), (1800, None)]


@pytest.mark.parametrize(
    ("starts", "width"),
    [
        ([0], 3600),  # one value alone is an hour of long-term statistics
        ([0, 900, 1800, 9000], 900),  # the commonest distance, not the mean
    ],
)
def test_the_width_is_found_when_nobody_tells(starts, width):
    assert closed(starts, [1] * len(starts))[-1] == (starts[-1] + width, None)


def test_nothing_is_nothing():
    assert closed([], []) == []


def test_a_value_without_a_start_is_refused():
    with pytest.raises(ValueError, match="one value per start"):
        closed_series([0, 900], [1])
