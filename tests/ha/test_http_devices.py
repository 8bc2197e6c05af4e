"""Devices behind web servers: by profile and by hand, over a real connection, from the form to the entity."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from tests.devices import documents
from tests.devices.web import WebDevice, serving
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.sites import CHARGER_PARAMS, home_of_entities

METER = {"name": "Grid meter", "position": "grid"}
ANSWER = {"meter": {"activePower": 1.5, "totalEnergy": 1234.5, "voltage": 231, "frequency": 50.01}}


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


@pytest.fixture
async def web(sockets: None):
    """Run a web server that plays a device."""
    async with serving(WebDevice()) as device:
        yield device


def at(web: WebDevice, **other: Any) -> dict[str, Any]:
    """Return where the device answers."""
    host, _, port = web.base_url.removeprefix("http://").partition(":")
    return {"host": host, "port": int(port), **other}


async def by_profile(hass: HomeAssistant, site: MockConfigEntry, role: str, profile: str) -> Flow:
    """Go as far as the address."""
    flow = await (await add_device(hass, site, role)).choose("profile")
    return await flow.submit(profile=profile)


def http_form(web: WebDevice, **other: Any) -> dict[str, Any]:
    """Return what is entered by hand."""
    form = {"url": f"{web.base_url}/data", "method": "get", "auth": "none", "verify_ssl": True, "poll_s": 5}
    return {**form, **other}


async def test_a_known_device_is_shown_added_and_polled(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry, clock: Clock
) -> None:
    """Its answers become entities, with our signs, at the pace of its profile."""
    web.documents = dict(documents.SHELLY_PRO_3EM)
    flow = await by_profile(hass, site, "meter", "shelly_3em_http")
    assert "unit_id" not in flow.suggested
    await flow.submit(**at(web))
    assert (flow.step, flow.errors) == ("confirm", {})
    assert "Power: **715.5 W**" in flow.shown["values"]
    assert flow.shown["serial"] == "EC62609110F8"
    await flow.submit(**METER)
    await settle(hass)
    assert hass.states.get("sensor.grid_meter_power").state == "715.5"
    web.documents["/rpc/EM.GetStatus?id=0"] = {"total_act_power": -80}
    await clock.tick(hass, 3)
    assert hass.states.get("sensor.grid_meter_power").state == "-80.0"
    (subentry,) = site.subentries.values()
    assert subentry.data["source"]["link"] == {"transport": "http", **at(web)}


async def test_a_password_that_is_wrong_is_asked_for_again_and_kept_secret(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """It is never shown, neither in forms nor in diagnostics, and an empty field keeps it."""
    web.documents, web.digest = dict(documents.SHELLY_PRO_3EM), "SHA-256"
    web.password = "pass-phrase"
    flow = await by_profile(hass, site, "meter", "shelly_3em_http")
    await flow.submit(**at(web))
    assert flow.errors == {"base": "wrong_credentials"}
    await flow.submit(**at(web, password="wrong"))
    assert flow.errors == {"base": "wrong_credentials"}
    await flow.submit(**at(web, password="pass-phrase"))
    await flow.submit(**METER)
    await settle(hass)
    (key,) = site.subentries
    diagnostics = json.dumps(await async_get_config_entry_diagnostics(hass, site), default=str)
    assert "pass-phrase" not in diagnostics
    assert site.title not in diagnostics
    flow = await change_device(hass, site, key)
    assert flow.suggested["password"] is None
    await flow.submit(**at(web))
    assert (flow.step, flow.errors) == ("confirm", {})
    await flow.submit(**METER)
    await settle(hass)
    assert site.subentries[key].data["source"]["link"]["password"] == "pass-phrase"
    assert hass.states.get("sensor.grid_meter_power").state == "715.5"


async def test_another_device_at_the_address_is_refused(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    web.documents = dict(documents.HOMEWIZARD_P1)
    flow = await by_profile(hass, site, "meter", "shelly_3em_http")
    await flow.submit(**at(web))
    assert flow.errors == {"base": "wrong_device"}
    await flow.submit(**at(web, port=9))
    assert flow.errors == {"base": "cannot_connect"}


async def test_a_device_that_wants_quiet_is_left_alone_and_comes_back(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry, clock: Clock
) -> None:
    """Others go on meanwhile; its entities are unavailable and return by themselves."""
    web.documents = dict(documents.HOMEWIZARD_P1)
    flow = await by_profile(hass, site, "meter", "homewizard_p1")
    await flow.submit(**at(web))
    await flow.submit(**METER)
    await settle(hass)
    web.statuses["/api/v1/data"], web.headers["/api/v1/data"] = 429, {"Retry-After": "30"}
    await clock.tick(hass, 3)
    assert hass.states.get("sensor.grid_meter_power").state == "unavailable"
    asked, web.statuses = len(web.asked), {}
    await clock.live(hass, 20)
    assert len(web.asked) == asked
    await clock.live(hass, 15)
    assert hass.states.get("sensor.grid_meter_power").state == "-543.0"


async def test_one_of_two_clamps_is_a_device_of_its_own(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """One serial number, two meters: the channel tells them apart."""
    web.documents = dict(documents.SHELLY_EM_GEN1)
    for channel, name in ((0, "Grid meter"), (1, "Garden")):
        flow = await by_profile(hass, site, "meter", "shelly_gen1_em_http")
        await flow.submit(**at(web, channel=channel))
        await flow.submit(name=name, position="zone")
        await settle(hass)
    assert hass.states.get("sensor.grid_meter_power").state == "410.2"
    assert hass.states.get("sensor.garden_power").state == "-1500.0"


async def test_a_charger_over_http_has_setpoints(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """The same hands as any other: written, read back, given back to its own rules at the end."""
    status = "/api/status?filter=car,amp,frc,psm,nrg,eto,acu"
    web.documents = {**json.loads(json.dumps(documents.GOE_CHARGER)), "/api/set": {}}

    def keep(request: Any) -> None:
        if request.path == "/api/set":
            web.documents[status].update({key: int(value) for key, value in request.query.items()})

    web.on_ask = keep
    flow = await by_profile(hass, site, "charger", "goe_charger_http")
    await flow.submit(**at(web))
    await flow.submit(name="Box", **CHARGER_PARAMS)
    await settle(hass)
    data = {"entity_id": "number.box_current_limit", "value": 10}
    await hass.services.async_call("number", "set_value", data, blocking=True)
    assert (web.documents[status]["amp"], web.documents[status]["frc"]) == (10, 2)
    await hass.config_entries.async_unload(site.entry_id)
    assert web.documents[status]["frc"] == 0


async def test_any_device_is_added_by_hand_with_its_usual_fields_found(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry, clock: Clock
) -> None:
    """The address, the fields that were recognised, their values, done."""
    web.documents["/data"] = ANSWER
    flow = await (await add_device(hass, site, "meter")).choose("http")
    await flow.submit(**http_form(web))
    assert (flow.step, flow.errors) == ("http_points", {})
    rows = {row["point"]: row for row in flow.rows}
    assert rows["power"] == {"point": "power", "path": "meter.activePower", "unit": "W"}
    assert rows["import_energy"] == {
        "point": "import_energy",
        "path": "meter.totalEnergy",
        "unit": "kWh",
    }
    rows["power"]["unit"] = "kW"  # the guess was wrong, as the preview shows
    await flow.submit(points=list(rows.values()), power_positive="export")
    assert "Power: **-1500 W**" in flow.shown["values"]
    assert "Imported energy: **1234.50 kWh**" in flow.shown["values"]
    await flow.submit(**METER)
    assert flow.created
    await settle(hass)
    assert hass.states.get("sensor.grid_meter_power").state == "-1500.0"
    web.documents["/data"] = {"meter": {"activePower": 2}}
    await clock.tick(hass, 7)
    assert hass.states.get("sensor.grid_meter_power").state == "-2000.0"
    assert hass.states.get("sensor.grid_meter_voltage_l1").state == "unknown"


async def test_a_field_that_is_null_for_a_while_leaves_the_device_alone(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry, clock: Clock
) -> None:
    """What was entered by hand is not asked to prove itself again."""
    web.documents["/data"] = {"power": 7, "voltage": 230}
    flow = await (await add_device(hass, site, "meter")).choose("http")
    await flow.submit(**http_form(web))
    await flow.submit(points=flow.suggested["points"], power_positive="import")
    await flow.submit(**METER)
    await settle(hass)
    web.statuses["/data"] = 500
    await clock.tick(hass, 7)
    assert hass.states.get("sensor.grid_meter_power").state == "unavailable"
    web.statuses.clear()
    web.documents["/data"] = {"power": None, "voltage": 231}
    await clock.live(hass, 15)
    assert hass.states.get("sensor.grid_meter_power").state == "unknown"
    assert hass.states.get("sensor.grid_meter_voltage_l1").state == "231.0"


async def test_headers_bodies_and_tokens_are_sent(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    web.documents["/data?x=1"], web.basic = {"power": 7}, "Bearer t0ken-t0ken"
    flow = await (await add_device(hass, site, "meter")).choose("http")
    asked = {"url": f"{web.base_url}/data?x=1", "method": "post", "body": '{"q": 1}', "headers": "X-Key: k3y"}
    await flow.submit(**http_form(web, **asked, auth="bearer"))
    assert flow.errors == {"base": "wrong_credentials"}
    await flow.submit(**http_form(web, **asked, auth="bearer", password="t0ken-t0ken"))
    await flow.submit(points=flow.suggested["points"], power_positive="import")
    assert "Power: **7 W**" in flow.shown["values"]
    assert "x=1" not in flow.shown["serial"]
    assert web.bodies[-1] == b'{"q": 1}'
    assert web.methods[-1] == "POST"
    assert web.sent[-1]["X-Key"] == "k3y"


@pytest.mark.parametrize(
    ("other", "errors"),
    [
        ({"url": "ftp://x"}, {"url": "url_wrong"}),
        ({"url": "http://user:word@x/"}, {"url": "url_wrong"}),
        ({"url": "http://[x/"}, {"url": "url_wrong"}),
        ({"url": "http://x:99999/"}, {"url": "url_wrong"}),
        ({"headers": "nonsense"}, {"headers": "headers_wrong"}),
        ({"url": "http://127.0.0.1:9/"}, {"base": "no_answer"}),
    ],
)
async def test_what_cannot_be_asked_is_named_with_its_field(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry, other: dict[str, Any], errors: dict[str, str]
) -> None:
    flow = await (await add_device(hass, site, "meter")).choose("http")
    await flow.submit(**http_form(web, **other))
    assert flow.errors == errors


POWER = {"point": "power", "path": "p", "unit": "W"}


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([{"point": "frequency", "path": "f", "unit": "Hz"}], "Power is missing; add a row for it."),
        ([POWER, POWER], "Power is there twice; keep one row."),
        ([{"point": "power", "path": "p"}], "Power needs a unit, for instance W."),
        ([{**POWER, "unit": "V"}], "V does not measure what Power is; choose another unit."),
        ([POWER, {"point": "power_factor", "path": "p", "unit": "W"}], "Power factor has no unit"),
        ([{**POWER, "path": "a..b"}], "The path of Power has an empty step: a..b."),
        ([{**POWER, "path": "on"}], "What stands there for Power is no number: True (on)."),
        ([{**POWER, "path": "x.y"}], "Nothing came for Power (x.y)."),
        ([{**POWER, "path": "big"}], "Power would be 1e+09 W, which cannot be: it lies between -1e+07"),
        ([{**POWER, "path": "t"}], "What stands there for Power is no number: 't7' (t)."),
    ],
)
async def test_a_row_that_does_not_work_is_named_with_its_remedy(
    hass: HomeAssistant,
    web: WebDevice,
    site: MockConfigEntry,
    rows: list[dict[str, Any]],
    text: str,
) -> None:
    web.documents["/data"] = {"p": 7, "on": True, "f": 50, "big": 1e9, "t": "t7"}
    flow = await (await add_device(hass, site, "meter")).choose("http")
    await flow.submit(**http_form(web))
    await flow.submit(points=rows, power_positive="import")
    assert text in flow.said["points"]
    await flow.submit(points=[POWER], power_positive="import")
    assert flow.step == "confirm"


async def test_a_row_is_named_in_the_users_language(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """The text is a translation's; what it names is worded here."""
    hass.config.language = "de"
    web.documents["/data"] = {"p": 7}
    flow = await (await add_device(hass, site, "meter")).choose("http")
    await flow.submit(**http_form(web))
    await flow.submit(points=[{"point": "power", "path": "p"}], power_positive="import")
    assert flow.errors == {"points": "row_unit_missing"}
    assert (flow.shown["point"], flow.shown["unit"]) == ("Leistung", "W")


async def test_a_device_by_hand_is_changed_and_stays_itself(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    """The form holds what was entered, the password aside; the identity stays when the path moves."""
    web.documents |= {"/data": {"power": 7}, "/new": {"a": {"b": 8}}}
    web.basic = "Basic YWRtaW46c2VjcmV0"
    flow = await (await add_device(hass, site, "meter")).choose("http")
    await flow.submit(**http_form(web, auth="basic", password="secret"))
    await flow.submit(points=flow.suggested["points"], power_positive="import")
    await flow.submit(**METER)
    await settle(hass)
    (key,) = site.subentries
    serial = site.subentries[key].data["source"]["serial"]
    flow = await change_device(hass, site, key)
    assert (flow.step, flow.suggested["url"], flow.suggested["password"]) == (
        "http",
        f"{web.base_url}/data",
        None,
    )
    await flow.submit(**http_form(web, auth="basic", url=f"{web.base_url}/new"))
    assert flow.rows == [{"point": "power", "path": "power", "unit": "W"}]
    await flow.submit(points=[{"point": "power", "path": "a.b", "unit": "W"}], power_positive="import")
    await flow.submit(**METER)
    await settle(hass)
    assert site.subentries[key].data["source"]["serial"] == serial
    assert hass.states.get("sensor.grid_meter_power").state == "8.0"


async def test_a_device_by_hand_is_added_once(
    hass: HomeAssistant, web: WebDevice, site: MockConfigEntry
) -> None:
    web.documents["/data"] = {"power": 7}
    for expected in (None, "already_configured"):
        flow = await (await add_device(hass, site, "meter")).choose("http")
        await flow.submit(**http_form(web))
        await flow.submit(points=flow.suggested["points"], power_positive="import")
        await flow.submit(**METER)
        assert flow.aborted == expected
        await settle(hass)
