"""The photovoltaic array on the roof: direct current from the sky."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .sun import on_plane
from .weather import Sky

type Floats = NDArray[np.float64]

NOMINAL_CELL_C = 45.0  # nominal operating cell temperature at 800 W/m² and 20 °C, from data sheets
POWER_PER_K = -0.0037  # crystalline silicon, from data sheets
WIRING_AND_SOILING = 0.96


@dataclass(frozen=True, kw_only=True)
class PvPlane:
    """One plane of modules. Azimuth clockwise from north."""

    peak_w: float = 8000.0
    tilt_deg: float = 35.0
    azimuth_deg: float = 180.0


def facing_noon(latitude: float, peak_w: float = 8000.0) -> PvPlane:
    """Return a plane that looks at the noon sun of its hemisphere."""
    return PvPlane(peak_w=peak_w, azimuth_deg=180.0 if latitude >= 0 else 0.0)


def cell_temperature(air_c: Floats, irradiance_w_m2: Floats) -> Floats:
    """Return the cell temperature. [°C].

    R. Ross, "Interface design considerations for terrestrial solar cell modules", 12th IEEE PVSC, 1976.
    """
    return air_c + (NOMINAL_CELL_C - 20) / 800 * irradiance_w_m2


def dc_power(plane: PvPlane, sky: Sky) -> Floats:
    """Return what the plane could deliver, shape (n,). [W]."""
    irradiance = on_plane(sky.sun, sky.light, plane.tilt_deg, plane.azimuth_deg)
    warmth = 1 + POWER_PER_K * (cell_temperature(sky.temperature_c, irradiance) - 25)
    return np.asarray(plane.peak_w * irradiance / 1000 * warmth * WIRING_AND_SOILING)
