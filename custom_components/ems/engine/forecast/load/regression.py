"""Linear regression that leans on what is believed already, under squared, absolute and tilted losses."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...steps import Floats

# Residuals below this count as this: the absolute loss has no curvature at its corner. In units of the mean load.
_CORNER: Final = 0.05
_JITTER: Final = 1e-6


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The loss of a residual r = truth - answer: `squared`·r² / 2 or a pinball of level `level`."""

    squared: bool
    level: float = 0.5


def fit(
    x: NDArray[np.float32],
    y: Floats,
    weights: Floats,
    loss: Loss,
    *,
    prior: Floats,
    stiffness: float,
    start: Floats,
    rounds: int,
) -> Floats:
    """Return coefficients β that minimise Σ w·loss(y - x·β) + stiffness·|β - prior|².

    A pinball loss is met by squared ones, weighted by 2·|level - (r < 0)| / |r| of the round before (iteratively
    reweighted least squares; E. J. Schlossmacher, "An iterative technique for absolute deviations curve fitting",
    Journal of the American Statistical Association 68, 1973).

    The rows come day by day, and are multiplied day by day: products of that size stay in this thread. Larger ones
    wake the helpers of the BLAS, which then spin on cores that others need, and cost six times the work.

    Parameters
    ----------
    x, y, weights : Rows of the design, their targets and what each counts, shapes (days, 24, p), (days, 24) twice.
    prior, start : Coefficients leaned on and begun with, shape (p,).
    rounds : Of reweighting; the squared loss needs none.
    """
    beta, beyond = start, y - _answers(x, prior)
    for _ in range(1 if loss.squared else rounds):
        row_weights = (
            weights if loss.squared else weights * _pinball_weight(y - _answers(x, beta), loss.level)
        )
        weighted = (x * row_weights.astype(np.float32)[..., None]).transpose(0, 2, 1)
        gram = (weighted @ x).sum(axis=0, dtype=np.float64)
        gram[np.diag_indices_from(gram)] += stiffness + _JITTER
        moments = weighted @ beyond.astype(np.float32)[..., None]
        beta = prior + np.linalg.solve(gram, moments.sum(axis=0, dtype=np.float64)[:, 0])
    return beta


def _answers(x: NDArray[np.float32], beta: Floats) -> Floats:
    return (x @ beta.astype(np.float32)).astype(np.float64)


def _pinball_weight(residual: Floats, level: float) -> Floats:
    side = np.where(residual >= 0, level, 1 - level)
    weight: Floats = 2 * side / np.maximum(np.abs(residual), _CORNER)
    return weight
