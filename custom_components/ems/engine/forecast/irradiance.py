"""From the sun and the clouds to the light on a tilted plane. Irradiances are in W/m² throughout."""

from dataclasses import dataclass

import numpy as np

from ..steps import Floats
from .horizon import FLAT, Horizon
from .sun import SunPosition, pressure_share

# Clean to average air of the temperate zone; cities and the tropics have 4 to 5. The learned factor takes
# the rest.
LINKE_TURBIDITY = 3.0
ALBEDO = 0.2  # grass, fields and roofs without snow
# The sun stands on the horizon at 89°: below it beams are not divided by the cosine any further.
COS_HORIZON = float(np.cos(np.radians(89)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Irradiance:
    """Light on the horizontal: global, and its diffuse part; and the beam normal to its rays."""

    ghi: Floats
    dni: Floats
    dhi: Floats


def relative_air_mass(zenith_deg: Floats) -> Floats:
    """Return the length of the rays' way through the air, 1 when the sun is overhead.

    References
    ----------
    F. Kasten, A. T. Young, "Revised optical air mass tables and approximation formula",
    Applied Optics 28(22), 1989.
    """
    zenith = np.minimum(zenith_deg, 90.0)
    return np.asarray(1 / (np.cos(np.radians(zenith)) + 0.50572 * (96.07995 - zenith) ** -1.6364))


def clear_sky(sun: SunPosition, altitude_m: float = 0.0, turbidity: float = LINKE_TURBIDITY) -> Irradiance:
    """Return the light of a cloudless sky.

    References
    ----------
    P. Ineichen, R. Perez, "A new airmass independent formulation for the Linke turbidity coefficient",
    Solar Energy 73(3), 2002; R. Perez et al., Solar Energy 73(5), 2002.
    """
    cos_zenith, extra = sun.cos_zenith, sun.extraterrestrial_w_m2
    air_mass = relative_air_mass(sun.zenith_deg) * pressure_share(altitude_m)
    fh1, fh2 = np.exp(-altitude_m / 8000), np.exp(-altitude_m / 1250)
    cg1, cg2 = 5.09e-5 * altitude_m + 0.868, 3.92e-5 * altitude_m + 0.0387
    ghi = cg1 * extra * cos_zenith * np.exp(-cg2 * air_mass * (fh1 + fh2 * (turbidity - 1)))
    beam = (0.664 + 0.163 / fh1) * extra * np.exp(-0.09 * air_mass * (turbidity - 1))
    # The paper's second bound: the diffuse part never falls below what turbid air scatters.
    scattered = (0.1 - 0.2 * np.exp(-turbidity)) / (0.1 + 0.882 / fh1)
    dni = np.minimum(beam, ghi * (1 - scattered) / np.maximum(cos_zenith, COS_HORIZON))
    dni = np.where(cos_zenith > 0, dni, 0.0)
    return Irradiance(ghi=ghi, dni=dni, dhi=ghi - dni * cos_zenith)


def clear_sky_share(cloud_cover: Floats, opacity: float = 0.75) -> Floats:
    """Return the share of the clear sky's global irradiance that a cloud cover (fraction) leaves.

    References
    ----------
    F. Kasten, G. Czeplak, "Solar and terrestrial radiation dependent on the amount and type of cloud",
    Solar Energy 24(2), 1980: 1 - 0.75·(N/8)^3.4 for N eighths of cloud as an observer sees them.
    """
    return np.asarray(1 - opacity * cloud_cover**3.4)


def diffuse_share(ghi: Floats, sun: SunPosition) -> Floats:
    """Return the diffuse share of global irradiance.

    References
    ----------
    D. G. Erbs, S. A. Klein, J. A. Duffie, "Estimation of the diffuse radiation fraction for hourly, daily and
    monthly-average global radiation", Solar Energy 28(4), 1982.
    """
    # The floor is 3.7° above the horizon: below it clearness is noise over noise.
    kt = np.clip(ghi / (sun.extraterrestrial_w_m2 * np.maximum(sun.cos_zenith, 0.065)), 0, 1)
    middle = 0.9511 - 0.1604 * kt + 4.388 * kt**2 - 16.638 * kt**3 + 12.336 * kt**4
    return np.where(kt <= 0.22, 1 - 0.09 * kt, np.where(kt <= 0.8, middle, 0.165))


def cos_incidence(sun: SunPosition, tilt_deg: float, azimuth_deg: float) -> Floats:
    """Return the cosine of the angle between the rays and a plane's normal; negative behind the plane."""
    zenith, tilt = np.radians(sun.zenith_deg), np.radians(tilt_deg)
    turn = np.radians(sun.azimuth_deg - azimuth_deg)
    return np.asarray(np.cos(zenith) * np.cos(tilt) + np.sin(zenith) * np.sin(tilt) * np.cos(turn))


def glass_transmission(cos_aoi: Floats) -> Floats:
    """Return the share of a beam that the modules' glass lets in, relative to normal incidence.

    References
    ----------
    A. F. Souka, H. H. Safwat, "Determination of the optimum orientations for the double exposure flat-plate
    collector and its reflectors", Solar Energy 10, 1966; ASHRAE Standard 93-77, with b₀ = 0.05.
    """
    return np.clip(1 - 0.05 * (1 / np.maximum(cos_aoi, 1e-3) - 1), 0, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaneLight:
    """Light on a tilted plane by where it comes from, before the glass."""

    beam: Floats
    around_sun: Floats
    sky: Floats
    ground: Floats
    cos_aoi: Floats

    @property
    def total(self) -> Floats:
        """All of it."""
        return np.asarray(self.beam + self.around_sun + self.sky + self.ground)


def light_on_plane(light: Irradiance, sun: SunPosition, tilt_deg: float, azimuth_deg: float) -> PlaneLight:
    """Return what reaches a tilted plane: beam, the sun's surroundings, an even sky, and the ground.

    References
    ----------
    J. E. Hay, J. A. Davies, "Calculation of the solar radiation incident on an inclined surface", First
    Canadian Solar Radiation Data Workshop, 1980: the beam's share of its strength above the air comes from
    the sun's surroundings, the rest of the sky is even.
    """
    cos_aoi = cos_incidence(sun, tilt_deg, azimuth_deg)
    seen, tilt = np.maximum(cos_aoi, 0), np.radians(tilt_deg)
    up = sun.cos_zenith > 0
    anisotropy = light.dni / sun.extraterrestrial_w_m2
    around_sun = light.dhi * anisotropy * seen / np.maximum(sun.cos_zenith, COS_HORIZON)
    return PlaneLight(
        beam=np.where(up, light.dni * seen, 0.0),
        around_sun=np.where(up, around_sun, 0.0),
        sky=np.where(up, light.dhi * (1 - anisotropy) * (1 + np.cos(tilt)) / 2, 0.0),
        ground=np.where(up, light.ghi * ALBEDO * (1 - np.cos(tilt)) / 2, 0.0),
        cos_aoi=cos_aoi,
    )


def plane_irradiance(
    light: Irradiance,
    sun: SunPosition,
    tilt_deg: float,
    azimuth_deg: float,
    horizon: Horizon = FLAT,
) -> Floats:
    """Return the light that enters a tilted plane of modules: through the glass, and from above the horizon."""
    parts = light_on_plane(light, sun, tilt_deg, azimuth_deg)
    visible = 90 - sun.zenith_deg > horizon.at(sun.azimuth_deg)
    from_sun = parts.beam * glass_transmission(parts.cos_aoi) + parts.around_sun
    return np.asarray(np.where(visible, from_sun, 0.0) + parts.sky * horizon.sky_share + parts.ground)
