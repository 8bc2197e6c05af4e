"""What stands in front of the sun: hills, houses, the ridge of the roof opposite."""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..steps import Floats


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """A line around the place: straight between its points, and on around north.

    Attributes
    ----------
    azimuth_deg : Where the line is known, from north, clockwise, any order; empty: flat land. [°]
    elevation_deg : How high it stands there, one per azimuth. [°]
    """

    azimuth_deg: tuple[float, ...] = ()
    elevation_deg: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no horizon can be."""
        if len(self.azimuth_deg) != len(self.elevation_deg):
            raise ValueError("elevation_deg: needs one value per azimuth_deg")
        for i, (azimuth, elevation) in enumerate(zip(self.azimuth_deg, self.elevation_deg, strict=True)):
            checks.between("horizon", 0, 360, **{f"azimuth_deg[{i}]": azimuth})
            checks.between("horizon", 0, 90, **{f"elevation_deg[{i}]": elevation})

    def at(self, azimuth_deg: Floats) -> Floats:
        """Return the line's height in the directions given, same shape. [°]."""
        if not self.azimuth_deg:
            return np.zeros(np.shape(azimuth_deg))
        return np.asarray(np.interp(azimuth_deg, self.azimuth_deg, self.elevation_deg, period=360.0))

    @property
    def sky_share(self) -> float:
        """Share of an even sky's light on the horizontal that comes from above the line.

        1 - mean(sin² h): the even sky between the ground and the height h gives sin² h of it.
        """
        return float(1 - np.mean(np.sin(np.radians(self.at(np.linspace(0, 355, 72)))) ** 2))


FLAT = Horizon()
