"""What an installation should make, hour by hour, from everything that is known of the weather."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..local_time import Ints
from ..steps import Floats, Steps
from .given_power import HOUR_S, GivenPower
from .panels import Panels
from .sky import SLICE_S, Place, Source, sky_over
from .weather import Weather

SLICES = int(HOUR_S / SLICE_S)


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """Computed AC power before the inverter's limit, over n consecutive UTC hours. [kW].

    Attributes
    ----------
    first_hour : Number of the first hour since the epoch.
    clear_kw, lit_kw : Slices of each hour under a cloudless sky, and with the weather, shape (n, SLICES).
    source : What the light of each hour was computed from at worst, shape (n,).
    series_kw : Hourly means by the name of what knows them, NaN where it does not, shape (n,) each.
    """

    first_hour: int
    clear_kw: Floats
    lit_kw: Floats
    source: Ints
    series_kw: Mapping[str, Floats]

    @property
    def clear_mean_kw(self) -> Floats:
        """Hourly means under a cloudless sky, shape (n,). [kW]."""
        return np.asarray(self.clear_kw.mean(axis=1))


def expected_power(
    panels: Panels,
    place: Place,
    first_hour: int,
    count: int,
    weather: Weather,
    given: Mapping[str, GivenPower],
) -> Expected:
    """Compute n hours. The weather's own series is called by the kind of weather it came from."""
    edges = HOUR_S * np.arange(first_hour, first_hour + count + 1, dtype=np.float64)
    sky = sky_over(Steps(edges_s=edges), place, weather)
    lit, clear = (panels.unclipped_kw(light, sky.sun, sky.outdoor_c) for light in (sky.light, sky.clear))
    source = sky.source.reshape(count, SLICES).min(axis=1)
    lit, clear = lit.reshape(count, SLICES), clear.reshape(count, SLICES)
    series = {
        kind.name.lower(): np.where(source == kind, lit.mean(axis=1), np.nan)
        for kind in (Source.CLOUD_COVER, Source.IRRADIANCE)
        if np.any(source == kind)
    }
    series |= {name: power.hourly_kw(first_hour, count) for name, power in given.items()}
    return Expected(
        first_hour=first_hour,
        clear_kw=clear,
        lit_kw=lit,
        source=source,
        series_kw=series,
    )
