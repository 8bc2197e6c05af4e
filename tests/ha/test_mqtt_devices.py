"""Devices behind a real Mosquitto and Home Assistant's own MQTT integration, from the form to the entity."""

import asyncio
from collections.abc import AsyncIterator
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import ExtendedJSONEncoder
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters import mqtt_link
from custom_components.ems.adapters.mqtt_link import HomeAssistantBroker
from custom_components.ems.devices import DeviceConnectionError, MqttDevice
from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from custom_components.ems.flows import hear
from tests.devices import documents
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.sites import home_of_entities
from tests.support.mosquitto import Mosquitto, running
from tests.support.replay import async_replay, devices_of

PREFIX = "shellies/shellyem3-34945470E1A2"
METER = {"name": "Grid meter", "position": "grid"}


@pytest.fixture
async def mosquitto(sockets: None, tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """Run a broker."""
    async with running(tmp_path) as broker:
        yield broker


@pytest.fixture
async def mqtt(
    hass: HomeAssistant,
    vienna: None,
    mock_hass_config: None,
    mosquitto: Mosquitto,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Mosquitto]:
    """Connect Home Assistant to it, as people do."""
    data = {"broker": "127.0.0.1", "port": mosquitto.port, "protocol": "5"}
    entry = MockConfigEntry(domain="mqtt", data=data, version=1, minor_version=2)
    entry.add_to_hass(hass)
    assert await async_setup_component(hass, "http", {})
    # What MQTT needs for certificates that nobody uploads here.
    hass.config.components.add("file_upload")
    # The client listens in the background for as long as it is connected: nobody may wait for its end.
    until_done = hass.async_block_till_done
    monkeypatch.setattr(hass, "async_block_till_done", lambda **_: until_done())
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    yield mosquitto
    await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


@pytest.fixture(autouse=True)
def impatient_ears(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody as long as people would."""
    for name in ("identify_s", "first_s"):
        monkeypatch.setitem(MqttDevice.__init__.__kwdefaults__, name, 1.0)


async def publish_3em(mosquitto: Mosquitto) -> None:
    """Publish what a Shelly 3EM of the first generation does, and let the broker keep it."""
    for n, emeter in enumerate(documents.SHELLY_3EM_GEN1["/status"]["emeters"]):
        for key in ("power", "voltage", "current", "pf", "total", "total_returned"):
            await mosquitto.publish(f"{PREFIX}/emeter/{n}/{key}", str(emeter[key]), retain=True)


async def by_profile(hass: HomeAssistant, site: MockConfigEntry) -> Flow:
    """Go as far as the prefix."""
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    return await flow.submit(profile="shelly_gen1_3em_mqtt")


async def shown(hass: HomeAssistant, entity: str, wanted: str) -> None:
    """Wait until an entity shows something: messages take their way through the broker."""
    for _ in range(100):
        await settle(hass)
        if hass.states.get(entity).state == wanted:
            return
        await asyncio.sleep(0.02)
    assert hass.states.get(entity).state == wanted


async def test_a_shelly_is_added_by_its_prefix_and_heard_without_polling(
    hass: HomeAssistant, mqtt: Mosquitto, site: MockConfigEntry, clock: Clock
) -> None:
    """Its messages become entities as they come; silence makes them unavailable, and a word brings them back."""
    await publish_3em(mqtt)
    flow = await by_profile(hass, site)
    assert flow.suggested["prefix"] == "shellies/shellyem3-"
    await flow.submit(prefix=f"{PREFIX}/")
    assert (flow.step, flow.errors) == ("confirm", {})
    assert "Power: **860.5 W**" in flow.shown["values"]
    assert flow.shown["serial"] == PREFIX
    await flow.submit(**METER)
    await settle(hass)
    assert hass.states.get("sensor.grid_meter_power").state == "860.5"
    await mqtt.publish(f"{PREFIX}/emeter/0/power", "-210.5")
    await shown(hass, "sensor.grid_meter_power", "-560.5")
    await mqtt.publish(f"{PREFIX}/online", "false")
    await shown(hass, "sensor.grid_meter_power", "unavailable")
    await mqtt.publish(f"{PREFIX}/online", "true")
    await shown(hass, "sensor.grid_meter_power", "-560.5")
    await clock.live(hass, 80)
    assert hass.states.get("sensor.grid_meter_power").state == "unavailable"
    await mqtt.publish(f"{PREFIX}/emeter/0/power", "100")
    await shown(hass, "sensor.grid_meter_power_l1", "100.0")


async def test_a_prefix_where_nobody_speaks_is_said(
    hass: HomeAssistant, mqtt: Mosquitto, site: MockConfigEntry
) -> None:
    flow = await by_profile(hass, site)
    await flow.submit(prefix="shellies/nobody")
    assert flow.errors == {"base": "cannot_connect"}
    assert "no message on shellies/nobody/emeter/0/power" in flow.shown["detail"]


async def test_without_mqtt_the_form_says_what_is_missing(hass: HomeAssistant, site: MockConfigEntry) -> None:
    flow = await by_profile(hass, site)
    await flow.submit(prefix=PREFIX)
    assert flow.errors == {"base": "cannot_connect"}
    assert "MQTT integration is not set up" in flow.shown["detail"]


async def test_a_broker_that_is_gone_is_said(
    hass: HomeAssistant, mqtt: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The integration is there, its connection is not."""
    monkeypatch.setattr(mqtt_link, "CLIENT_WAIT_S", 0.1)
    (entry,) = hass.config_entries.async_entries("mqtt")
    await hass.config_entries.async_unload(entry.entry_id)
    broker = HomeAssistantBroker(hass)
    with pytest.raises(DeviceConnectionError, match="not connected to its broker"):
        await broker.async_subscribe("a/b", lambda _: None)
    with pytest.raises(DeviceConnectionError, match="a/b"):
        await broker.async_publish("a/b", "1", retain=False)


def rows(**other: Any) -> dict[str, Any]:
    """Return what is entered by hand: a plain value and one inside JSON."""
    points = [
        {"point": "power", "topic": "tele/meter/SENSOR", "path": "E.Power", "unit": "kW"},
        {"point": "import_energy", "topic": "tele/meter/total", "unit": "kWh"},
    ]
    form = {"max_age_s": 60, "points": points, "power_positive": "import"}
    return {**form, "availability_topic": "tele/meter/LWT", "availability_word": "Online", **other}


async def test_any_topics_make_a_device_by_hand(
    hass: HomeAssistant, mqtt: Mosquitto, site: MockConfigEntry
) -> None:
    """Plain values, JSON with a path, and the topic that says whether it is there."""
    await mqtt.publish("tele/meter/SENSOR", '{"E": {"Power": 1.25}}', retain=True)
    await mqtt.publish("tele/meter/total", "12.5", retain=True)
    flow = await (await add_device(hass, site, "meter")).choose("mqtt")
    await flow.submit(**rows())
    assert (flow.step, flow.errors) == ("confirm", {})
    assert "Power: **1250 W**" in flow.shown["values"]
    assert "Imported energy: **12.50 kWh**" in flow.shown["values"]
    await flow.submit(**METER)
    await settle(hass)
    await mqtt.publish("tele/meter/LWT", "Offline", retain=True)
    await shown(hass, "sensor.grid_meter_power", "unavailable")
    await mqtt.publish("tele/meter/LWT", "Online", retain=True)
    await shown(hass, "sensor.grid_meter_power", "1250.0")
    (key,) = site.subentries
    flow = await change_device(hass, site, key)
    assert (flow.step, flow.suggested["availability_word"]) == ("mqtt", "Online")
    await flow.submit(**rows(power_positive="export"))
    await flow.submit(**METER)
    await settle(hass)
    await shown(hass, "sensor.grid_meter_power", "-1250.0")


async def test_a_row_with_a_wildcard_is_refused(
    hass: HomeAssistant, mqtt: Mosquitto, site: MockConfigEntry
) -> None:
    flow = await (await add_device(hass, site, "meter")).choose("mqtt")
    points = [{"point": "power", "topic": "tele/+/power", "unit": "W"}]
    await flow.submit(**rows(points=points))
    assert flow.errors == {"points": "row_topic_wildcard"}
    assert "The topic of Power has a wildcard" in flow.said["points"]


async def test_a_topic_is_listened_to_and_its_usual_fields_fill_the_table(
    hass: HomeAssistant, mqtt: Mosquitto, site: MockConfigEntry
) -> None:
    """One topic after the other, JSON and plain; rows that are there stay, and all fields are shown."""
    energy = {"Total": 12.5, "Power": 57, "Voltage": 231}
    await mqtt.publish("tele/plug/SENSOR", json.dumps({"Time": "now", "ENERGY": energy}), retain=True)
    await mqtt.publish("house/frequency", "50.02", retain=True)
    flow = await (await add_device(hass, site, "meter")).choose("mqtt")
    await flow.submit(max_age_s=60, listen_topic="tele/plug/SENSOR", power_positive="export")
    assert (flow.step, flow.errors) == ("mqtt", {})
    rows = {row["point"]: row for row in flow.rows}
    assert rows["power"] == {
        "point": "power",
        "topic": "tele/plug/SENSOR",
        "path": "ENERGY.Power",
        "unit": "W",
    }
    assert "- `ENERGY.Total`: 12.5" in flow.shown["detail"]
    assert (flow.suggested["listen_topic"], flow.suggested["power_positive"]) == (None, "export")
    listen = {"max_age_s": 60, "power_positive": "export", "listen_topic": "house/frequency"}
    await flow.submit(**listen, points=flow.suggested["points"])
    found = flow.suggested["points"]
    assert [row["point"] for row in flow.rows] == [*rows, "frequency"]
    await flow.submit(max_age_s=60, points=found, power_positive="export")
    assert (flow.step, flow.errors) == ("confirm", {})
    assert "Power: **-57 W**" in flow.shown["values"]
    await flow.submit(**METER)
    await settle(hass)
    (subentry,) = site.subentries.values()
    assert "listen_topic" not in subentry.data["source"]["link"]


async def test_a_topic_on_which_nobody_speaks_is_said(
    hass: HomeAssistant, mqtt: Mosquitto, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And an empty table is no device."""
    monkeypatch.setattr(hear, "HEAR_S", 0.2)
    flow = await (await add_device(hass, site, "meter")).choose("mqtt")
    for topic, error in (("nobody/here", "no_message"), ("a/#", "topic_wildcard")):
        await flow.submit(max_age_s=60, listen_topic=topic, power_positive="import")
        assert flow.errors == {"listen_topic": error}
        assert flow.suggested["listen_topic"] == topic
    await flow.submit(max_age_s=60, power_positive="import")
    assert flow.said == {"points": "Power is missing; add a row for it."}


@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "by profile"])
async def test_its_diagnostics_read_the_same_and_name_no_topic(
    hass: HomeAssistant, mqtt: Mosquitto, site: MockConfigEntry, by_hand: bool
) -> None:
    """The last message of every topic is in them; what the topics are called is nobody's business."""
    if by_hand:
        await mqtt.publish("tele/meter/SENSOR", '{"E": {"Power": 1.25, "Owner": "Anna"}}', retain=True)
        await mqtt.publish("tele/meter/total", "12.5", retain=True)
        flow = await (await add_device(hass, site, "meter")).choose("mqtt")
        await flow.submit(**rows())
    else:
        await publish_3em(mqtt)
        flow = await by_profile(hass, site)
        await flow.submit(prefix=PREFIX)
    await flow.submit(**METER)
    await settle(hass)
    await shown(hass, "sensor.grid_meter_power", "1250.0" if by_hand else "860.5")
    found = await async_get_config_entry_diagnostics(hass, site)
    text = json.dumps(found, cls=ExtendedJSONEncoder)
    for secret in ("tele/meter", "shellies/", "34945470E1A2", "Anna"):
        assert secret not in text
    (recorded,) = devices_of(json.loads(text)).values()
    played = await async_replay(recorded)
    assert (played.problem, played.differences) == (None, ())
    assert played.compared >= 2
