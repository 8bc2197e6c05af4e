"""Means over steps by sampling their slices."""

import numpy as np

from custom_components.ems.engine.sampling import samples_of
from custom_components.ems.engine.steps import Steps, tiered_steps


def test_the_mean_of_a_straight_line_is_its_middle():
    """Midpoints make straight lines exact for any mixture of widths."""
    steps = tiered_steps(1_760_000_123.0)
    samples = samples_of(steps, 300)
    assert np.allclose(samples.mean(samples.at_s), steps.starts_s + steps.hours * 1800, rtol=0, atol=1e-6)


def test_slices_are_never_wider_than_asked():
    steps = Steps(edges_s=np.array([0.0, 60, 400, 1300, 4900]))
    assert samples_of(steps, 300).counts.tolist() == [1, 2, 3, 12]
