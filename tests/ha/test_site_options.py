"""The options of a running home: pages that save by themselves and reload nothing."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.limit_options import cap_windows, operator_options, quarter_hour_options
from tests.ha.clock import settle, wall_s
from tests.ha.conftest import AddSite
from tests.ha.flows import ENGLISH, Flow
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import BATTERY_PARAMS, entity_device, home_of_entities

CONTACT = "input_boolean.dimmed"


@pytest.fixture
async def entry(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """A home with a battery and a wish that somebody turned already."""
    read_home(hass)
    cells = entity_device(
        "battery", "Cells", BATTERY_PARAMS, power_entity="sensor.cells", soc_entity="sensor.soc"
    )
    grid = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
    site = home_of_entities(grid, cells)
    site.options = {"strategy": "arbitrage"}
    return await add_site(site)


async def open_options(hass: HomeAssistant, entry: MockConfigEntry, page: str) -> Flow:
    """Open a page of the options."""
    flow = Flow(hass.config_entries.options, ENGLISH["options"])
    await flow.start(entry.entry_id, {"source": "user"})
    assert flow.step == "init"
    return await flow.choose(page)


def planned_cap(entry: MockConfigEntry) -> set[float] | None:
    """Return the limits by the clock that the last plan knew."""
    cap_kw = entry.runtime_data.plan.data.outlook.problem.import_cap_kw
    return None if cap_kw is None else set(cap_kw.tolist())


async def save(hass: HomeAssistant, entry: MockConfigEntry, page: str, **user_input: Any) -> None:
    """Fill a page in. What is there otherwise stays, and the home is not loaded anew."""
    loaded, others = entry.runtime_data, {k: v for k, v in entry.options.items() if k != page}
    flow = await open_options(hass, entry, page)
    await flow.submit(**user_input)
    assert flow.created
    await settle(hass)
    assert {key: value for key, value in entry.options.items() if key != page} == others
    assert entry.runtime_data is loaded


async def test_an_operator_s_contact_counts_at_once(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The page says what the German rule leaves: one battery of 5 kW is one device."""
    hass.states.async_set(CONTACT, "on")
    flow = await open_options(hass, entry, "operator")
    assert (flow.shown["devices"], flow.shown["least"]) == ("1", "4.2")
    assert flow.suggested == {"entity_id": None, "limited_when": "on", "limit_kw": None}
    await save(hass, entry, "operator", entity_id=CONTACT, limited_when="on", limit_kw=5)
    assert operator_options(entry).limit_kw == 5.0
    assert entry.runtime_data.limits.latest.operator_kw == 5.0
    assert entry.options["strategy"] == "arbitrage"
    again = await open_options(hass, entry, "operator")
    assert again.suggested == {"entity_id": CONTACT, "limited_when": "on", "limit_kw": 5}


async def test_no_operator_is_a_choice_too(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.states.async_set(CONTACT, "on")
    await save(hass, entry, "operator", entity_id=CONTACT, limited_when="on")
    assert entry.runtime_data.limits.latest.operator_kw == 4.2
    await save(hass, entry, "operator", limited_when="on")
    assert entry.runtime_data.limits.latest.operator_kw is None


@pytest.mark.parametrize(
    ("entity_id", "error"),
    [
        ("binary_sensor.nowhere", "entity_missing"),
        ("binary_sensor.home_limited_by_the_network_operator", "entity_is_ours"),
        ("sensor.words", "not_a_number"),
        ("sensor.soc", "unit_not_power"),
    ],
)
async def test_an_entity_that_cannot_say_it_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, entity_id: str, error: str
) -> None:
    """And the page keeps what was typed."""
    set_sensor(hass, "sensor.words", "much", "kW", device_class="power")
    flow = await open_options(hass, entry, "operator")
    await flow.submit(entity_id=entity_id, limited_when="off", limit_kw=7)
    assert flow.errors == {"entity_id": error}
    assert entity_id in flow.shown["detail"]
    assert flow.suggested == {"entity_id": entity_id, "limited_when": "off", "limit_kw": 7}


async def test_limits_by_the_clock_are_added_and_taken_away(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    window = {"start": "00:00:00", "end": "00:00:00", "limit_kw": 9.5, "weekdays": ["mon"]}
    await save(hass, entry, "caps", caps=[window])
    assert entry.runtime_data.limits.latest.cap_kw == 9.5
    assert planned_cap(entry) == {9.5, float("inf")}  # at once: today is a Monday
    assert cap_windows(entry)[0].weekdays == {0}
    again = await open_options(hass, entry, "caps")
    assert again.suggested == {"caps": [window]}
    await again.submit(caps=[])
    await settle(hass)
    assert entry.runtime_data.limits.latest.cap_kw is None
    assert planned_cap(entry) is None
    await save(hass, entry, "caps")
    assert entry.options["caps"] == []


async def test_the_network_s_quarter_hours_are_described(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    flow = await open_options(hass, entry, "quarter_hour")
    assert flow.suggested == {"floor_kw": 0, "starts_past_s": 0}
    await save(hass, entry, "quarter_hour", floor_kw=2.5, starts_past_s=-12)
    assert quarter_hour_options(entry).starts_past_s == -12
    assert entry.runtime_data.peak.running(wall_s()).start_s % 900 == 888


async def test_options_can_be_set_while_the_home_is_not_loaded(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A silent device is no reason to lose a page."""
    await hass.config_entries.async_unload(entry.entry_id)
    flow = await open_options(hass, entry, "quarter_hour")
    await flow.submit(floor_kw=2.5, starts_past_s=0)
    assert flow.created
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert quarter_hour_options(entry).floor_kw == 2.5
