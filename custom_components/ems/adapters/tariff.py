"""From a stored tariff to the engine's. What was published is handed in; what it costs is the engine's business."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from ..const import (
    CONF_EXPORT_DEDUCTION,
    CONF_EXPORT_KIND,
    CONF_EXPORT_PRICE,
    CONF_EXPORT_SHARE_PCT,
    CONF_EXPORT_VAT_PCT,
    CONF_IMPORT_PRICE,
    CONF_MARKUP,
    CONF_SHARE_PCT,
    CONF_VAT_PCT,
    CONF_WINDOWS,
    TARIFF_FIXED,
    TARIFF_TIME_OF_USE,
)
from ..engine.tariff import (
    FixedTariff,
    PriceFormula,
    PriceWindow,
    PublishedPrices,
    SeriesTariff,
    Tariff,
    TariffError,
    TimeOfUseTariff,
)
from .local_windows import window_times


def make_tariff(stored: Mapping[str, Any], zone: tzinfo, published: PublishedPrices | None) -> Tariff:
    """Return the tariff; raises `TariffError` where it needs published prices and there are none."""
    if stored["kind"] == TARIFF_FIXED:
        return FixedTariff(
            import_price_per_kwh=stored[CONF_IMPORT_PRICE], export=stored[CONF_EXPORT_PRICE], zone=zone
        )
    if stored["kind"] == TARIFF_TIME_OF_USE:
        return TimeOfUseTariff(
            zone=zone,
            base_price_per_kwh=stored[CONF_IMPORT_PRICE],
            windows=tuple(_window(window) for window in stored[CONF_WINDOWS]),
            export=stored[CONF_EXPORT_PRICE],
        )
    if published is None:
        raise TariffError("no_prices_known")
    # Homes that were set up before there were shares have none stored: theirs is the whole price.
    formula = PriceFormula(
        multiply=stored.get(CONF_SHARE_PCT, 100) / 100,
        add_per_kwh=stored[CONF_MARKUP],
        vat=stored[CONF_VAT_PCT] / 100,
    )
    return SeriesTariff(zone=zone, day_ahead=published, formula=formula, export=_export(stored))


def _export(stored: Mapping[str, Any]) -> float | PriceFormula:
    """Return what a fed-in kWh earns: nothing, a fixed price, or a share of the day-ahead price less a deduction."""
    kind = stored[CONF_EXPORT_KIND]
    if kind == "day_ahead":
        return PriceFormula(
            multiply=stored.get(CONF_EXPORT_SHARE_PCT, 100) / 100,
            add_per_kwh=-float(stored[CONF_EXPORT_DEDUCTION]),
            vat=stored.get(CONF_EXPORT_VAT_PCT, 0) / 100,
        )
    return float(stored[CONF_EXPORT_PRICE]) if kind == "fixed" else 0.0


def _window(stored: Mapping[str, Any]) -> PriceWindow:
    return PriceWindow(**window_times(stored), price_per_kwh=stored["price"])
