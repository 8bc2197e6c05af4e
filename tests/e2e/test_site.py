"""The whole way: real devices' wires, a real Home Assistant, a plan, setpoints, a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from script.lib.demo.dashboard import URL_PATH
from script.lib.demo.once import summarise
from script.lib.demo.site import DOMAIN
from script.lib.demo.stage import Stage
from script.lib.demo.wires import read_setpoints
from script.lib.ha.flows import FlowError, create_entry, create_subentry
from script.lib.ha.log import problems
from script.lib.ha.screenshots import find_chromium, open_camera
from script.lib.ha.wait import until
from tests.support.texts import has
from tests.support.tree import COMPONENT, read_json

COMMAND_MODE = 0xE00D
SELF_CONSUMPTION = 7
SCRATCH = {
    "user": "scratch",
    "scratch": {"name": "Cottage", "phases": "3", "fuse_a": 25},
    "tariff": "tariff_fixed",
    "tariff_fixed": {"import_price": 0.3, "export_price": 0.08},
    "weather": {"kind": "none"},
}


async def test_plan_and_hand_reach_the_wire(stage: Stage) -> None:
    """An independent Modbus client finds in the registers what EMS says it wrote."""
    summary = await summarise(stage)
    types = [device["type"] for device in summary["devices"]]
    assert sorted(types) == ["battery", "charger", "charger", "charger", "meter", "pv"]
    assert all(device["ok"] for device in summary["devices"])
    assert summary["plan"]["status"] == "ok"
    assert summary["plan"]["expected_cost"] <= summary["plan"]["baseline_cost"] + 1e-6
    assert {setpoint["source"] for setpoint in summary["setpoints"]} == {"plan", "override"}


async def test_every_entity_has_a_name(stage: Stage) -> None:
    """Keys are made at run time, so only the registry knows all of them."""
    registry = await stage.home_assistant.websocket.call("config/entity_registry/list")
    ours = [each for each in registry if each["config_entry_id"] == stage.entry_id]
    texts = read_json(COMPONENT / "translations" / "en.json")
    paths = {f"entity.{each['entity_id'].partition('.')[0]}.{each['translation_key']}.name" for each in ours}
    assert len(ours) > 20
    assert sorted(path for path in paths if not has(texts, path)) == []


async def test_every_entity_knows_its_value(stage: Stage) -> None:
    """Unknown is for what nobody can know; a demo home answers everything it is asked."""
    states = await stage.home_assistant.rest.states()
    shown = [each.entity_id for each in await stage.entities() if each.platform != "button"]
    assert [entity for entity in shown if states[entity]["state"] == "unavailable"] == []


async def test_energy_dashboard_takes_the_solar_forecast(stage: Stage) -> None:
    """Core finds the platform by itself and asks it per config entry."""
    websocket = stage.home_assistant.websocket
    assert DOMAIN in (await websocket.call("energy/info"))["solar_forecast_domains"]


async def test_unloading_leaves_the_battery_to_itself(stage: Stage) -> None:
    """Safe state on unload; the plan takes the battery back when the site returns."""
    websocket = stage.home_assistant.websocket
    await websocket.call("config_entries/disable", entry_id=stage.entry_id, disabled_by="user")
    assert (await read_setpoints(stage.home))["inverter"][COMMAND_MODE] == SELF_CONSUMPTION
    await websocket.call("config_entries/disable", entry_id=stage.entry_id, disabled_by=None)
    await stage.plan()


@pytest_asyncio.fixture(loop_scope="session")
async def cottage(stage: Stage) -> AsyncIterator[str]:
    """Add a home of one's own, and remove it."""
    rest = stage.home_assistant.rest
    site = await create_entry(rest, DOMAIN, SCRATCH)
    entry_id = site.result["result"]["entry_id"]
    yield entry_id
    await rest.request("DELETE", f"/api/config/config_entries/entry/{entry_id}")


async def test_site_from_scratch_shows_what_it_read(stage: Stage, cottage: str) -> None:
    """The last step before saving lists the values that the device answered."""
    rest, meter = stage.home_assistant.rest, stage.home.meter
    link = {"host": meter.host, "port": meter.port, "unit_id": meter.unit_id}
    answers = {"user": "profile", "profile": {"profile": "abb_b23"}, "connection": link}
    outcome = await create_subentry(rest, cottage, "meter", answers)
    shown = str(outcome.step("confirm")["description_placeholders"])
    assert "Voltage" in shown
    assert " V**" in shown


async def test_wrong_port_is_said_before_anything_is_saved(stage: Stage, cottage: str) -> None:
    """The form comes back with an error, and the site stays as it was."""
    answers = {
        "user": "profile",
        "profile": {"profile": "abb_b23"},
        "connection": {"host": "127.0.0.1", "port": 1, "unit_id": 1},
    }
    with pytest.raises(FlowError, match="cannot_connect"):
        await create_subentry(stage.home_assistant.rest, cottage, "meter", answers)
    websocket = stage.home_assistant.websocket
    assert await websocket.call("config_entries/subentries/list", entry_id=cottage) == []


async def test_nothing_real_enters_a_home_that_is_steered(stage: Stage) -> None:
    """The demo home is active without a guard, so it takes only its own devices."""
    with pytest.raises(FlowError, match="demo_home_only"):
        await create_subentry(stage.home_assistant.rest, stage.entry_id, "meter", {"user": "profile"})


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("view", ["home", "devices"])
async def test_dashboard_is_drawn(stage: Stage, artifacts: Path, view: str) -> None:
    """In a real browser, without a JavaScript error or a red box."""
    async with open_camera(stage.home_assistant.base, stage.home_assistant.tokens) as camera:
        page = await camera.open(f"/{URL_PATH}/{view}")
        await page.screenshot(path=artifacts / f"dashboard-{view}.png")
        assert await page.locator("hui-error-card, hui-warning").count() == 0
        assert camera.errors == []


async def test_nothing_was_complained_about(stage: Stage) -> None:
    """Last, so that it sees everything the tests above did."""

    async def settled() -> bool:
        return "Finished fetching" in stage.home_assistant.process.tail()

    await until("the devices to be polled again", settled, timeout_s=60)
    assert problems(stage.home_assistant.log) == []
