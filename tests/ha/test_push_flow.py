"""Adding and changing a device that posts: its key is shown once, its first report is seen before it is saved."""

import json
from typing import Any
from unittest.mock import Mock

from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import NoURLAvailableError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.push_hub import KEY as HUB
from custom_components.ems.flows import push
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.pushing import Poster
from tests.ha.sites import FIXED, home_of_entities

FORM = {"energy": "interval", "interval_s": 60}
METER = {"name": "Hall", "position": "grid"}


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


@pytest.fixture
async def poster(site: MockConfigEntry, make_poster: Any) -> Poster:
    """Somebody who can post."""
    found: Poster = await make_poster()
    return found


async def keyed(hass: HomeAssistant, site: MockConfigEntry, role: str = "meter", **form: Any) -> Flow:
    """Go as far as the key."""
    flow = await (await add_device(hass, site, role)).choose("push")
    assert flow.step == "push"
    await flow.submit(**{**FORM, **form})
    assert (flow.step, flow.errors) == ("push_key", {})
    return flow


async def post(poster: Poster, flow: Flow, **fields: Any) -> int:
    """Post with the address and the key that the form shows."""
    shown = flow.shown
    answer = await poster.post(key=shown["key"], key_id=shown["key_id"], **fields)
    return answer.status


async def test_a_pushed_meter_is_added_seen_and_counted_from_its_first_report(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster
) -> None:
    """What came while the form was open counts, and is not taken a second time."""
    flow = await keyed(hass, site, capacity_kw=20, facility_id=" hall 3 ")
    assert flow.shown["url"].endswith(f"/api/ems/ingest/{flow.shown['key_id']}")
    assert flow.shown["header"] == "X-API-Key"
    key, key_id = flow.shown["key"], flow.shown["key_id"]
    assert (
        await post(poster, flow, facility_id="hall 3", current_load=12.5, energy_consumed=0.1, seq=1) == 200
    )
    await flow.submit(skip=False)
    assert (flow.step, flow.errors) == ("confirm", {})
    assert "Power: **2500 W**" in flow.shown["values"]
    assert "Imported energy: **0.10 kWh**" in flow.shown["values"]
    assert flow.suggested["name"] == "hall 3"
    await flow.submit(**METER)
    assert flow.created
    await settle(hass)
    assert hass.states.get("sensor.hall_power").state == "2500.0"
    assert await hass.config_entries.async_reload(site.entry_id)
    await settle(hass)
    assert hass.states.get("sensor.hall_power").state == "2500.0"
    assert (
        await poster.post(key=key, key_id=key_id, facility_id="hall 3", current_load=1, seq=1)
    ).status == 409
    assert (
        await poster.post(key=key, key_id=key_id, facility_id="hall 3", energy_consumed=0.1, seq=2)
    ).status == 200
    assert float(hass.states.get("sensor.hall_imported_energy").state) == pytest.approx(0.2)
    assert hass.data[HUB].claim(key_id) is None
    (subentry,) = site.subentries.values()
    assert key not in json.dumps(dict(subentry.data))
    assert subentry.unique_id == f"meter:{key_id}"


async def test_without_a_report_the_form_waits_and_says_what_was_refused(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster
) -> None:
    flow = await keyed(hass, site)
    key = flow.shown["key"]
    await flow.submit(skip=False)
    assert flow.errors == {"base": "push_nothing_came"}
    assert (flow.shown["detail"], flow.shown["key"]) == ("–", key)
    assert await post(poster, flow, voltage="230 V") == 400
    await flow.submit(skip=False)
    assert "voltage is a text" in flow.shown["detail"]
    assert await post(poster, flow, voltage=230) == 200
    await flow.submit(skip=False)
    assert flow.step == "confirm"


async def test_the_first_report_can_come_later(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster
) -> None:
    """An array, too, can be pushed. Its first report then finds its sensors."""
    flow = await keyed(hass, site, "pv")
    key, key_id = flow.shown["key"], flow.shown["key_id"]
    await flow.submit(skip=True)
    assert "Power: **–**" in flow.shown["values"]
    await flow.submit(name="Roof", peak_kw=5, tilt_deg=30, azimuth_deg=180)
    assert flow.created
    await settle(hass)
    assert hass.states.get("sensor.roof_power").state == "unknown"
    assert (await poster.post(key=key, key_id=key_id, energy_produced=0.05)).status == 200
    assert float(hass.states.get("sensor.roof_power").state) == 3000


async def test_a_form_that_is_closed_leaves_no_open_address(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster
) -> None:
    flow = await keyed(hass, site)
    assert await post(poster, flow, power=1) == 200
    hass.config_entries.subentries.async_abort(flow.result["flow_id"])
    assert await post(poster, flow, power=1) == 403


async def test_a_form_that_never_came_to_a_key_can_be_closed(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    flow = await (await add_device(hass, site, "meter")).choose("push")
    hass.config_entries.subentries.async_abort(flow.result["flow_id"])


async def added(hass: HomeAssistant, site: MockConfigEntry, poster: Poster) -> tuple[str, str, str]:
    """Add a meter; return its subentry, key id and key."""
    flow = await keyed(hass, site)
    key, key_id = flow.shown["key"], flow.shown["key_id"]
    assert await post(poster, flow, energy_consumed=1.0, seq=1000) == 200
    await flow.submit(skip=False)
    await flow.submit(**METER)
    await settle(hass)
    return next(iter(site.subentries)), key_id, key


async def test_a_key_that_is_kept_stays(hass: HomeAssistant, site: MockConfigEntry, poster: Poster) -> None:
    """Other settings change without it; no form shows it again."""
    subentry_id, key_id, key = await added(hass, site, poster)
    flow = await change_device(hass, site, subentry_id)
    assert (flow.step, flow.suggested["key_action"], flow.suggested["interval_s"]) == ("push", "keep", 60)
    await flow.submit(energy="interval", interval_s=30, key_action="keep")
    assert flow.step == "confirm"
    assert "Imported energy: **1.00 kWh**" in flow.shown["values"]
    assert key not in json.dumps(flow.shown)
    await flow.submit(**METER)
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    answer = await poster.post(key=key, key_id=key_id, power=5)
    assert (answer.status, (await answer.json())["next_report_s"]) == (200, 30.0)


async def test_a_renewed_key_works_and_the_old_one_stops_at_once(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster, clock: Clock
) -> None:
    """The counters go on, the sequence begins anew, and the address stays."""
    subentry_id, key_id, old = await added(hass, site, poster)
    clock.move(1)
    flow = await change_device(hass, site, subentry_id)
    await flow.submit(**FORM, key_action="renew")
    assert (flow.step, flow.shown["key_id"]) == ("push_key", key_id)
    assert flow.shown["key"] != old
    await settle(hass)
    assert (await poster.post(key=old, key_id=key_id, power=1)).status == 403
    await flow.submit(skip=False)
    assert flow.errors == {"base": "push_nothing_came"}  # the old key's reports prove nothing
    assert await post(poster, flow, energy_consumed=0.5, seq=0) == 200
    new = flow.shown["key"]
    await flow.submit(skip=False)
    assert "Imported energy: **1.50 kWh**" in flow.shown["values"]
    await flow.submit(**METER)
    await settle(hass)
    assert (await poster.post(key=new, key_id=key_id, power=1)).status == 200


async def test_a_renewed_key_holds_although_the_form_is_closed(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster
) -> None:
    """Whoever renews a key because it leaked must not have to finish a form first."""
    subentry_id, key_id, old = await added(hass, site, poster)
    flow = await change_device(hass, site, subentry_id)
    await flow.submit(**FORM, key_action="renew")
    hass.config_entries.subentries.async_abort(flow.result["flow_id"])
    await settle(hass)
    assert (await poster.post(key=old, key_id=key_id, power=1)).status == 403
    assert await post(poster, flow, power=1) == 200


async def test_a_revoked_key_opens_nothing_until_a_new_one_is_made(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster
) -> None:
    subentry_id, key_id, old = await added(hass, site, poster)
    flow = await change_device(hass, site, subentry_id)
    await flow.submit(**FORM, key_action="revoke")
    assert flow.step == "confirm"
    await flow.submit(**METER)
    await settle(hass)
    assert (await poster.post(key=old, key_id=key_id, power=1)).status == 403
    assert (await poster.post(key="", key_id=key_id, power=1)).status == 403
    device = next(each for each in site.runtime_data.devices.values() if each.subentry_id == subentry_id)
    await device.coordinator.async_refresh()
    assert device.coordinator.last_exception.translation_key == "push_revoked"
    flow = await change_device(hass, site, subentry_id)
    await flow.submit(**FORM, key_action="renew")
    await settle(hass)
    assert await post(poster, flow, power=1) == 200


async def test_a_device_of_a_home_that_is_down_can_still_be_changed(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster
) -> None:
    subentry_id, _, _ = await added(hass, site, poster)
    await hass.config_entries.async_unload(site.entry_id)
    flow = await change_device(hass, site, subentry_id)
    await flow.submit(**FORM, key_action="keep")
    assert (flow.step, flow.shown["values"]) == ("confirm", "")
    await flow.submit(**METER)
    assert flow.aborted == "reconfigure_successful"


async def test_reports_between_the_form_and_the_start_of_the_home_count(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster
) -> None:
    flow = await keyed(hass, site)
    key, key_id = flow.shown["key"], flow.shown["key_id"]
    await flow.submit(skip=True)
    await hass.config_entries.async_unload(site.entry_id)
    await flow.submit(**METER)
    assert (await poster.post(key=key, key_id=key_id, energy_consumed=0.5)).status == 200
    await hass.config_entries.async_setup(site.entry_id)
    await settle(hass)
    assert float(hass.states.get("sensor.hall_imported_energy").state) == 0.5


async def test_a_home_without_a_known_address_shows_the_path(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "get_url", Mock(side_effect=NoURLAvailableError))
    flow = await keyed(hass, site)
    assert flow.shown["url"] == f"/api/ems/ingest/{flow.shown['key_id']}"


async def test_the_address_names_the_home_where_it_is_known(
    hass: HomeAssistant, site: MockConfigEntry, poster: Poster
) -> None:
    await hass.config.async_update(internal_url="http://home.example:8123")
    flow = await keyed(hass, site)
    assert flow.shown["url"].startswith("http://home.example:8123/api/ems/ingest/")


async def test_what_cannot_be_steered_by_posting_is_not_offered(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    assert "push" not in (await add_device(hass, site, "battery")).result["menu_options"]
    assert "push" in (await add_device(hass, site, "pv")).result["menu_options"]
    assert site.data["tariff"] == FIXED
