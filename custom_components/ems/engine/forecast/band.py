"""How far production may lie from its forecast: by cloudiness, measured elsewhere first and at home later."""

import numpy as np

from ..local_time import Ints
from ..steps import Floats
from .correction import Fit
from .sky import Source

LEVELS = (0.1, 0.5, 0.9)
# What became of a forecast of irradiance: quantiles of the measured share of the clear sky's power, by the
# share that was forecast. Measured (docs/forecasts.md); clouds are most uncertain in the middle.
SHARES = np.array([0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.05])
SHARE_QUANTILES = np.array([
    [0.01, 0.02, 0.05, 0.07, 0.11, 0.13, 0.16, 0.21, 0.26, 0.30, 0.35, 0.40],
    [0.04, 0.07, 0.15, 0.23, 0.31, 0.41, 0.49, 0.58, 0.65, 0.73, 0.86, 0.95],
    [0.15, 0.24, 0.42, 0.55, 0.69, 0.82, 0.88, 0.93, 0.96, 0.98, 1.02, 1.10],
])  # fmt: skip
# What becomes of a clear sky about which nobody has said anything, likewise measured.
NO_WEATHER_MEAN, NO_WEATHER_QUANTILES = 0.57, np.array([0.10, 0.52, 0.97])
# Cloud cover says less than irradiance: its band is moved this far towards that of knowing nothing.
CLOUD_COVER_DOUBT = 0.4
# Own errors count as much as those measured elsewhere from this many hours of about the same cloudiness on, and
# those of this season more than those of the last one.
TRUST_H = 30.0
HALF_LIFE_DAYS = 45.0
# Neighbours in cloudiness are taken together: errors change slowly with it.
WIDTH = 0.15
# Of the nameplate: at sunrise shares of next to nothing would say nothing.
FAINT = 0.03


class Band:
    """Quantiles of production around its forecast.

    Own errors are those of days that had not been learned when they were judged, so that the band holds what it
    says (split conformal prediction: V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World",
    2005), separately by the forecast share of the clear sky's power.
    """

    def __init__(self, fit: Fit | None) -> None:
        """Learn from how a fit would have erred."""
        self._trust = np.zeros(len(SHARES))
        self._own: Floats | None = None  # offsets from the forecast by SHARES, shape (3, k)
        if fit is not None and len(fit.error):
            self._learn(fit)

    def _learn(self, fit: Fit) -> None:
        scale = fit.clear + FAINT
        share, error = fit.power / scale, fit.error / scale
        near = np.maximum(1 - np.abs(share[None, :] - SHARES[:, None]) / WIDTH, 0)
        near = near * 0.5 ** (fit.age_days / HALF_LIFE_DAYS)
        amount = near.sum(axis=1)
        self._trust = amount / (amount + TRUST_H)
        order = np.argsort(error)
        summed = np.cumsum(near[:, order], axis=1)
        places = (np.array(LEVELS)[:, None] * amount[None, :])[..., None]
        index = np.minimum((summed[None] < places).sum(axis=-1), len(error) - 1)
        self._own = error[order][index]

    def quantiles(self, power: Floats, clear: Floats, source: Ints) -> Floats:
        """Return p10, p50 and p90 of each hour, shares of the nameplate, shape (3, n).

        source : What is known of the weather; where nothing is, the band reaches from cloud to clear sky.
        """
        doubt = np.choose(source, [1.0, CLOUD_COVER_DOUBT, 0.0])
        forecast = power / np.maximum(clear, 1e-9)
        given = np.stack([np.interp(forecast, SHARES, row) for row in SHARE_QUANTILES])
        usual = ((1 - doubt) * given + doubt * NO_WEATHER_QUANTILES[:, None]) * clear
        if self._own is None:
            return np.asarray(usual)
        share = power / (clear + FAINT)
        own = (share + np.stack([np.interp(share, SHARES, row) for row in self._own])) * (clear + FAINT)
        trust = np.where(source == Source.CLEAR_SKY, 0.0, np.interp(share, SHARES, self._trust))
        return np.asarray(np.sort(trust * own + (1 - trust) * usual, axis=0))
