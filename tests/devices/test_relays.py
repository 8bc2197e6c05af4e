"""Relays and plugs that EMS switches itself: over real web servers and a real broker, with and without a lease."""

import asyncio
from copy import deepcopy
import json

import pytest

from custom_components.ems.devices.by_hand import profile_by_hand
from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import DeviceWriteError, ProfileError
from custom_components.ems.devices.http_client import Access, HttpClient
from custom_components.ems.devices.http_device import HttpDevice
from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.mqtt_device import MqttDevice
from custom_components.ems.devices.points import MODES
from custom_components.ems.devices.profile import parse_any_profile
from tests.devices import relays
from tests.devices.test_mqtt_device import PahoBroker
from tests.support.mosquitto import running
from tests.support.tree import COMPONENT

LOADS = {key: each for key, each in load_profiles().items() if "load" in each.roles}
OVER_HTTP = [key for key, each in LOADS.items() if each.link.transport == "http"]
OVER_MQTT = [key for key, each in LOADS.items() if each.link.transport == "mqtt"]
ON, OFF, STAY = (DeviceCommand(role="load", mode=mode) for mode in ("on", "off", "stay_on"))


class Clock:
    """A clock that a test turns."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def relay(web, session, clock):
    """Return a maker of a device and the relay behind it."""

    def make(profile):
        behind = relays.WebRelay(web, deepcopy(relays.CAPTURES[profile][0]))
        client = HttpClient(session, Access(base_url=web.base_url), timeout_s=0.3, clock=clock)
        return HttpDevice(LOADS[profile], client, clock=clock), behind

    return make


@pytest.mark.parametrize("profile", OVER_HTTP)
async def test_it_is_switched_and_asked_whether_it_did(relay, profile):
    device, behind = relay(profile)
    behind.switch(on=False)
    (write,) = await device.async_command(ON)
    assert behind.is_on
    assert (write.before, write.written, write.read_back) == (0.0, 1.0, 1.0)
    assert (await device.async_read()).get("load", "running") is True
    (write,) = await device.async_command(OFF)
    assert not behind.is_on
    assert (write.before, write.written, write.read_back) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("profile", OVER_HTTP)
async def test_on_unload_it_is_switched_off(relay, profile):
    device, behind = relay(profile)
    await device.async_command(ON)
    await device.async_release(force=True)
    assert not behind.is_on
    assert behind.timer_s is None


@pytest.mark.parametrize("profile", [key for key in OVER_HTTP if LOADS[key].roles["load"].control.lease_s])
async def test_the_devices_own_timer_is_the_lease_and_renewing_winds_it_up(relay, clock, profile):
    device, behind = relay(profile)
    await device.async_command(ON)
    assert behind.timer_s == LOADS[profile].roles["load"].control.lease_s
    behind.told.clear()
    assert await device.async_command(ON) == []
    clock.now_s += LOADS[profile].roles["load"].control.renew_s
    await device.async_command(ON, renew=True)
    assert len(behind.told) == 1
    assert behind.timer_s == LOADS[profile].roles["load"].control.lease_s


@pytest.mark.parametrize("profile", [key for key in OVER_HTTP if LOADS[key].roles["load"].control.lease_s])
async def test_what_must_not_be_broken_off_gets_no_timer(relay, profile):
    """A dishwasher goes on when Home Assistant dies; also one that was wound up before."""
    device, behind = relay(profile)
    await device.async_command(ON)
    await device.async_command(STAY)
    assert behind.is_on
    assert behind.timer_s is None


async def test_a_relay_wears_by_moving_and_not_by_being_told_again(relay, clock):
    """A hundred moves a day, then it rests; renewing is free, and off is never refused."""
    device, behind = relay("shelly_relay_pm_http")
    for _ in range(25):
        await device.async_command(ON)
        await device.async_command(ON, renew=True)
        await device.async_command(OFF)
    for _ in range(50):
        await device.async_command(ON)
        behind.switch(on=False)
    with pytest.raises(DeviceWriteError, match="running wears out and was written 100 times in 24 hours"):
        await device.async_command(ON)
    behind.switch(on=True)
    await device.async_command(OFF)
    assert not behind.is_on
    clock.now_s += 86_400
    await device.async_command(ON)
    assert behind.is_on


async def test_a_relay_that_is_stuck_is_found_out(relay, web):
    device, behind = relay("tasmota_relay_http")
    behind.switch(on=False)
    web.on_ask = None
    with pytest.raises(DeviceWriteError, match="was told 1, the device holds 0"):
        await device.async_command(ON)


async def test_a_virtual_input_of_a_loxone_by_hand(web, session, clock):
    """As the page describes it: paths behind /jdev/sps/io, the value as a text under LL, a password."""
    answer = {"LL": {"control": "dev/sps/io/Pool", "value": "0", "Code": "200"}}
    web.documents = {"/jdev/sps/io/Pool": answer, "/jdev/sps/io/Pool/On": {}, "/jdev/sps/io/Pool/Off": {}}
    web.basic = "Basic YWRtaW46c2VjcmV0"

    def obey(request):
        if request.path.endswith(("/On", "/Off")):
            answer["LL"]["value"] = "1" if request.path.endswith("/On") else "0"

    web.on_ask = obey
    source = {
        "kind": "http",
        "link": {"url": f"{web.base_url}/jdev/sps/io/Pool", "method": "get"},
        "points": [{"point": "running", "path": "LL.value"}],
        "commands": {"on_path": "/jdev/sps/io/Pool/On", "off_path": "/jdev/sps/io/Pool/Off"},
    }
    access = Access(base_url=web.base_url, auth="basic", username="admin", password="secret")
    device = HttpDevice(
        profile_by_hand("load", source), HttpClient(session, access, timeout_s=0.3, clock=clock), clock=clock
    )
    assert (await device.async_read()).get("load", "running") is False
    await device.async_command(ON)
    assert answer["LL"]["value"] == "1"
    await device.async_release(force=True)
    assert answer["LL"]["value"] == "0"


@pytest.mark.parametrize("profile", LOADS)
def test_every_load_that_expires_has_an_on_that_does_not(profile):
    control = LOADS[profile].roles["load"].control
    wanted = set(MODES["load"]) if control.lease_s else {"on", "off"}
    assert set(control.commands) == wanted
    assert control.safe == "off"
    assert control.wears_by_change
    sent = LOADS[profile].roles["load"].readings["running"].send
    if control.lease_s:
        assert f"{control.lease_s:g}" in sent.words[True]


def test_a_lease_without_an_on_that_stays_is_refused():
    text = (COMPONENT / "devices" / "profiles" / "shelly_relay_http.yaml").read_text(encoding="utf-8")
    assert "        stay_on: {latch: true}\n" in text
    with pytest.raises(ProfileError, match="`stay_on` is `on` without a lease"):
        parse_any_profile(
            text.replace("        stay_on: {latch: true}\n", "").replace(", stay_on", ""), "acme.yaml"
        )


@pytest.fixture
async def mosquitto(socket_enabled, tmp_path):
    """Run a broker."""
    async with running(tmp_path) as broker:
        yield broker


@pytest.fixture
async def broker(mosquitto):
    """Connect to it."""
    client = PahoBroker(mosquitto.port)
    yield client
    client.close()


class MqttRelay:
    """Plays a device on a broker of its own: silent until asked, it answers what it was told."""

    def __init__(self, mosquitto):
        self.client = PahoBroker(mosquitto.port)
        self.on, self.timer_s, self.told = False, None, []

    async def play(self, profile):
        """Listen as the device of a profile does; return what its topics begin with."""
        family = "tasmota" if "tasmota" in profile else "gen1" if "gen1" in profile else "gen2"
        prefix, questions, commands = {
            "tasmota": ("plug", ["cmnd/plug/Power", "cmnd/plug/TelePeriod"], []),
            "gen1": ("shellies/s", ["shellies/s/command"], ["shellies/s/relay/0/command"]),
            "gen2": ("shellyplus-1", ["shellyplus-1/command/switch:0"], ["shellyplus-1/rpc"]),
        }[family]
        hear = getattr(self, f"_{family}")
        for topic in (*questions, *commands):
            await self.client.async_subscribe(topic, hear)
        return prefix

    def _send(self, topic, payload):
        asyncio.get_running_loop().create_task(self.client.async_publish(topic, payload, retain=False))

    def _tasmota(self, message):
        if message.topic.endswith("TelePeriod"):
            self._send("tele/plug/SENSOR", json.dumps({"Time": "now", "ENERGY": relays.ENERGY}))
            return
        if message.payload != "?":
            self.told.append(message.payload)
            self.on = message.payload == "ON"
        self._send("stat/plug/POWER", "ON" if self.on else "OFF")

    def _gen1(self, message):
        if message.topic.endswith("relay/0/command"):
            self.told.append(message.payload)
            self.on = message.payload == "on"
        self._send("shellies/s/relay/0", "on" if self.on else "off")
        self._send("shellies/s/relay/0/power", "12.5")
        self._send("shellies/s/relay/0/energy", "600")

    def _gen2(self, message):
        if message.topic.endswith("/rpc"):
            frame = json.loads(message.payload)
            assert (frame["method"], frame["params"]["id"]) == ("Switch.Set", 0)
            assert frame["src"]
            self.told.append(message.payload)
            self.on, self.timer_s = frame["params"]["on"], frame["params"].get("toggle_after")
        status = {"id": 0, "output": self.on, "apower": 12.5, "voltage": 230.0, "current": 0.05}
        status |= {"aenergy": {"total": 10.0}, "temperature": {"tC": 40.0}}
        self._send("shellyplus-1/status/switch:0", json.dumps(status))


@pytest.mark.parametrize("profile", OVER_MQTT)
async def test_over_mqtt_it_is_asked_switched_and_heard(broker, mosquitto, clock, profile):
    """It says nothing by itself: the question is what makes it speak, and nothing is switched by asking."""
    behind = MqttRelay(mosquitto)
    prefix = await behind.play(profile)
    await asyncio.sleep(0.1)
    device = MqttDevice(
        LOADS[profile],
        broker,
        prefix=prefix,
        clock=clock,
        sleep=lambda _: asyncio.sleep(0.02),
        identify_s=2.0,
        first_s=2.0,
    )
    await device.async_identify()
    reading = await device.async_read()
    assert reading.get("load", "running") is False
    assert behind.told == []
    # Silent for almost too long, twice: it was asked again in between.
    for _ in range(2):
        clock.now_s += LOADS[profile].link.max_age_s - 10
        assert (await device.async_read()).get("load", "running") is False
        await device.inbox.async_wait(["nothing"], 0.3)
    metered = {"shelly_relay_pm_mqtt": (12.5, 10.0), "shelly_gen1_relay_pm_mqtt": (12.5, 10.0)}
    metered |= {"tasmota_plug_mqtt": (57.0, 123_456.0)}
    power_w, energy_wh = metered.get(profile, (None, None))
    assert (reading.get("load", "power"), reading.get("load", "energy")) == (power_w, energy_wh)
    (write,) = await device.async_command(ON)
    assert (write.before, write.written, write.read_back) == (0.0, 1.0, 1.0)
    assert behind.on
    assert behind.timer_s == (600 if profile.startswith("shelly_relay") else None)
    await device.async_release(force=True)
    assert not behind.on
    device.close()
    behind.client.close()
