"""How often a device is asked: what suits its transport or what people say, but no more than its profile allows."""

from datetime import timedelta
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.rhythm import rhythm_of
from custom_components.ems.demo import DemoHome
from custom_components.ems.devices import load_profiles
from custom_components.ems.devices.by_hand import profile_by_hand
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import add_device, change_device
from tests.ha.sites import BATTERY_PARAMS, home_of_entities

POWER = {"point": "power", "register": 0x5B14, "type": "s32", "unit": "W", "scale": 0.01}


def subentry(role: str, position: str = "zone", **link: Any) -> ConfigSubentry:
    """Return what is kept of a device, as far as it matters here."""
    return ConfigSubentry(
        data=MappingProxyType({"source": {"link": link}, "params": {"position": position}}),
        subentry_type=role,
        title="",
        unique_id=None,
    )


GRID, ZONE, BATTERY = subentry("meter", "grid"), subentry("meter"), subentry("battery")


@pytest.mark.parametrize(
    ("profile", "group", "every_s", "max_age_s"),
    [
        ("abb_b23", [GRID], 2, 20),  # the meter that decides everything
        ("abb_b23", [ZONE], 5, 20),
        ("solaredge_storedge", [BATTERY], 5, 20),
        ("solaredge_storedge", [BATTERY, GRID], 5, 20),  # no quicker than its profile allows
        ("huawei_sun2000", [BATTERY], 10, 30),  # three missed polls are older than what usually is old
        ("huawei_sun2000", [BATTERY, GRID], 10, 30),
        ("abb_b23", [subentry("meter", "grid", poll_s=30)], 30, 90),
        ("abb_b23", [subentry("meter", "grid", poll_s=1)], 2, 20),  # kept before there was a floor
        ("solaredge_storedge", [subentry("battery", poll_s=60), subentry("pv", poll_s=10)], 10, 30),
        ("homewizard_p1", [GRID], 2, 20),
        ("homewizard_p1", [subentry("meter", "grid", poll_s=15)], 15, 45),
        ("shelly_3em_mqtt", [GRID], 0, 150),  # it speaks when it has something to say
    ],
)
def test_a_device_is_asked_as_often_as_it_suits(
    profile: str, group: list[ConfigSubentry], every_s: float, max_age_s: float
) -> None:
    rhythm = rhythm_of(load_profiles()[profile], group)
    assert (rhythm.every, rhythm.max_age_s) == (timedelta(seconds=every_s), max_age_s)


@pytest.mark.parametrize(
    ("kind", "link", "every_s"),
    [
        ("modbus", {"host": "h", "port": 502, "unit_id": 1}, 2),
        ("modbus", {"host": "h", "port": 502, "unit_id": 1, "poll_s": 1}, 1),
        ("http", {"url": "http://h/"}, 30),
        ("http", {"url": "http://h/", "poll_s": 7}, 7),
    ],
)
def test_so_is_one_that_was_described_by_hand(kind: str, link: dict[str, Any], every_s: float) -> None:
    points = [POWER if kind == "modbus" else {"point": "power", "path": "p", "unit": "W"}]
    source = {"kind": kind, "link": link, "points": points, "power_positive": "import"}
    rhythm = rhythm_of(profile_by_hand("meter", source), [subentry("meter", "grid", **link)])
    assert rhythm.every == timedelta(seconds=every_s)


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


async def test_people_say_how_often_and_the_age_of_a_reading_follows(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry, clock: Clock
) -> None:
    """A meter that is asked once a minute is not stale after twenty seconds."""
    at = home.addresses.meter
    where = {"host": at.host, "port": at.port, "unit_id": at.unit_id}
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    await flow.submit(profile="abb_b23")
    await flow.submit(**where, more={"poll_s": 1})
    assert flow.errors == {"base": "poll_too_often"}
    assert flow.shown["detail"] == "2 s"
    assert flow.suggested["more"] == {"poll_s": 1}
    await flow.submit(**where, more={"poll_s": 60})
    await flow.submit(name="Grid", position="grid")
    await settle(hass)
    (key,) = site.subentries
    device = site.runtime_data.devices[key]
    assert device.coordinator.update_interval == timedelta(seconds=60)
    before = device.coordinator.data.at_s
    await clock.tick(hass, 55)
    assert device.coordinator.data.at_s == before
    assert device.is_fresh
    await clock.tick(hass, 8)  # Home Assistant polls somewhere within a second of the hour
    assert device.coordinator.data.at_s > before

    flow = await change_device(hass, site, key)
    assert flow.suggested["more"] == {"poll_s": 60}
    await flow.submit(**where, more={})
    await flow.submit(name="Grid", position="grid")
    await settle(hass)
    assert site.runtime_data.devices[key].coordinator.update_interval == timedelta(seconds=2)


async def test_a_battery_and_the_modules_of_one_inverter_are_asked_together(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    """What is changed for one of them holds for both: it is one request on one wire."""
    at = home.addresses.inverter
    where = {"host": at.host, "port": at.port, "unit_id": at.unit_id}
    for role, params in (
        ("pv", {"peak_kw": 8, "tilt_deg": 35, "azimuth_deg": 180}),
        ("battery", BATTERY_PARAMS),
    ):
        flow = await (await add_device(hass, site, role)).choose("profile")
        await flow.submit(profile="solaredge_storedge")
        await flow.submit(**where, **({"more": {"poll_s": 20}} if role == "battery" else {}))
        await flow.submit(name=role, **params)
        assert flow.created
        await settle(hass)
    assert [each.data["source"]["link"]["poll_s"] for each in site.subentries.values()] == [20, 20]
    intervals = {each.coordinator.update_interval for each in site.runtime_data.devices.values()}
    assert intervals == {timedelta(seconds=20)}
