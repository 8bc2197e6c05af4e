"""From a stored tariff to prices: windows on the local clock, formulas, and what is not there."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from custom_components.ems.adapters.tariff import make_tariff
from custom_components.ems.engine.steps import tiered_steps
from custom_components.ems.engine.tariff import PublishedPrices, TariffError

VIENNA = ZoneInfo("Europe/Vienna")
NIGHT = {"start": "22:00:00", "end": "06:00:00", "price": 0.2}
FORMULA = {"markup": 0.1, "vat_pct": 20, "export_price": 0.06, "export_deduction": 0.01}


def published(begin: str, hours: int = 72) -> PublishedPrices:
    """Return a day-ahead price that never changes."""
    starts = datetime.fromisoformat(begin).timestamp() + 3600.0 * np.arange(hours)
    return PublishedPrices(starts_s=starts, ends_s=starts + 3600, price_per_kwh=np.full(hours, 0.05))


def prices(stored: dict[str, Any], now: str, known: PublishedPrices | None = None) -> Any:
    """Return (local hour of each step, prices)."""
    steps = tiered_steps(datetime.fromisoformat(now).timestamp())
    hours = np.array([datetime.fromtimestamp(start, VIENNA).hour for start in steps.starts_s])
    days = np.array([datetime.fromtimestamp(start, VIENNA).weekday() for start in steps.starts_s])
    return hours, days, make_tariff(stored, VIENNA, known).prices(steps)


@pytest.mark.parametrize(
    "now", ["2026-06-15T12:00:00+02:00", "2026-10-24T12:00:00+02:00", "2026-03-28T12:00:00+01:00"]
)
def test_windows_follow_the_clock_on_the_wall(now: str) -> None:
    """22 to 6 is eight hours, or seven, or nine."""
    stored = {"kind": "time_of_use", "import_price": 0.35, "windows": [NIGHT], "export_price": 0.05}
    hours, _, found = prices(stored, now)
    at_night = (hours >= 22) | (hours < 6)
    assert found.import_price_per_kwh[at_night] == pytest.approx(0.2)
    assert found.import_price_per_kwh[~at_night] == pytest.approx(0.35)
    assert found.export_price_per_kwh == pytest.approx(0.05)


@pytest.mark.parametrize("weekdays", [["sat", "sun"], [], None])
def test_a_window_without_weekdays_is_for_every_day(weekdays: list[str] | None) -> None:
    """Left empty, it always applies; where windows overlap, the first counts."""
    noon = {"start": "10:00:00", "end": "14:00:00", "price": 0.1, "weekdays": weekdays}
    wide = {"start": "08:00:00", "end": "20:00:00", "price": 0.3}
    stored = {"kind": "time_of_use", "import_price": 0.35, "windows": [noon, wide], "export_price": 0}
    hours, days, found = prices(stored, "2026-06-19T06:00:00+02:00")  # a Friday
    applies = (hours >= 10) & (hours < 14) & ((days >= 5) | (not weekdays))
    assert applies.any()
    assert found.import_price_per_kwh[applies] == pytest.approx(0.1)
    assert found.import_price_per_kwh[(hours >= 10) & (hours < 14) & ~applies] == pytest.approx(0.3)


@pytest.mark.parametrize(("kind", "export"), [("fixed", 0.06), ("none", 0.0), ("day_ahead", 0.04)])
def test_additions_and_vat_come_on_top_and_feed_in_is_paid_as_agreed(kind: str, export: float) -> None:
    """(0.05 + 0.1) · 1.2; feed-in fixed, for nothing, or the day-ahead price less what the buyer keeps."""
    stored = {"kind": "awattar", "country": "at", **FORMULA, "export_kind": kind}
    begin = "2026-06-15T00:00:00+02:00"
    _, _, found = prices(stored, "2026-06-15T12:00:00+02:00", published(begin))
    assert found.import_price_per_kwh[found.known] == pytest.approx(0.18)
    assert found.export_price_per_kwh[found.known] == pytest.approx(export)


def test_shares_of_the_exchange_price_are_paid_and_received() -> None:
    """(0.05 · 1.03 + 0.1) · 1.2 to pay; (0.05 · 0.9 − 0.01) · 1.1 to earn."""
    shares = {"share_pct": 103, "export_share_pct": 90, "export_vat_pct": 10}
    stored = {"kind": "entsoe", "zone": "AT", "token": "t", **FORMULA, **shares, "export_kind": "day_ahead"}
    _, _, found = prices(stored, "2026-06-15T12:00:00+02:00", published("2026-06-15T00:00:00+02:00"))
    assert found.import_price_per_kwh[found.known] == pytest.approx(0.1818)
    assert found.export_price_per_kwh[found.known] == pytest.approx(0.0385)


def test_a_fixed_price_is_always_known() -> None:
    """Day and night, weekday and Sunday."""
    _, _, found = prices(
        {"kind": "fixed", "import_price": 0.3, "export_price": -0.01}, "2026-06-15T12:00:00+02:00"
    )
    assert found.known.all()
    assert found.import_price_per_kwh == pytest.approx(0.3)
    assert found.export_price_per_kwh == pytest.approx(-0.01)


@pytest.mark.parametrize("kind", ["entity", "awattar"])
def test_a_tariff_of_published_prices_needs_some(kind: str) -> None:
    """Zero would be an invitation to charge."""
    stored = {"kind": kind, "entity_id": "sensor.x", "country": "at", **FORMULA, "export_kind": "fixed"}
    with pytest.raises(TariffError) as refused:
        make_tariff(stored, VIENNA, None)
    assert refused.value.key == "no_prices_known"
