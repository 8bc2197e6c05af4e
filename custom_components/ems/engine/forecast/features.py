"""What a correction may look at: the same hour of every source, its neighbours, the day, and the sun's position.

Everything is proportional to power, so that nothing is learned into the night.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..local_time import DAY_S, Ints
from ..steps import Bools, Floats
from .given_power import HOUR_S
from .sky import Place
from .sun import sun_position

# Below a thousandth of the nameplate there is nothing to correct.
DARK = 0.001
# Shares of the clear sky's power mean little where there is hardly any.
FAINT = 0.01
SHARE_MAX = 1.3
LAGS_H = (-2, -1, 1, 2)
# Shading is learned in fields of the sky this wide and high: narrower ones knew too few hours each. [°]
FIELD_AZIMUTH_DEG, FIELD_ELEVATION_DEG = 15.0, 10.0
_ROUND, _UP = int(360 / FIELD_AZIMUTH_DEG), int(90 / FIELD_ELEVATION_DEG)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hours:
    """n consecutive hours as shares of the nameplate: a cloudless sky, and sources without gaps, shape (k, n)."""

    first_hour: int
    clear: Floats
    sources: Floats

    @property
    def mean(self) -> Floats:
        """What the sources say on the mean, shape (n,)."""
        return np.asarray(self.sources.mean(axis=0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """What is known of n hours.

    Attributes
    ----------
    columns, prior : One row per hour, shape (n, k); and the coefficients before anything is learned, shape (k,).
    field, beam : The field of the sky that the sun stands in, and what shadows there can take, shape (n,).
    lit, day : Whether there is anything to learn, and the day by the sun's clock, shape (n,).
    """

    columns: Floats
    prior: Floats
    field: Ints
    beam: Floats
    lit: Bools
    day: Ints


def solar_day(first_hour: int, count: int, longitude_deg: float) -> Ints:
    """Return the day of each hour by the sun's own clock, so that none is cut at noon anywhere on earth."""
    at_s = HOUR_S * (np.arange(first_hour, first_hour + count) + 0.5)
    return ((at_s + longitude_deg / 360 * DAY_S) // DAY_S).astype(np.int64)


def shifted(values: Floats, hours: float) -> Floats:
    """Return hourly means as if everything happened later, along the last axis; 0 comes in at the ends."""
    whole = int(np.floor(hours))
    part = hours - whole
    moved = _moved(values, whole)
    return moved if part == 0 else (1 - part) * moved + part * _moved(values, whole + 1)


def _moved(values: Floats, hours: int) -> Floats:
    moved = np.zeros_like(values)
    if hours > 0:
        moved[..., hours:] = values[..., :-hours]
    elif hours < 0:
        moved[..., :hours] = values[..., -hours:]
    else:
        moved[...] = values
    return moved


def design(hours: Hours, place: Place, late_h: float = 0.0) -> Design:
    """Return what the correction sees of each hour.

    late_h : How much later than the sun the installation's clock runs; what it measures belongs to a sun that
        stood elsewhere. [h]
    """
    clear, sources = shifted(hours.clear, late_h), shifted(hours.sources, late_h)
    mean, count = sources.mean(axis=0), len(clear)
    day = solar_day(hours.first_hour, count, place.longitude_deg)
    at_s = HOUR_S * (hours.first_hour + np.arange(count) + 0.5 - late_h)
    sun = sun_position(at_s, place.latitude_deg, place.longitude_deg)
    azimuth, elevation = np.radians(sun.azimuth_deg), np.radians(90 - sun.zenith_deg)
    shares = np.where(clear > FAINT / 3, np.clip(sources / np.maximum(clear, FAINT), 0, SHARE_MAX), 0)
    share, of_day = shares.mean(axis=0), _day_share(mean, clear, day)
    columns = [
        *(column for source in sources for column in _of_source(source, clear, share, day, azimuth)),
        *_blends(sources, clear),
        *_of_cloudiness(clear, share, of_day, _window_share(mean, clear, 1)),
        *_of_position(azimuth, elevation, (clear, clear * share, clear * share**2, clear * of_day)),
    ]
    prior = np.zeros(len(columns))
    own = len(LAGS_H) + 10  # columns per source, of which the first is the source itself
    prior[: own * len(sources) : own] = 1 / len(sources)
    lit = (clear > DARK) | (mean > DARK)
    return Design(
        columns=np.stack(columns, axis=1),
        prior=prior,
        field=sky_field(sun.azimuth_deg, 90 - sun.zenith_deg),
        # Trees and chimneys take the beam, and clouds leave them little of it to take.
        beam=mean * np.minimum(share, 1),
        lit=lit,
        day=day,
    )


def _window_share(power: Floats, clear: Floats, reach: int) -> Floats:
    """Return power over clear power of the hours around each."""
    kernel = np.ones(2 * reach + 1)
    around = np.convolve(clear, kernel, "same")
    return np.where(around > 1e-6, np.convolve(power, kernel, "same") / np.maximum(around, 1e-6), 0.0)


def _day_share(power: Floats, clear: Floats, day: Ints) -> Floats:
    """Return power over clear power of each hour's day."""
    index = day - day.min()
    total, of_clear = np.bincount(index, power), np.bincount(index, clear)
    return np.asarray((total / np.maximum(of_clear, 1e-6))[index])


def _of_source(source: Floats, clear: Floats, share: Floats, day: Ints, azimuth: Floats) -> list[Floats]:
    """Return one source and its surroundings: weather models know clouds better than their hour."""
    before, after = shifted(source, 1) - source, shifted(source, -1) - source
    own_share = np.minimum(source / np.maximum(clear, FAINT), SHARE_MAX)
    around = _window_share(source, clear, 2)
    return [
        source,
        *(shifted(source, lag) for lag in LAGS_H),
        clear * _day_share(source, clear, day),
        source * np.where(clear > FAINT, own_share, 0),
        *(slope * turn for slope in (before, after) for turn in (np.cos(azimuth), np.sin(azimuth))),
        *(clear * around, clear * around * share, clear * around**2),
    ]


def _blends(sources: Floats, clear: Floats) -> list[Floats]:
    """Return the clear sky's course and, of several sources, what they agree on."""
    courses = [clear, shifted(clear, 1), shifted(clear, -1)]
    if len(sources) < 2:
        return courses
    product = sources.prod(axis=0) / np.maximum(clear, FAINT) ** (len(sources) - 1)
    return [*courses, np.where(clear > FAINT, np.minimum(product, SHARE_MAX), 0), sources.min(axis=0)]


def _of_cloudiness(clear: Floats, *shares: Floats) -> list[Floats]:
    return [clear * shares[i] * shares[j] for i in range(len(shares)) for j in range(i, len(shares))]


def _of_position(azimuth: Floats, elevation: Floats, powers: Sequence[Floats]) -> list[Floats]:
    """Return smooth functions of where the sun is: a plane that faces elsewhere, haze, far shadows."""
    east, north, up = np.sin(azimuth), np.cos(azimuth), np.sin(elevation)
    shapes = (north, east, up, east * up, north * up, np.cos(2 * azimuth), np.sin(2 * azimuth), up**2)
    return [power * shape for power in powers for shape in shapes]


def sky_field(azimuth_deg: Floats, elevation_deg: Floats) -> Ints:
    """Return the number of the field of the sky in each direction; what is below the horizon is in the lowest."""
    around = np.minimum(azimuth_deg // FIELD_AZIMUTH_DEG, _ROUND - 1).astype(np.int64)
    up = np.clip(elevation_deg // FIELD_ELEVATION_DEG, 0, _UP - 1).astype(np.int64)
    return np.asarray(around * _UP + up)
