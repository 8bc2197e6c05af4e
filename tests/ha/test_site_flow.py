"""Adding and changing a home: grid, tariff, weather, and the demo home."""

from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome, Fault, PortError
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_home, change_home
from tests.ha.sites import Site, home_of_entities

GRID = {"phases": "3", "fuse_a": 25}
NIGHT = {"start": "22:00:00", "end": "06:00:00", "price": 0.2}


@pytest.fixture
async def real_home(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet, on a fixed price."""
    return await add_site(home_of_entities())


async def at_tariff(hass: HomeAssistant, name: str = "Home") -> Flow:
    """Go as far as the tariff."""
    flow = await (await add_home(hass)).choose("scratch")
    return await flow.submit(name=name, **GRID)


async def finish(hass: HomeAssistant, flow: Flow) -> MockConfigEntry:
    """Take no weather, and return the entry that was made."""
    assert flow.step == "weather"
    await flow.submit(kind="none")
    assert flow.created
    await settle(hass)
    return flow.result["result"]


async def unload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Leave nothing running behind the test."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


async def test_the_demo_home_runs_inside_home_assistant(hass: HomeAssistant) -> None:
    """Two clicks, no hardware: the entry holds six devices, is active, and has a plan."""
    flow = await (await add_home(hass)).choose("demo")
    assert flow.suggested["name"] == "Demo home"
    await flow.submit(name="Demo home", more={})
    assert flow.created
    await settle(hass)
    entry = flow.result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert [(s.subentry_type, s.title) for s in entry.subentries.values()] == [
        ("meter", "Grid meter"),
        ("battery", "Battery"),
        ("pv", "Solar"),
        ("charger", "Garage"),
        ("charger", "Carport"),
        ("charger", "Courtyard"),
    ]
    wires = {"meter", "inverter", "charger", "charger_2", "charger_3", "http"}
    assert set(entry.data["demo"]["ports"]) == wires
    assert entry.options == {"operation": "active"}
    assert hass.states.get("sensor.demo_home_plan_status").state == "ok"
    assert "next_flow" not in flow.result  # its meter is there already
    await unload(hass, entry)


async def test_the_demo_home_is_added_once(hass: HomeAssistant) -> None:
    """Two of them would fight for their ports."""
    first = await (await add_home(hass)).choose("demo")
    await first.submit(name="Demo home", more={})
    await settle(hass)
    second = await (await add_home(hass)).choose("demo")
    await second.submit(name="Another", more={})
    assert second.aborted == "already_configured"
    await unload(hass, first.result["result"])


async def test_a_demo_home_that_runs_elsewhere_is_found_by_its_address(
    hass: HomeAssistant, home: DemoHome
) -> None:
    """The process of its own that script/demo starts; it keeps its ports itself."""
    flow = await (await add_home(hass)).choose("demo")
    await flow.submit(name="Lab", more={"address": home.addresses.http + "/"})
    assert flow.created
    await settle(hass)
    entry = flow.result["result"]
    assert entry.data["demo"]["ports"] is None
    assert entry.data["tariff"]["base_url"] == home.addresses.http
    again = await (await add_home(hass)).choose("demo")
    await again.submit(name="Lab", more={"address": home.addresses.http})
    assert again.aborted == "already_configured"
    namesake = await (await add_home(hass)).choose("demo")
    await namesake.submit(name="Lab", more={})
    assert namesake.errors == {"name": "name_taken"}
    await unload(hass, entry)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "127.0.0.1", "nonsense"])
async def test_an_address_without_a_demo_home_says_so(hass: HomeAssistant, address: str) -> None:
    """And the form keeps what was typed."""
    flow = await (await add_home(hass)).choose("demo")
    await flow.submit(name="Lab", more={"address": address})
    assert flow.errors == {"base": "demo_unreachable"}
    assert address in flow.shown["detail"]
    assert flow.suggested["name"] == "Lab"


async def test_a_web_server_of_another_kind_is_refused(hass: HomeAssistant, home: DemoHome) -> None:
    """Something listens there, but it knows no demo home."""
    flow = await (await add_home(hass)).choose("demo")
    await flow.submit(name="Lab", more={"address": home.addresses.http + "/v1"})
    assert flow.errors == {"base": "demo_unreachable"}


@pytest.mark.parametrize(
    "answer",
    [[], {"addresses": ["meter"]}, {"addresses": {"meter": 1, "inverter": 2, "charger": 3}}, {"now_s": 1}],
)
async def test_json_of_another_kind_is_refused(
    hass: HomeAssistant, home: DemoHome, answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any web server may answer JSON; it need not be ours."""
    address = home.addresses.http
    monkeypatch.setattr(home._http, "_truth", lambda: answer)
    flow = await (await add_home(hass)).choose("demo")
    await flow.submit(name="Lab", more={"address": address})
    assert flow.errors == {"base": "demo_unreachable"}


async def test_a_device_of_the_demo_home_that_is_silent_is_named(hass: HomeAssistant, home: DemoHome) -> None:
    """Half a home is not set up."""
    home.faults.set("charger", Fault.REFUSE)
    flow = await (await add_home(hass)).choose("demo")
    await flow.submit(name="Lab", more={"address": home.addresses.http})
    assert flow.errors == {"base": "demo_unreachable"}
    assert flow.shown["detail"].startswith("charger: ")
    home.faults.clear()
    await flow.submit(name="Lab", more={"address": home.addresses.http})
    assert flow.created
    await settle(hass)
    await unload(hass, flow.result["result"])


async def test_a_demo_home_that_finds_no_port_says_so(hass: HomeAssistant) -> None:
    """It cannot happen with free ports, but a machine may be out of them."""
    with patch.object(DemoHome, "async_start", side_effect=PortError(98, "no port left")):
        flow = await (await add_home(hass)).choose("demo")
        await flow.submit(name="Demo home", more={})
    assert flow.errors == {"base": "demo_unreachable"}
    assert "no port left" in flow.shown["detail"]


async def test_a_home_from_scratch_goes_on_to_its_grid_meter(hass: HomeAssistant) -> None:
    """Grid, tariff, weather, and then the meter: without it nothing can be planned."""
    flow = await (await add_home(hass)).choose("scratch")
    assert flow.suggested["fuse_a"] == 25
    await flow.submit(name="My home", phases="3", fuse_a=25)
    await flow.choose("tariff_fixed")
    await flow.submit(import_price=0.31, export_price=0.08)
    assert flow.suggested["kind"] == "open_meteo"
    entry = await finish(hass, flow)
    assert (entry.title, entry.unique_id) == ("My home", "site:my_home")
    assert entry.data == {
        "kind": "home",
        # A limit that was left out is what the fuse carries: 3 · 25 A · 230 V.
        "grid": {"phases": 3, "fuse_a": 25.0, "import_max_kw": 17.25, "export_max_kw": 17.25},
        "tariff": {"kind": "fixed", "import_price": 0.31, "export_price": 0.08},
        "weather": {"kind": "none"},
    }
    kind, flow_id = flow.result["next_flow"]
    assert kind == "config_subentries_flow"
    following = hass.config_entries.subentries.async_get(flow_id)
    assert (following["handler"], following["step_id"]) == ((entry.entry_id, "meter"), "user")
    hass.config_entries.subentries.async_abort(flow_id)
    await unload(hass, entry)


@pytest.mark.parametrize("limit", ["import_max_kw", "export_max_kw"])
async def test_a_limit_above_the_fuse_is_refused(hass: HomeAssistant, limit: str) -> None:
    """20 kW through 3 × 25 A would blow it; 10 % above nominal voltage is still within EN 50160."""
    flow = await (await add_home(hass)).choose("scratch")
    await flow.submit(name="Home", **GRID, **{limit: 20})
    assert flow.errors == {limit: "limit_above_fuse"}
    assert flow.suggested[limit] == 20
    await flow.submit(name="Home", **GRID, **{limit: 18.9})
    assert flow.step == "tariff"


async def test_a_home_that_may_not_feed_in_keeps_its_zero(hass: HomeAssistant) -> None:
    """0 is a limit, not a limit left out."""
    flow = await (await add_home(hass)).choose("scratch")
    await flow.submit(name="Home", phases="1", fuse_a=35, export_max_kw=0)
    await flow.choose("tariff_fixed")
    entry = await finish(hass, await flow.submit(import_price=0.3, export_price=0))
    assert entry.data["grid"] == {"phases": 1, "fuse_a": 35.0, "import_max_kw": 8.05, "export_max_kw": 0.0}
    await unload(hass, entry)


async def test_a_home_may_feed_in_for_a_price_only(hass: HomeAssistant) -> None:
    """Of either sign, per kWh; 8 is no price in euro but cents. Cleared, the home feeds in at any price again."""
    flow = await (await add_home(hass)).choose("scratch")
    await flow.submit(name="Home", **GRID, export_price_min=8)
    assert flow.errors == {"export_price_min": "price_implausible_here"}
    await flow.submit(name="Home", **GRID, export_price_min=0)
    await flow.choose("tariff_fixed")
    entry = await finish(hass, await flow.submit(import_price=0.3, export_price=0.08))
    assert entry.data["grid"]["export_price_min"] == 0.0
    assert entry.runtime_data.plan.data.outlook.problem.site.grid.export_price_min_per_kwh == 0.0
    flow = await (await change_home(hass, entry)).choose("grid")
    assert flow.suggested["export_price_min"] == 0
    await flow.submit(**GRID)
    await settle(hass)
    assert "export_price_min" not in entry.data["grid"]
    assert entry.runtime_data.plan.data.outlook.problem.site.grid.export_price_min_per_kwh is None
    await unload(hass, entry)


@pytest.mark.usefixtures("real_home")
async def test_two_homes_of_one_name_are_one_home(hass: HomeAssistant) -> None:
    """The name is all that tells sites apart."""
    flow = await (await add_home(hass)).choose("scratch")
    await flow.submit(name="home", **GRID)
    assert (flow.step, flow.errors) == ("scratch", {"name": "name_taken"})
    await flow.submit(name="Cabin", **GRID)
    assert flow.step == "tariff"


async def test_prices_by_the_clock_need_a_window(hass: HomeAssistant) -> None:
    """A table without windows is a fixed price, and a window's price is held to the same bounds."""
    flow = await (await at_tariff(hass)).choose("tariff_time_of_use")
    await flow.submit(import_price=0.35, windows=[], export_price=0)
    assert flow.errors == {"windows": "windows_missing"}
    await flow.submit(import_price=0.35, windows=[{**NIGHT, "price": 25}], export_price=0)
    assert flow.errors == {"windows": "price_implausible_here"}
    assert flow.suggested["import_price"] == 0.35
    await flow.submit(import_price=0.35, windows=[{**NIGHT, "weekdays": ["mon"]}], export_price=0.05)
    entry = await finish(hass, flow)
    assert entry.data["tariff"] == {
        "kind": "time_of_use",
        "import_price": 0.35,
        "windows": [{**NIGHT, "weekdays": ["mon"]}],
        "export_price": 0.05,
    }
    await unload(hass, entry)


@pytest.mark.parametrize("price", [25, -6])
async def test_a_price_in_cents_is_refused(hass: HomeAssistant, price: float) -> None:
    """30 cent typed as 30 would make every kWh a treasure."""
    flow = await (await at_tariff(hass)).choose("tariff_fixed")
    await flow.submit(import_price=price, export_price=0)
    assert flow.errors == {"import_price": "price_implausible_here"}


async def test_a_price_is_asked_for(hass: HomeAssistant) -> None:
    """A required box would be filled with its lower limit by the frontend, and submitted unseen."""
    flow = await (await at_tariff(hass)).choose("tariff_fixed")
    await flow.submit(export_price=0)
    assert flow.errors == {"import_price": "price_missing"}


async def test_awattar_stores_its_formula(hass: HomeAssistant, home: DemoHome) -> None:
    """Country, additions and VAT: some countries have half percents."""
    flow = await (await at_tariff(hass)).choose("tariff_awattar")
    formula = {"markup": 0.1, "vat_pct": 25.5, "export_kind": "day_ahead", "export_price": 0}
    await flow.submit(country="de", **formula, export_deduction=0.01)
    with patch.dict("custom_components.ems.sources.awattar.BASE_URLS", de=home.addresses.http):
        entry = await finish(hass, flow)
        assert entry.data["tariff"] == {
            "kind": "awattar",
            "country": "de",
            **formula,
            "export_deduction": 0.01,
            "share_pct": 100,
            "export_share_pct": 100,
            "export_vat_pct": 0,
        }
        assert hass.states.get("sensor.home_plan_status").state == "degraded"  # no meter yet
        await unload(hass, entry)


async def test_weather_from_an_entity_needs_the_entity(hass: HomeAssistant) -> None:
    """And keeps the choice while asking for it."""
    flow = await (await at_tariff(hass)).choose("tariff_fixed")
    await flow.submit(import_price=0.3, export_price=0)
    await flow.submit(kind="entity")
    assert flow.errors == {"entity_id": "weather_entity_missing"}
    assert flow.suggested["kind"] == "entity"
    await flow.submit(kind="entity", entity_id="weather.home")
    assert flow.created
    await settle(hass)
    entry = flow.result["result"]
    assert entry.data["weather"] == {"kind": "entity", "entity_id": "weather.home"}
    await unload(hass, entry)


async def test_the_grid_can_be_changed(hass: HomeAssistant, real_home: MockConfigEntry) -> None:
    """The form shows what is stored; the change reloads the home."""
    flow = await (await change_home(hass, real_home)).choose("grid")
    limits = {"import_max_kw": 17.25, "export_max_kw": 17.25}
    assert flow.suggested == {
        "phases": "3",
        "fuse_a": 25.0,
        **limits,
        "export_price_min": None,
        "annual_kwh": None,
    }
    await flow.submit(phases="1", fuse_a=25, import_max_kw=17.25, export_max_kw=5)
    assert flow.errors == {"import_max_kw": "limit_above_fuse"}
    await flow.submit(phases="1", fuse_a=25, import_max_kw=5, export_max_kw=5)
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert real_home.data["grid"]["phases"] == 1
    assert hass.states.get("number.home_import_limit").state == "5.0"


async def test_a_limit_turned_by_hand_gives_way_to_a_new_set_up(
    hass: HomeAssistant, real_home: MockConfigEntry
) -> None:
    """Whoever writes 5 kW into the form expects 5 kW, whatever a slider said before."""
    await hass.services.async_call(
        "number", "set_value", {"entity_id": "number.home_import_limit", "value": 11}, blocking=True
    )
    flow = await (await change_home(hass, real_home)).choose("grid")
    assert flow.suggested["import_max_kw"] == 11
    await flow.submit(phases="3", fuse_a=25, import_max_kw=5, export_max_kw=5)
    await settle(hass)
    assert hass.states.get("number.home_import_limit").state == "5.0"
    assert real_home.options == {}


async def test_the_tariff_can_be_changed(hass: HomeAssistant, real_home: MockConfigEntry) -> None:
    """To another kind, or within the kind, which shows what is stored."""
    flow = await (await change_home(hass, real_home)).choose("tariff", "tariff_fixed")
    assert flow.suggested == {"import_price": 0.30, "export_price": 0.08}
    await flow.submit(import_price=0.25, export_price=0.08)
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    flow = await (await change_home(hass, real_home)).choose("tariff", "tariff_time_of_use")
    await flow.submit(import_price=0.25, windows=[NIGHT], export_price=0)
    await settle(hass)
    assert real_home.data["tariff"]["kind"] == "time_of_use"
    assert set(real_home.data) == {"kind", "grid", "tariff", "weather"}


async def test_the_weather_can_be_changed(hass: HomeAssistant, real_home: MockConfigEntry) -> None:
    """The form shows what is stored."""
    flow = await (await change_home(hass, real_home)).choose("weather")
    assert flow.suggested["kind"] == "none"
    await flow.submit(kind="entity", entity_id="weather.home")
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert real_home.data["weather"] == {"kind": "entity", "entity_id": "weather.home"}


async def test_a_demo_home_keeps_its_own_market_and_sky_when_changed(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry
) -> None:
    """Its prices and weather are simulated: another VAT must not send it to the real market."""
    flow = await (await change_home(hass, entry)).choose("tariff", "tariff_awattar")
    await flow.submit(**{**flow.suggested, "vat_pct": 10})
    await settle(hass)
    flow = await (await change_home(hass, entry)).choose("weather")
    await flow.submit(kind="open_meteo")
    await settle(hass)
    assert entry.data["tariff"]["vat_pct"] == 10
    assert entry.data["tariff"]["base_url"] == home.addresses.http
    assert entry.data["weather"]["base_url"] == home.addresses.http


async def test_a_home_can_be_changed_while_its_devices_are_silent(
    hass: HomeAssistant, home: DemoHome, demo_site: Site, add_site: AddSite
) -> None:
    """That is when people look into its settings."""
    for device in ("meter", "inverter", "charger"):
        home.faults.set(device, Fault.REFUSE)
    entry = await add_site(demo_site, expect=ConfigEntryState.SETUP_RETRY)
    flow = await (await change_home(hass, entry)).choose("grid")
    await flow.submit(phases="3", fuse_a=35, import_max_kw=5, export_max_kw=5)
    assert flow.aborted == "reconfigure_successful"
    assert entry.data["grid"]["fuse_a"] == 35.0


async def test_every_role_can_be_added(hass: HomeAssistant, real_home: MockConfigEntry) -> None:
    """What the "+" menu offers."""
    types = {"meter", "battery", "pv", "charger", "load", "circuit"}
    assert set(real_home.supported_subentry_types) == types
    assert hass.config_entries.async_entries(DOMAIN) == [real_home]
    assert SOURCE_USER == "user"
