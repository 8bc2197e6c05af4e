"""Adding a flexible load: its entities, its kind, and what it shall do. Every refusal says what to mend."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.engine.flexible_load import LoadKind
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.foreign import Foreign, read_home, set_sensor
from tests.ha.sites import home_of_entities

WINDOW = {"window_from": "00:00:00", "window_until": "00:00:00"}
PUMP = {"power_w": 1000, "energy_kwh": 4, "min_on_min": 10, "min_off_min": 10, **WINDOW}
ROD = {"power_w": 3000, "power_min_w": 0, "energy_kwh": 6, **WINDOW}
OVEN = {"power_w": 2000, "run_h": 1.5, **WINDOW}
WASH = {"profile_w": "2000, 2000, 150,150;1800 100", **WINDOW}
DETAILS: dict[str, dict[str, Any]] = {
    "continuous": ROD,
    "interruptible": PUMP,
    "block": OVEN,
    "programme": WASH,
}


@pytest.fixture
async def site(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet, and another integration's entities."""
    await Foreign().async_add(hass)
    read_home(hass)
    hass.states.async_set("switch.pump", "off", {"friendly_name": "Pool pump"})
    set_sensor(hass, "sensor.pump", 0, "W")
    return await add_site(home_of_entities())


async def at_confirm(hass: HomeAssistant, site: MockConfigEntry, **entities: str) -> Flow:
    """Go as far as the kind."""
    flow = await (await add_device(hass, site, "load")).choose("entities")
    return await flow.submit(**entities)


async def at_details(
    hass: HomeAssistant, site: MockConfigEntry, kind: str, demand: str = "daily", **entities: str
) -> Flow:
    """Go as far as what it shall do."""
    flow = await at_confirm(hass, site, **entities)
    await flow.submit(name="Load", kind=kind, demand=demand)
    assert flow.step == "details"
    return flow


def only(site: MockConfigEntry) -> Any:
    """Return the only device."""
    (subentry,) = site.subentries.values()
    return subentry


@pytest.mark.parametrize("kind", DETAILS)
@pytest.mark.parametrize("demand", ["daily", "on_request"])
async def test_a_load_of_every_kind_is_added(
    hass: HomeAssistant, site: MockConfigEntry, kind: str, demand: str
) -> None:
    """Energy, hours and profile are stored in one form, whichever way they were entered."""
    flow = await at_details(hass, site, kind, demand)
    assert flow.suggested["window_from"] == "00:00:00"
    more = {} if demand == "daily" else {"ready_by": "06:30:00"}
    await flow.submit(**DETAILS[kind], **more)
    assert flow.created
    await settle(hass)
    params = only(site).data["params"]
    assert (params["kind"], params["demand"]) == (kind, demand)
    assert params.get("ready_by") == more.get("ready_by")
    assert "run_h" not in params
    if kind == LoadKind.PROGRAMME:
        assert params["profile_w"] == [2000, 2000, 150, 150, 1800, 100]
    else:
        assert params["energy_kwh"] == {"continuous": 6, "interruptible": 4, "block": 3}[kind]
    assert hass.states.get("binary_sensor.load_should_run_now") is not None


async def test_its_entities_are_shown_before_anything_is_saved(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """As with any device; the switch gives the name."""
    set_sensor(hass, "sensor.pump", 0.9, "kW")
    hass.states.async_set("switch.pump", "on", {"friendly_name": "Pool pump"})
    flow = await at_confirm(hass, site, switch_entity="switch.pump", power_entity="sensor.pump")
    assert flow.suggested["name"] == "Pool pump"
    assert "Power: **900 W**" in flow.shown["values"]
    assert "Running: **✓**" in flow.shown["values"]


async def test_a_load_without_any_entity_needs_a_name(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """EMS only says when it should run; two of them are two devices."""
    for name in ("Dishwasher", "Sauna"):
        flow = await at_confirm(hass, site)
        assert not flow.suggested["name"]
        await flow.submit(name=name, kind="block", demand="daily")
        await flow.submit(**OVEN)
        await settle(hass)
    assert len({each.unique_id for each in site.subentries.values()}) == 2
    assert hass.states.get("switch.sauna_run") is None


async def test_a_load_is_added_once(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """Two plans for one switch would fight."""
    for created in (True, False):
        flow = await at_details(hass, site, "interruptible", switch_entity="switch.pump")
        await flow.submit(**PUMP)
        await settle(hass)
        assert flow.created is created
    assert flow.aborted == "already_configured"


@pytest.mark.parametrize(
    ("entities", "errors"),
    [
        ({"switch_entity": "switch.gone"}, {"switch_entity": "entity_missing"}),
        ({"power_number": "number.gone"}, {"power_number": "entity_missing"}),
        ({"power_number": "number.wallbox_current"}, {"power_number": "unit_not_power"}),
        ({"power_number": "number.rod"}, {"power_number": "zero_not_possible"}),
        ({"power_entity": "sensor.soc"}, {"power_entity": "unit_not_power"}),
        ({"energy_entity": "sensor.pump"}, {"energy_entity": "unit_not_energy"}),
        ({"power_entity": "sensor.word"}, {"power_entity": "not_a_number"}),
    ],
)
async def test_an_entity_that_does_not_fit_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, entities: dict[str, str], errors: dict[str, str]
) -> None:
    """At its field, and with what was seen, once."""
    set_sensor(hass, "sensor.word", "idle", "W")
    hass.states.async_set("number.rod", "500", {"unit_of_measurement": "W", "min": 500, "max": 3000})
    flow = await at_confirm(hass, site, **entities)
    assert flow.errors == errors
    (entity_id,) = entities.values()
    assert flow.shown["detail"].count(entity_id) == 1


async def test_a_number_that_cannot_stop_a_load_may_stand_beside_a_switch(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """Then the switch stops it."""
    hass.states.async_set("number.rod", "500", {"unit_of_measurement": "W", "min": 500, "max": 3000})
    flow = await at_confirm(hass, site, power_number="number.rod", switch_entity="switch.pump")
    assert flow.step == "confirm"


async def test_a_continuous_load_needs_a_number(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """A switch alone knows no power between nothing and all."""
    flow = await at_confirm(hass, site, switch_entity="switch.pump")
    await flow.submit(name="Rod", kind="continuous", demand="daily")
    assert flow.errors == {"kind": "power_number_missing"}
    await flow.submit(name="Rod", kind="interruptible", demand="daily")
    assert flow.step == "details"


@pytest.mark.parametrize(
    ("kind", "change", "errors"),
    [
        ("interruptible", {"power_w": None}, {"power_w": "value_missing"}),
        ("interruptible", {"energy_kwh": None}, {"energy_kwh": "energy_or_time"}),
        ("continuous", {"energy_kwh": None}, {"energy_kwh": "value_missing"}),
        ("interruptible", {"run_h": 4}, {"run_h": "energy_and_time"}),
        ("continuous", {"power_min_w": 3001}, {"power_min_w": "minimum_above_maximum"}),
        ("block", {"run_h": 1.5, "window_until": "01:00:00"}, {"window_until": "window_too_short"}),
        ("interruptible", {"energy_kwh": 24.1}, {"window_until": "window_too_short"}),
        ("programme", {"window_until": "01:00:00"}, {"window_until": "window_too_short"}),
        ("programme", {"profile_w": "2000, hot"}, {"profile_w": "profile_unreadable"}),
        ("programme", {"profile_w": "2.000, 100"}, {"profile_w": "profile_unreadable"}),
        ("programme", {"profile_w": "-5"}, {"profile_w": "profile_unreadable"}),
        ("programme", {"profile_w": "5000001"}, {"profile_w": "profile_unreadable"}),
        ("programme", {"profile_w": "0, 0"}, {"profile_w": "profile_empty"}),
        ("programme", {"profile_w": " , "}, {"profile_w": "profile_empty"}),
        ("programme", {"profile_w": "10 " * 97}, {"profile_w": "profile_too_long"}),
    ],
)
async def test_what_cannot_be_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, kind: str, change: dict[str, Any], errors: dict[str, str]
) -> None:
    """And once it is mended, the form is taken."""
    flow = await at_details(hass, site, kind)
    entered = {key: value for key, value in {**DETAILS[kind], **change}.items() if value is not None}
    await flow.submit(**entered)
    assert flow.errors == errors
    await flow.submit(**DETAILS[kind])
    assert flow.created


async def test_hours_over_midnight_are_hours(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """Eight of them: 8 kWh at 1 kW just fit."""
    night = {"window_from": "22:00:00", "window_until": "06:00:00"}
    flow = await at_details(hass, site, "interruptible")
    await flow.submit(**{**PUMP, "energy_kwh": 8.1, **night})
    assert flow.errors == {"window_until": "window_too_short"}
    assert flow.shown["detail"] == "8.1 h > 8.0 h"
    await flow.submit(**{**PUMP, "energy_kwh": 8, **night})
    assert flow.created


async def test_a_load_can_be_changed_in_all_it_is(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """The forms show what holds: what was set up, and what was turned since."""
    flow = await at_details(hass, site, "interruptible", switch_entity="switch.pump")
    await flow.submit(**PUMP, reward=0.5)
    await settle(hass)
    before = only(site)
    await hass.services.async_call(
        "number", "set_value", {"entity_id": "number.load_energy_wanted", "value": 3}, blocking=True
    )
    flow = await change_device(hass, site, before.subentry_id)
    assert flow.suggested["switch_entity"] == "switch.pump"
    await flow.submit(power_entity="sensor.pump")
    assert flow.suggested["kind"] == "interruptible"
    await flow.submit(name="Pump", kind="interruptible", demand="daily")
    assert {key: value for key, value in flow.suggested.items() if value is not None} == {
        **PUMP,
        "energy_kwh": 3,
        "reward": 0.5,
    }
    await flow.submit(**{**PUMP, "energy_kwh": 5})
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    after = only(site)
    assert (after.title, after.unique_id) == ("Pump", before.unique_id)
    assert after.data["params"]["energy_kwh"] == 5
    assert "reward" not in after.data["params"]
    assert site.options["devices"] == {}
    assert hass.states.get("number.load_energy_wanted").state == "5.0"


async def test_a_programme_is_shown_as_it_was_typed(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """So that one number of it can be changed."""
    flow = await at_details(hass, site, "programme")
    await flow.submit(**WASH)
    await settle(hass)
    flow = await change_device(hass, site, only(site).subentry_id)
    await flow.submit()
    await flow.submit(name="Load", kind="programme", demand="daily")
    assert flow.suggested["profile_w"] == "2000, 2000, 150, 150, 1800, 100"


async def test_nothing_real_joins_the_demo_home(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """It is steered from its first minute."""
    flow = await add_device(hass, entry, "load")
    assert flow.aborted == "demo_home_only"
