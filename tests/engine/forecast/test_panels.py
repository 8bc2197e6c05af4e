"""Planes, horizon, losses and the inverter they share."""

import numpy as np
import pytest

from custom_components.ems.engine.errors import PlanError
from custom_components.ems.engine.forecast.horizon import Horizon
from custom_components.ems.engine.forecast.panels import Panels, Plane, panels_of
from custom_components.ems.engine.forecast.solar import SolarForecaster
from custom_components.ems.engine.forecast.weather import Weather
from custom_components.ems.engine.site import PvArray
from tests.engine.forecast.solar_homes import MARCH, VIENNA, hours_of, middle_sun

EAST, WEST = (Plane(peak_kw=5, tilt_deg=30, azimuth_deg=azimuth) for azimuth in (90, 270))


def clear_day(panels: Panels):
    steps = hours_of(MARCH, 1)
    sky = Weather(starts_s=steps.starts_s, cloud_cover=np.zeros(24), temperature_c=np.full(24, 5.0))
    return SolarForecaster(panels, VIENNA).forecast(MARCH, steps, sky).mean


def test_one_plane_is_the_array_of_the_site():
    array = PvArray(id="a", name="a", peak_kw=5, tilt_deg=30, azimuth_deg=90)
    assert panels_of(array) == Panels(planes=(EAST,))


def test_planes_add_up_and_their_inverter_limits_the_sum():
    """East and west never peak together: 6 kW of inverter are enough for 10 kW of modules."""
    both = clear_day(Panels(planes=(EAST, WEST)))
    alone = clear_day(Panels(planes=(EAST,))) + clear_day(Panels(planes=(WEST,)))
    # The inverter's efficiency depends on its load, a little.
    assert both == pytest.approx(alone, abs=0.1)
    assert 4 < both.max() < 6
    cut = clear_day(Panels(planes=(EAST, WEST), inverter_max_kw=3))
    assert cut.max() == pytest.approx(3)
    assert (cut < both - 0.5).sum() >= 3
    south = clear_day(Panels(planes=(Plane(peak_kw=10, tilt_deg=30, azimuth_deg=180),)))
    assert south.max() > both.max() + 1


def test_losses_cost_what_they_say():
    few, many = (clear_day(Panels(planes=(EAST,), loss_share=share)).sum() for share in (0.0, 0.2))
    assert many / few == pytest.approx(0.8, abs=0.01)


def test_a_hill_in_the_west_takes_the_evening_and_leaves_the_morning():
    hill = Horizon(azimuth_deg=(180.0, 200.0, 340.0, 350.0), elevation_deg=(0.0, 25.0, 25.0, 0.0))
    open_land, valley = (clear_day(Panels(planes=(EAST, WEST), horizon=line)) for line in (Horizon(), hill))
    sun = middle_sun(hours_of(MARCH, 1).starts_s)
    lit = open_land > 0.2
    hidden = (sun.azimuth_deg > 205) & (90 - sun.zenith_deg < 20) & lit
    seen = (sun.azimuth_deg < 175) & lit
    assert hidden.sum() >= 2
    assert np.all(valley[hidden] < 0.5 * open_land[hidden])
    assert valley[seen] == pytest.approx(open_land[seen], rel=0.05)


def test_a_horizon_runs_on_around_north():
    line = Horizon(azimuth_deg=(350.0, 10.0), elevation_deg=(10.0, 20.0))
    assert line.at(np.array([0.0, 350.0, 180.0])) == pytest.approx([15.0, 10.0, 15.0])
    assert Horizon().sky_share == 1.0


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Plane(peak_kw=-1), "peak_kw"),
        (lambda: Plane(peak_kw=1, tilt_deg=91), "tilt_deg"),
        (lambda: Plane(peak_kw=1, azimuth_deg=-90), "azimuth_deg"),
        (lambda: Panels(planes=(EAST,), loss_share=1.2), "loss_share"),
        (lambda: Panels(planes=(EAST,), inverter_max_kw=-1.0), "inverter_max_kw"),
        (lambda: Horizon(azimuth_deg=(0.0,), elevation_deg=(95.0,)), "elevation_deg"),
        (lambda: Horizon(azimuth_deg=(400.0,), elevation_deg=(5.0,)), "azimuth_deg.0. of horizon"),
    ],
)
def test_what_no_roof_can_be_is_refused_by_name(make, field):
    with pytest.raises(PlanError, match=field):
        make()


def test_a_horizon_needs_a_height_for_each_direction():
    with pytest.raises(ValueError, match="elevation_deg"):
        Horizon(azimuth_deg=(0.0, 90.0), elevation_deg=(5.0,))
