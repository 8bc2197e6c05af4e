"""Devices behind a real broker: what they publish is read, what they are told is published."""

import asyncio
import contextlib
import json

from paho.mqtt import client as paho
import pytest

from custom_components.ems.devices.broker import Broker, Message
from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import (
    DeviceConnectionError,
    DeviceResponseError,
    DeviceWriteError,
)
from custom_components.ems.devices.mqtt_device import MqttDevice
from custom_components.ems.devices.profile import parse_any_profile
from custom_components.ems.devices.reading import Quality
from tests.devices import documents
from tests.support.mosquitto import running

PREFIX = "shellies/shellyem3-34945470E1A2"
EMETERS = documents.SHELLY_3EM_GEN1["/status"]["emeters"]


class PahoBroker(Broker):
    """The broker's client of these tests: another one than Home Assistant's."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self._loop = asyncio.get_running_loop()
        self._heard: dict[str, list] = {}
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_message(self, _client, _userdata, message) -> None:
        came = Message(topic=message.topic, payload=message.payload.decode(), retained=message.retain)
        self._loop.call_soon_threadsafe(self._deliver, came)

    def _deliver(self, message: Message) -> None:
        for heard in self._heard.get(message.topic, []):
            heard(message)

    async def async_subscribe(self, topic, on_message):
        """Subscribe."""
        self._heard.setdefault(topic, []).append(on_message)
        self._client.subscribe(topic, qos=1)
        return lambda: self._heard[topic].remove(on_message)

    async def async_publish(self, topic, payload, *, retain):
        """Publish."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()


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


async def publish_3em(mosquitto, *, retain=False):
    """Publish what a Shelly 3EM of the first generation does."""
    names = {"power": "power", "voltage": "voltage", "current": "current", "pf": "pf"}
    names |= {"total": "total", "total_returned": "total_returned"}
    for n, emeter in enumerate(EMETERS):
        for key, topic in names.items():
            await mosquitto.publish(f"{PREFIX}/emeter/{n}/{topic}", str(emeter[key]), retain=retain)


def shelly(profiles, broker, clock=lambda: 1000.0, **other):
    """Return the meter."""
    known = {"identify_s": 1.0, "first_s": 1.0, **other}
    return MqttDevice(profiles["shelly_gen1_3em_mqtt"], broker, prefix=PREFIX, clock=clock, **known)


async def heard(device, times=1):
    """Wait for messages, and a little for those behind them."""
    news = asyncio.Event()
    end = device.inbox.listen(news.set)
    with contextlib.suppress(TimeoutError):
        for _ in range(times):
            await asyncio.wait_for(news.wait(), 1.0)
            news.clear()
    end()


async def test_topics_with_plain_values_make_a_reading(profiles, broker, mosquitto):
    await publish_3em(mosquitto, retain=True)
    device = shelly(profiles, broker)
    identity = await device.async_identify()
    assert identity.roles == ("meter",)
    reading = await device.async_read()
    assert reading.number("meter", "power") == 860.5
    assert reading.number("meter", "import_energy") == 123_000.3
    assert reading.number("meter", "power_factor_l2") == -0.91
    assert reading.failed == ()


async def test_a_topic_with_json_is_read_by_path(profiles, broker, mosquitto):
    for topic, request in (("em:0", "EM"), ("emdata:0", "EMData")):
        status = json.dumps(documents.SHELLY_PRO_3EM[f"/rpc/{request}.GetStatus?id=0"])
        await mosquitto.publish(f"shellypro3em-1/status/{topic}", status, retain=True)
    device = MqttDevice(profiles["shelly_3em_mqtt"], broker, prefix="shellypro3em-1", clock=lambda: 1000.0)
    await device.async_identify()
    reading = await device.async_read()
    assert reading.number("meter", "power") == 715.5
    assert reading.number("meter", "import_energy") == 4_567_890.12


async def test_nobody_under_this_prefix_is_said_with_the_topic(profiles, broker):
    device = shelly(profiles, broker, identify_s=0.1)
    with pytest.raises(DeviceConnectionError, match=f"no message on {PREFIX}/emeter/0/power"):
        await device.async_identify()
    with pytest.raises(DeviceConnectionError, match="and 15 more for 60 s"):
        await device.async_read()


async def test_another_device_under_this_prefix_is_refused(profiles, broker, mosquitto):
    await mosquitto.publish(f"{PREFIX}/emeter/0/power", "on", retain=True)
    with pytest.raises(DeviceResponseError, match="expected a power on the topic"):
        await shelly(profiles, broker, identify_s=0.2, first_s=0.1).async_identify()


async def test_silence_makes_values_old_and_then_the_device_unavailable(profiles, broker, mosquitto):
    now = [1000.0]
    await publish_3em(mosquitto, retain=True)
    device = shelly(profiles, broker, clock=lambda: now[0])
    await device.async_read()
    now[0] = 1050.0
    assert device.reading().roles["meter"]["power"].quality is Quality.GOOD
    await mosquitto.publish(f"{PREFIX}/emeter/0/power", "5")
    await heard(device)
    now[0] = 1070.0
    meter = device.reading().roles["meter"]
    assert (meter["power_l1"].quality, meter["power_l1"].value) == (Quality.GOOD, 5.0)
    assert (meter["power_l2"].quality, meter["power_l2"].at_s) == (Quality.STALE, 1000.0)
    assert meter["power"].quality is Quality.STALE
    now[0] = 1200.0
    with pytest.raises(DeviceConnectionError, match="for 60 s"):
        device.reading()


async def test_a_last_will_counts_at_once_and_its_return_too(profiles, broker, mosquitto):
    await publish_3em(mosquitto, retain=True)
    device = shelly(profiles, broker)
    await device.async_read()
    await mosquitto.publish(f"{PREFIX}/online", "false")
    await heard(device)
    with pytest.raises(DeviceConnectionError, match="off line"):
        device.reading()
    await mosquitto.publish(f"{PREFIX}/online", "true")
    await heard(device)
    assert device.reading().number("meter", "power") == 860.5


async def test_a_message_that_is_no_json_keeps_the_last_good_one(profiles, broker, mosquitto):
    topic = "shellypro3em-1/status/em:0"
    await mosquitto.publish(topic, '{"total_act_power": 5}', retain=True)
    device = MqttDevice(
        profiles["shelly_3em_mqtt"], broker, prefix="shellypro3em-1", clock=lambda: 1000.0, first_s=0.3
    )
    await device.async_read()
    for broken in ("{", '{"total_act_power": NaN}', "x" * 300_000):
        await mosquitto.publish(topic, broken)
        await heard(device)
        reading = device.reading()
        assert reading.number("meter", "power") == 5
        assert topic in reading.failed[0]
    await mosquitto.publish(topic, '{"total_act_power": 6}')
    await heard(device)
    assert device.reading().failed == ()


CHARGER = """\
profile: acme
manufacturer: Acme
models: [Box]
source: made for this test
confidence: A
link: {transport: mqtt, prefix: box}
topics:
  p: "{prefix}/power"
  a: "{prefix}/amp"
identity:
  manufacturer: Acme
  expect: [{from: p, matches: "[0-9]", means: a power}]
roles:
  charger:
    readings:
      power: {from: p, unit: W, positive: consumption}
      current_setpoint:
        from: a
        unit: A
        write: [0, 32]
        send: {topic: "{prefix}/amp/set", payload: '{"amp": {value}}', retain: true}
    control:
      current_a: [6, 32]
      commands: {"off": {current_setpoint: 0}, charge: {current_setpoint: current_a}}
      safe: "off"
      on_expiry: It keeps the last current.
"""


async def box(broker, mosquitto, *, obeys):
    """Return a charger that publishes what it was told, or does not."""
    await mosquitto.publish("box/power", "0", retain=True)
    await mosquitto.publish("box/amp", "16", retain=True)
    told: list[str] = []
    loop = asyncio.get_running_loop()
    answers = set()

    def on_set(message):
        told.append(message.payload)
        if obeys:
            amp = str(json.loads(message.payload)["amp"])
            answers.add(loop.create_task(mosquitto.publish("box/amp", amp, retain=True)))

    await broker.async_subscribe("box/amp/set", on_set)
    device = MqttDevice(
        parse_any_profile(CHARGER, "acme.yaml"),
        broker,
        prefix="box",
        clock=lambda: 1000.0,
        sleep=lambda _: asyncio.sleep(0.05),
    )
    await device.async_identify()
    return device, told


async def test_a_charger_is_told_by_a_message_and_says_so_itself(broker, mosquitto):
    device, told = await box(broker, mosquitto, obeys=True)
    command = DeviceCommand(role="charger", mode="charge", current_a=10)
    (write,) = await device.async_command(command)
    assert (write.before, write.written, write.read_back) == (16.0, 10.0, 10.0)
    assert await device.async_command(command) == []
    await device.async_release()
    assert told == ['{"amp": 10}', '{"amp": 0}']
    device.close()


async def test_a_charger_that_does_not_obey_is_found_out(broker, mosquitto):
    device, told = await box(broker, mosquitto, obeys=False)
    with pytest.raises(DeviceWriteError, match="was told 10 A, the device holds 16"):
        await device.async_command(DeviceCommand(role="charger", mode="charge", current_a=10))
    assert told
