"""Where the truth lay within the bands that were forecast: how the sun treated the forecasts of past days."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from ..local_time import DAY_S, HOUR_S
from ..steps import Floats, Steps
from .archive import LEADS, Archive

# p10, p50, p90 of the band.
LEVELS: Final = np.array([0.1, 0.5, 0.9])
# Beyond the band's ends straight lines go on, but not to what has never been seen.
_LOWEST, _HIGHEST = 0.02, 0.98
# Before there are four weeks, the days that are there are too much alike.
DAYS_ENOUGH: Final = 28
# Of the hours with light; with more unknown a day tells little.
_KNOWN_SHARE: Final = 0.9
_DARK: Final = 1e-3


class Places:
    """The place of the truth within the band, 0 to 1, by the hour of issue and lead; NaN in the dark.

    place = 0.1, 0.5, 0.9 where the truth was p10, p50, p90, on straight lines between and beyond.
    """

    def __init__(self, rows: Mapping[int, Floats]) -> None:
        """Keep the rows by their hour of issue, shape (LEADS,) each."""
        self._rows = rows

    def on(self, steps: Steps, issued_at_s: float, days_ago: int) -> Floats | None:
        """Return the places of the stretch some days ago on steps, shape (n,); None where it was not archived."""
        hour = int(issued_at_s // HOUR_S)
        row = self._rows.get(hour - days_ago * DAY_S // HOUR_S)
        if row is None:
            return None
        lead = np.clip(steps.starts_s // HOUR_S - hour, 0, LEADS - 1).astype(np.int64)
        found: Floats = row[lead]
        return found


def places_of(archive: Archive) -> Places | None:
    """Return where the truth of the archived forecasts lay; None where there are fewer than four weeks of them."""
    hours, table = archive.issues()
    truth = archive.truth_at(hours[:, None] + np.arange(LEADS))
    p10, p50, p90 = table[:, 1], table[:, 2], table[:, 3]
    light = p90 > _DARK * np.nanmax(p90, initial=0.0)
    known = np.isfinite(truth)
    usable = (known & light).sum(axis=1) >= np.maximum(_KNOWN_SHARE * light.sum(axis=1), 1)
    if len(np.unique(hours[usable] * HOUR_S // DAY_S)) < DAYS_ENOUGH:
        return None
    place = np.where(light & known, _place(truth, p10, p50, p90), np.nan)
    return Places({int(hour): row for hour, row in zip(hours[usable], place[usable], strict=True)})


def _place(truth: Floats, p10: Floats, p50: Floats, p90: Floats) -> Floats:
    tiny = 1e-9
    below = LEVELS[1] + (truth - p50) / np.maximum(p50 - p10, tiny) * (LEVELS[1] - LEVELS[0])
    above = LEVELS[1] + (truth - p50) / np.maximum(p90 - p50, tiny) * (LEVELS[2] - LEVELS[1])
    found: Floats = np.clip(np.where(truth < p50, below, above), _LOWEST, _HIGHEST)
    return found
