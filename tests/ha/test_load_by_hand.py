"""Loads that people describe themselves, over HTTP, MQTT and Modbus: seen, switched, read back, and left off."""

from collections.abc import AsyncIterator
import json
import threading
from typing import Any

from homeassistant.core import HomeAssistant
from paho.mqtt import client as paho
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from tests.devices.web import WebDevice, serving
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.foreign import Foreign
from tests.ha.loads import GRID, Planner, always, channel, never, replan, state
from tests.ha.sites import home_of_entities, subentry_id
from tests.ha.test_mqtt_devices import impatient_ears, mosquitto, mqtt, shown  # noqa: F401  # fixtures
from tests.support.mosquitto import Mosquitto

WINDOW = {"window_from": "00:00:00", "window_until": "00:00:00"}
PUMP = {"power_w": 1000, "energy_kwh": 4, "min_on_min": 10, "min_off_min": 10, **WINDOW}
ROD = {"power_w": 3000, "power_min_w": 0, "energy_kwh": 6, **WINDOW}
ROWS = [{"point": "running", "path": "on"}, {"point": "power", "path": "p", "unit": "W"}]


@pytest.fixture
async def web(sockets: None) -> AsyncIterator[WebDevice]:
    """Run a web server that plays a relay: /data says what it does, /set changes that."""
    async with serving(WebDevice()) as device:
        device.documents = {"/data": {"on": "off", "p": 3}, "/set": {}, "/on": {}, "/off": {}}
        device.on_ask = lambda request: _obey(device, request.path, request.query)
        yield device


def _obey(device: WebDevice, path: str, query: Any) -> None:
    data = device.documents["/data"]
    if path in ("/on", "/off"):
        data["on"] = path[1:]
    if path == "/set" and "power" in query:
        data["set"] = int(query["power"])
    if path == "/set" and device.bodies[-1]:
        data["on"] = "on" if json.loads(device.bodies[-1])["state"] else "off"


async def at_commands(hass: HomeAssistant, site: MockConfigEntry, web: WebDevice, rows: Any = ROWS) -> Flow:
    """Go as far as how it is switched."""
    flow = await (await add_device(hass, site, "load")).choose("http")
    form = {"url": f"{web.base_url}/data", "method": "get", "auth": "none", "verify_ssl": True, "poll_s": 5}
    await flow.submit(**form)
    assert (flow.step, flow.errors) == ("http_points", {})
    return await flow.submit(points=rows)


async def made(hass: HomeAssistant, flow: Flow, kind: str = "interruptible", **details: Any) -> None:
    """Go from the confirmation to the end, and let the home be steered."""
    assert (flow.step, flow.errors) == ("confirm", {})
    await flow.submit(name="Pool", kind=kind, demand="daily")
    await flow.submit(**(details or PUMP))
    assert flow.created
    await settle(hass)


async def steer(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """Let EMS steer the home."""
    data = {**site.data, "kind": "demo"}
    hass.config_entries.async_update_entry(site, data=data, options={"operation": "active"})
    await hass.config_entries.async_reload(site.entry_id)
    await settle(hass)


def told(web: WebDevice) -> list[str]:
    """Return what the relay was told."""
    return [path for path in web.asked if not path.startswith("/data")]


@pytest.mark.parametrize(
    "commands",
    [
        {"method": "get", "on_path": "/on", "off_path": "/off"},
        {"method": "post", "on_path": "/set", "off_path": "/set"}
        | {"on_body": '{"state": 1}', "off_body": '{"state": 0}'},
    ],
)
async def test_over_http_it_is_switched_by_two_requests(
    hass: HomeAssistant,
    web: WebDevice,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
    commands: dict[str, str],
) -> None:
    """By different paths, or by different bodies; nothing is tried in the form."""
    site = await add_site(home_of_entities(GRID))
    flow = await at_commands(hass, site, web)
    assert flow.step == "http_commands"
    await flow.submit(**commands)
    assert "Power: **3 W**" in flow.shown["values"]
    await made(hass, flow)
    assert told(web) == []
    await steer(hass, site)
    planner.wish = always
    await clock.tick(hass, 6)
    await replan(hass, site)
    assert web.documents["/data"]["on"] == "on"
    await clock.live(hass, 30)
    assert state(hass, "binary_sensor.pool_running") == "on"
    assert channel(site).error is None
    assert await hass.config_entries.async_unload(site.entry_id)
    assert web.documents["/data"]["on"] == "off"


async def test_a_power_by_hand_is_set_where_the_watts_belong(
    hass: HomeAssistant, web: WebDevice, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """A heating rod whose power can be set may run at any."""
    web.documents["/data"]["set"] = 0
    site = await add_site(home_of_entities(GRID))
    rows = [ROWS[1], {"point": "power_setpoint", "path": "set", "unit": "W"}]
    flow = await at_commands(hass, site, web, rows)
    await flow.submit(method="get", power_path="/set?power=7")
    assert flow.errors == {"power_path": "power_nowhere"}
    await flow.submit(method="get", power_path="/set?power={power_w}")
    await made(hass, flow, "continuous", **ROD)
    await steer(hass, site)
    planner.wish, planner.power_kw = always, 1.5
    await clock.tick(hass, 6)
    await replan(hass, site)
    assert web.documents["/data"]["set"] == 1500
    planner.wish = never
    await replan(hass, site)
    await clock.live(hass, 10)
    assert web.documents["/data"]["set"] == 0


@pytest.mark.parametrize(
    ("commands", "errors"),
    [
        ({"on_path": "on", "off_path": "/off"}, {"on_path": "path_wrong"}),
        ({"on_path": "/on", "off_path": ""}, {"off_path": "path_wrong"}),
        ({"on_path": "/on", "off_path": "/off", "on_body": "1"}, {"off_body": "path_or_body"}),
        ({"on_path": "/turn", "off_path": "/turn"}, {"off_path": "on_is_off"}),
        ({"power_path": "/set?p={power_w}"}, {"base": "power_setpoint_row_missing"}),
        ({"on_path": "/on", "off_path": "/off"}, {}),
        ({}, {}),
    ],
)
async def test_what_switches_nothing_is_refused_at_its_field(
    hass: HomeAssistant,
    web: WebDevice,
    add_site: AddSite,
    commands: dict[str, str],
    errors: dict[str, str],
) -> None:
    """And what is left empty is only read."""
    site = await add_site(home_of_entities(GRID))
    flow = await at_commands(hass, site, web)
    await flow.submit(method="get", **commands)
    assert flow.errors == errors
    assert flow.step == ("http_commands" if errors else "confirm")


async def test_without_a_row_that_shows_it_nobody_asks_how_it_is_switched(
    hass: HomeAssistant, web: WebDevice, foreign: Foreign, add_site: AddSite
) -> None:
    """A meter at a load that people switch themselves."""
    site = await add_site(home_of_entities(GRID))
    flow = await at_commands(hass, site, web, [ROWS[1]])
    await made(hass, flow)
    assert hass.states.get("switch.pool_run") is None
    assert state(hass, "sensor.pool_power") == "3.0"


async def test_a_load_by_hand_is_changed(
    hass: HomeAssistant, web: WebDevice, foreign: Foreign, add_site: AddSite
) -> None:
    """The forms hold what was entered, how it is switched included."""
    site = await add_site(home_of_entities(GRID))
    flow = await at_commands(hass, site, web)
    await flow.submit(method="get", on_path="/on?key=s3cret", off_path="/off")
    await made(hass, flow)
    found = json.dumps(await async_get_config_entry_diagnostics(hass, site), default=str)
    assert "s3cret" not in found
    flow = await change_device(hass, site, subentry_id(site, "load"))
    await flow.submit(url=f"{web.base_url}/data", method="get", auth="none", verify_ssl=True, poll_s=5)
    assert flow.rows == ROWS
    await flow.submit(points=ROWS)
    assert flow.suggested["on_path"] == "/on?key=s3cret"


async def test_over_mqtt_it_is_switched_by_messages(
    hass: HomeAssistant,
    mqtt: Mosquitto,  # noqa: F811
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
) -> None:
    """To a topic of its own, and it says in another that it did."""
    await mqtt.publish("pool/state", "off", retain=True)
    site = await add_site(home_of_entities(GRID))
    flow = await (await add_device(hass, site, "load")).choose("mqtt")
    await flow.submit(max_age_s=3600, points=[{"point": "running", "topic": "pool/state"}])
    assert (flow.step, flow.errors) == ("mqtt_commands", {})
    await flow.submit(command_topic="pool/+", retain=False)
    assert flow.errors == {"command_topic": "topic_wildcard"}
    await flow.submit(command_topic="pool/set", on_payload="1", off_payload="1", retain=False)
    assert flow.errors == {"off_payload": "on_is_off"}
    await flow.submit(command_topic="pool/set", on_payload="1", off_payload="0", retain=False)
    await made(hass, flow)
    await steer(hass, site)
    relay = _Relay(mqtt)
    await shown(hass, "binary_sensor.pool_running", "off")
    await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.pool_run"}, blocking=True)
    await shown(hass, "binary_sensor.pool_running", "on")
    assert relay.heard == ["1"]
    assert await hass.config_entries.async_unload(site.entry_id)
    assert relay.heard == ["1", "0"]
    relay.close()


class _Relay:
    """Plays a relay in a thread and through a client of its own."""

    def __init__(self, broker: Mosquitto) -> None:
        """Listen."""
        self.heard: list[str] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        listens = threading.Event()
        self._client.on_subscribe = lambda *_: listens.set()
        self._client.connect("127.0.0.1", broker.port)
        self._client.subscribe("pool/set", qos=1)
        self._client.loop_start()
        # What is said before the broker knows of us is not heard.
        assert listens.wait(5)

    def _on_message(self, _client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        self.heard.append(message.payload.decode())
        self._client.publish("pool/state", "on" if self.heard[-1] == "1" else "off", qos=1, retain=True)

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()
