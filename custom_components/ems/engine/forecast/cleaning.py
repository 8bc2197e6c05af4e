"""Recorded history as it comes: in watts where kilowatts were promised, with resets, spikes and holes."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import numpy as np

from ..local_time import HOUR_S, local_day_and_second
from ..steps import Bools, Floats

# W for kW, Wh for kWh: the one confusion of units that metering knows.
WATTS_PER_KILOWATT: Final = 1000.0
# Consumption a little below zero is a meter's inaccuracy; more is a counter that was reset.
SLIGHTLY_NEGATIVE_KW: Final = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Cleaned:
    """A history of mean power that can be learned from.

    Attributes
    ----------
    starts_s : Starts of the hours in order, shape (m,). [s since epoch]
    kw : Mean power; NaN where it is not known or cannot be, shape (m,). [kW]
    rescaled : Hours that were in W.
    resets : Hours below zero: a counter that began anew.
    spikes : Hours above anything the connection could carry.
    missing : Hours between the first and the last that are not known.
    """

    starts_s: Floats
    kw: Floats
    rescaled: int
    resets: int
    spikes: int
    missing: int

    @property
    def known(self) -> Bools:
        """Return where the power is known, shape (m,)."""
        return np.isfinite(self.kw)

    def days_known(self, zone: tzinfo) -> int:
        """Return the number of local days of which most is known."""
        day, _ = local_day_and_second(self.starts_s[self.known], zone)
        _, hours = np.unique(day, return_counts=True)
        return int((hours > _MOST_OF_A_DAY_H).sum())


_MOST_OF_A_DAY_H: Final = 12


def clean_power(starts_s: Floats, kw: Floats, limit_kw: float) -> Cleaned:
    """Return hourly mean power without what cannot be. The truth of an hour is never guessed: it becomes NaN.

    Parameters
    ----------
    starts_s : Starts of hours, in order, shape (m,). [s since epoch]
    kw : Mean power as recorded, shape (m,). [kW, or W where somebody erred]
    limit_kw : More than any hour of this home can have. [kW]
    """
    values, in_watts = in_kilowatts(starts_s, np.where(np.isfinite(kw), kw, np.nan), limit_kw)
    resets, spikes = values < -SLIGHTLY_NEGATIVE_KW, values > limit_kw
    usable = np.isfinite(values) & ~resets & ~spikes
    span = int((starts_s[-1] - starts_s[0]) / HOUR_S) + 1 if len(starts_s) else 0
    return Cleaned(
        starts_s=starts_s,
        kw=np.where(usable, np.maximum(values, 0.0), np.nan),
        rescaled=int((in_watts & usable).sum()),
        resets=int(resets.sum()),
        spikes=int(spikes.sum()),
        missing=span - len(starts_s) + int(np.isnan(values).sum()),
    )


def in_kilowatts(starts_s: Floats, values: Floats, limit_kw: float) -> tuple[Floats, Bools]:
    """Return the values in kW, and which of them were in W: whole days whose median size nothing could carry.

    A median, because one impossible hour is a spike and no unit; by days, because a sensor's unit may change. Where
    most days are in W, all of them are: a quiet night of 8 W looks like 8 kW.
    """
    known = np.isfinite(values)
    if not known.any():
        return values, np.zeros(len(values), dtype=bool)
    days, owner = np.unique(starts_s // (24 * HOUR_S), return_inverse=True)
    medians = np.array([_median(np.abs(values[owner == day])) for day in range(len(days))])
    absurd = (medians > limit_kw) & (medians / WATTS_PER_KILOWATT <= limit_kw)
    in_watts = np.full(len(values), True) if absurd.mean() > 1 / 2 else absurd[owner]
    in_watts &= known
    return np.where(in_watts, values / WATTS_PER_KILOWATT, values), in_watts


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0
