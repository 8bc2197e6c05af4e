"""Tariffs: what a kWh costs and earns in each step, and whether that is published or estimated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Protocol

import numpy as np

from .local_time import DAY_S, HOUR_S, local_day_and_second, weekday_of
from .local_window import EVERY_DAY, MINUTE_S, LocalWindow
from .price_estimate import QUARTER_S, estimate
from .sampling import samples_of
from .steps import Bools, Floats, Steps

# Estimates look back five weeks: five Saturdays, and no more of the last season than must be.
ESTIMATE_S = 35 * DAY_S
# An hour's estimate is the mean of its quarters.
INSIDE = np.array([1, 3, 5, 7]) / 8


class TariffError(ValueError):
    """A tariff that cannot answer; `key` names the message, `placeholders` fill it."""

    def __init__(self, key: str, **placeholders: str | float) -> None:
        """Keep the reason as data."""
        super().__init__(f"{key}: {placeholders}" if placeholders else key)
        self.key = key
        self.placeholders: Mapping[str, str | float] = placeholders


@dataclass(frozen=True, kw_only=True, eq=False)
class PriceSeries:
    """Prices on the planner's steps, all taxes and fees in, shape (n,) each. [currency/kWh].

    `known` is False where the import or the export price is an estimate.
    """

    import_price_per_kwh: Floats
    export_price_per_kwh: Floats
    known: Bools


class Tariff(Protocol):
    """What every tariff can do."""

    def prices(self, steps: Steps) -> PriceSeries:
        """Return the prices of each step."""


@dataclass(frozen=True, kw_only=True)
class PriceFormula:
    """From the raw price to the one paid or received: (raw·multiply + add_per_kwh)·(1 + vat).

    For instance a supplier that takes 3 % of the exchange price and 1.5 ct, with 20 % VAT on all of it:
    `PriceFormula(multiply=1.03, add_per_kwh=0.015, vat=0.2)`. A feed-in fee is a negative `add_per_kwh`.
    """

    multiply: float = 1.0
    add_per_kwh: float = 0.0
    vat: float = 0.0  # a fraction: 0.2 is 20 %

    def __post_init__(self) -> None:
        """Refuse what is no number, and VAT that was meant in percent."""
        if not np.all(np.isfinite([self.multiply, self.add_per_kwh, self.vat])):
            raise TariffError("price_not_a_number")
        if not 0 <= self.vat < 1:
            raise TariffError("vat_out_of_range", vat=self.vat)

    def apply(self, raw_per_kwh: Floats) -> Floats:
        """Return the price that follows from the raw one. [currency/kWh]."""
        return (raw_per_kwh * self.multiply + self.add_per_kwh) * (1 + self.vat)


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedPrices:
    """Prices as published: intervals of any width, increasing, not overlapping; gaps are allowed.

    Attributes
    ----------
    starts_s, ends_s : Interval borders, shape (m,). [s since epoch, UTC]
    price_per_kwh : Shape (m,). [currency/kWh]
    """

    starts_s: Floats
    ends_s: Floats
    price_per_kwh: Floats

    def __post_init__(self) -> None:
        """Freeze the arrays and refuse what is not a series."""
        for name in ("starts_s", "ends_s", "price_per_kwh"):
            values = np.array(getattr(self, name), dtype=np.float64)
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        if not self.starts_s.shape == self.ends_s.shape == self.price_per_kwh.shape == (len(self.starts_s),):
            raise TariffError("price_series_shape")
        if np.any(self.ends_s <= self.starts_s) or np.any(self.starts_s[1:] < self.ends_s[:-1]):
            raise TariffError("price_series_overlaps")
        if not np.all(np.isfinite(self.price_per_kwh)):
            raise TariffError("price_not_a_number")

    def on(self, steps: Steps) -> Floats:
        """Return the mean over each step, NaN where a step is not wholly covered, shape (n,)."""
        borders = np.column_stack([self.starts_s, self.ends_s]).ravel()
        values = np.column_stack([self.price_per_kwh, np.full(len(self.starts_s), np.nan)]).ravel()
        # An end that is also the next start would be a gap of no width: keep the start that follows it.
        keep = np.append(np.diff(borders) > 0, np.ones(min(1, len(borders)), dtype=bool))
        return steps.mean_of(borders[keep], values[keep]) if len(borders) else np.full(len(steps), np.nan)

    def with_estimates(self, steps: Steps, zone: tzinfo) -> tuple[Floats, Bools]:
        """Return prices on every step and where they are published; the rest is estimated (`price_estimate`).

        Raises `TariffError` ("no_prices_known") where an estimate is needed and not a single price is known.
        """
        prices = self.on(steps)
        known = np.isfinite(prices)
        if known.all():
            return prices, known
        width_s = steps.hours[~known, np.newaxis] * HOUR_S
        inside_s = steps.starts_s[~known, np.newaxis] + width_s * INSIDE
        prices[~known] = self._estimate(inside_s.ravel(), zone).reshape(inside_s.shape).mean(axis=1)
        return prices, known

    def _estimate(self, at_s: Floats, zone: tzinfo) -> Floats:
        """Return what it will cost at some instants, by the weeks that are known."""
        if len(self.starts_s) == 0:
            raise TariffError("no_prices_known")
        end = np.ceil(self.ends_s[-1] / QUARTER_S) * QUARTER_S
        start = max(np.floor(self.starts_s[0] / QUARTER_S) * QUARTER_S, end - ESTIMATE_S)
        quarters = Steps(edges_s=np.arange(start, end + 1, QUARTER_S))
        prices = self.on(quarters)
        known = np.isfinite(prices)
        if not known.any():
            # Pieces shorter than a quarter of an hour: too little to tell hours apart.
            return np.full(len(at_s), float(np.mean(self.price_per_kwh)))
        return estimate(prices[known], quarters.starts_s[known], at_s, zone)


type ExportPrice = float | PublishedPrices


def _export(export: ExportPrice, steps: Steps, zone: tzinfo) -> tuple[Floats, Bools]:
    if isinstance(export, PublishedPrices):
        return export.with_estimates(steps, zone)
    return np.full(len(steps), float(export)), np.ones(len(steps), dtype=bool)


def _require_finite(*prices: ExportPrice | PriceFormula) -> None:
    if not all(np.isfinite(price) for price in prices if isinstance(price, (int, float))):
        raise TariffError("price_not_a_number")


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedTariff:
    """One price around the clock."""

    import_price_per_kwh: float
    export: ExportPrice = 0.0
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        _require_finite(self.import_price_per_kwh, self.export)

    def prices(self, steps: Steps) -> PriceSeries:
        """Return the prices of each step."""
        export, known = _export(self.export, steps, self.zone)
        price = np.full(len(steps), float(self.import_price_per_kwh))
        return PriceSeries(import_price_per_kwh=price, export_price_per_kwh=export, known=known)


@dataclass(frozen=True, kw_only=True)
class PriceWindow(LocalWindow):
    """A price between two times of the local clock."""

    price_per_kwh: float

    def __post_init__(self) -> None:
        """Refuse what is no window."""
        _require_finite(self.price_per_kwh)
        if not self.weekdays <= EVERY_DAY or not self.weekdays:
            raise TariffError("window_weekdays")


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeOfUseTariff:
    """Prices by the local clock and weekday; the first window that holds wins, outside all the base price."""

    zone: tzinfo
    base_price_per_kwh: float
    windows: tuple[PriceWindow, ...] = ()
    export: ExportPrice = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        _require_finite(self.base_price_per_kwh, self.export)

    def prices(self, steps: Steps) -> PriceSeries:
        """Return the prices of each step; a step across a border takes the mean, to the minute."""
        samples = samples_of(steps, MINUTE_S)
        day, second = local_day_and_second(samples.at_s, self.zone)
        price = np.full(len(day), float(self.base_price_per_kwh))
        for window in reversed(self.windows):
            price[window.holds(weekday_of(day), second)] = window.price_per_kwh
        export, known = _export(self.export, steps, self.zone)
        return PriceSeries(import_price_per_kwh=samples.mean(price), export_price_per_kwh=export, known=known)


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesTariff:
    """Prices that somebody publishes, usually a day ahead, with what the supplier adds.

    Attributes
    ----------
    zone : Local time, for estimates by the hour of the clock.
    day_ahead : The raw prices; as many past days as are at hand make better estimates.
    formula : From the raw price to the one paid.
    export : A fixed price, a formula over the same raw prices, or a series of its own (as received).
    """

    zone: tzinfo
    day_ahead: PublishedPrices
    formula: PriceFormula = field(default_factory=PriceFormula)
    export: ExportPrice | PriceFormula = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        _require_finite(self.export)

    def prices(self, steps: Steps) -> PriceSeries:
        """Return the prices of each step. Raises `TariffError` ("no_prices_known") without a single price."""
        raw, known = self.day_ahead.with_estimates(steps, self.zone)
        if isinstance(self.export, PriceFormula):
            export, export_known = self.export.apply(raw), known
        else:
            export, export_known = _export(self.export, steps, self.zone)
        return PriceSeries(
            import_price_per_kwh=self.formula.apply(raw),
            export_price_per_kwh=export,
            known=known & export_known,
        )
