"""What is on the roof: planes of modules, what stands before them, and the inverter they share."""

from dataclasses import dataclass
from typing import Any

from .. import checks
from ..site import PvArray
from ..steps import Floats
from .horizon import FLAT, Horizon
from .irradiance import Irradiance, plane_irradiance
from .module import LOSS_SHARE, dc_kw, inverted_kw
from .sun import SunPosition


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Modules that face one way."""

    peak_kw: float
    tilt_deg: float = 35.0  # from horizontal
    azimuth_deg: float = 180.0  # from north, clockwise: 180 is south

    def __post_init__(self) -> None:
        """Refuse what no plane can be."""
        checks.at_least_zero("plane", peak_kw=self.peak_kw)
        checks.between("plane", 0, 90, tilt_deg=self.tilt_deg)
        checks.between("plane", 0, 360, azimuth_deg=self.azimuth_deg)


@dataclass(frozen=True, kw_only=True)
class Panels:
    """Planes of modules behind one inverter, which limits their sum.

    Attributes
    ----------
    inverter_max_kw : What the inverter delivers at most; None: as much as the nameplates. [kW]
    loss_share : Of the DC power: soiling, mismatch, wiring, ageing.
    """

    planes: tuple[Plane, ...]
    inverter_max_kw: float | None = None
    horizon: Horizon = FLAT
    loss_share: float = LOSS_SHARE

    def __post_init__(self) -> None:
        """Refuse what no installation can be."""
        checks.between("panels", 0, 1, loss_share=self.loss_share)
        if self.inverter_max_kw is not None:
            checks.at_least_zero("panels", inverter_max_kw=self.inverter_max_kw)

    @property
    def peak_kw(self) -> float:
        """Sum of the nameplates. [kW]."""
        return sum(plane.peak_kw for plane in self.planes)

    @property
    def max_kw(self) -> float:
        """What can be delivered at most: the nameplates or the inverter. [kW]."""
        return self.peak_kw if self.inverter_max_kw is None else min(self.peak_kw, self.inverter_max_kw)

    def unclipped_kw(self, light: Irradiance, sun: SunPosition, outdoor_c: Floats) -> Floats:
        """Return AC power before the inverter's limit. [kW]."""
        direct = sum(
            (
                dc_kw(
                    plane.peak_kw,
                    plane_irradiance(light, sun, plane.tilt_deg, plane.azimuth_deg, self.horizon),
                    outdoor_c,
                    self.loss_share,
                )
                for plane in self.planes
            ),
            start=outdoor_c * 0.0,
        )
        return inverted_kw(direct, self.inverter_max_kw or self.peak_kw)

    def fingerprint(self) -> list[Any]:
        """Return what the installation is, as JSON can hold it: what was learned of another one is worthless."""
        planes = [[plane.peak_kw, plane.tilt_deg, plane.azimuth_deg] for plane in self.planes]
        line = [list(self.horizon.azimuth_deg), list(self.horizon.elevation_deg)]
        return [planes, self.inverter_max_kw, line, self.loss_share]


def panels_of(array: PvArray) -> Panels:
    """Return an array of the site as an installation of one plane."""
    plane = Plane(peak_kw=array.peak_kw, tilt_deg=array.tilt_deg, azimuth_deg=array.azimuth_deg)
    return Panels(planes=(plane,), inverter_max_kw=array.inverter_max_kw)
