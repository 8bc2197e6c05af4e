"""Devices that announce themselves: found, shown with their values, and added."""

from dataclasses import replace

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_ZEROCONF
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome
from custom_components.ems.devices import load_profiles
from tests.devices import documents
from tests.devices.web import WebDevice, serving
from tests.ha.announced import METER, SHELLY, SOLAREDGE, announce, port_of, service
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import ENGLISH, Flow, add_device
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    PV_PARAMS,
    async_demo_site,
    circuit_to_add,
    home_of_entities,
    subentry_id,
)


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


@pytest.fixture
async def web(sockets: None):
    """Run a web server that plays a Shelly."""
    async with serving(WebDevice(documents=dict(documents.SHELLY_PRO_3EM))) as device:
        yield device


async def test_a_meter_that_announces_itself_shows_its_values_and_is_added(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """One home, one role: the first page is the one with the values."""
    flow = await announce(hass, service(SHELLY, port_of(web)))
    assert flow.step == "new_meter"
    assert "Power: **715.5 W**" in flow.shown["values"]
    assert flow.shown["serial"] == "EC62609110F8"
    (waiting,) = hass.config_entries.flow.async_progress()
    assert waiting["context"]["title_placeholders"] == {"name": "Shelly SPEM-003CEBEU"}
    assert not site.subentries
    await flow.submit(**METER)
    assert flow.aborted == "device_added"
    await settle(hass)
    (subentry,) = site.subentries.values()
    assert subentry.unique_id == "meter:EC62609110F8"
    assert subentry.data["source"]["profile"] == "shelly_3em_http"
    assert subentry.data["source"]["link"] == {
        "transport": "http",
        "host": "127.0.0.1",
        "port": port_of(web),
    }
    assert hass.states.get("sensor.grid_meter_power").state == "715.5"


async def test_one_device_announces_itself_twice_and_is_offered_once(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """Newer Shellys announce a web server and a Shelly."""
    await announce(hass, service(SHELLY, port_of(web)))
    again = await Flow(hass.config_entries.flow, {"abort": {"already_in_progress": ""}}).start(
        DOMAIN, {"source": SOURCE_ZEROCONF}, data=service(SHELLY, port_of(web), "_shelly._tcp.local.")
    )
    assert again.aborted == "already_in_progress"


async def test_without_a_home_nothing_is_asked_and_nothing_shown(hass: HomeAssistant, web: WebDevice) -> None:
    assert (await announce(hass, service(SHELLY, port_of(web)))).aborted == "no_site"
    assert web.asked == []


async def test_a_demo_home_takes_no_real_device(
    hass: HomeAssistant, web: WebDevice, home: DemoHome, add_site: AddSite
) -> None:
    """It is steered from the first minute."""
    await add_site(await async_demo_site(hass, home))
    assert (await announce(hass, service(SHELLY, port_of(web)))).aborted == "no_site"


async def test_what_was_ignored_is_left_alone(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id=f"found:{SHELLY}").add_to_hass(hass)
    assert (await announce(hass, service(SHELLY, port_of(web)))).aborted == "already_configured"
    assert web.asked == []


async def test_what_only_has_the_name_of_a_device_is_refused(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """A stranger, and one whose name no profile knows."""
    web.documents = {"/": "hello"}
    assert (await announce(hass, service(SHELLY, port_of(web)))).aborted == "unknown_device"
    assert (await announce(hass, service("printer", port_of(web)))).aborted == "unknown_device"


async def test_a_device_that_does_not_answer_is_not_offered(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    flow = await announce(hass, service(SHELLY, 9))
    assert flow.aborted == "no_answer"
    assert flow.shown["detail"]


async def test_an_address_of_version_six_is_not_followed(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    assert (
        await announce(hass, service(SHELLY, port_of(web), host="2001:db8::1"))
    ).aborted == "ipv6_not_followed"


async def test_a_device_without_passwords_that_refuses_is_not_asked_for_one(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """A P1 meter answers only once its local interface is switched on."""
    web.documents, web.statuses = dict(documents.HOMEWIZARD_P1), {"/api/v1/data": 403}
    info = service("p1meter-aabbcc", port_of(web), "_hwenergy._tcp.local.", product_type="HWE-P1")
    assert (await announce(hass, info)).aborted == "no_answer"
    web.statuses = {}
    flow = await announce(hass, info)
    assert (flow.step, flow.shown["serial"]) == ("new_meter", "3c39e7aabbcc")


async def test_a_hybrid_inverter_is_as_much_as_is_wanted_of_it(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    """Two forms, two subentries, one link; the unit is the one it announces."""
    at = home.addresses.inverter
    info = service("solaredge", at.port, SOLAREDGE, MODBUS_ID=str(at.unit_id))
    flow = await announce(hass, info)
    assert flow.step == "found"
    assert flow.suggested == {"roles": ["meter", "battery", "pv"]}
    await flow.submit(roles=["battery", "pv"])
    assert flow.step == "new_battery"
    assert flow.suggested["capacity_kwh"] == home.home.battery.spec.capacity_wh / 1000
    await flow.submit(name="Battery", round_trip_pct=90, wear_per_kwh=0.02)
    assert set(flow.errors) == {"capacity_kwh", "charge_max_w", "discharge_max_w"}
    await flow.submit(name="Battery", **BATTERY_PARAMS)
    assert flow.step == "new_pv"
    assert not site.subentries
    await flow.submit(name="Solar", **PV_PARAMS)
    await settle(hass)
    battery, pv = site.subentries.values()
    assert (battery.subentry_type, pv.subentry_type) == ("battery", "pv")
    assert battery.data["source"] == pv.data["source"]
    assert battery.data["source"]["link"] == {
        "transport": "modbus_tcp",
        "host": "127.0.0.1",
        "port": at.port,
        "unit_id": at.unit_id,
    }
    assert (await announce(hass, info)).aborted == "already_configured"
    # What was found belongs to the same hardware as what is added by hand afterwards.
    by_hand = await (await add_device(hass, site, "battery")).choose("profile")
    await by_hand.submit(profile="solaredge_storedge")
    await by_hand.submit(host=at.host, port=at.port, unit_id=at.unit_id)
    await by_hand.submit(name="Battery", **BATTERY_PARAMS)
    assert by_hand.aborted == "already_configured"


async def test_with_two_homes_it_is_asked_which(
    hass: HomeAssistant, home: DemoHome, web: WebDevice, site: MockConfigEntry, add_site: AddSite
) -> None:
    """The demo home is not among them."""
    other = home_of_entities()
    other.unique_id, other.title = "site:cabin", "Cabin"
    cabin = await add_site(other)
    await add_site(await async_demo_site(hass, home))
    flow = await announce(hass, service(SHELLY, port_of(web)))
    assert flow.step == "found"
    assert flow.options == [site.entry_id, cabin.entry_id]
    await flow.submit(site=cabin.entry_id)
    await flow.submit(**METER)
    assert flow.shown == {"site": "Cabin"}
    await settle(hass)
    assert [len(each.subentries) for each in (site, cabin)] == [0, 1]


async def test_a_home_that_was_removed_meanwhile_takes_nothing(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry, add_site: AddSite
) -> None:
    """The page may wait for days."""
    other = home_of_entities()
    other.unique_id = "site:cabin"
    cabin = await add_site(other)
    flow = await announce(hass, service(SHELLY, port_of(web)))
    await flow.submit(site=cabin.entry_id)
    await hass.config_entries.async_remove(cabin.entry_id)
    await flow.submit(**METER)
    assert flow.aborted == "no_site"


async def test_without_any_home_left_the_page_says_so(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    web.documents = dict(documents.SHELLY_EM_GEN1)
    flow = await announce(hass, service("shellyem-e8db84a1b2c3", port_of(web)))
    await hass.config_entries.async_remove(site.entry_id)
    await flow.submit(roles=["meter"], channel=0)
    assert flow.aborted == "no_site"


async def test_a_device_that_left_meanwhile_says_so(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    web.documents = dict(documents.SHELLY_EM_GEN1)
    flow = await announce(hass, service("shellyem-e8db84a1b2c3", port_of(web)))
    web.documents = {}
    await flow.submit(roles=["meter"], channel=1)
    assert flow.errors == {"base": "wrong_device"}
    assert flow.step == "found"


async def test_a_charger_that_announces_itself_is_asked_for_its_car(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No charger of ours announces itself in a way that has a source; the path is there for the first that does."""
    known = load_profiles()
    charger = replace(known["goe_charger_http"], discovery=known["homewizard_p1"].discovery)
    profiles = {"goe_charger_http": charger}
    monkeypatch.setattr("custom_components.ems.flows.found.load_profiles", lambda: profiles)
    web.documents = dict(documents.GOE_CHARGER)
    info = service("go", port_of(web), "_hwenergy._tcp.local.", product_type="HWE-P1")
    hass.config_entries.async_add_subentry(site, circuit_to_add("Garage", phases="1"))
    await settle(hass)
    (key,) = site.subentries
    flow = await announce(hass, info)
    assert flow.step == "new_charger"
    car = {"car_soc_entity": "sensor.car", "car_capacity_kwh": 60}
    await flow.submit(name="Charger", **CHARGER_PARAMS, **car)
    assert flow.errors == {"car_soc_entity": "entity_missing"}
    # It may hang below a circuit of the home it comes to, on phases that are there.
    wiring = {"circuit": key, "rotation": "l1_l2_l3", "safe_a": 6, "priority": 1}
    await flow.submit(name="Charger", **CHARGER_PARAMS, wiring=wiring)
    assert flow.errors == {"wiring": "phase_not_there"}
    await flow.submit(name="Charger", **CHARGER_PARAMS, wiring={**wiring, "rotation": "unknown"})
    assert flow.aborted == "device_added"
    await settle(hass)
    stored = site.subentries[subentry_id(site, "charger")].data["params"]["wiring"]
    assert stored == {**wiring, "rotation": "unknown"}


def test_a_found_device_is_asked_in_the_same_words_as_one_that_is_added_by_hand() -> None:
    """The form is the same; two wordings would drift apart."""
    for role in ("meter", "battery", "pv", "charger"):
        new = ENGLISH["config"]["step"][f"new_{role}"]
        by_hand = ENGLISH["config_subentries"][role]["step"]["confirm"]
        for part in ("data", "data_description"):
            assert new[part].items() >= by_hand[part].items()
        assert new["description"] == by_hand["description"]
        assert new.get("sections") == by_hand.get("sections")
