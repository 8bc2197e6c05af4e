"""A newcomer adds four meters in the browser: a profile, MQTT, HTTP by hand, and one that posts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page, expect
import pytest
import pytest_asyncio

from script.lib.demo.site import DOMAIN, devices_of, entities_of, find_site
from script.lib.ha.config_dir import write_config_dir
from script.lib.ha.dialog import Dialog
from script.lib.ha.flows import create_entry
from script.lib.ha.instance import HomeAssistant, run_home_assistant
from script.lib.ha.log import problems
from script.lib.ha.ports import free_ports
from script.lib.ha.screenshots import Camera, find_chromium, open_camera
from script.lib.ha.wait import until
from tests.support import mosquitto
from tests.support.meters import Shelly, abb_meter, shelly_3em, web_meter
from tests.support.push_client import push
from tests.support.tree import COMPONENT, read_json

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")

SHELLY = "shellies/shellyem3-34945470E1A2"
MEASURED = {
    "activePower": 412.5,
    "totalEnergy": 1834.26,
    "voltage": 230.4,
    "current": 1.83,
    "powerFactor": 0.97,
    "frequency": 50.01,
}


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """Somebody who is logged in and looks at Home Assistant."""

    home_assistant: HomeAssistant
    abb_port: int
    shelly: Shelly
    web_meter: str
    camera: Camera
    page: Page
    pictures: Path

    @property
    def dialog(self) -> Dialog:
        """Return the dialog on the page."""
        return Dialog(self.page)

    async def add_home(self) -> None:
        """Add a home step by step; EMS goes straight on to its first meter."""
        await self.look("/config/integrations/dashboard")
        await self.page.get_by_role("button", name="Add integration").click()
        await self.page.get_by_placeholder("Search for a brand name").fill("EMS")
        await self.page.get_by_role("button", name="EMS", exact=True).click()
        await self.dialog.titled("Add a home")
        await self.dialog.take("My own home, step by step")
        await self.dialog.titled("Grid connection")
        await self.dialog.fill("Name", "Cottage")
        await self.dialog.submit()
        await self.dialog.titled("Electricity tariff")
        await self.dialog.take("One price around the clock")
        await self.dialog.titled("Fixed price")
        await self.dialog.fill("Price of a kWh", "0.3")
        await self.dialog.fill("Feed-in price", "0.08")
        await self.dialog.submit()
        await self.dialog.titled("Weather")
        await self.dialog.choose("Source", "None (clear sky with a wide band)")
        await self.dialog.submit()

    async def add_meter(self, button: str = "Add meter") -> Dialog:
        """Go to the page of EMS and press the button."""
        await self.look(f"/config/integrations/integration/{DOMAIN}")
        await self.page.get_by_role("button", name=button).click()
        await self.dialog.titled(button)
        return self.dialog

    async def look(self, path: str) -> None:
        """Go to a page."""
        await self.page.goto(self.home_assistant.base + path)

    async def shoot(self, name: str) -> None:
        """Keep a picture, when the page has come to rest."""
        await self.page.wait_for_timeout(800)
        await self.page.screenshot(path=self.pictures / f"devices-{name}.png")

    async def finish(self, name: str) -> dict[str, str]:
        """Press the last button, look at the device's page, and return its states by what they show."""
        await self.dialog.submit()
        await self.dialog.finish()
        shown = await until(f"{name} to have a power", lambda: self._power(name), timeout_s=60)
        registry = await self.home_assistant.websocket.call("config/device_registry/list")
        device = next(each["id"] for each in registry if (each["name_by_user"] or each["name"]) == name)
        await self.look(f"/config/devices/device/{device}")
        await expect(self.page.get_by_text(name, exact=True).first).to_be_visible()
        return shown

    async def _power(self, name: str) -> dict[str, str] | None:
        shown = await self.states(name)
        return shown if shown.get("power", "unknown") not in ("unknown", "unavailable") else None

    async def states(self, name: str) -> dict[str, str]:
        """Return the states of a device's entities by what they show."""
        entry_id = await find_site(self.home_assistant)
        assert entry_id is not None
        devices = await devices_of(self.home_assistant, entry_id)
        subentry = next((each.id for each in devices if each.title == name), None)
        states = await self.home_assistant.rest.states()
        entities = await entities_of(self.home_assistant, entry_id)
        return {
            each.key: states[each.entity_id]["state"]
            for each in entities
            if each.owner == subentry and each.entity_id in states
        }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def newcomer(tmp_path_factory: pytest.TempPathFactory, artifacts: Path) -> AsyncIterator[Newcomer]:
    """Start a broker, a Home Assistant that knows it, and a browser; add a home."""
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("newcomer")
    write_config_dir(folder / "config", port=port, component=COMPONENT)
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(mosquitto.running(folder))
        home_assistant = await stack.enter_async_context(
            run_home_assistant(folder / "config", port=port, log=artifacts / "devices.log")
        )
        await home_assistant.websocket.call("config/core/update", internal_url=home_assistant.base)
        plain = {"set_client_cert": False, "set_ca_cert": "off"}
        address = {"broker": "127.0.0.1", "port": broker.port, "other_settings": plain}
        await create_entry(home_assistant.rest, "mqtt", {"broker": address})
        camera = await stack.enter_async_context(
            open_camera(home_assistant.base, home_assistant.tokens, width=1200, height=1100)
        )
        someone = Newcomer(
            home_assistant=home_assistant,
            abb_port=await stack.enter_async_context(abb_meter()),
            shelly=await stack.enter_async_context(shelly_3em(broker, SHELLY)),
            web_meter=await stack.enter_async_context(web_meter(MEASURED)),
            camera=camera,
            page=await camera.open("/config/integrations/dashboard", settle_s=0),
            pictures=artifacts,
        )
        await someone.add_home()
        yield someone


async def test_abb_b23_by_its_profile(newcomer: Newcomer) -> None:
    """The first meter: the forms of the home end in its menu."""
    dialog = newcomer.dialog
    await dialog.titled("Add meter")
    await dialog.take("A known device")
    await dialog.titled("Which device is it?")
    await dialog.choose("Device", "ABB B21, B23, B24, A43, A44")
    await dialog.submit()
    await dialog.titled("Where is it?")
    await dialog.fill("Host", "127.0.0.1")
    await dialog.fill("Port", str(newcomer.abb_port))
    await dialog.submit()
    await dialog.titled("This was read")
    await newcomer.shoot("abb-form")
    await dialog.says("Power: 1251.6 W")
    await dialog.fill("Name", "Grid meter")
    shown = await newcomer.finish("Grid meter")
    await newcomer.shoot("abb")
    assert float(shown["power"]) == pytest.approx(1251.56)
    assert float(shown["power_l3"]) == pytest.approx(-548.44)


async def test_shelly_3em_by_mqtt(newcomer: Newcomer) -> None:
    """By what its topics begin with; what it says later is followed."""
    dialog = await newcomer.add_meter()
    shelly = newcomer.shelly
    shelly.power_w = [812.5, 101.0, 95.25]
    await dialog.take("A known device")
    await dialog.titled("Which device is it?")
    await dialog.choose("Device", "Shelly 3EM (MQTT)")
    await dialog.submit()
    await dialog.titled("Where is it?")
    await dialog.fill("Topics begin with", SHELLY)
    await dialog.submit()
    await dialog.titled("This was read")
    await dialog.says("Power: 1008.8 W")
    await dialog.fill("Name", "Workshop")
    await dialog.choose("What it measures", "Zone")
    await newcomer.shoot("shelly-form")
    shown = await newcomer.finish("Workshop")
    await newcomer.shoot("shelly")
    assert float(shown["power"]) == pytest.approx(1008.75)
    shelly.power_w = [1612.5, 101.0, 95.25]

    async def followed() -> bool:
        return float((await newcomer.states("Workshop"))["power"]) == pytest.approx(1808.75)

    await until("the new power", followed, timeout_s=30)


async def test_a_sensor_that_posts(newcomer: Newcomer) -> None:
    """With the address and the key as the page shows them, and the example client."""
    dialog = await newcomer.add_meter()
    await dialog.take("A device that posts its readings to Home Assistant")
    await dialog.titled("How does it report?")
    await dialog.submit()
    await dialog.titled("Address and key")
    await newcomer.shoot("push-key")
    url, header, key = await dialog.code()
    assert (url.startswith(newcomer.home_assistant.base), header) == (True, "X-API-Key")
    code, said = await push(url, key, "--stamp", "energy_consumed=0.05", "power=2750", "voltage=229.5")
    assert (code, '"accepted": true' in said) == (0, True)
    await dialog.submit()
    await dialog.titled("This was read")
    await dialog.says("Power: 2750 W")
    await dialog.fill("Name", "Hall")
    await dialog.choose("What it measures", "Room or machine")
    await newcomer.shoot("push-form")
    shown = await newcomer.finish("Hall")
    await newcomer.shoot("push")
    assert float(shown["power"]) == 2750
    assert (await push(url, key, "--stamp", "energy_consumed=0.05", "power=1900"))[0] == 0

    async def followed() -> bool:
        return float((await newcomer.states("Hall"))["power"]) == 1900

    await until("the new power", followed, timeout_s=30)


async def test_http_meter_by_hand_in_german(newcomer: Newcomer) -> None:
    """Its fields have names that makers use, so nothing but the address is typed."""
    websocket = newcomer.home_assistant.websocket
    await websocket.call("config/core/update", language="de")
    await websocket.call("frontend/set_user_data", key="language", value={"language": "de"})
    texts = read_json(COMPONENT / "translations" / "de.json")
    meter, positions = texts["config_subentries"]["meter"], texts["selector"]["meter_position"]["options"]
    step = meter["step"]
    dialog = await newcomer.add_meter(meter["initiate_flow"]["user"])
    await dialog.take(step["user"]["menu_options"]["http"])
    await dialog.titled(step["http"]["title"])
    await dialog.fill(step["http"]["data"]["url"], newcomer.web_meter)
    await newcomer.shoot("http-address")
    await dialog.submit()
    await dialog.titled(step["http_points"]["title"])
    await expect(dialog.root.get_by_text("Bezogene Energie", exact=True)).to_be_visible()
    await newcomer.shoot("http-fields")
    await dialog.submit()
    await dialog.titled(step["confirm"]["title"])
    await dialog.says("Leistung: 412,5 W")
    await dialog.says("Bezogene Energie: 1834,26 kWh")
    await expect(dialog.field(step["confirm"]["data"]["name"])).to_have_value("")
    await dialog.fill(step["confirm"]["data"]["name"], "Waschküche")
    await dialog.choose(step["confirm"]["data"]["position"], positions["load"])
    await newcomer.shoot("http-form")
    shown = await newcomer.finish("Waschküche")
    await newcomer.shoot("http")
    assert float(shown["power"]) == 412.5
    assert float(shown["import_energy"]) == pytest.approx(1834.26)


async def test_nothing_was_complained_about(newcomer: Newcomer) -> None:
    """Neither by the browser nor in the log."""
    # What the frontend says of a question that going to another page has cut off.
    assert [error for error in newcomer.camera.errors if not error.endswith(": disconnected")] == []
    assert problems(newcomer.home_assistant.log) == []
