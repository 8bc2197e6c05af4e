"""The light at any instant, from whatever is known of the weather."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ..local_time import Ints
from ..sampling import Samples, samples_of
from ..steps import Floats, Steps
from .irradiance import COS_HORIZON, Irradiance, clear_sky, clear_sky_share, diffuse_share
from .sun import SunPosition, sun_position
from .weather import Weather

# The sun moves 1.25° in five minutes: means over them are exact enough for any step.
SLICE_S = 300.0
# Clouds lift the light above the clear sky's strength for minutes only; what more is given is a mistake of
# timing, mostly in the hours of sunrise and sunset.
SHARE_MAX = 1.25
DARK_W_M2 = 5.0
# The total cover of weather models counts thin high cloud that an observer would look through: with the
# paper's 0.75 a covered sky came out half as bright as the same model's own radiation; 0.5 fits it
# (docs/forecasts.md).
MODEL_OPACITY = 0.5
# Where nobody knows the temperature: the yearly mean of the temperate zone. 10 K are 4 % of the power.
TEMPERATURE_C = 12.0


class Source(IntEnum):
    """What the light was computed from, from the least to the best."""

    CLEAR_SKY = 0
    CLOUD_COVER = 1
    IRRADIANCE = 2


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the home is: north and east are positive."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is nowhere."""
        if not (-90 <= self.latitude_deg <= 90 and -180 <= self.longitude_deg <= 180):
            raise ValueError("latitude_deg, longitude_deg: not a place on earth")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sky:
    """Sun and light at samples of the steps, with the cloudless sky beside it; shape (m,) each."""

    samples: Samples
    sun: SunPosition
    light: Irradiance
    clear: Irradiance
    outdoor_c: Floats
    source: Ints


def _diffuse_given(weather: Weather, sun_mean: Floats) -> Floats:
    """Return each interval's diffuse share where diffuse or direct light is given, else NaN."""
    ghi, dni, dhi = (weather.series(name) for name in ("ghi_w_m2", "dni_w_m2", "dhi_w_m2"))
    diffuse = np.where(np.isfinite(dhi), dhi, ghi - dni * sun_mean)
    return np.where(ghi > DARK_W_M2, np.clip(diffuse / np.maximum(ghi, DARK_W_M2), 0, 1), np.nan)


def _interval_shares(weather: Weather, place: Place) -> tuple[Floats, Floats, Ints]:
    """Return per interval: the share of the clear sky's light, the diffuse share, and what they come from.

    An hour's irradiance is spread over the hour as the clear sky is: the mean is kept and the night dark.
    """
    count = len(weather.starts_s)
    if count == 0:
        return np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64)
    slices = int(np.ceil(weather.interval_s / SLICE_S))
    at_s = weather.starts_s[:, None] + (np.arange(slices) + 0.5) * weather.interval_s / slices
    sun = sun_position(at_s, place.latitude_deg, place.longitude_deg, place.altitude_m)
    clear_mean = clear_sky(sun, place.altitude_m).ghi.mean(axis=1)
    ghi = weather.series("ghi_w_m2")
    measured = np.clip(ghi / np.maximum(clear_mean, DARK_W_M2), 0, SHARE_MAX)
    clouded = clear_sky_share(np.clip(weather.series("cloud_cover"), 0, 1), MODEL_OPACITY)
    source = np.where(np.isfinite(clouded), Source.CLOUD_COVER, Source.CLEAR_SKY)
    source = np.where(np.isfinite(measured), Source.IRRADIANCE, source)
    share = np.choose(source, [np.ones(count), clouded, measured])
    return share, _diffuse_given(weather, sun.cos_zenith.mean(axis=1)), source.astype(np.int64)


def _light(sun: SunPosition, clear: Irradiance, share: Floats, diffuse_given: Floats) -> Irradiance:
    """Return the light that is a share of the clear sky's, split into beam and diffuse."""
    ghi = clear.ghi * share
    diffuse = np.where(np.isfinite(diffuse_given), diffuse_given, diffuse_share(ghi, sun))
    beam = ghi * (1 - diffuse) / np.maximum(sun.cos_zenith, COS_HORIZON)
    # A beam cannot be stronger than through clear air: near the horizon the division would make it so.
    dni = np.minimum(beam, clear.dni * SHARE_MAX)
    return Irradiance(ghi=ghi, dni=dni, dhi=ghi - dni * sun.cos_zenith)


def _of_interval(values: Floats | Ints, index: Ints, otherwise: float) -> Floats:
    """Return each sample's value from its interval, or `otherwise` outside all intervals."""
    return np.append(values, otherwise)[index]  # -1 is the value appended


def sky_over(steps: Steps, place: Place, weather: Weather) -> Sky:
    """Return the light over the steps: from irradiance where given, else from clouds, else a clear sky."""
    samples = samples_of(steps, SLICE_S)
    sun = sun_position(samples.at_s, place.latitude_deg, place.longitude_deg, place.altitude_m)
    clear = clear_sky(sun, place.altitude_m)
    weather = weather.between(steps.edges_s[0], steps.edges_s[-1])
    share, diffuse, source = _interval_shares(weather, place)
    index = weather.index_at(samples.at_s)
    outdoor = _of_interval(weather.series("temperature_c"), index, np.nan)
    return Sky(
        samples=samples,
        sun=sun,
        light=_light(sun, clear, _of_interval(share, index, 1.0), _of_interval(diffuse, index, np.nan)),
        clear=clear,
        outdoor_c=np.where(np.isfinite(outdoor), outdoor, TEMPERATURE_C),
        source=_of_interval(source, index, Source.CLEAR_SKY).astype(np.int64),
    )
