"""Devices that post their readings to Home Assistant's own web server: every answer, restarts, keys, two homes."""

import asyncio
from collections.abc import AsyncIterator
import gzip
import json
import logging
from typing import Any

from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems import push_view
from custom_components.ems.adapters import push_hub
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.pushing import KEY, KEY_ID, Poster, push_device
from tests.ha.sites import home_of_entities


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home with a meter that posts, and nothing else."""
    return await add_site(home_of_entities(push_device()))


@pytest.fixture
async def device(site: MockConfigEntry, make_poster: Any) -> Poster:
    """The meter."""
    poster: Poster = await make_poster()
    return poster


def shown(hass: HomeAssistant, point: str, name: str = "hall") -> str:
    """Return what an entity of the meter shows."""
    state = hass.states.get(f"sensor.{name}_{point}")
    assert state is not None
    return str(state.state)


async def test_a_report_becomes_entities_at_once(hass: HomeAssistant, device: Poster) -> None:
    """Energies count up, and without a power their balance over the interval is one."""
    assert shown(hass, "power") == "unknown"
    answer = await device.post(energy_consumed=0.1, energy_produced=0.02, humidity=40)
    assert answer.status == 200
    assert await answer.json() == {
        "accepted": True,
        "next_report_s": 60.0,
        "ignored": ["humidity"],
        "server_time": "2026-06-15T10:00:30+00:00",
    }
    assert float(shown(hass, "power")) == 4800
    assert float(shown(hass, "imported_energy")) == 0.1
    assert float(shown(hass, "exported_energy")) == 0.02


async def test_new_fields_get_their_entities_while_the_home_runs(hass: HomeAssistant, device: Poster) -> None:
    await device.post(power=500, voltage=231.4)
    assert shown(hass, "power") == "500.0"
    assert shown(hass, "voltage_l1") == "231.4"
    await device.post(power=500, voltage1=229.5, frequency=50.02)
    assert shown(hass, "voltage_l1") == "229.5"
    assert shown(hass, "frequency") == "50.02"


async def test_a_home_knows_what_its_meter_posts(hass: HomeAssistant, device: Poster) -> None:
    await device.post(power=1200)
    assert float(hass.states.get("sensor.home_grid_power").state) == 1200


async def test_a_power_of_an_hour_ago_steers_nothing(
    hass: HomeAssistant, add_site: AddSite, make_poster: Any, clock: Clock
) -> None:
    """The device is not silent, and its entity shows what it said last."""
    site = await add_site(home_of_entities(push_device(interval_s=3600)))
    device: Poster = await make_poster()
    await device.post(power=500)
    (meter,) = site.runtime_data.devices.values()
    await clock.live(hass, 895, step_s=60)
    assert meter.fresh_number("power") == 500
    await clock.live(hass, 120, step_s=60)
    assert meter.fresh_number("power") is None
    assert shown(hass, "power") == "500.0"


async def test_silence_makes_it_unavailable_and_a_word_brings_it_back(
    hass: HomeAssistant, device: Poster, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Three intervals without a report; said once."""
    await device.post(power=500)
    await device.post(power="much")
    await clock.live(hass, 175)
    assert shown(hass, "power") == "500.0"
    await clock.live(hass, 60)
    assert shown(hass, "power") == "unavailable"
    said = "more than 180 seconds. The last report that was refused: power is a text, not a number"
    assert caplog.text.count(said) == 1
    await device.post(power=600)
    assert shown(hass, "power") == "600.0"


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"energy_consumed": "0.1"}, 400, "energy_consumed"),
        ({"energy_consumed": -1}, 400, "energy_consumed"),
        ({"voltage": True}, 400, "voltage"),
        ({"power": 1, "timestamp": "2026-06-15T12:00:00Z"}, 400, "timestamp"),
        ({"power": 1, "seq": 3}, 409, "seq"),
        ({"power": 1, "timestamp": "2026-06-15T10:00:00Z", "seq": 4}, 409, "timestamp"),
        ({}, 400, None),
    ],
)
async def test_a_refusal_names_the_field_and_the_remedy(
    device: Poster, fields: dict[str, Any], status: int, field: str | None
) -> None:
    assert (await device.post(power=1, seq=3, timestamp="2026-06-15T10:00:01Z")).status == 200
    answer = await device.post(**fields)
    told = await answer.json()
    assert (answer.status, told["field"]) == (status, field)
    assert told["error"]
    assert told["remedy"]
    assert told["server_time"] == "2026-06-15T10:00:30+00:00"


async def test_a_refused_report_leaves_no_trace_in_the_values(hass: HomeAssistant, device: Poster) -> None:
    await device.post(energy_consumed=0.1, power=100)
    await device.post(energy_consumed=0.1, power=1e9)
    assert float(shown(hass, "imported_energy")) == 0.1
    assert shown(hass, "power") == "100.0"


async def test_a_body_that_is_too_large_is_refused(device: Poster) -> None:
    """With its length said, and without."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b" " * 1000

    large = await device.send(b" " * 8193)
    assert (large.status, (await large.json())["error"]) == (413, "the body is too large")
    assert (await device.send(chunks())).status == 413
    assert (await device.send(b'{"power": 1}' + b" " * 8000)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/json; charset=utf-16"},
        {},
    ],
)
async def test_a_body_that_is_no_plain_json_is_refused(device: Poster, headers: dict[str, str]) -> None:
    headers = headers or {"Content_Encoding": "gzip"}
    bomb = gzip.compress(b" " * 10_000_000)
    data = bomb if "Content_Encoding" in headers else b'{"power": 1}'
    assert (await device.send(data, **headers)).status == 415


async def test_a_body_that_never_ends_is_given_up(device: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_view, "BODY_WITHIN_S", 0.05)
    ended = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await ended.wait()

    answer = await device.send(slow())
    assert answer.status == 408
    ended.set()


async def test_a_stream_of_reports_is_slowed_down(device: Poster, clock: Clock, hass: HomeAssistant) -> None:
    """Ten at once are fine; then two per interval, so the next one in thirty seconds."""
    for _ in range(10):
        assert (await device.post(power=1)).status == 200
    answer = await device.post(power=1)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "30")
    assert "every 60 s" in (await answer.json())["remedy"]
    await clock.tick(hass, 30)
    assert (await device.post(power=1)).status == 200
    assert (await device.post(power=1)).status == 429
    status = await (await device.status()).json()
    assert status["status"]["refused"] == 2


async def test_looking_is_limited_too_and_apart_from_posting(device: Poster) -> None:
    for _ in range(10):
        assert (await device.status()).status == 200
    assert (await device.status()).status == 429
    assert (await device.post(power=1)).status == 200


async def test_a_device_can_ask_how_it_is_set_up_and_what_came_of_its_reports(
    hass: HomeAssistant, device: Poster, clock: Clock
) -> None:
    await device.post(energy_consumed=0.1, voltage=230, seq=9)
    await device.post(energy_consumed=-1)
    await clock.tick(hass, 12)
    answer = await device.status()
    found = await answer.json()
    assert answer.status == 200
    assert found["key_id"] == KEY_ID
    assert found["status"] == {
        "last_accepted": "2026-06-15T10:00:30+00:00",
        "age_s": 12.0,
        "is_silent": False,
        "accepted": 1,
        "refused": 1,
        "last_refusal": {
            "at": "2026-06-15T10:00:30+00:00",
            "error": "energy_consumed is out of range",
            "field": "energy_consumed",
        },
        "last_seq": 9,
    }
    assert found["configuration"]["reporting_interval_s"] == 60
    assert found["configuration"]["energy"] == "interval"
    assert found["configuration"]["fields_in_use"] == ["energy_consumed", "voltage"]
    assert found["thresholds"]["silent_after_s"] == 180
    assert found["thresholds"]["ranges"]["voltage"] == [0, 1500, "V"]
    assert KEY not in json.dumps(found)


async def test_a_device_that_never_reported_says_so(device: Poster) -> None:
    found = (await (await device.status()).json())["status"]
    assert (found["last_accepted"], found["age_s"], found["last_refusal"]) == (None, None, None)


async def test_a_home_that_is_not_loaded_asks_for_patience(
    hass: HomeAssistant, site: MockConfigEntry, device: Poster
) -> None:
    await hass.config_entries.async_unload(site.entry_id)
    for answer in (await device.post(power=1), await device.status()):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    await hass.config_entries.async_setup(site.entry_id)
    assert (await device.post(power=1)).status == 200


async def test_a_restart_loses_no_energy_and_no_order_and_the_key_goes_on(
    hass: HomeAssistant, site: MockConfigEntry, device: Poster, hass_storage: dict[str, Any], clock: Clock
) -> None:
    await device.post(energy_consumed=0.1, seq=1)
    await device.post(energy_consumed=0.2, seq=2)
    await hass.config_entries.async_unload(site.entry_id)
    kept = hass_storage[f"ems.{site.entry_id}"]["data"]["push"]
    assert json.loads(json.dumps(kept))[KEY_ID]["counters"]["energy_consumed"]["total_kwh"] == pytest.approx(
        0.3
    )
    assert KEY not in json.dumps(hass_storage)
    await hass.config_entries.async_setup(site.entry_id)
    await settle(hass)
    assert float(shown(hass, "imported_energy")) == pytest.approx(0.3)
    assert (await device.post(energy_consumed=0.2, seq=2)).status == 409
    assert (await device.post(energy_consumed=0.2, seq=3)).status == 200
    assert float(shown(hass, "imported_energy")) == pytest.approx(0.5)
    # After a long stop the old counter is not passed off as today's.
    await hass.config_entries.async_unload(site.entry_id)
    clock.move(3600)
    await hass.config_entries.async_setup(site.entry_id)
    await settle(hass)
    assert shown(hass, "imported_energy") == "unavailable"
    await device.post(energy_consumed=0.5, seq=4)
    assert float(shown(hass, "imported_energy")) == pytest.approx(1.0)


async def test_reloads_leave_one_address_and_no_listener_behind(
    hass: HomeAssistant, site: MockConfigEntry, device: Poster
) -> None:
    inbox = next(iter(site.runtime_data.devices.values())).coordinator.inbox
    for _ in range(3):
        await hass.config_entries.async_reload(site.entry_id)
        await settle(hass)
    routes = [route for route in hass.http.app.router.routes() if route.resource]
    ours = [route.method for route in routes if route.resource.canonical.startswith("/api/ems/ingest")]
    assert sorted(ours) == ["GET", "OPTIONS", "POST"]
    await device.post(power=5)
    assert inbox.state.accepted == 0
    assert shown(hass, "power") == "5.0"


_NAMES = st.sampled_from(
    ["energy_consumed", "power", "voltage", "seq", "timestamp", "facility_id", "current_load"]
)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
)
_BODIES = st.binary(max_size=300) | st.dictionaries(_NAMES, _VALUES, max_size=4).map(
    lambda d: json.dumps(d).encode()
)


async def test_no_body_breaks_anything(
    hass: HomeAssistant, device: Poster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Over the wire, three hundred bodies: each is taken or refused in words, and none is a 500."""
    monkeypatch.setattr(push_hub, "_BURST", 1e9)
    bodies: list[bytes] = []

    @settings(max_examples=300, database=None, suppress_health_check=list(HealthCheck))
    @given(_BODIES)
    def collect(body: bytes) -> None:
        bodies.append(body)

    collect()
    statuses = set()
    for body in bodies:
        answer = await device.send(body)
        statuses.add(answer.status)
        assert "error" in (told := await answer.json()) or told["accepted"]
    await settle(hass)
    assert statuses <= {200, 400, 409}
    assert {200, 400} <= statuses
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
