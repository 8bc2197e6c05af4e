"""Options of the planner: what people turn reaches the next plan's question."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.engine.site import DemandCharge, Site, Weights
from custom_components.ems.planner_numbers import PlannerNumber
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home
from tests.ha.sites import entity_device, home_of_entities

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
# Key, what is turned in, where it is to be found, what is there before and after.
NUMBERS: list[tuple[str, float, Callable[[Site], Any], Any, Any]] = [
    ("demand_charge", 7.5, lambda site: site.grid.demand_charge, None, DemandCharge(price_per_kw=7.5)),
    ("risk_weight", 40, lambda site: site.risk_weight, 0.0, 0.4),
    ("switch_threshold", 25, lambda site: site.switch_threshold, 0.15, 0.25),
    ("weight_peak", 2.5, lambda site: site.weights, Weights(), Weights(peak=2.5)),
    ("weight_ramps", 0, lambda site: site.weights, Weights(), Weights(ramps=0)),
    (
        "weight_self_consumption",
        3,
        lambda site: site.weights,
        Weights(),
        Weights(self_consumption=3),
    ),
    ("weight_comfort", 0.1, lambda site: site.weights, Weights(), Weights(comfort=0.1)),
    ("weight_environment", 5, lambda site: site.weights, Weights(), Weights(environment=5)),
]


@pytest.fixture
def awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable what is disabled at first, as somebody who needs it would."""
    monkeypatch.setattr(PlannerNumber, "_attr_entity_registry_enabled_default", True)


def entity_of(hass: HomeAssistant, entry: MockConfigEntry, platform: str, key: str) -> str:
    """Return the id of one of the home's entities."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{entry.entry_id}_{key}")
    assert found is not None, key
    return found


def planned_site(entry: MockConfigEntry) -> Site:
    """Return the site as the last plan knew it."""
    site: Site = entry.runtime_data.plan.data.outlook.problem.site
    return site


async def turn(hass: HomeAssistant, entity_id: str, value: float) -> None:
    """Turn a number as a person would."""
    await hass.services.async_call(
        "number", "set_value", {"entity_id": entity_id, "value": value}, blocking=True
    )
    await settle(hass)


@pytest.mark.usefixtures("awake")
@pytest.mark.parametrize(
    ("key", "value", "of", "before", "after"), NUMBERS, ids=[number[0] for number in NUMBERS]
)
async def test_a_number_that_is_turned_is_planned_with_at_once(
    hass: HomeAssistant,
    add_site: AddSite,
    key: str,
    value: float,
    of: Callable[[Site], Any],
    before: Any,
    after: Any,
) -> None:
    """And nothing else of the site changes but what was turned; a reload keeps it."""
    read_home(hass)
    entry = await add_site(home_of_entities(GRID))
    entity_id = entity_of(hass, entry, "number", key)
    assert of(planned_site(entry)) == before
    await turn(hass, entity_id, value)
    assert of(planned_site(entry)) == after
    assert float(hass.states.get(entity_id).state) == value
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert of(planned_site(entry)) == after
    assert float(hass.states.get(entity_id).state) == value


async def test_the_numbers_sleep_until_somebody_needs_them(hass: HomeAssistant, add_site: AddSite) -> None:
    """Eight more numbers would bury the few that everybody turns."""
    read_home(hass)
    entry = await add_site(home_of_entities(GRID))
    registry = er.async_get(hass)
    for key, *_ in NUMBERS:
        found = registry.async_get(entity_of(hass, entry, "number", key))
        assert found is not None
        assert (found.entity_category, found.disabled) == ("config", True), key


@pytest.mark.usefixtures("awake")
async def test_a_demand_charge_is_in_the_home_s_currency_and_0_takes_it_away(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    read_home(hass)
    entry = await add_site(home_of_entities(GRID))
    entity_id = entity_of(hass, entry, "number", "demand_charge")
    assert hass.states.get(entity_id).attributes["unit_of_measurement"] == "EUR/kW"
    await turn(hass, entity_id, 7.5)
    await turn(hass, entity_id, 0)
    assert planned_site(entry).grid.demand_charge is None


async def test_limiting_each_phase_is_a_switch(hass: HomeAssistant, add_site: AddSite) -> None:
    """Off at first; turning it plans anew, either way."""
    read_home(hass)
    entry = await add_site(home_of_entities(GRID))
    entity_id = entity_of(hass, entry, "switch", "limits_each_phase")
    for action, state in ((None, "off"), ("turn_on", "on"), ("turn_off", "off")):
        if action:
            await hass.services.async_call("switch", action, {"entity_id": entity_id}, blocking=True)
            await settle(hass)
        assert hass.states.get(entity_id).state == state
        assert planned_site(entry).grid.limits_each_phase is (state == "on")
