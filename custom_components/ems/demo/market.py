"""A day-ahead electricity market: plausible prices, drawn per local market day, published at one o'clock."""

from dataclasses import dataclass
from datetime import datetime
import math
from zoneinfo import ZoneInfo

import numpy as np

from .calendar_day import LocalDay
from .noise import gaussian, smooth

HOUR_S = 3600.0
MARKET_ZONE = ZoneInfo("Europe/Berlin")  # read at import, because it is a file
PUBLISHED_HOUR = 13.0  # tomorrow's prices appear on the wall clock of the market
_LEVEL, _SUN, _WIGGLE = 70, 71, 72  # channels of the noise

# Deviation from the day's level by the hour on the wall, as a share of it: a low at night, a morning
# shoulder, an evening peak. The midday dip is solar and drawn apart.
_SHAPE = (
    -0.18, -0.22, -0.25, -0.26, -0.22, -0.10, 0.10, 0.28, 0.30, 0.15, 0.02, -0.05,
    -0.08, -0.06, -0.02, 0.06, 0.20, 0.42, 0.62, 0.68, 0.48, 0.25, 0.05, -0.08,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Price:
    """One hour's price. [s since the epoch], [EUR/MWh]."""

    start_s: float
    end_s: float
    eur_per_mwh: float


def published_until_s(now_s: float) -> float:
    """Return the end of the last market day whose prices are out. [s since the epoch]."""
    today = LocalDay.holding(now_s, MARKET_ZONE)
    return today.next.end_s if now_s >= today.at(PUBLISHED_HOUR) else today.end_s


def prices(seed: int, from_s: float, until_s: float, now_s: float) -> list[Price]:
    """Return the hours from `from_s` to before `until_s` that are published by `now_s`."""
    start_s = math.floor(from_s / HOUR_S) * HOUR_S
    end_s = min(until_s, published_until_s(now_s))
    count = max(0, math.ceil((end_s - start_s) / HOUR_S))
    starts = start_s + HOUR_S * np.arange(count)
    return [Price(start_s=s, end_s=s + HOUR_S, eur_per_mwh=_price(seed, s)) for s in starts.tolist()]


def _price(seed: int, start_s: float) -> float:
    """Return one hour's price: level × (shape + sun) + noise. [EUR/MWh]."""
    day = LocalDay.holding(start_s, MARKET_ZONE)
    ordinal = day.day.toordinal()
    summer = -math.cos(2 * math.pi * (ordinal % 365.2425 - 15) / 365.2425)
    drift = float(smooth(seed, _LEVEL, start_s, 72 * HOUR_S)[0])
    level = (95 - 12 * summer + 18 * drift) * (0.82 if day.is_weekend else 1.0)
    wall = datetime.fromtimestamp(start_s, MARKET_ZONE).hour
    sunshine = 0.45 + 0.35 * summer + 0.22 * float(gaussian(seed, _SUN, ordinal)[0])
    dip = max(sunshine, 0.05) * (1.5 if day.is_weekend else 1.15) * math.exp(-(((wall - 12.8) / 2.6) ** 2))
    wiggle = 3.0 * float(gaussian(seed, _WIGGLE, int(start_s // HOUR_S))[0])
    return round(level * (1 + _SHAPE[wall] - dip) + wiggle, 2)
