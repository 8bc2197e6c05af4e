"""Profiles in the configuration folder: from the file to the entity, broken, mended and gone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimDevice
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from tests.devices.images import image, text, words
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.foreign import Foreign
from tests.ha.sites import BATTERY_PARAMS, Site, entity_device, home_of_entities
from tests.support.manual import OWN_METER
from tests.support.registers import simulated

# What an M1 holds that feeds 1.2345 kW in: it counts that as positive.
M1 = image(
    {
        0: text("M1-100", 4),
        4: text("0815", 4),
        16: words("i", 12345),
        18: words("II", 123456, 7890),
        22: words("HH", 2301, 4998),
    }
)
BROKEN = OWN_METER.replace("positive: export", "positive: up")


@pytest.fixture
async def at() -> AsyncIterator[dict[str, Any]]:
    """Serve the meter of the manual and say where."""
    server = ModbusTcpServer([SimDevice(1, simdata=simulated(M1))], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    assert server.transport is not None
    yield {"host": "127.0.0.1", "port": server.transport.sockets[0].getsockname()[1], "unit_id": 1}
    await server.shutdown()
    await asyncio.sleep(0)


class Folder:
    """The folder of people's own profiles."""

    def __init__(self, path: Path) -> None:
        """Make it."""
        self._path = path
        path.mkdir(parents=True)

    def put(self, text: str | None, name: str = "acme_m1") -> None:
        """Write a file, or take it away."""
        file = self._path / f"{name}.yaml"
        file.unlink() if text is None else file.write_text(text)


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path) -> Folder:
    """Return where people put files; their configuration folder is one of this test's own."""
    hass.config.config_dir = str(tmp_path)
    return Folder(tmp_path / "ems" / "profiles")


@pytest.fixture
async def site(folder: Folder, add_site: AddSite, foreign: Foreign) -> MockConfigEntry:
    """A home with a battery that another integration reads."""
    battery = entity_device("battery", "Battery", BATTERY_PARAMS, **_BATTERY)
    return await add_site(home_of_entities(battery))


_BATTERY = {"power_entity": "sensor.cells", "soc_entity": "sensor.soc"}


def issues(hass: HomeAssistant) -> dict[str, dict[str, str]]:
    """Return our repairs with what they say."""
    found = ir.async_get(hass).issues
    return {
        issue_id: dict(issue.translation_placeholders or {})
        for (domain, issue_id), issue in found.items()
        if domain == DOMAIN and issue_id.startswith(("own_profile", "profile_"))
    }


def labels(flow: Flow) -> dict[str, str]:
    """Return what the list of devices shows, by profile."""
    (selector,) = flow.result["data_schema"].schema.values()
    return {option["value"]: option["label"] for option in selector.config["options"]}


async def add_meter(hass: HomeAssistant, site: MockConfigEntry, at: dict[str, Any]) -> str:
    """Add the meter from the UI; return its subentry."""
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    await flow.submit(profile="acme_m1")
    await flow.submit(**at)
    await flow.submit(name="Grid", position="grid")
    await settle(hass)
    return next(s.subentry_id for s in site.subentries.values() if s.subentry_type == "meter")


async def reload(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """Reload the home, as people do from its menu."""
    await hass.config_entries.async_reload(site.entry_id)
    await settle(hass)


async def test_the_meter_of_the_manual_is_added_from_the_ui(
    hass: HomeAssistant, site: MockConfigEntry, folder: Folder, at: dict[str, Any]
) -> None:
    """Put a file into the folder, open the form: no restart, no code."""
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    assert "acme_m1" not in labels(flow)

    folder.put(OWN_METER)
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    assert labels(flow)["acme_m1"] == "Acme M1 (own)"
    assert not [label for label in labels(flow).values() if "(own)" in label and "Acme" not in label]
    assert flow.shown == {"own": ""}
    await flow.submit(profile="acme_m1")
    await flow.submit(**at)
    assert "Power: **-1234.5 W**" in flow.shown["values"]
    assert "Imported energy: **1234.56 kWh**" in flow.shown["values"]
    assert flow.shown["serial"] == "0815"
    await flow.submit(name="Grid", position="grid")
    await settle(hass)
    assert hass.states.get("sensor.grid_power").state == "-1234.5"
    assert issues(hass) == {}


async def test_a_broken_file_is_named_and_stops_nothing(
    hass: HomeAssistant, site: MockConfigEntry, folder: Folder, clock: Clock
) -> None:
    """In the form and in a repair, with its line; both go when it is mended."""
    folder.put(BROKEN)
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    assert {"abb_b23", "shelly_3em_http"} <= set(flow.options)
    assert "acme_m1" not in flow.options
    assert "- acme_m1.yaml:18: roles.meter.readings.power.positive: must be one of" in flow.shown["own"]
    assert "own_profile_acme_m1.yaml" in issues(hass)
    said = issues(hass)["own_profile_acme_m1.yaml"]
    assert (said["file"], said["folder"]) == ("acme_m1.yaml", "ems/profiles")
    assert "acme_m1.yaml:18" in said["detail"]

    folder.put(OWN_METER)
    await clock.tick(hass, 61)
    assert issues(hass) == {}
    folder.put(BROKEN)
    await clock.tick(hass, 61)
    assert "own_profile_acme_m1.yaml" in issues(hass)
    await hass.config_entries.async_unload(site.entry_id)
    assert issues(hass) == {}


async def test_a_shipped_name_is_refused_aloud(
    hass: HomeAssistant, site: MockConfigEntry, folder: Folder
) -> None:
    """Whoever copied a profile to change it has to hear that theirs is not used."""
    folder.put(OWN_METER.replace("acme_m1", "abb_b23"), "abb_b23")
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    assert "give this one and its file another name" in flow.shown["own"]
    assert "(own)" not in labels(flow)["abb_b23"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (BROKEN, "acme_m1.yaml:18: roles.meter"),
        (None, "acme_m1.yaml is not in ems/profiles; put it back"),
        (OWN_METER.replace("  meter:", "  pv:").split("      import_energy")[0].replace("export}", "production}"),
         "acme_m1.yaml has no role meter any more"),
    ],
    ids=["broken", "gone", "another role"],
)  # fmt: skip
async def test_a_device_without_its_profile_waits_for_it_and_stops_no_other(
    hass: HomeAssistant,
    site: MockConfigEntry,
    folder: Folder,
    at: dict[str, Any],
    clock: Clock,
    change: str | None,
    says: str,
) -> None:
    """Unavailable, with the reason, and back by itself; the home goes on."""
    folder.put(OWN_METER)
    meter = await add_meter(hass, site, at)
    folder.put(change)
    await reload(hass, site)

    assert site.state is ConfigEntryState.LOADED
    assert hass.states.get("sensor.grid_power").state == "unavailable"
    assert hass.states.get("binary_sensor.grid_answers").state == "off"
    registered = er.async_get(hass).async_get("sensor.grid_power")
    assert registered
    assert registered.config_subentry_id == meter
    assert hass.states.get("sensor.battery_power").state not in {"unavailable", "unknown"}
    said = issues(hass)[f"profile_unusable_{meter}"]
    assert said["device"] == "Home Grid"
    assert says in said["detail"]
    flow = await change_device(hass, site, meter)
    assert flow.aborted == "profile_missing"

    folder.put(OWN_METER)
    await clock.tick(hass, 61)
    await settle(hass)
    assert hass.states.get("sensor.grid_power").state == "-1234.5"
    assert issues(hass) == {}


async def test_devices_that_are_steered_may_lose_their_profiles_too(
    hass: HomeAssistant,
    folder: Folder,
    demo_site: Site,
    add_site: AddSite,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A battery, an array and a charger without a profile have neither values nor hands; the meter goes on."""
    for role in ("battery", "pv", "charger"):
        demo_site.subentry(role)["data"]["source"]["profile"] = "gone"
    entry = await add_site(demo_site)
    await clock.live(hass, 30)
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert float(hass.states.get("sensor.grid_meter_power").state) != 0
    assert hass.states.get("sensor.demo_home_plan_status").state in {"ok", "degraded"}
    assert len([name for name in issues(hass) if name.startswith("profile_unusable_")]) == 3
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert [each["capture"] is None for each in found["devices"].values()].count(True) == 3
    assert "gone.yaml is not in ems/profiles" in str([each["error"] for each in found["devices"].values()])
    assert "Traceback" not in caplog.text
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == {}


async def test_a_home_whose_only_device_lost_its_profile_still_starts(
    hass: HomeAssistant, folder: Folder, at: dict[str, Any], add_site: AddSite
) -> None:
    """Trying the set-up again and again would say that nobody answers, which is not what is wrong."""
    folder.put(OWN_METER)
    site = await add_site(home_of_entities())
    await add_meter(hass, site, at)
    folder.put(None)
    await reload(hass, site)
    assert site.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(("language", "word"), [("en", "own"), ("de", "eigenes")])
async def test_repairs_and_the_mark_are_in_peoples_language(
    hass: HomeAssistant, language: str, word: str
) -> None:
    """Where a text is missing, people see a key."""
    found = await async_get_translations(hass, language, "issues", [DOMAIN])
    for key in ("own_profile_broken", "profile_unusable"):
        assert "{detail}" in found[f"component.{DOMAIN}.issues.{key}.description"]
    words_ = await async_get_translations(hass, language, "selector", [DOMAIN])
    assert words_[f"component.{DOMAIN}.selector.profile_origin.options.own"] == word
