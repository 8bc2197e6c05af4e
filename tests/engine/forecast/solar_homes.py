"""Roofs, weather and production that tests make up: what the physics says, times what a tree or a fault leaves."""

from datetime import datetime

import numpy as np

from custom_components.ems.engine.forecast.sky import Place
from custom_components.ems.engine.forecast.solar import SolarForecaster
from custom_components.ems.engine.forecast.sun import sun_position
from custom_components.ems.engine.forecast.weather import Weather
from custom_components.ems.engine.site import PvArray
from custom_components.ems.engine.steps import Steps, even_steps

VIENNA = Place(latitude_deg=48.2, longitude_deg=16.4, altitude_m=170)
ROOF = PvArray(id="roof", name="Roof", peak_kw=10, inverter_max_kw=10, tilt_deg=35, azimuth_deg=180)
DAY_S = 86400.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


MARCH = at("2025-03-01T00:00:00+00:00")


def changing_weather(start_s: float, days: int, seed: int = 7) -> Weather:
    """Clouds that last for hours, by the hour."""
    rng = np.random.default_rng(seed)
    raw = rng.uniform(-0.4, 1.3, days * 4 + 1)
    hours = np.arange(days * 24.0)
    cover = np.clip(np.interp(hours, np.arange(len(raw)) * 6.0, raw), 0, 1)
    return Weather(
        starts_s=start_s + 3600 * hours, cloud_cover=cover, temperature_c=np.full(len(hours), 12.0)
    )


def hours_of(start_s: float, days: float) -> Steps:
    return even_steps(start_s, 24 * days, 60)


def computed_kw(start_s: float, days: int, sky: Weather, array=ROOF, place: Place = VIENNA):
    """What the physics alone says, by the hour."""
    return SolarForecaster(array, place).forecast(start_s, hours_of(start_s, days), sky).mean


def middle_sun(starts_s, place: Place = VIENNA):
    return sun_position(np.asarray(starts_s) + 1800, place.latitude_deg, place.longitude_deg)
