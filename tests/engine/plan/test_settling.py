"""A relay that has to decide without a search: it follows what was wished for as closely as its rules allow."""

import numpy as np
from numpy.testing import assert_allclose
import pytest

from custom_components.ems.engine.plan.components.settling import Relay, settled


def switched(wished_kw, *, asked_kwh=9.0, held_kw=0.0, may_start=True, task=0, **relay):
    """Return what a relay of 2 kW does in quarter-hours."""
    n = len(wished_kw)
    plain = {"power_kw": 2.0, "min_on_h": 0.0, "min_off_h": 0.0, "is_on": False}
    return settled(
        Relay(**{**plain, **relay}),
        hours=np.full(n, 0.25),
        wished_kw=np.array(wished_kw, dtype=float),
        held_kw=np.broadcast_to(np.asarray(held_kw, dtype=float), (n,)),
        task=np.broadcast_to(np.asarray(task), (n,)),
        may_start=np.broadcast_to(np.asarray(may_start), (n,)),
        asked_kwh=np.array([asked_kwh]),
    )


@pytest.mark.parametrize(
    ("wished", "power"),
    [
        ([1, 1, 1, 1], [2, 0, 2, 0]),  # half the power, half the time
        ([0.5, 0.5, 0.5, 0.5], [0, 2, 0, 0]),  # a quarter of it
        ([0, 0, 2, 2], [0, 0, 2, 2]),  # what can be done as wished is
        ([0, 0, 0, 0], [0, 0, 0, 0]),
    ],
)
def test_energy_follows_what_was_wished(wished, power):
    assert_allclose(switched(wished), power)


def test_shortest_times_are_kept():
    assert_allclose(switched([1] * 6, min_on_h=0.5), [2, 2, 0, 0, 2, 2])
    assert_allclose(switched([1] * 6, min_off_h=0.5), [2, 0, 0, 2, 2, 0])


def test_nothing_is_begun_where_a_shortest_run_does_not_fit():
    assert_allclose(switched([2] * 4, may_start=[False, False, True, False]), [0, 0, 2, 2])


def test_task_ends_with_less_than_full_power_only_when_it_is_done():
    assert_allclose(switched([2, 2, 2, 2], asked_kwh=0.7), [2, 0.8, 0, 0])


def test_what_cannot_be_refused_is_used_for_the_task_until_it_is_done():
    assert_allclose(switched([0] * 4, held_kw=[2, 0.5, 0, 0], is_on=True), [2, 2, 0, 0])
    assert_allclose(switched([0] * 4, held_kw=[2, 0.5, 0, 0], is_on=True, asked_kwh=0.6), [2, 0.5, 0, 0])
    assert_allclose(switched([0] * 4, held_kw=[2, 0.5, 0, 0], is_on=True, task=-1), [2, 0.5, 0, 0])
