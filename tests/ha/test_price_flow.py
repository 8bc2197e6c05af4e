"""Prices from an entity that Home Assistant has: read, converted and shown before they are believed, or refused."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_home, change_home
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import entity_device, home_of_entities

ENTITY = "sensor.price"
FORMULA = {"markup": 0, "vat_pct": 0, "export_kind": "fixed", "export_price": 0.05, "export_deduction": 0} | {
    "share_pct": 100,
    "export_share_pct": 100,
    "export_vat_pct": 0,
}


def rows(hours: int = 36, price: float = 0.25, begin: datetime | None = None) -> list[dict[str, Any]]:
    """Return hourly prices from midnight on; the second half of each day costs twice as much."""
    begin = begin or dt_util.start_of_local_day()
    found = []
    for hour in range(hours):
        start = begin + timedelta(hours=hour)
        value = price * (2 if hour % 24 >= 12 else 1)
        end = start + timedelta(hours=1)
        found.append({"start": start.isoformat(), "end": end.isoformat(), "value": value})
    return found


def set_prices(hass: HomeAssistant, unit: str | None = "EUR/kWh", **attributes: Any) -> None:
    """Let the price entity say something."""
    set_sensor(hass, ENTITY, 0.25, unit, **attributes)


async def at_entity(hass: HomeAssistant) -> Flow:
    """Go as far as the price entity."""
    flow = await (await add_home(hass)).choose("scratch")
    await flow.submit(name="Home", phases="3", fuse_a=25)
    return await flow.choose("tariff_entity")


@pytest.mark.parametrize(
    ("unit", "price"), [("EUR/kWh", 0.25), ("EUR/MWh", 250), ("ct/kWh", 25), ("€/kWh", 0.25)]
)
async def test_prices_are_shown_in_the_homes_currency_per_kwh(
    hass: HomeAssistant, unit: str, price: float
) -> None:
    """Whatever the entity counts in, it is converted before anyone sees it, and shown before it is stored."""
    set_prices(hass, unit, raw_today=rows(24, price), raw_tomorrow=[])
    flow = await at_entity(hass)
    await flow.submit(entity_id=ENTITY, **FORMULA)
    assert flow.step == "tariff_preview"
    assert flow.shown["count"] == "24"
    assert (flow.shown["lowest"], flow.shown["highest"]) == ("0.2500", "0.5000")
    assert (flow.shown["first"], flow.shown["last"]) == ("2026-06-15 00:00", "2026-06-16 00:00")
    assert flow.shown["currency"] == "EUR"
    await flow.submit()
    assert flow.step == "weather"
    await flow.submit(kind="none")
    assert flow.created
    await settle(hass)
    entry = flow.result["result"]
    assert entry.data["tariff"] == {"kind": "entity", "entity_id": ENTITY, **FORMULA}
    assert hass.states.get("sensor.home_import_price").state == "0.5"  # it is noon
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("unit", "attributes", "error"),
    [
        ("SEK/kWh", {"raw_today": 24}, "price_unit_currency"),
        ("bananas", {"raw_today": 24}, "price_unit_unknown"),
        (None, {"raw_today": 24}, "price_unit_missing"),
        ("EUR/kWh", {}, "price_rows_missing"),
        ("EUR/kWh", {"raw_today": [{"start": "soon", "value": "cheap"}]}, "price_rows_unusable"),
    ],
)
async def test_prices_that_cannot_be_read_are_refused(
    hass: HomeAssistant, unit: str | None, attributes: dict[str, Any], error: str
) -> None:
    """Never passed through: the message says what is wrong with the entity."""
    hours = {key: rows(value) if isinstance(value, int) else value for key, value in attributes.items()}
    set_prices(hass, unit, **hours)
    flow = await at_entity(hass)
    await flow.submit(entity_id=ENTITY, **FORMULA)
    assert flow.step == "tariff_entity"
    assert flow.errors == {"entity_id": error}
    assert flow.suggested["entity_id"] == ENTITY


async def test_a_price_in_cents_that_says_euro_is_refused(hass: HomeAssistant) -> None:
    """25 EUR/kWh is a mistaken unit, not a price."""
    set_prices(hass, raw_today=rows(24, 25))
    flow = await at_entity(hass)
    await flow.submit(entity_id=ENTITY, **FORMULA)
    assert flow.errors == {"entity_id": "price_implausible"}


@pytest.mark.parametrize("there", [True, False])
async def test_a_price_entity_that_is_not_there_is_refused(hass: HomeAssistant, there: bool) -> None:
    """Unavailable just now, or a typing error."""
    if there:
        hass.states.async_set(ENTITY, "unavailable")
    flow = await at_entity(hass)
    await flow.submit(entity_id=ENTITY, **FORMULA)
    assert flow.errors == {"entity_id": "price_entity_unavailable"}


async def test_a_home_whose_currency_is_not_the_euro_has_no_awattar(hass: HomeAssistant) -> None:
    """Its prices are in euro; nobody converts them behind people's backs."""
    await hass.config.async_update(currency="CHF")
    flow = await (await add_home(hass)).choose("scratch")
    await flow.submit(name="Home", phases="3", fuse_a=25)
    await flow.choose("tariff_awattar")
    await flow.submit(country="at", **FORMULA)
    assert flow.errors == {"base": "currency_not_eur"}


@pytest.fixture
async def priced(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """A home on a price entity, with a meter and a battery."""
    read_home(hass)
    set_prices(hass, raw_today=rows(24))
    site = home_of_entities(
        entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid"),
        tariff={"kind": "entity", "entity_id": ENTITY, **FORMULA},
    )
    return await add_site(site)


async def test_the_price_entity_can_be_changed(hass: HomeAssistant, priced: MockConfigEntry) -> None:
    """With a preview here too."""
    set_sensor(hass, "sensor.other_price", 0.1, "EUR/kWh", raw_today=rows(24, 0.1))
    flow = await (await change_home(hass, priced)).choose("tariff", "tariff_entity")
    assert flow.suggested["entity_id"] == ENTITY
    await flow.submit(entity_id="sensor.other_price", **FORMULA)
    assert flow.shown["lowest"] == "0.1000"
    await flow.submit()
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert hass.states.get("sensor.home_import_price").state == "0.2"


async def test_tomorrows_prices_are_planned_with_as_soon_as_they_come(
    hass: HomeAssistant, priced: MockConfigEntry
) -> None:
    """Missing they are no degradation: they come at one o'clock. Then a new plan is made at once."""
    first = priced.runtime_data.plan.data
    assert first.status == "ok"
    known = first.outlook.problem.price_known
    assert known[0]
    assert not known[-1]
    set_prices(hass, raw_today=rows(48)[:24], raw_tomorrow=rows(48)[24:])
    await settle(hass)
    second = priced.runtime_data.plan.data
    assert second.outlook is not first.outlook
    assert second.outlook.problem.price_known.sum() > known.sum()
    set_prices(hass, raw_today=rows(48)[:24], raw_tomorrow=rows(48)[24:], note="nothing new")
    await settle(hass)
    assert priced.runtime_data.plan.data.outlook is second.outlook


async def test_prices_that_are_gone_are_remembered(
    hass: HomeAssistant, priced: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """The entity's integration stumbles: what was known goes on counting, and the plan says so. Logged once."""
    hass.states.async_set(ENTITY, "unavailable")
    await settle(hass)
    await priced.runtime_data.plan.async_plan()
    state = priced.runtime_data.plan.data
    assert state.status == "degraded"
    assert state.outlook.problem.import_price_per_kwh[0] == 0.5
    status = hass.states.get("sensor.home_plan_status")
    assert ENTITY in status.attributes["reason"]
    hass.states.async_set(ENTITY, "unavailable", {"again": 1})
    await settle(hass)
    assert caplog.text.count("price_entity_unavailable") == 1
    set_prices(hass, raw_today=rows(24))
    await settle(hass)
    await priced.runtime_data.plan.async_plan()
    assert priced.runtime_data.plan.data.status == "ok"
    assert "price_entity_unavailable is over" in caplog.text


async def test_a_day_without_new_prices_is_estimated_and_says_so(
    hass: HomeAssistant, priced: MockConfigEntry, clock: Clock
) -> None:
    """The series ends at midnight; the hours after it are made from the hours before."""
    await clock.move_to(hass, "2026-06-16T09:00:30+02:00")
    await priced.runtime_data.plan.async_plan()
    state = priced.runtime_data.plan.data
    assert state.status == "degraded"
    assert "price_now_estimated" in [reason.key for reason in state.reasons]
    assert state.outlook.problem.import_price_per_kwh[0] == pytest.approx(0.25)


async def test_without_any_price_there_is_no_plan_and_it_says_why(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Failed, with the reason in words; actions say the same."""
    read_home(hass)
    hass.states.async_set(ENTITY, "unavailable")
    entry = await add_site(
        home_of_entities(
            entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid"),
            tariff={"kind": "entity", "entity_id": ENTITY, **FORMULA},
        )
    )
    status = hass.states.get("sensor.home_plan_status")
    assert status.state == "failed"
    assert "no prices" in status.attributes["reason"]
    assert hass.states.get("sensor.home_expected_cost").state == "unknown"
    answer = await hass.services.async_call("ems", "optimize", {}, blocking=True, return_response=True)
    assert answer["status"] == "failed"
    assert set(answer) == {"status", "reasons"}
    assert entry.runtime_data.plan.current is None
