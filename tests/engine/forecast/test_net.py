"""Net demand, the next peak and the next surplus: by hand, and what holds for any home."""

from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from custom_components.ems.engine.forecast.net import (
    added,
    net_demand,
    next_peak,
    next_surplus,
    shared_out,
)
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps

NOW_S = 494_000 * 3600.0


def forecast(mean: list[float], low: float = 0.0, high: float = 0.0, steps: Steps | None = None) -> Forecast:
    """Return a forecast whose band reaches so far below and above its mean."""
    middle = np.array(mean, dtype=float)
    return Forecast(
        issued_at_s=NOW_S,
        steps=steps or even_steps(NOW_S, len(mean), 60),
        mean=middle,
        p10=middle - low,
        p50=middle,
        p90=middle + high,
        basis="test",
    )


def test_net_demand_by_hand() -> None:
    """1 kW ± 0.3 less 3 kW ± 0.4 is −2 kW ± 0.5."""
    net = net_demand(forecast([1.0], 0.3, 0.3), [forecast([1.0], 0.1, 0.1), forecast([2.0], 0.3, 0.3)])
    assert (net.mean[0], net.p10[0], net.p90[0]) == pytest.approx((-2.0, -2.5, -1.5))
    assert net.basis == "load - solar"


def test_without_sun_the_net_is_the_load() -> None:
    """The very same."""
    load = forecast([1.0, 2.0])
    assert net_demand(load, []) is load
    assert added([]) is None


ROWS = arrays(np.float64, 6, elements=st.floats(0, 50))


@given(load=ROWS, sun=ROWS, widths=arrays(np.float64, (4, 6), elements=st.floats(0, 10)))
def test_the_band_holds_mean_and_median(load: np.ndarray, sun: np.ndarray, widths: np.ndarray) -> None:
    """And is never narrower than that of the load alone."""
    one = forecast(load.tolist(), widths[0], widths[1])  # type: ignore[arg-type]  # a width per step
    other = forecast(sun.tolist(), widths[2], widths[3])  # type: ignore[arg-type]
    net = net_demand(one, [other])
    assert np.all((net.p10 <= net.mean + 1e-9) & (net.mean <= net.p90 + 1e-9))
    assert np.all((net.p10 <= net.p50 + 1e-9) & (net.p50 <= net.p90 + 1e-9))
    assert np.all(net.p90 - net.p10 >= one.p90 - one.p10 - 1e-9)


def test_a_whole_is_shared_out_by_physics_and_in_the_dark_by_size() -> None:
    """East and west get their hours; nothing is lost."""
    east, west = forecast([3.0, 1.0, 0.0]), forecast([1.0, 3.0, 0.0])
    found = shared_out(forecast([2.0, 2.0, 0.4]), {"east": east, "west": west}, {"east": 3.0, "west": 1.0})
    assert found["east"].mean == pytest.approx([1.5, 0.5, 0.3])
    assert found["west"].mean == pytest.approx([0.5, 1.5, 0.1])


def test_the_next_peak_is_the_fullest_hour_of_the_next_day() -> None:
    """Not that of the running hour, nor that of the day after tomorrow."""
    mean = [9.0, 1, 1, 4, 1, *([1] * 20), 8.0, 1, 1]
    found = next_peak(forecast(mean, 0, 0.5), NOW_S + 60)
    assert found is not None
    assert ((found.start_s - NOW_S) / 3600, found.power_kw, found.p90_kw) == (3, 4, 4.5)


def test_the_peak_of_fine_steps_is_an_hourly_mean() -> None:
    """Five minutes of kettle are no peak."""
    steps = tiered_steps(NOW_S)
    mean = np.where(np.arange(len(steps)) == 20, 10.0, 1.0)
    found = next_peak(forecast(mean.tolist(), steps=steps), NOW_S)
    assert found is not None
    assert found.power_kw == pytest.approx(1 + 9 / 4)
    assert next_peak(forecast([1.0]), NOW_S + 7200) is None


def test_the_next_surplus_by_hand() -> None:
    """Two hours of 1 and 2 kW are 3 kWh; a first glimpse of 60 Wh is not worth a word."""
    found = next_surplus(forecast([1, -0.06, 1, -1, -2, 0.5, -4]), NOW_S)
    assert found is not None
    assert [(at - NOW_S) / 3600 for at in (found.start_s, found.end_s)] == [3, 5]
    assert (found.energy_kwh, found.power_max_kw) == (3, 2)


def test_a_surplus_that_runs_counts_from_now() -> None:
    """Half an hour of 2 kW is left of the running hour."""
    found = next_surplus(forecast([-2, 1]), NOW_S + 1800)
    assert found is not None
    assert (found.start_s, found.energy_kwh) == (NOW_S + 1800, 1)
    assert next_surplus(forecast([1, 2]), NOW_S) is None
    assert next_surplus(forecast([-2, 1]), NOW_S + 3600) is None
