"""What is expected of a home before anything was measured."""

import numpy as np

from ..local_time import Ints
from ..steps import Floats

# An average European household of three without electric heating.
ANNUAL_KWH = 3500.0
HOURS_PER_YEAR = 8766.0

# Mean power of each hour of the day, Monday to Friday, Saturday, Sunday; only the proportions matter. Own
# rounded numbers in the character of the German standard profile for households (H0: C. Fünfgeld,
# R. Tiedemann, "Anwendung der Repräsentativen VDEW-Lastprofile step-by-step", VDEW, 2000): quiet nights,
# a hump at noon, the peak at 19:00, later mornings at the weekend.
_SHAPES = np.array([
    [60, 46, 40, 38, 39, 46, 72, 104, 112, 110, 108, 114,
     124, 118, 106, 100, 102, 120, 152, 168, 158, 138, 118, 88],
    [68, 52, 44, 40, 39, 42, 54, 82, 112, 128, 134, 140,
     150, 142, 124, 114, 114, 128, 158, 170, 156, 132, 114, 92],
    [74, 58, 48, 43, 41, 41, 46, 66, 100, 128, 144, 160,
     176, 160, 128, 110, 106, 118, 146, 162, 154, 136, 112, 82],
], dtype=np.float64)  # fmt: skip
_WEEK_MEAN = (5 * _SHAPES[0] + _SHAPES[1] + _SHAPES[2]).mean() / 7

# One household is far rougher than the mean of many. Means of the tenths of measured hourly power over the
# shape above, for the homes named in docs/forecasts.md, with half as much again (a log-normal of 0.5) for not
# knowing whether this is a small household or a large one. Their mean is 1.
SPREAD = np.array([0.07, 0.18, 0.28, 0.40, 0.52, 0.68, 0.90, 1.20, 1.79, 3.98])


def residential_kw(annual_kwh: float, weekday: Ints, second: Floats) -> Floats:
    """Return the mean power to expect of a household at a time of the local clock, same shape as `weekday`.

    Parameters
    ----------
    annual_kwh : Consumption of a year. [kWh]
    weekday : Monday is 0.
    second : Second of the local day. [s]
    """
    row = np.maximum(weekday - 4, 0)
    hour = second / 3600 - 0.5  # the table speaks of the middle of its hours
    before = np.floor(hour).astype(np.int64)
    share = hour - before
    shape = (1 - share) * _SHAPES[row, before % 24] + share * _SHAPES[row, (before + 1) % 24]
    return np.asarray(annual_kwh / HOURS_PER_YEAR * shape / _WEEK_MEAN)
