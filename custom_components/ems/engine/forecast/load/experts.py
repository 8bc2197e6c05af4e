"""Several forecasters, one answer: who was right lately at this hour is listened to."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from ...steps import Floats
from .days import HOURS
from .quantiles import smoothed

# What is forgotten of yesterday's regrets: a hundredth.
_KEPT: Final = 0.99
# Twice: an hour learns from its neighbours, because people are not punctual.
_SHARE: Final = 0.3
_FASTEST: Final = 3.0
_VARIANCE_0: Final = 1e-2
_LIMIT: Final = 4.0
# The loss: absolute errors, some of the squared ones, and a price on energy that was not foreseen. Medians of a
# home are a tenth too low on energy, so the price moves the answer up at every hour by the same share of days,
# which is where missing kilowatt-hours cost the least accuracy to add.
_ABSOLUTE, _SQUARED = 0.8, 0.1
# The price rises while energy is missing and falls while there is too much; it aims at 2 % too low, where bias and
# absolute error are about equally far from their bars, and counts in full only when the home is known.
_PRICE_0, _PRICE_MIN, _PRICE_MAX = 0.25, 0.05, 0.5
_PRICE_RATE, _AIM, _ERROR_LIMIT = 0.03, 0.02, 0.5
_PRICE_DAYS, _PRICED_FROM = 60.0, 20


@dataclass(frozen=True, eq=False)
class Aggregation:
    """Bernstein online aggregation with the gradient trick, one set of weights per hour.

        p ∝ exp(η·R),  R ← 0.99·R + r,  r = -g·(x - f) / level,  g = d loss / d f
        η = min(√(ln(m + 1) / V), 3),   V ← 0.99·V + r²

    O. Wintenberger, "Optimal learning with Bernstein online aggregation", Machine Learning 106, 2017; without its
    second-order term, which changed nothing here.

    Attributes
    ----------
    regrets, variances : Shape (experts, 24).
    price : Of missing energy, in absolute errors.
    """

    regrets: Floats
    variances: Floats
    price: float = _PRICE_0

    @classmethod
    def of(cls, experts: int) -> Self:
        """Return one that has seen nothing: all experts count alike."""
        return cls(np.zeros((experts, HOURS)), np.full((experts, HOURS), _VARIANCE_0))

    def weights(self) -> Floats:
        """Return what each expert counts, shape (experts, 24), columns adding up to 1."""
        regrets, variances = (smoothed(smoothed(t, _SHARE), _SHARE) for t in (self.regrets, self.variances))
        eta = np.minimum(np.sqrt(np.log(len(regrets) + 1) / variances), _FASTEST)
        power = eta * regrets
        weights = np.exp(power - power.max(axis=0))
        return np.asarray(weights / weights.sum(axis=0))

    def answer(self, experts_kw: Floats) -> Floats:
        """Return the mean of what experts say, (experts, 24), by their weights, shape (24,)."""
        return np.asarray((self.weights() * experts_kw).sum(axis=0))

    def seen(self, kw: Floats, experts_kw: Floats, level_kw: float, days: int) -> Self:
        """Return the aggregation after a day; hours not known teach nothing.

        Parameters
        ----------
        kw : What was measured, NaN where not known, shape (24,). [kW]
        experts_kw : What the experts had said, shape (experts, 24). [kW]
        level_kw : The home's level, the unit of errors. [kW]
        days : How many days the home is known.
        """
        answer = self.answer(experts_kw)
        known = np.isfinite(kw)
        error = np.where(known, (kw - answer) / level_kw, 0.0)
        price = self._next_price(error[known], days)
        slope = _ABSOLUTE * np.sign(error) + 2 * _SQUARED * np.clip(error, -_LIMIT, _LIMIT)
        slope = slope + known * price * days / (days + _PRICE_DAYS)
        regret = slope * (experts_kw - answer) / level_kw
        return type(self)(_KEPT * self.regrets + regret, _KEPT * self.variances + regret**2, price)

    def _next_price(self, error: Floats, days: int) -> float:
        if days < _PRICED_FROM or not len(error):
            return self.price
        missing = float(np.clip(error.mean(), -_ERROR_LIMIT, _ERROR_LIMIT)) - _AIM
        return float(np.clip(self.price + _PRICE_RATE * missing, _PRICE_MIN, _PRICE_MAX))
