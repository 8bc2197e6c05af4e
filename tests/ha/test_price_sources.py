"""Market prices in a home: set up with a proof, kept over failures and restarts, told about once, and mended."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.price_store import PriceStore
from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from custom_components.ems.flows.tariff import async_entity_prices
from custom_components.ems.sources import bright_sky, energy_charts, entsoe
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_home, change_home
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import PV_PARAMS, Site, entity_device, home_of_entities
from tests.ha.test_price_flow import ENTITY, FORMULA, rows, set_prices
from tests.sources.conftest import Service
from tests.sources.test_entsoe import NOTHING, TOKEN, document, period, series

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
CHARTS = {"kind": "energy_charts", "zone": "AT", **FORMULA}
PLATFORM = {"kind": "entsoe", "zone": "AT", "token": TOKEN, **FORMULA}
AUSTRIA = entsoe.ZONES["AT"]


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch, sockets: None) -> AsyncIterator[Service]:
    """Stand in for both services, over a real socket."""
    script = Service()
    app = web.Application()
    app.router.add_get("/{tail:.*}", script.answer)
    async with TestServer(app) as server:
        script.base_url = str(server.make_url("")).rstrip("/")
        monkeypatch.setattr(energy_charts, "BASE_URL", script.base_url)
        monkeypatch.setattr(entsoe, "BASE_URL", script.base_url)
        yield script


def columns(
    days: int = 1, per_mwh: float = 100.0, begin: datetime | None = None, unit: str = "EUR / MWh"
) -> Any:
    """Return Energy-Charts' answer: hours of one price from local midnight on."""
    start = (begin or dt_util.start_of_local_day()).timestamp()
    starts = [start + 3600 * hour for hour in range(24 * days)]
    return {"unix_seconds": starts, "price": [per_mwh] * len(starts), "unit": unit}


def hours(zone: str = AUSTRIA, currency: str = "EUR", **options: Any) -> str:
    """Return ENTSO-E's answer: today, at one price."""
    start = dt_util.as_utc(dt_util.start_of_local_day())
    ends = [f"{at:%Y-%m-%dT%H:%MZ}" for at in (start, start + timedelta(days=1))]
    return document(series(period(*ends, "PT60M", (1, 100)), zone=zone, currency=currency, **options))


def now_will(service: Service, *answer: Any) -> None:
    """Change what the service answers from now on."""
    service.answers.clear()
    service.will(*answer)


def keys(entry: MockConfigEntry) -> set[str]:
    """Return what is wrong outside."""
    return {problem.key for problem in entry.runtime_data.forecast.data.problems}


def issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the home's repair."""
    return ir.async_get(hass).async_get_issue("ems", f"sources_{entry.entry_id}")


async def at_tariff(hass: HomeAssistant, step: str) -> Flow:
    """Go as far as a tariff's form."""
    flow = await (await add_home(hass)).choose("scratch")
    await flow.submit(name="Home", phases="3", fuse_a=25)
    return await flow.choose(step)


def home(tariff: dict[str, Any]) -> Site:
    """Return a home with nothing but a meter."""
    return home_of_entities(GRID, tariff=tariff)


# Set-up


@pytest.mark.parametrize(
    ("step", "given", "stored"),
    [
        ("tariff_energy_charts", {"zone": "AT"}, CHARTS),
        ("tariff_entsoe", {"zone": "AT", "token": TOKEN}, PLATFORM),
    ],
)
async def test_a_market_is_asked_before_it_is_saved(
    hass: HomeAssistant, service: Service, step: str, given: dict[str, Any], stored: dict[str, Any]
) -> None:
    """What it answered is shown; a wrong zone would be seen here."""
    service.will(columns() if "charts" in step else hours())
    flow = await at_tariff(hass, step)
    await flow.submit(**given, **FORMULA)
    assert flow.step == "tariff_preview"
    assert (flow.shown["lowest"], flow.shown["count"]) == ("0.1000", "24")
    await flow.submit()
    await flow.submit(kind="none")
    assert flow.created
    await settle(hass)
    entry = flow.result["result"]
    assert entry.data["tariff"] == stored
    assert hass.states.get("sensor.home_import_price").state == "0.1"
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("answer", "errors"),
    [
        (("Unauthorized", 401), {"token": "prices_token_refused"}),
        ((NOTHING,), {"zone": "prices_empty"}),
        (("", 503), {"base": "prices_unreachable"}),
        (("", 429, {"Retry-After": "600"}), {"base": "prices_rate_limited"}),
        (("<html>",), {"base": "prices_unusable"}),
        (("another zone",), {"zone": "prices_other_zone"}),
        (("another currency",), {"base": "prices_other_currency"}),
    ],
)
async def test_a_market_that_does_not_serve_is_refused_with_its_field_and_remedy(
    hass: HomeAssistant, service: Service, answer: tuple[Any, ...], errors: dict[str, str]
) -> None:
    """The texts themselves are checked by the flow's driver. What was typed stays."""
    spoken = {"another zone": hours(zone=entsoe.ZONES["BE"]), "another currency": hours(currency="CZK")}
    service.will(spoken.get(answer[0], answer[0]), *answer[1:])
    flow = await at_tariff(hass, "tariff_entsoe")
    await flow.submit(zone="AT", token=TOKEN, **FORMULA)
    assert flow.errors == errors
    assert TOKEN not in str(flow.shown)
    assert flow.suggested["zone"] == "AT"


@pytest.mark.parametrize("per_kwh", [50, -50])
async def test_nothing_is_asked_for_a_form_that_is_wrong_anyway(
    hass: HomeAssistant, service: Service, per_kwh: float
) -> None:
    """A price in cents."""
    flow = await at_tariff(hass, "tariff_energy_charts")
    await flow.submit(zone="AT", **{**FORMULA, "markup": per_kwh})
    assert flow.errors == {"markup": "price_implausible_here"}
    assert service.asked == []


async def test_energy_charts_counts_in_euro_alone(hass: HomeAssistant, service: Service) -> None:
    """Even for zones that pay in crowns; nobody converts behind people's backs."""
    await hass.config.async_update(currency="SEK")
    flow = await at_tariff(hass, "tariff_energy_charts")
    await flow.submit(zone="SE3", **FORMULA)
    assert flow.errors == {"base": "currency_not_eur"}


async def test_a_refused_token_is_replaced_by_reconfiguring(
    hass: HomeAssistant, add_site: AddSite, service: Service
) -> None:
    """The repair says so, and goes with the new token."""
    service.will("Unauthorized", 401)
    read_home(hass)
    entry = await add_site(home(PLATFORM))
    assert keys(entry) == {"prices_token_refused"}
    told = issue(hass, entry)
    assert told is not None
    assert told.translation_placeholders is not None
    assert "token" in told.translation_placeholders["reasons"]
    now_will(service, hours())
    flow = await (await change_home(hass, entry)).choose("tariff", "tariff_entsoe")
    assert flow.suggested["token"] == TOKEN
    await flow.submit(zone="AT", token="another", **FORMULA)
    await flow.submit()
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert keys(entry) == set()
    assert issue(hass, entry) is None


async def test_no_diagnostics_quote_the_token(
    hass: HomeAssistant, add_site: AddSite, service: Service
) -> None:
    """People post them in public."""
    service.will("Unauthorized", 401)
    read_home(hass)
    entry = await add_site(home(PLATFORM))
    assert TOKEN not in str(await async_get_config_entry_diagnostics(hass, entry))


# Failures


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (("", 503), "prices_unreachable"),
        (("", 429), "prices_rate_limited"),
        (('{"unix_seconds": [17, ',), "prices_unusable"),
        (("no such zone", 404), "prices_unusable"),
        (("crowns",), "prices_other_currency"),
        (("nothing",), "prices_empty"),
        (("yesterday",), "prices_stale"),
        (("another zone",), "prices_contradict"),
    ],
)
async def test_whatever_a_market_does_the_last_good_prices_stay_and_it_is_told_once(
    hass: HomeAssistant,
    add_site: AddSite,
    service: Service,
    clock: Clock,
    answer: tuple[Any, ...],
    key: str,
) -> None:
    """Degraded with the reason and the age of what is used; a repair when it lasts; all gone afterwards."""
    service.will(columns(2))
    read_home(hass)
    entry = await add_site(home(CHARTS))
    good = entry.runtime_data.forecast.data.prices
    assert issue(hass, entry) is None
    yesterday = dt_util.start_of_local_day() - timedelta(days=1)
    spoken = {
        "crowns": columns(unit="SEK / MWh"),
        "nothing": {"unix_seconds": [], "price": []},
        "yesterday": columns(begin=yesterday),
        "another zone": columns(2, per_mwh=37),
    }
    now_will(service, spoken.get(answer[0], answer[0]), *answer[1:])
    await clock.tick(hass, 7 * 3600)  # time to have the known prices confirmed
    await clock.tick(hass, 1200)
    set_sensor(hass, "sensor.grid", 510, "W")
    outside = entry.runtime_data.forecast.data
    assert [problem.key for problem in outside.problems] == [key, "prices_kept"]
    assert outside.problems[1].placeholders["hours"] == pytest.approx(7.3, abs=0.3)
    now = dt_util.utcnow().timestamp()
    later = good.starts_s > now
    assert outside.prices.price_per_kwh[-later.sum() :] == pytest.approx(0.1)
    state = await entry.runtime_data.plan.async_plan()
    assert state.status == "degraded"
    assert {key, "prices_kept"} <= {reason.key for reason in state.reasons}
    assert state.outlook.problem.price_known[0]
    told = issue(hass, entry)
    assert told is not None
    assert told.severity is ir.IssueSeverity.WARNING
    now_will(service, columns(3))
    await clock.tick(hass, 6 * 3600)
    assert keys(entry) == set()
    assert issue(hass, entry) is None


async def test_a_stumble_is_asked_again_soon_and_nobody_is_called(
    hass: HomeAssistant, add_site: AddSite, service: Service, clock: Clock
) -> None:
    """After a minute, not after a quarter of an hour."""
    service.will("", 503)
    read_home(hass)
    entry = await add_site(home(CHARTS))
    assert keys(entry) == {"prices_unreachable"}
    failed = await entry.runtime_data.plan.async_plan()
    assert [reason.key for reason in failed.reasons][:2] == ["no_prices_known", "prices_unreachable"]
    assert issue(hass, entry) is None
    now_will(service, columns())
    await clock.tick(hass, 61)
    assert keys(entry) == set()
    assert entry.runtime_data.forecast.data.prices is not None


async def test_pauses_between_questions_double(
    hass: HomeAssistant, add_site: AddSite, service: Service, clock: Clock
) -> None:
    """A service on its knees is not helped by being asked every minute."""
    service.will("", 404)  # not repeated within one question
    read_home(hass)
    await add_site(home(CHARTS))
    asked = []
    for _ in range(14):
        asked.append(len(service.asked))
        await clock.tick(hass, 60)
    assert [after - before for before, after in pairwise(asked)] == [
        *(1, 0, 1, 0, 0, 0, 1),
        *(0, 0, 0, 0, 0, 0),
    ]


async def test_a_service_that_wants_a_pause_gets_it_whoever_asks(
    hass: HomeAssistant, add_site: AddSite, service: Service, clock: Clock
) -> None:
    """Retry-After holds for the action `ems.optimize` too."""
    service.will("", 429, {"Retry-After": "3600"})
    read_home(hass)
    entry = await add_site(home(CHARTS))
    now_will(service, columns())
    before = len(service.asked)
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    await clock.tick(hass, 1800)
    assert len(service.asked) == before
    assert keys(entry) == {"prices_rate_limited"}
    await clock.tick(hass, 1801)
    assert len(service.asked) > before
    assert keys(entry) == set()


async def test_nobody_asks_where_there_can_be_no_news(
    hass: HomeAssistant, add_site: AddSite, service: Service, clock: Clock
) -> None:
    """Free services ask for fair use, and a day's prices come once."""
    service.will(columns())
    read_home(hass)
    await add_site(home(CHARTS))
    asked = len(service.asked)
    await clock.tick(hass, 1800)  # 12:30: nothing is auctioned yet
    assert len(service.asked) == asked
    await clock.tick(hass, 1800)  # 13:00: it is
    assert len(service.asked) == asked + 1
    now_will(service, columns(2))
    await clock.tick(hass, 901)
    assert len(service.asked) == asked + 2
    await clock.tick(hass, 3600)
    assert len(service.asked) == asked + 2


async def test_what_a_service_says_for_a_day_is_believed_in_the_end(
    hass: HomeAssistant, add_site: AddSite, service: Service, clock: Clock
) -> None:
    """A zone that was split, say: the first prices must not stay for weeks."""
    service.will(columns(4))
    read_home(hass)
    entry = await add_site(home(CHARTS))
    now_will(service, columns(4, per_mwh=37))
    await clock.tick(hass, 7 * 3600)
    assert "prices_contradict" in keys(entry)
    await clock.tick(hass, 25 * 3600)
    assert keys(entry) == set()
    assert entry.runtime_data.forecast.data.prices.price_per_kwh[-1] == pytest.approx(0.037)


# Restarts


async def test_prices_survive_a_restart_with_the_service_down(
    hass: HomeAssistant, add_site: AddSite, service: Service
) -> None:
    """From the first plan on, and without a question where there can be no news."""
    service.will(columns(2))
    read_home(hass)
    entry = await add_site(home(CHARTS))
    asked = len(service.asked)
    now_will(service, "", 503)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert len(service.asked) == asked
    assert hass.states.get("sensor.home_import_price").state == "0.1"
    state = await entry.runtime_data.plan.async_plan()
    assert state.outlook.problem.price_known[0]
    assert keys(entry) == set()


async def test_prices_of_another_zone_are_not_the_last_good_ones_of_this(
    hass: HomeAssistant, add_site: AddSite, service: Service
) -> None:
    """Reconfigured from Austria to Slovenia, and Slovenia is silent."""
    service.will(columns(2))
    read_home(hass)
    entry = await add_site(home(CHARTS))
    now_will(service, "", 503)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "tariff": {**CHARTS, "zone": "SI"}})
    await settle(hass)
    assert entry.runtime_data.forecast.data.prices is None


@pytest.mark.parametrize(
    "prices", [{}, {"starts_s": [3, 1], "ends_s": [4, 2], "price_per_kwh": [1, 2]}, "gone"]
)
async def test_a_file_that_is_damaged_costs_one_question(
    hass: HomeAssistant, add_site: AddSite, service: Service, hass_storage: dict[str, Any], prices: Any
) -> None:
    """And nothing else."""
    source = {"kind": "energy_charts", "zone": "AT", "currency": "EUR"}
    stored = {**prices, "source": source, "fetched_at_s": 0} if isinstance(prices, dict) else prices
    service.will(columns())
    read_home(hass)
    site = home(CHARTS)
    found = site.entry("ems")
    hass_storage[f"ems.{found.entry_id}.prices"] = {"version": 1, "data": {"prices": stored}}
    found.add_to_hass(hass)
    await hass.config_entries.async_setup(found.entry_id)
    await settle(hass)
    assert len(found.runtime_data.forecast.data.prices.starts_s) == 24
    assert await hass.config_entries.async_unload(found.entry_id)


async def test_the_file_goes_with_the_home(
    hass: HomeAssistant, add_site: AddSite, service: Service, hass_storage: dict[str, Any]
) -> None:
    """Nothing is left behind; and no token is in it."""
    service.will(hours())
    read_home(hass)
    entry = await add_site(home(PLATFORM))
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    name = f"ems.{entry.entry_id}.prices"
    assert len(hass_storage[name]["data"]["prices"]["starts_s"]) == 24
    assert TOKEN not in str(hass_storage[name])
    await hass.config_entries.async_remove(entry.entry_id)
    assert name not in hass_storage


# Entities


async def test_a_price_entity_that_repeats_yesterday_says_so(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """Its integration has lost its service and goes on showing the old list."""
    read_home(hass)
    set_prices(hass, raw_today=rows(24))
    entry = await add_site(home({"kind": "entity", "entity_id": ENTITY, **FORMULA}))
    assert keys(entry) == set()
    await clock.move_to(hass, "2026-06-16T09:00:30+02:00")
    assert keys(entry) == {"prices_stale", "prices_kept"}
    await clock.tick(hass, 1200)
    told = issue(hass, entry)
    assert told is not None
    assert "00:00" in told.translation_placeholders["reasons"]
    set_prices(hass, raw_today=rows(24, begin=dt_util.start_of_local_day()))
    await settle(hass)
    assert keys(entry) == set()
    assert issue(hass, entry) is None


async def test_a_price_entity_that_changes_its_currency_is_told_at_once(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Only a person can mend that."""
    read_home(hass)
    set_prices(hass, raw_today=rows(24))
    entry = await add_site(home({"kind": "entity", "entity_id": ENTITY, **FORMULA}))
    set_prices(hass, "SEK/kWh", raw_today=rows(24, 2))
    await settle(hass)
    assert keys(entry) == {"price_unit_currency", "prices_kept"}
    assert issue(hass, entry) is not None
    assert hass.states.get("sensor.home_import_price").state == "0.5"  # it is noon, and the euro prices stay


@pytest.mark.parametrize("features", [0, 1])
async def test_a_weather_entity_without_an_hourly_forecast_is_told_at_once(
    hass: HomeAssistant, add_site: AddSite, features: int
) -> None:
    """Daily at most: the sun needs hours."""
    read_home(hass)
    hass.states.async_set("weather.home", "sunny", {"supported_features": features})
    site = home_of_entities(GRID, entity_device("pv", "Sun", PV_PARAMS, power_entity="sensor.sun"))
    site.data["weather"] = {"kind": "entity", "entity_id": "weather.home"}
    entry = await add_site(site)
    assert keys(entry) == {"weather_no_forecast"}
    told = issue(hass, entry)
    assert told is not None
    assert "weather.home" in told.translation_placeholders["reasons"]

    async def forecasts(call: ServiceCall) -> dict[str, Any]:
        begin = dt_util.utcnow().replace(minute=0, second=0)
        steps = [(begin + timedelta(hours=3 * i)).isoformat() for i in range(16)]
        return {
            call.data["entity_id"]: {"forecast": [{"datetime": at, "cloud_coverage": 30} for at in steps]}
        }

    hass.services.async_register(
        "weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY
    )
    hass.states.async_set("weather.home", "sunny", {"supported_features": 2})
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert keys(entry) == set()
    assert issue(hass, entry) is None
    assert len(entry.runtime_data.forecast.data.weather.starts_s) == 48
    hass.states.async_set("weather.home", "unavailable")
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert keys(entry) == {"weather_unreachable", "weather_kept"}
    hass.states.async_set("weather.home", "sunny", {"supported_features": 2})
    hass.services.async_remove("weather", "get_forecasts")
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert keys(entry) == {"weather_unreachable", "weather_kept"}


# Integrations that answer an action instead of carrying a list


def registered(hass: HomeAssistant, platform: str, unique_id: str, **data: Any) -> tuple[str, str]:
    """Add an entity of another integration, which has no list; return its id and its entry's."""
    theirs = MockConfigEntry(domain=platform, data=data)
    theirs.add_to_hass(hass)
    entity = er.async_get(hass).async_get_or_create("sensor", platform, unique_id, config_entry=theirs)
    set_sensor(hass, entity.entity_id, 0.1, "EUR/kWh")
    return entity.entity_id, theirs.entry_id


def answers(hass: HomeAssistant, platform: str, action: str, rows_of: Any) -> list[dict[str, Any]]:
    """Let an integration answer its action; return what it was asked."""
    asked: list[dict[str, Any]] = []

    async def answer(call: ServiceCall) -> Any:
        asked.append(dict(call.data))
        return rows_of(call.data)

    hass.services.async_register(platform, action, answer, supports_response=SupportsResponse.ONLY)
    return asked


def day_of(text: str, key: str, price: float) -> list[dict[str, Any]]:
    """Return 24 hours of a day."""
    begin = dt_util.start_of_local_day(datetime.fromisoformat(text))
    return [{key: (begin + timedelta(hours=hour)).isoformat(), "price": price} for hour in range(24)]


async def test_nord_pool_is_asked_for_its_own_area(hass: HomeAssistant, add_site: AddSite) -> None:
    """Today and tomorrow, per MWh; and not again before there can be news."""
    entity, theirs = registered(hass, "nordpool", "AT-current_price", currency="EUR", areas=["DK1", "AT"])
    asked = answers(
        hass,
        "nordpool",
        "get_prices_for_date",
        lambda call: {
            "DK1": day_of(call["date"], "start", 900),
            "AT": day_of(call["date"], "start", 100) if call["date"] == "2026-06-15" else [],
        },
    )
    read_home(hass)
    entry = await add_site(home({"kind": "entity", "entity_id": entity, **FORMULA}))
    assert asked == [{"config_entry": theirs, "date": day} for day in ("2026-06-15", "2026-06-16")]
    prices = entry.runtime_data.forecast.data.prices
    assert len(prices.starts_s) == 24
    assert prices.price_per_kwh == pytest.approx(0.1)
    set_sensor(hass, entity, 0.11, "EUR/kWh")  # it changes with every quarter of an hour
    await settle(hass)
    assert len(asked) == 2


async def test_an_entity_whose_integration_was_removed_is_not_there(hass: HomeAssistant) -> None:
    """Its action still is, for another entry."""
    entity, _ = registered(hass, "tibber", "price")
    answers(hass, "tibber", "get_prices", lambda _: {})
    with patch.object(hass.config_entries, "async_get_entry", return_value=None):
        found, shown = await async_entity_prices(hass, {"entity_id": entity})
    assert found == {"entity_id": "price_entity_unavailable"}
    assert shown["entity"] == entity


async def test_a_nord_pool_in_another_currency_is_refused(hass: HomeAssistant) -> None:
    """What it answers in is what its own set-up says."""
    entity, _ = registered(hass, "nordpool", "SE3-current_price", currency="SEK", areas=["SE3"])
    answers(
        hass, "nordpool", "get_prices_for_date", lambda call: {"SE3": day_of(call["date"], "start", 1000)}
    )
    flow = await at_tariff(hass, "tariff_entity")
    await flow.submit(entity_id=entity, **FORMULA)
    assert flow.errors == {"entity_id": "price_unit_currency"}


@pytest.mark.parametrize(
    ("platform", "action", "key"),
    [("tibber", "get_prices", "start_time"), ("energyzero", "get_energy_prices", "timestamp")],
)
async def test_other_integrations_are_asked_too(
    hass: HomeAssistant, platform: str, action: str, key: str
) -> None:
    """One that calls an empty tomorrow an error has told all it knows."""
    entity, _ = registered(hass, platform, "price")

    def rows_of(call: dict[str, Any]) -> Any:
        if not call["start"].startswith("2026-06-15"):
            raise HomeAssistantError("no data")
        found = day_of("2026-06-15", key, 0.2)
        return {"prices": {"My home": found} if platform == "tibber" else found}

    answers(hass, platform, action, rows_of)
    flow = await at_tariff(hass, "tariff_entity")
    await flow.submit(entity_id=entity, **FORMULA)
    assert flow.step == "tariff_preview"
    assert (flow.shown["count"], flow.shown["highest"]) == ("24", "0.2000")


async def test_an_integration_that_fails_is_not_answering(hass: HomeAssistant) -> None:
    """With its own words."""
    entity, _ = registered(hass, "tibber", "price")

    def fail(_: Any) -> Any:
        raise HomeAssistantError("login expired")

    answers(hass, "tibber", "get_prices", fail)
    flow = await at_tariff(hass, "tariff_entity")
    await flow.submit(entity_id=entity, **FORMULA)
    assert flow.errors == {"entity_id": "prices_unreachable"}
    assert "login expired" in flow.shown["detail"]


async def test_an_integration_that_is_not_loaded_cannot_be_asked(hass: HomeAssistant) -> None:
    """Its entity is there, its action is not."""
    entity, _ = registered(hass, "tibber", "price")
    flow = await at_tariff(hass, "tariff_entity")
    await flow.submit(entity_id=entity, **FORMULA)
    assert flow.errors == {"entity_id": "price_rows_missing"}


async def test_an_entity_without_a_unit_takes_the_one_that_was_entered(hass: HomeAssistant) -> None:
    """Octopus' rates are those of an event entity."""
    hass.states.async_set("event.rates", "now", {"rates": rows(24, 25)})
    flow = await at_tariff(hass, "tariff_entity")
    await flow.submit(entity_id="event.rates", **FORMULA)
    assert flow.errors == {"entity_id": "price_unit_missing"}
    await flow.submit(entity_id="event.rates", price_unit="ct/kWh", **FORMULA)
    assert flow.shown["lowest"] == "0.2500"


async def test_bright_sky_is_asked_for_weather(
    hass: HomeAssistant, add_site: AddSite, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    """And a failure is the weather's."""
    monkeypatch.setattr(bright_sky, "BASE_URL", service.base_url)
    begin = dt_util.utcnow().replace(minute=0, second=0)
    stamps = [(begin + timedelta(hours=hour)).isoformat() for hour in range(-24, 72)]
    service.will({"weather": [{"timestamp": at, "cloud_cover": 30, "solar": 0.4} for at in stamps]})
    read_home(hass)
    site = home_of_entities(GRID, entity_device("pv", "Sun", PV_PARAMS, power_entity="sensor.sun"))
    site.data["weather"] = {"kind": "bright_sky"}
    entry = await add_site(site)
    assert keys(entry) == set()
    assert len(entry.runtime_data.forecast.data.weather.starts_s) == 96
    now_will(service, "", 503)
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert keys(entry) == {"weather_unreachable", "weather_kept"}


async def test_yesterdays_weather_served_as_todays_is_none(
    hass: HomeAssistant, add_site: AddSite, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    """The plan says so rather than to believe in a night."""
    monkeypatch.setattr(bright_sky, "BASE_URL", service.base_url)
    begin = dt_util.utcnow().replace(minute=0, second=0)
    stamps = [(begin + timedelta(hours=hour)).isoformat() for hour in range(-24, 0)]
    service.will({"weather": [{"timestamp": at, "cloud_cover": 30} for at in stamps]})
    read_home(hass)
    site = home_of_entities(GRID, entity_device("pv", "Sun", PV_PARAMS, power_entity="sensor.sun"))
    site.data["weather"] = {"kind": "bright_sky"}
    entry = await add_site(site)
    assert keys(entry) == {"weather_unreachable"}
    assert "over" in hass.states.get("sensor.home_plan_status").attributes["reason"]


async def test_two_that_ask_at_once_ask_once(
    hass: HomeAssistant, add_site: AddSite, service: Service, clock: Clock
) -> None:
    """The clock and an action, say."""
    service.will("", 503)
    read_home(hass)
    entry = await add_site(home(CHARTS))
    now_will(service, columns())
    asked = len(service.asked)
    forecast = entry.runtime_data.forecast
    await asyncio.gather(*(forecast._feed.async_refresh() for _ in range(3)))
    assert len(service.asked) == asked + 1


async def test_an_entity_that_changes_every_minute_is_not_written_down_every_minute(
    hass: HomeAssistant, add_site: AddSite, clock: Clock, hass_storage: dict[str, Any]
) -> None:
    """Four times an hour, and when the home is unloaded."""
    read_home(hass)
    set_prices(hass, raw_today=rows(24))
    entry = await add_site(home({"kind": "entity", "entity_id": ENTITY, **FORMULA}))
    written = []
    with patch.object(PriceStore, "put", lambda _, __, known: written.append(known)):
        for minute in range(1, 40):
            set_prices(hass, raw_today=rows(24, 0.25 + minute / 1000))
            await clock.tick(hass, 60)
    assert 2 <= len(written) <= 3
    set_prices(hass, raw_today=rows(24, 0.4))
    await settle(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    stored = hass_storage[f"ems.{entry.entry_id}.prices"]["data"]["prices"]
    assert stored["price_per_kwh"][-1] == pytest.approx(0.8)
