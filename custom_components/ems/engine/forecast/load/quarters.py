"""What goes on within the hour: a kettle fills a quarter of one, but not the hour."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import numpy as np

from ...local_time import DAY_S, HOUR_S, Ints
from ...steps import Floats
from ..history import BIN_S
from .days import HOURS, DayTable
from .past import BAND_DAYS, NEIGHBOUR
from .quantiles import weighted_quantiles

PER_HOUR: Final = HOUR_S // BIN_S
WEEKS_S: Final = 56 * DAY_S
# A quarter's share of its hour leans on a quarter of it by so many days: chance is not a habit.
_LEAN_DAYS: Final = 20.0
_LEVELS: Final = (0.1, 0.5, 0.9)
_LEAST_KW: Final = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Quarters:
    """How the quarters of the local clock differ from their hours, from the last eight weeks.

    Attributes
    ----------
    share : Mean over that of the hour, shape (96,).
    band : 0.1, 0.5, 0.9 quantiles less those of the hour, shape (3, 96). [kW]
    """

    share: Floats
    band: Floats

    @classmethod
    def of(cls, starts_s: Ints, kw: Floats, zone: tzinfo) -> Quarters:
        """Return the quarters of a history; where nothing is known they are like their hours."""
        slots = HOURS * PER_HOUR
        table = DayTable(starts_s, kw, zone, BIN_S).kw
        if not len(table):
            return cls(share=np.ones(slots), band=np.zeros((3, slots)))
        hours = np.repeat(table.reshape(-1, HOURS, PER_HOUR).mean(axis=2), PER_HOUR, axis=1)
        weights = 0.5 ** (np.arange(len(table) - 1, -1, -1.0) / BAND_DAYS)[:, None] * np.isfinite(hours)
        table, hours = (np.where(weights > 0, each, 0.0) for each in (table, hours))
        return cls(
            share=_share(table, hours, weights),
            band=_quantiles(table, weights) - _quantiles(hours, weights),
        )


def _share(table: Floats, hours: Floats, weights: Floats) -> Floats:
    days = weights.sum(axis=0)
    of_hour = (weights * hours).sum(axis=0) / np.maximum(days, _LEAST_KW)
    own = ((weights * table).sum(axis=0) + _LEAN_DAYS * of_hour) / (days + _LEAN_DAYS)
    return np.where(of_hour > _LEAST_KW, own / np.maximum(of_hour, _LEAST_KW), 1.0)


def _quantiles(table: Floats, weights: Floats) -> Floats:
    beside = [np.roll(NEIGHBOUR * weights, turn, axis=1) for turn in (-PER_HOUR, PER_HOUR)]
    values = [table, *(np.roll(table, turn, axis=1) for turn in (-PER_HOUR, PER_HOUR))]
    return weighted_quantiles(np.concatenate(values), np.concatenate([weights, *beside]) + 1e-12, _LEVELS)
