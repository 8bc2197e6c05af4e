"""How good forecasts were: what was forecast against what came of it, and against saying "as yesterday"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import numpy as np

from ..local_time import DAY_S, HOUR_S, Ints, utc_offsets_s
from ..steps import Bools, Floats
from .archive import LEADS, Archive

# Hours ahead, from and until. The first is what forecasts are judged by; the others are its parts and the rest.
DAY_AHEAD: Final = "0_24h"
BUCKETS: Final[Mapping[str, tuple[int, int]]] = {
    DAY_AHEAD: (0, 24),
    "0_6h": (0, 6),
    "6_24h": (6, 24),
    "24_48h": (24, LEADS),
}
# Below this share of the largest value an hour counts as nothing: the nights of an array, its inverter's standby.
NOTHING: Final = 1e-3
# A percentage of next to nothing says nothing. [share of the mean]
NEAR_ZERO: Final = 0.01
# On this many days a forecaster may be unlucky; after them it is bad.
DAYS_TO_JUDGE: Final = 14
# Losing by less than a measurement's noise is no loss.
LOSS_MARGIN: Final = 1.02
_DAY_H: Final = DAY_S // HOUR_S


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How good forecasts of some lead times were. Errors in the unit of the series; e = forecast - truth.

    Attributes
    ----------
    hours : Number of forecast hours behind the numbers.
    days : Number of UTC days behind them.
    mae, rmse, bias : mean |e|, sqrt(mean e²), mean e.
    mape : mean |e / truth|; None where a truth near zero makes it meaningless.
    wape : sum |e| / sum |truth|; None where all truth is zero.
    coverage : Share of hours in which the truth lay within p10 and p90; None without a band.
    mae_yesterday : MAE of "as yesterday" over the hours where yesterday is known.
    skill : 1 - mae / mae_yesterday over those hours; above 0 is better than yesterday, 1 is perfect.
    """

    hours: int
    days: int
    mae: float
    rmse: float
    bias: float
    mape: float | None
    wape: float | None
    coverage: float | None
    mae_yesterday: float | None
    skill: float | None

    def loses(self, *, already: bool = False) -> bool:
        """Tell whether "as yesterday" has been better for long enough; who lost has to be as good to be used again."""
        if self.skill is None or self.days < DAYS_TO_JUDGE:
            return False
        return 1 - self.skill > (1.0 if already else LOSS_MARGIN)


def skill_by_lead(archive: Archive, zone: tzinfo) -> dict[str, Scores]:
    """Return the scores of every bucket of lead times about which something is known."""
    hours, table = archive.issues()
    if not len(hours):
        return {}
    at = hours[:, None] + np.arange(LEADS)
    truth, yesterday = archive.truth_at(at), archive.truth_at(reference_hours(at, table[:, 0], zone))
    found: dict[str, Scores] = {}
    for name, (low, high) in BUCKETS.items():
        part = np.s_[:, low:high]
        scores = score(table[:, :, low:high].swapaxes(0, 1), truth[part], yesterday[part], at[part])
        if scores is not None:
            found[name] = scores
    return found


def reference_hours(at: Ints, mean: Floats, zone: tzinfo) -> Ints:
    """Return the hours that "as yesterday" takes for the hours `at`, shape (m, LEADS) each.

    The same time of the local clock on the youngest day that was over, for that hour, when the forecast was issued.
    What was not forecast (`mean` is NaN: a price published already) was known as well.
    """
    forecast = np.isfinite(mean)
    first = np.where(forecast.any(axis=1), np.argmax(forecast, axis=1), 0)
    days = np.maximum((np.arange(LEADS) - first[:, None]) // _DAY_H, 0) + 1
    past = at - _DAY_H * days
    moved_s = utc_offsets_s(at * HOUR_S, zone) - utc_offsets_s(past * HOUR_S, zone)
    shifted: Ints = past + np.rint(moved_s / HOUR_S).astype(np.int64)
    return shifted


def score(table: Floats, truth: Floats, yesterday: Floats, at: Ints) -> Scores | None:
    """Return the scores of forecasts; None where there is nothing to score.

    Parameters
    ----------
    table : mean, p10, p50, p90, shape (4, …); NaN where nothing was forecast.
    truth, yesterday : What came, and what "as yesterday" said, NaN where not known, shape (…).
    at : Hours since the epoch, shape (…).
    """
    mean, p10, _, p90 = table
    usable = np.isfinite(mean) & np.isfinite(truth)
    usable &= _is_something(mean, p90, truth)
    if not usable.any():
        return None
    error, real = (mean - truth)[usable], truth[usable]
    mae_yesterday, skill = _against_yesterday(error, (yesterday - truth)[usable])
    banded = usable & np.isfinite(p10) & np.isfinite(p90)
    inside = (truth >= p10 - _slack(p10)) & (truth <= p90 + _slack(p90))
    return Scores(
        hours=int(usable.sum()),
        days=len(np.unique(at[usable] // _DAY_H)),
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt(np.square(error).mean())),
        bias=float(error.mean()),
        mape=_mape(error, real),
        wape=float(np.abs(error).sum() / np.abs(real).sum()) if np.any(real) else None,
        coverage=float(inside[banded].mean()) if banded.any() else None,
        mae_yesterday=mae_yesterday,
        skill=skill,
    )


def _is_something(mean: Floats, p90: Floats, truth: Floats) -> Bools:
    """Return where anything was expected or came: to know that the night is dark is no skill."""
    largest = NOTHING * np.nanmax(np.abs(np.where(np.isfinite(truth), truth, 0.0)))
    expected = np.maximum(np.abs(mean), np.nan_to_num(np.abs(p90)))
    some: Bools = (expected > largest) | (np.abs(truth) > largest)
    return some


def _slack(values: Floats) -> Floats:
    """Return by how much a stored value may be rounded."""
    rounding: Floats = np.abs(values) * 2.0**-11
    return rounding


def _mape(error: Floats, real: Floats) -> float | None:
    if np.any(np.abs(real) <= NEAR_ZERO * np.abs(real).mean()):
        return None
    return float(np.abs(error / real).mean())


def _against_yesterday(error: Floats, reference: Floats) -> tuple[float | None, float | None]:
    """Return the MAE of "as yesterday" and the skill against it, both over the hours where yesterday is known."""
    known = np.isfinite(reference)
    if not known.any():
        return None, None
    mae_yesterday = float(np.abs(reference[known]).mean())
    if mae_yesterday == 0:
        return 0.0, None
    return mae_yesterday, float(1 - np.abs(error[known]).mean() / mae_yesterday)
