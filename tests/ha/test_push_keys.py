"""Keys of devices that post: what opens what, who is shut out, and what nobody gets to see."""

import json
from pathlib import Path
from typing import Any

from homeassistant.components.http.ban import (
    KEY_BAN_MANAGER,
    KEY_FAILED_LOGIN_ATTEMPTS,
    KEY_LOGIN_THRESHOLD,
)
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters import push_hub
from custom_components.ems.adapters.push_hub import Memory
from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.pushing import KEY, KEY_ID, Poster, push_device
from tests.ha.sites import PV_PARAMS, home_of_entities


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home with a meter that posts, and nothing else."""
    return await add_site(home_of_entities(push_device()))


@pytest.fixture
async def device(site: MockConfigEntry, make_poster: Any) -> Poster:
    """The meter."""
    poster: Poster = await make_poster()
    return poster


async def test_strangers_learn_nothing(hass: HomeAssistant, add_site: AddSite, make_poster: Any) -> None:
    """A wrong key, none, an unknown device and a revoked key are answered alike, whatever is posted."""
    revoked = "8899aabbccddeeff"
    await add_site(home_of_entities(push_device(), push_device(name="Old", key_id=revoked, key=None)))
    device = await make_poster()
    answers = [
        await device.post(key="wrong", power=1),
        await device.post(key=None, power=1),
        await device.post(key_id="unknown", power=1),
        await device.post(key_id=revoked, power=1),
        await device.post(key="ü" * 100, power=1),
        await device.status(key="wrong"),
        await device.client.post(f"/api/ems/ingest/{KEY_ID}", data=b"x" * 9000),
    ]
    assert [answer.status for answer in answers] == [403] * 7
    assert len({await answer.text() for answer in answers}) == 1
    left = {"Date", "Content-Length", "Server"}
    assert len({str(sorted((k, v) for k, v in a.headers.items() if k not in left)) for a in answers}) == 1


async def test_a_stranger_is_logged_once_and_a_guesser_is_banned(
    hass: HomeAssistant,
    site: MockConfigEntry,
    make_poster: Any,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """A device that goes on with an old key is one guess; three different keys are three."""
    app = hass.http.app
    app[KEY_LOGIN_THRESHOLD] = 3
    app[KEY_BAN_MANAGER].path = str(tmp_path / "ip_bans.yaml")  # not the one of every other test
    device = await make_poster()
    for _ in range(5):
        assert (await device.post(key="old", power=1)).status == 403
    assert list(app[KEY_FAILED_LOGIN_ATTEMPTS].values()) == [1]
    assert (await device.post(power=1)).status == 200
    assert list(app[KEY_FAILED_LOGIN_ATTEMPTS].values()) == [1]  # a device's key wipes nothing out
    await device.post(key="guess 1", power=1)
    await device.post(key="guess 2", power=1)
    assert caplog.text.count("unknown or wrong key") == 1
    assert "Banned IP 127.0.0.1" in caplog.text
    assert (await device.post(power=1)).status == 403


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_hub, "_REMEMBERED", 2)
    memory = Memory()
    assert [memory.is_new(thing) for thing in (1, 1, 2, 3, 1, 3)] == [True, False, True, True, True, False]


async def test_a_removed_device_is_shut_out_at_once_and_forgotten(
    hass: HomeAssistant, site: MockConfigEntry, device: Poster, hass_storage: dict[str, Any]
) -> None:
    await device.post(energy_consumed=0.1)
    (subentry_id,) = site.subentries
    hass.config_entries.async_remove_subentry(site, subentry_id)
    assert (await device.client.post(f"/api/ems/ingest/{KEY_ID}", headers={"X-API-Key": KEY})).status == 403
    await settle(hass)
    await hass.config_entries.async_unload(site.entry_id)
    assert hass_storage[f"ems.{site.entry_id}"]["data"]["push"] == {}


async def test_two_homes_are_kept_apart(hass: HomeAssistant, add_site: AddSite, make_poster: Any) -> None:
    """One key opens one device; a home that is down does not stop the other."""
    first, second = (
        home_of_entities(push_device()),
        home_of_entities(push_device("pv", "Roof", key_id="77", key="k2")),
    )
    second.subentries[0]["data"]["params"] = PV_PARAMS
    second.title, second.unique_id = "Cabin", "site:cabin"
    one = await add_site(first)
    await add_site(second)
    device = await make_poster()
    assert (await device.post(key_id="77", power=900)).status == 403
    assert (await device.post(key_id="77", key="k2", energy_produced=0.05)).status == 200
    assert (await device.post(power=100)).status == 200
    assert float(hass.states.get("sensor.roof_power").state) == 3000
    assert hass.states.get("sensor.hall_power").state == "100.0"
    await hass.config_entries.async_unload(one.entry_id)
    assert (await device.post(power=100)).status == 503
    assert (await device.post(key_id="77", key="k2", energy_produced=0.05)).status == 200


async def test_diagnostics_hold_no_key(hass: HomeAssistant, site: MockConfigEntry, device: Poster) -> None:
    await device.post(power=1)
    found = json.dumps(await async_get_config_entry_diagnostics(hass, site), default=str)
    (subentry,) = site.subentries.values()
    for secret in (KEY, KEY_ID, subentry.data["source"]["key_hash"]):
        assert secret not in found
