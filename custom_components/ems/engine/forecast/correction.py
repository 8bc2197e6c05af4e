"""The learned correction: a regression of own production on what should have been made, shrunk towards that."""

from dataclasses import dataclass

import numpy as np

from ..local_time import Ints
from ..steps import Bools, Floats
from .features import Design

# Roofs and trees change slowly, and a year has to be seen once as a whole.
HALF_LIFE_DAYS = 400.0
# The variance of an hour's error over that of a coefficient; hours of one day err together, so that few days
# tell less than their hours: the second part wanes with their number. Measured on the shared arrays.
RIDGE, RIDGE_DAYS = 0.3, 60.0
# A day on which so little of the usual came lay under snow, or its inverter was off: it teaches nothing about
# the next summer. Of the usual share of what was expected, on days that were expected to be bright enough.
SILENT_SHARE, BRIGHT_DAY_H = 0.15, 0.4
# Errors are judged with this many days left out at once: a single day is known from the days around it, which
# tomorrow is not.
LEFT_OUT_DAYS = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """What was learned, and how it would have erred.

    Attributes
    ----------
    coefficients : Of the design's columns, shape (k,).
    fields, field_coefficients : The fields of the sky that were seen, in order, and theirs.
    power, error : What was fitted and measured minus that, each as if its days had not been learned, shape (m,).
    measured, residual : What was measured, and by how much it is more than what was fitted with all days, shape (m,).
    clear, day, age_days : Clear-sky power, day and age of these hours, shape (m,).
    """

    coefficients: Floats
    fields: Ints
    field_coefficients: Floats
    power: Floats
    error: Floats
    measured: Floats
    residual: Floats
    clear: Floats
    day: Ints
    age_days: Floats

    def predict(self, design: Design) -> Floats:
        """Return the corrected power of each hour, shape (n,)."""
        smooth = design.columns @ self.coefficients
        if not len(self.fields):
            return np.asarray(smooth)
        index = np.minimum(np.searchsorted(self.fields, design.field), len(self.fields) - 1)
        seen = self.fields[index] == design.field
        return np.asarray(smooth + np.where(seen, self.field_coefficients[index], 0) * design.beam)


def teaching_hours(design: Design, measured: Floats) -> Bools:
    """Return the hours that teach: lit, measured, and not of a silent day."""
    rows = design.lit & np.isfinite(measured)
    expected = design.columns @ design.prior
    index = design.day - design.day.min()
    came, should = (np.bincount(index, np.where(rows, power, 0)) for power in (measured, expected))
    bright = should > BRIGHT_DAY_H
    if not bright.any():
        return np.asarray(rows)
    share = came / np.maximum(should, BRIGHT_DAY_H)
    silent = bright & (share < SILENT_SHARE * np.median(share[bright]))
    return np.asarray(rows & ~silent[index])


def fit(design: Design, measured: Floats, clear: Floats) -> Fit | None:
    """Fit measured power, shares of the nameplate, shape (n,); None where nothing teaches.

    β = β₀ + (XᵀWX + λ·I)⁻¹ · XᵀW·(y - X·β₀): ridge regression towards the physics β₀.
    """
    rows = np.flatnonzero(teaching_hours(design, measured))
    if not len(rows):
        return None
    fields = np.unique(design.field[rows])
    shadows = (design.field[rows][:, None] == fields) * design.beam[rows][:, None]
    x = np.hstack([design.columns[rows], shadows])
    prior = np.concatenate([design.prior, np.zeros(len(fields))])
    age_days = (len(measured) - 1 - rows) / 24
    weight = 0.5 ** (age_days / HALF_LIFE_DAYS)
    days = weight.sum() / weight.max() / max(np.bincount(design.day[rows] - design.day[rows[0]]).max(), 1)
    heavy = x * weight[:, None]
    inverse = np.linalg.inv(heavy.T @ x + (RIDGE + RIDGE_DAYS / days) * np.eye(len(prior)))
    left = measured[rows] - x @ prior
    coefficients = prior + inverse @ (heavy.T @ left)
    residual = measured[rows] - x @ coefficients
    error = _error_if_not_learned(x, inverse, weight, residual, design.day[rows] // LEFT_OUT_DAYS)
    count = len(design.prior)
    return Fit(
        coefficients=coefficients[:count],
        fields=fields,
        field_coefficients=coefficients[count:],
        power=measured[rows] - error,
        error=error,
        measured=measured[rows],
        residual=residual,
        clear=clear[rows],
        day=design.day[rows],
        age_days=age_days,
    )


def _error_if_not_learned(x: Floats, inverse: Floats, weight: Floats, error: Floats, group: Ints) -> Floats:
    """Return each hour's error had its group not been learned: (I - X_g·G⁻¹·X_gᵀ·W_g)⁻¹ · e_g, group by group.

    References
    ----------
    R. D. Cook, S. Weisberg, "Residuals and Influence in Regression", 1982, section 3.2, for groups of rows.
    """
    left = np.empty_like(error)
    reach = x @ inverse
    firsts = np.flatnonzero(np.append(True, np.diff(group) != 0))
    for first, last in zip(firsts, np.append(firsts[1:], len(group)), strict=True):
        rows = slice(first, last)
        influence = reach[rows] @ x[rows].T * weight[rows]
        left[rows] = np.linalg.solve(np.eye(last - first) - influence, error[rows])
    return left
