"""The examples for devices that post, against Home Assistant's own web server: run, or rendered and sent."""

import asyncio
from collections.abc import Mapping
import json
import os
import re
import sys
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import yaml

from custom_components.ems.devices.push.fields import NUMBERS
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.pushing import KEY, KEY_ID, Poster, counted_kwh, push_device
from tests.ha.sites import home_of_entities
from tests.support.tree import ROOT

CLIENTS = ROOT / "docs" / "clients"
NOW_S = 1781517630  # what the frozen clock says


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home with a meter that posts intervals."""
    return await add_site(home_of_entities(push_device()))


@pytest.fixture
async def device(site: MockConfigEntry, make_poster: Any) -> Poster:
    """The meter."""
    poster: Poster = await make_poster()
    return poster


def url_of(poster: Poster) -> str:
    """Return the address that the form would show."""
    return str(poster.client.make_url(f"/api/ems/ingest/{KEY_ID}"))


async def run(url: str, *words: str, key: str = KEY, said: str = "") -> tuple[int, str, str]:
    """Run the Python client as people do; return its exit code and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(CLIENTS / "ems_push.py"), url, *words),
        env={"PATH": os.environ["PATH"], "EMS_KEY": key},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(said.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_python_client_posts_and_asks(
    hass: HomeAssistant, site: MockConfigEntry, device: Poster
) -> None:
    url = url_of(device)
    code, out, err = await run(url, "energy_consumed=0.12", "voltage=230.1", "facility_id=17")
    assert (code, err) == (0, "")
    assert json.loads(out)["accepted"]
    await settle(hass)
    assert counted_kwh(site) == 0.12
    code, out, err = await run(url, "--status")
    assert (code, json.loads(out)["status"]["accepted"]) == (0, 1)


async def test_the_python_client_takes_a_report_per_line(
    hass: HomeAssistant, site: MockConfigEntry, device: Poster
) -> None:
    """They come faster than a millisecond apart, and are still in order."""
    lines = "".join(f'{{"energy_consumed": {kwh}}}\n\n' for kwh in (0.1, 0.2, 0.3))
    code, out, _ = await run(url_of(device), "-", said=lines)
    assert (code, out.count("accepted")) == (0, 3)
    await settle(hass)
    assert counted_kwh(site) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("words", "key", "said"),
    [
        (['energy_consumed="a lot"'], KEY, "400: energy_consumed is a text, not a number. Send a number"),
        (["power"], KEY, "not delivered"),
        (["power=1"], "wrong", "403: unknown device, or wrong key."),
        (["power=1", "--stamp"], KEY, "our clock, which says 2026-06-15T10:00:30+00:00"),
    ],
)
async def test_the_python_client_says_what_is_wrong(
    device: Poster, words: list[str], key: str, said: str
) -> None:
    """The frozen clock of this test is far from the client's, which is how its stamp is refused."""
    code, out, err = await run(url_of(device), *words, key=key)
    assert (code, out) == (1, "")
    assert said in err


async def test_a_lost_answer_counts_nothing_twice(
    hass: HomeAssistant, site: MockConfigEntry, device: Poster
) -> None:
    """Something in between breaks the line when EMS has answered already: the client sends the same again."""
    asked = 0

    async def between(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        headers = {"X-API-Key": request.headers["X-API-Key"], "Content-Type": request.content_type}
        async with ClientSession() as session:
            answer = await session.post(url_of(device), data=await request.read(), headers=headers)
            told = await answer.read()
        if asked == 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(body=told, status=answer.status, content_type="application/json")

    app = web.Application()
    app.router.add_post("/", between)
    async with TestServer(app) as server:
        code, out, err = await run(str(server.make_url("/")), "energy_consumed=0.5")
    assert (code, err, asked) == (0, "", 2)
    assert json.loads(out)["accepted"]
    await settle(hass)
    assert counted_kwh(site) == 0.5


class _Loader(yaml.SafeLoader):
    """Reads ESPHome's own tags as texts."""


_Loader.add_constructor("!secret", lambda _, node: f"secret:{node.value}")


def actions(found: Any, name: str) -> list[Mapping[str, Any]]:
    """Return every action of a name, however deep it is."""
    if isinstance(found, Mapping):
        here = [found[name]] if name in found else []
        return here + [each for value in found.values() for each in actions(value, name)]
    return [each for value in found for each in actions(value, name)] if isinstance(found, list) else []


def ids(found: Any) -> set[str]:
    """Return every id that is given."""
    if isinstance(found, Mapping):
        here = {found["id"]} if isinstance(found.get("id"), str) else set()
        return here.union(*(ids(value) for value in found.values()))
    return set().union(*(ids(value) for value in found)) if isinstance(found, list) else set()


async def test_what_the_esphome_example_posts_is_taken(
    hass: HomeAssistant, add_site: AddSite, make_poster: Any, clock: Clock
) -> None:
    """Its YAML is read, its lambda is followed line by line with sample values, and the request is sent for real."""
    site = await add_site(home_of_entities(push_device(energy="cumulative")))
    device: Poster = await make_poster()
    document = yaml.load((CLIENTS / "esphome.yaml").read_text(encoding="utf-8"), _Loader)  # noqa: S506  # it is safe
    (post,) = actions(document, "http_request.post")
    assert post["url"] == "${ems_url}"
    assert document["substitutions"]["ems_url"].endswith("/api/ems/ingest/0000000000000000")
    headers = {name: value.replace("secret:ems_key", KEY) for name, value in post["request_headers"].items()}
    lines = [re.fullmatch(r'root\["(\w+)"\] = (.+);', line) for line in post["json"].splitlines()]
    written = {line[1]: line[2] for line in lines if line}
    assert len(written) == len(lines)
    assert set(re.findall(r"id\((\w+)\)", post["json"])) <= ids(document)
    assert set(written) <= {*NUMBERS, "timestamp"}

    async def send(now_s: int, energy: float, power: float | None) -> int:
        sample = {
            "(uint32_t) id(clock).now().timestamp": now_s,
            "id(house_energy).state": energy,
            "id(house_power).state": power,  # not known yet: ArduinoJson writes NaN as null
        }
        body = json.dumps({name: sample[expression] for name, expression in written.items()})
        answer = await device.client.post(f"/api/ems/ingest/{KEY_ID}", data=body, headers=headers)
        await settle(hass)
        return answer.status

    assert await send(NOW_S, 12.345, None) == 200
    assert await send(NOW_S, 12.345, 420.0) == 409
    await clock.tick(hass, 60)
    assert await send(NOW_S + 60, 12.352, 420.0) == 200
    assert hass.states.get("sensor.hall_power").state == "420.0"
    assert counted_kwh(site) == 12.352


async def test_what_the_arduino_example_posts_is_taken(
    hass: HomeAssistant, site: MockConfigEntry, device: Poster
) -> None:
    """Its format string is rendered as printf does, and sent with its headers. The rest of it is only read."""
    sketch = (CLIENTS / "esp8266.ino").read_text(encoding="utf-8")
    (template,) = re.findall(r'snprintf\(body, sizeof\(body\), "((?:\\.|[^"\\])+)"', sketch)
    headers = dict(re.findall(r'addHeader\("([\w-]+)", (?:"([^"]+)"|EMS_KEY)\)', sketch))
    assert headers == {"Content-Type": "application/json", "X-API-Key": ""}
    (size,) = re.findall(r"char body\[(\d+)\]", sketch)
    for pulses, status in ((3, 200), (3, 409)):
        body = template.replace('\\"', '"') % (NOW_S, pulses * 0.001)
        answer = await device.client.post(
            f"/api/ems/ingest/{KEY_ID}", data=body, headers={**headers, "X-API-Key": KEY}
        )
        assert answer.status == status
    await settle(hass)
    assert counted_kwh(site) == 0.003
    assert len(template % (2**32 - 1, 4_294_967.295)) < int(size)
