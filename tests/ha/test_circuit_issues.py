"""What real-time control cannot see is told as a repair, with what to do about it."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.circuit_issues import async_tell_circuits
from custom_components.ems.const import DOMAIN
from tests.ha.conftest import AddSite
from tests.ha.flows import ENGLISH
from tests.ha.foreign import Foreign, read_home, set_sensor
from tests.ha.sites import BATTERY_PARAMS, Site, circuit, entity_device, home_of_entities
from tests.ha.test_dispatcher import STEERED

HANDS = {key: value for key, value in STEERED.items() if key != "power_entity"}


@pytest.fixture(autouse=True)
async def powers(hass: HomeAssistant, vienna: None) -> None:
    """What another integration brought: meters that tell one power, and a battery that can be steered."""
    await Foreign().async_add(hass)
    read_home(hass)
    for name in ("grid", "cellar", "flat"):
        set_sensor(hass, f"sensor.{name}", 500, "W")


def meter(key: str, position: str = "zone") -> dict[str, Any]:
    """Return a meter that tells one power."""
    found = entity_device("meter", key.title(), {"position": position}, power_entity=f"sensor.{key}")
    return {**found, "subentry_id": key}


def battery(**wiring: Any) -> dict[str, Any]:
    """Return a battery with hands."""
    params = {**BATTERY_PARAMS, **({"wiring": wiring} if wiring else {})}
    return entity_device("battery", "Cells", params, power_entity="sensor.cells", **HANDS)


async def told(hass: HomeAssistant, add_site: AddSite, site: Site) -> dict[str, str]:
    """Return what is told of a home: names by issue; each has its text."""
    entry = await add_site(site)
    async_tell_circuits(hass, entry)
    return issues(hass, entry)


def issues(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str]:
    """Return the names in the repairs of a home, by what they are about."""
    found = {}
    for (domain, issue_id), issue in ir.async_get(hass).issues.items():
        if domain == DOMAIN and issue_id.endswith(entry.entry_id) and issue.active:
            words = issue.translation_placeholders or {}
            text = ENGLISH["issues"][issue.translation_key]
            assert text["title"].format(**words).startswith("Home")
            assert text["description"].format(**words)
            found[str(issue.translation_key)] = words.get("names", "")
    return {key: found[key] for key in found if key in TOLD}


TOLD = ("circuits_lost", "connection_derived", "connection_unmeasured", "phases_unmeasured")


async def test_a_meter_that_tells_only_a_sum_is_named(hass: HomeAssistant, add_site: AddSite) -> None:
    """One phase can be overloaded while the sum looks harmless. Meters that guard no fuse do not matter."""
    site = home_of_entities(
        *(meter("grid", "grid"), meter("cellar"), meter("flat"), battery()), circuit("garage", meter="cellar")
    )
    assert await told(hass, add_site, site) == {"phases_unmeasured": "Cellar, Grid"}


async def test_a_fuse_in_a_single_phase_is_told_by_a_sum(hass: HomeAssistant, add_site: AddSite) -> None:
    """There is nothing else in it."""
    site = home_of_entities(
        *(meter("grid", "grid"), meter("cellar"), battery()), circuit("garage", meter="cellar", phases="2")
    )
    assert await told(hass, add_site, site) == {"phases_unmeasured": "Grid"}
    site = home_of_entities(meter("grid", "grid"), battery())
    site.data["grid"]["phases"], site.unique_id = 1, "site:other"
    assert await told(hass, add_site, site) == {}


async def test_a_meter_with_phases_is_what_is_wanted(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The demo home's tells currents, and its battery and charger are steered."""
    async_tell_circuits(hass, entry)
    assert issues(hass, entry) == {}


async def test_nothing_is_missing_where_nothing_is_steered(hass: HomeAssistant, add_site: AddSite) -> None:
    """A home that only looks has no fuse to guard."""
    hands_off = entity_device(
        "battery", "Cells", BATTERY_PARAMS, power_entity="sensor.cells", soc_entity="sensor.soc"
    )
    assert await told(hass, add_site, home_of_entities(meter("grid", "grid"), hands_off)) == {}


async def test_a_home_without_a_grid_meter_is_told_so(hass: HomeAssistant, add_site: AddSite) -> None:
    """What the home draws itself is then a guess."""
    assert await told(hass, add_site, home_of_entities(battery())) == {"connection_unmeasured": ""}


async def test_a_derived_connection_has_no_phases_whatever_its_meters_tell(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Another meter at the house would change nothing: only one at the connection does."""
    found = await told(hass, add_site, home_of_entities(meter("flat", "building"), battery()))
    assert found == {"connection_derived": ""}


async def test_circuits_that_lost_their_place_are_named_until_they_have_one(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """And devices that hung below one that was removed; whether anything is steered or not."""
    site = home_of_entities(
        *(circuit("left", above="gone"), circuit("right", meter="gone"), circuit("garage")),
        entity_device(
            "battery",
            "Cells",
            {**BATTERY_PARAMS, "wiring": {"circuit": "gone", "on": "all"}},
            power_entity="sensor.cells",
            soc_entity="sensor.soc",
        ),
    )
    entry = await add_site(site)
    async_tell_circuits(hass, entry)
    assert issues(hass, entry) == {"circuits_lost": "Left, Right, Cells"}
    await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass, entry) == {}


async def test_a_device_at_a_circuit_that_is_there_has_lost_nothing(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Nor has one that hangs at the connection."""
    site = home_of_entities(meter("grid", "grid"), circuit("garage"), battery(circuit="garage", on="all"))
    site.data["grid"]["phases"] = 1
    assert await told(hass, add_site, site) == {}
