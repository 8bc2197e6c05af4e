"""Charge modes: what people choose for a car, what the plan makes of it, and what was chosen before there were any."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.cars import ev_mode_of
from custom_components.ems.const import DOMAIN
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.engine.problem import CarState
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import CHARGER_PARAMS, Site, entity_device, home_of_entities, subentry_id

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
WALLBOX = entity_device(
    "charger",
    "Wallbox",
    CHARGER_PARAMS,
    power_entity="sensor.wallbox",
    connected_entity="binary_sensor.plug",
    energy_entity="sensor.counter",
)
MODE = "select.wallbox_charge_mode"


@pytest.fixture
def home(hass: HomeAssistant) -> Site:
    """Return a home whose car is plugged in, not set up yet."""
    read_home(hass)
    hass.states.async_set("binary_sensor.plug", "on")
    set_sensor(hass, "sensor.counter", 100, "kWh")
    return home_of_entities(GRID, WALLBOX)


async def choose(hass: HomeAssistant, mode: str) -> None:
    """Choose a mode as people do."""
    data = {"entity_id": MODE, "option": mode}
    await hass.services.async_call("select", "select_option", data, blocking=True)
    await settle(hass)


def planned_car(entry: MockConfigEntry) -> CarState:
    """Return the car as the last plan saw it."""
    found: CarState = entry.runtime_data.plan.data.outlook.problem.cars[subentry_id(entry, "charger")]
    return found


@pytest.mark.parametrize(
    ("mode", "is_planned", "from_grid", "has_hour"),
    [
        ("off", False, True, True),  # nobody wants anything to be charged
        ("now", True, True, True),
        ("min_surplus", True, True, True),  # its smallest current comes from the grid
        ("surplus", True, False, False),
        ("plan", True, True, True),
    ],
)
async def test_the_plan_goes_by_the_mode_at_once(
    hass: HomeAssistant,
    home: Site,
    add_site: AddSite,
    mode: str,
    is_planned: bool,
    from_grid: bool,
    has_hour: bool,
) -> None:
    """Choosing is enough: the next plan is made for it, without anybody asking for one."""
    entry = await add_site(home)
    await choose(hass, "now" if mode == "plan" else "plan")
    await choose(hass, mode)
    car = planned_car(entry)
    assert car.energy_needed_kwh == (15 if is_planned else 0)
    assert car.connected.any() == is_planned
    if is_planned:
        assert (not car.surplus_only, car.ready_at_s is not None) == (from_grid, has_hour)
    assert ev_mode_of(entry.runtime_data.settings, subentry_id(entry, "charger")) is EvMode(mode)


async def test_a_car_whose_charger_is_off_is_no_trouble(
    hass: HomeAssistant, home: Site, add_site: AddSite
) -> None:
    """It is left alone because somebody said so: the plan lacks nothing."""
    entry = await add_site(home)
    await choose(hass, "off")
    assert planned_car(entry).available
    assert hass.states.get("sensor.home_plan_status").state == "ok"
    reason = hass.states.get("sensor.wallbox_planned_mode").attributes["reason"]
    assert reason == "Charging is switched off."


async def with_old_choice(hass: HomeAssistant, home: Site, chosen: str | None) -> MockConfigEntry:
    """Add a home as a version before the modes left it: with the old select, and what was chosen there."""
    entry = home.entry(DOMAIN)
    entry.add_to_hass(hass)
    key = subentry_id(entry, "charger")
    if chosen:
        hass.config_entries.async_update_entry(entry, options={"devices": {key: {"charge_from": chosen}}})
    er.async_get(hass).async_get_or_create(
        "select",
        DOMAIN,
        f"{key}_charge_from",
        suggested_object_id="my_car",
        config_entry=entry,
        config_subentry_id=key,
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    return entry


@pytest.mark.parametrize(
    ("chosen", "mode"), [("surplus_only", "surplus"), ("planned", "plan"), (None, "plan")]
)
async def test_what_was_chosen_before_goes_on_under_the_same_name(
    hass: HomeAssistant, home: Site, clock: object, chosen: str | None, mode: str
) -> None:
    """Dashboards and automations name the entity; a car on surplus must not wake up on the grid."""
    entry = await with_old_choice(hass, home, chosen)
    assert hass.states.get("select.my_car").state == mode
    registry, key = er.async_get(hass), subentry_id(entry, "charger")
    assert registry.async_get_entity_id("select", DOMAIN, f"{key}_charge_from") is None
    assert registry.async_get_entity_id("select", DOMAIN, f"{key}_charge_mode") == "select.my_car"
    assert planned_car(entry).surplus_only == (mode == "surplus")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_mode_that_was_chosen_counts_more_than_what_was_chosen_before(
    hass: HomeAssistant, home: Site, add_site: AddSite
) -> None:
    """The old answer stays stored; it speaks only where nobody has said anything since."""
    entry = await add_site(home)
    key, settings = subentry_id(entry, "charger"), entry.runtime_data.settings
    settings.set_device(key, "charge_from", "surplus_only")
    assert ev_mode_of(settings, key) is EvMode.SURPLUS
    settings.set_device(key, "ev_mode", "plan")
    assert ev_mode_of(settings, key) is EvMode.PLAN
