"""Devices that are known: recognised by their serial number, followed to new addresses, told from others."""

from dataclasses import replace
from typing import Any

from aiohttp.test_utils import TestServer
from aiohttp.web import Application
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.loader import async_get_dhcp, async_get_zeroconf
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_socket import socket_allow_hosts

from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome
from custom_components.ems.devices import load_profiles
from custom_components.ems.flows import candidates, found
from custom_components.ems.flows.probe import ProbeError
from tests.devices import documents
from tests.devices.web import WebDevice, serving
from tests.ha.announced import METER, SHELLY, SOLAREDGE, add, announce, link_of, move, port_of, service
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.sites import BATTERY_PARAMS, PV_PARAMS, Site, home_of_entities


@pytest.fixture(autouse=True)
def more_loopback(sockets: None) -> None:
    """Let devices have addresses they can move between; all of 127.0.0.0/8 is this machine."""
    socket_allow_hosts(["127.0.0.1", "127.0.0.2", "127.0.0.9"])


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


@pytest.fixture
async def web(sockets: None):
    """Run a web server that plays a Shelly."""
    async with serving(WebDevice(documents=dict(documents.SHELLY_PRO_3EM))) as device:
        yield device


async def test_a_device_that_moved_is_followed(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """It announces its new address, and goes on being read without anybody doing anything."""
    await add(hass, web)
    move(hass, site, host="127.0.0.9")
    await settle(hass)
    assert hass.states.get("sensor.grid_meter_power").state == "unavailable"
    assert (await announce(hass, service(SHELLY, port_of(web)))).aborted == "already_configured"
    await settle(hass)
    assert link_of(site)["host"] == "127.0.0.1"
    assert hass.states.get("sensor.grid_meter_power").state == "715.5"


async def test_an_address_that_still_answers_is_kept(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """A device on cable and on radio has two, and would jump back and forth between them."""
    await add(hass, web)
    app = Application()
    app.router.add_route("*", "/{tail:.*}", web.answer)
    async with TestServer(app, host="127.0.0.2", port=port_of(web)):
        move(hass, site, host="127.0.0.2")
        await settle(hass)
        assert (await announce(hass, service(SHELLY, port_of(web)))).aborted == "already_configured"
        assert link_of(site)["host"] == "127.0.0.2"


async def test_a_name_follows_its_device_by_itself(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """Whoever entered a name wanted it to stay."""
    await add(hass, web)
    move(hass, site, host="meter.invalid")
    await settle(hass)
    assert (await announce(hass, service(SHELLY, port_of(web)))).aborted == "already_configured"
    assert link_of(site)["host"] == "meter.invalid"


async def test_a_device_that_is_read_over_the_broker_is_not_offered_again(
    hass: HomeAssistant, web: WebDevice
) -> None:
    """Its topics begin with its name, which ends with its serial number. One whose profile is gone is no obstacle."""
    devices = [
        {
            "subentry_type": "meter",
            "title": profile,
            "unique_id": f"meter:{serial}",
            "data": {
                "name": profile,
                "source": {"kind": "profile", "profile": profile, "serial": serial}
                | {"link": {"transport": "mqtt", "prefix": serial}},
                "params": {"position": "grid"},
            },
        }
        for profile, serial in (("shelly_3em_mqtt", SHELLY), ("my_own_one", "EC62609110F8"))
    ]
    over_broker, of_no_profile = (home_of_entities(device).entry(DOMAIN) for device in devices)
    of_no_profile.add_to_hass(hass)
    flow = await announce(hass, service(SHELLY, port_of(web)))
    assert flow.step == "new_meter"
    hass.config_entries.flow.async_abort(flow.result["flow_id"])
    over_broker.add_to_hass(hass)
    assert (await announce(hass, service(SHELLY, port_of(web)))).aborted == "already_configured"


async def test_two_devices_that_swapped_their_addresses_are_told_apart(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """Where the one was, the other answers now: its serial number says so."""
    await add(hass, web)
    async with serving(WebDevice(documents=dict(documents.SHELLY_PRO_3EM))) as other:
        who = "/rpc/Shelly.GetDeviceInfo"
        other.documents[who] = {**other.documents[who], "mac": "AABBCCDDEEFF"}
        move(hass, site, host="127.0.0.9")
        await settle(hass)
        flow = await announce(hass, service("shellypro3em-aabbccddeeff", port_of(other)))
        assert (flow.step, flow.shown["serial"]) == ("new_meter", "AABBCCDDEEFF")
        assert link_of(site)["host"] == "127.0.0.9"


async def test_a_password_is_asked_for_and_kept(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """And a device that moves is recognised with the password it had."""
    web.digest, web.password = "SHA-256", "pass-phrase"
    flow = await announce(hass, service(SHELLY, port_of(web)))
    assert flow.step == "found_password"
    await flow.submit(password="wrong")
    assert flow.errors == {"base": "wrong_credentials"}
    await flow.submit(password="pass-phrase")
    assert flow.step == "new_meter"
    await flow.submit(**METER)
    await settle(hass)
    assert link_of(site)["password"] == "pass-phrase"
    move(hass, site, host="127.0.0.9")
    await settle(hass)
    assert (await announce(hass, service(SHELLY, port_of(web)))).aborted == "already_configured"
    await settle(hass)
    assert link_of(site) == {
        "transport": "http",
        "host": "127.0.0.1",
        "port": port_of(web),
        "password": "pass-phrase",
    }


async def test_a_clamp_is_chosen_and_its_housing_is_known_from_then_on(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """One serial number, two meters: whoever took one of them has seen the device."""
    web.documents = dict(documents.SHELLY_EM_GEN1)
    flow = await announce(hass, service("shellyem-e8db84a1b2c3", port_of(web)))
    assert flow.step == "found"
    assert flow.suggested == {"roles": ["meter", "pv"], "channel": 0}
    await flow.submit(roles=[], channel=1)
    assert flow.errors == {"base": "nothing_chosen"}
    await flow.submit(roles=["pv"], channel=1)
    assert flow.step == "new_pv"
    assert flow.shown["serial"] == "E8DB84A1B2C3-1"
    await flow.submit(name="Solar", **PV_PARAMS)
    assert flow.aborted == "device_added"
    await settle(hass)
    assert link_of(site)["channel"] == 1
    move(hass, site, host="127.0.0.9")
    await settle(hass)
    again = await announce(hass, service("shellyem-e8db84a1b2c3", port_of(web)))
    assert again.aborted == "already_configured"
    await settle(hass)
    assert (link_of(site)["host"], link_of(site)["channel"]) == ("127.0.0.1", 1)


async def test_hardware_that_asks_for_an_address_is_found_and_followed(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maker's part of the hardware address tells; the port is the profile's, so the demo home's is lent to it."""
    at = home.addresses.inverter
    known = load_profiles()
    solaredge = known["solaredge_storedge"]
    lent = replace(
        solaredge,
        link=replace(solaredge.link, port=at.port, unit_id=at.unit_id),
        discovery=known["sma_smart_energy"].discovery,
    )
    profiles = {"solaredge_storedge": lent}
    monkeypatch.setattr("custom_components.ems.flows.found.load_profiles", lambda: profiles)
    info = DhcpServiceInfo(ip="127.0.0.1", hostname="sma3015638141", macaddress="0015bb123456")
    flow = await announce(hass, info)
    assert flow.step == "found"
    await flow.submit(roles=["battery"])
    await flow.submit(name="Battery", **BATTERY_PARAMS)
    await settle(hass)
    move(hass, site, host="127.0.0.9")
    await settle(hass)
    assert (await announce(hass, info)).aborted == "already_configured"
    await settle(hass)
    assert link_of(site)["host"] == "127.0.0.1"
    stranger = DhcpServiceInfo(ip="127.0.0.1", hostname="desk", macaddress="0015bb999999")
    assert (await announce(hass, stranger)).aborted == "unknown_device"


async def test_an_inverter_that_is_still_starting_is_asked_once_more(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for its address first and serves Modbus a minute later; nobody tells of the same address twice."""
    at = home.addresses.inverter
    real, asked = found.async_find, []

    async def starting(hass: HomeAssistant, several: Any) -> Any:
        asked.append(len(asked))
        if len(asked) == 1:
            raise ProbeError("cannot_connect", "not yet")
        return await real(
            hass,
            [
                replace(each, link={**each.link, "port": at.port, "unit_id": at.unit_id})
                for each in candidates.seen_by_dhcp([solaredge], info)
            ],
        )

    known = load_profiles()
    solaredge = replace(known["solaredge_storedge"], discovery=known["sma_smart_energy"].discovery)
    monkeypatch.setattr(found, "async_find", starting)
    monkeypatch.setattr(found, "STARTING_S", 0.01)
    info = DhcpServiceInfo(ip="127.0.0.1", hostname="sma3015638141", macaddress="0015bb123456")
    assert (await announce(hass, info)).step == "found"
    assert len(asked) == 2
    # What answers as something else is no matter of time.
    asked.clear()

    async def strange(hass: HomeAssistant, several: Any) -> Any:
        asked.append(0)
        raise ProbeError("wrong_device", "a printer")

    monkeypatch.setattr(found, "async_find", strange)
    info = DhcpServiceInfo(ip="127.0.0.1", hostname="sma3015638142", macaddress="0015bb123457")
    assert (await announce(hass, info)).aborted == "unknown_device"
    assert len(asked) == 1


async def test_the_makers_own_profile_is_tried_before_the_general_one(hass: HomeAssistant) -> None:
    info = DhcpServiceInfo(ip="127.0.0.1", hostname="symo", macaddress="0003ac123456")
    tried = candidates.seen_by_dhcp(reversed(load_profiles().values()), info)
    assert [each.profile.id for each in tried] == ["fronius_gen24", "sunspec_inverter"]


async def test_a_unit_that_cannot_be_is_not_believed(hass: HomeAssistant, site: MockConfigEntry) -> None:
    profile = load_profiles()["solaredge_storedge"]
    for told, unit_id in (("7", 7), ("300", 1), ("x", 1)):
        info = service("solaredge", 1502, SOLAREDGE, MODBUS_ID=told)
        (seen,) = candidates.seen_by_zeroconf([profile], info)
        assert seen.link["unit_id"] == unit_id
    (seen,) = candidates.seen_by_zeroconf([profile], service("solaredge", 1502, SOLAREDGE))
    assert seen.link["unit_id"] == 1


async def test_devices_that_are_not_of_a_profile_are_no_housing(
    hass: HomeAssistant, web: WebDevice, add_site: AddSite
) -> None:
    """Entities of other integrations have no address that could change."""
    site: Site = home_of_entities(
        {
            "subentry_type": "load",
            "title": "Pump",
            "unique_id": "load:pump",
            "data": {
                "name": "Pump",
                "source": {"kind": "entities", "entities": {}, "serial": "pump"},
                "params": {"kind": "interruptible", "demand": "daily", "power_w": 1000, "energy_kwh": 1.0}
                | {"min_on_min": 0, "min_off_min": 0, "window_from": "00:00:00", "window_until": "00:00:00"},
            },
        }
    )
    await add_site(site)
    assert (await announce(hass, service(SHELLY, port_of(web)))).step == "new_meter"


async def test_home_assistant_wakes_us_for_what_the_manifest_names(hass: HomeAssistant) -> None:
    """Its loader takes custom integrations into account, and understands our patterns."""
    services = await async_get_zeroconf(hass)
    ours = {kind for kind, matchers in services.items() for each in matchers if each["domain"] == DOMAIN}
    assert ours == {"_http._tcp.local.", "_shelly._tcp.local.", "_hwenergy._tcp.local.", SOLAREDGE}
    hardware = [each for each in await async_get_dhcp(hass) if each["domain"] == DOMAIN]
    assert {each["macaddress"] for each in hardware} == {"0003AC*", "0015BB*"}
