"""What forms and device pages call things: words, never keys; and no serial number that nobody gave."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.devices.by_hand import POINTS_BY_HAND
from custom_components.ems.flows.row_names import async_row_names
from tests.devices.web import WebDevice, serving
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device
from tests.ha.sites import home_of_entities

ANSWER = {"frequency": 50.01, "totalEnergy": 7, "activePower": 1500}


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


async def asked(hass: HomeAssistant, site: MockConfigEntry, web: WebDevice) -> Flow:
    """Go as far as the table of a meter over HTTP."""
    web.documents["/data"] = ANSWER
    flow = await (await add_device(hass, site, "meter")).choose("http")
    address = {"url": f"{web.base_url}/data", "method": "get", "auth": "none"}
    return await flow.submit(**address, verify_ssl=True, poll_s=5)


def table(flow: Flow) -> dict[str, Any]:
    """Return the table as the frontend gets it."""
    fields = probatio.to_field_list(
        flow.result["data_schema"], custom_serializer=lambda what: what.serialize()
    )
    found: dict[str, Any] = next(each for each in fields if each["name"] == "points")
    return found["selector"]["object"]["fields"]["point"]["selector"]["select"]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("role", POINTS_BY_HAND)
async def test_every_point_has_a_word_of_its_own(
    hass: HomeAssistant, site: MockConfigEntry, role: str, language: str
) -> None:
    """Two points of one name could not be told apart when the form comes back."""
    hass.config.language = language
    words = (await async_row_names(hass, role)).words
    assert len(set(words.values())) == len(words) == len(POINTS_BY_HAND[role])
    assert not set(words) & set(words.values())


async def test_a_table_speaks_german_and_is_stored_by_points(
    hass: HomeAssistant, sockets: None, site: MockConfigEntry
) -> None:
    """The frontend shows what a row holds as it is."""
    hass.config.language = "de"
    async with serving(WebDevice()) as web:
        flow = await asked(hass, site, web)
        rows = flow.suggested["points"]
        assert [row["point"] for row in rows] == ["Leistung", "Bezogene Energie", "Frequenz"]
        assert {row["point"] for row in rows} < set(table(flow)["options"])
        await flow.submit(points=[{**rows[0], "path": "x"}, rows[1]], power_positive="import")
        assert flow.errors == {"points": "row_value_missing"}
        assert flow.shown["point"] == "Leistung"
        assert [row["point"] for row in flow.suggested["points"]] == ["Leistung", "Bezogene Energie"]
        await flow.submit(points=rows, power_positive="import")
        values = [line.partition(":")[0] for line in flow.shown["values"].splitlines()]
        assert values == ["- Leistung", "- Frequenz", "- Bezogene Energie"]
        await flow.submit(name="Keller", position="zone")
        assert flow.created
        await settle(hass)
        (subentry,) = site.subentries.values()
        points = [row["point"] for row in subentry.data["source"]["points"]]
        assert points == ["power", "import_energy", "frequency"]


async def test_what_was_described_by_hand_has_no_name_no_maker_and_no_serial_number(
    hass: HomeAssistant, sockets: None, site: MockConfigEntry
) -> None:
    """The form would call it HTTP; the page of the device HTTP a company, and its address a serial number."""
    async with serving(WebDevice()) as web:
        flow = await asked(hass, site, web)
        await flow.submit(points=flow.suggested["points"], power_positive="import")
        assert not flow.suggested["name"]
        await flow.submit(name="Cellar", position="zone")
        await settle(hass)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), site.entry_id)
    (device,) = [each for each in devices if each.name == "Cellar"]
    assert (device.manufacturer, device.model, device.serial_number) == (None, "HTTP", None)


async def test_a_second_meter_is_not_offered_the_place_of_the_first(
    hass: HomeAssistant, sockets: None, site: MockConfigEntry
) -> None:
    """A home has one connection; who only presses the button must not say it twice."""
    positions = []
    async with serving(WebDevice()) as web:
        for name, prefix in (("Grid meter", ""), ("Cellar", "cellar.")):
            flow = await asked(hass, site, web)
            web.documents["/data"] = {"cellar": ANSWER, **ANSWER}
            rows = [{"point": "power", "path": f"{prefix}activePower", "unit": "W"}]
            await flow.submit(points=rows, power_positive="import")
            assert flow.errors == {}
            positions.append(flow.suggested["position"])
            assert list(flow.result["data_schema"].schema)[-1] == "electrical_health"
            await flow.submit(name=name, position=positions[-1])
            await settle(hass)
    assert positions == ["grid", "zone"]
