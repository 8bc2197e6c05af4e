"""What all arrays produced on past days: how bright each day was."""

from homeassistant.util import dt as dt_util
import numpy as np

from ..engine.local_time import local_day_and_second
from ..engine.steps import Floats

# A day with more hours missing may have missed its sun.
_HOURS_OF_A_DAY = 20


def by_day(starts_s: Floats, mean_kw: Floats) -> dict[int, float]:
    """Sum hours to local days (`local_day_and_second`), leaving out days with many hours unknown. [kWh]."""
    known = np.isfinite(mean_kw)
    days, _ = local_day_and_second(starts_s[known], dt_util.get_default_time_zone())
    numbers, owner, hours = np.unique(days, return_inverse=True, return_counts=True)
    energy = np.bincount(owner, weights=mean_kw[known], minlength=len(numbers))
    whole = hours >= _HOURS_OF_A_DAY
    return dict(zip(numbers[whole].tolist(), energy[whole].tolist(), strict=True))
