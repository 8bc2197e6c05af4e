"""The guard explains itself: why each device does what it does, and what circuits leave."""

from datetime import timedelta
from typing import Any

from homeassistant.core import Event, HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import mock_restore_cache

from custom_components.ems import control_sensors, guard_entity
from custom_components.ems.dispatcher import Command, Source
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.explained import FREE, FULL, LIMITED, OVERLOAD, REASON, found, logged, news, types
from tests.ha.foreign import Foreign
from tests.ha.sites import (
    CHARGER_PARAMS,
    PV_PARAMS,
    circuit,
    entity_device,
    home_of_entities,
    subentry_id,
)
from tests.ha.test_dispatcher import CURRENT, ENABLE, GRID, WALLBOX
from tests.ha.test_guard import BATTERY, CHARGER, Begin, House, begin, charging, house, plan

__all__ = ["begin", "house", "logged", "news"]

REACTION = "sensor.roof_feed_in_reaction_time"
ROOF = entity_device("pv", "Roof", PV_PARAMS, power_entity="sensor.sun")


async def test_a_device_says_why_by_whom_and_beside_what_was_planned(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """25 A on each phase; 10 kW for the house leave 10 A."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    shown = found(hass, REASON)
    assert shown.state == "Charging as planned."
    expected = {"mode": "charge", "current_a": 16, "source": "plan", "limited_by": None}
    assert {key: shown.attributes[key] for key in expected} == expected
    house.base_w = 10_000
    await clock.tick(hass, 2)
    shown = found(hass, REASON)
    assert shown.state == FULL
    expected = {"current_a": 10, "source": "protection", "limited_by": "fuse", "circuit": "Home"}
    expected |= {"phase": "L1", "planned_mode": "charge", "planned_current_a": 16, "is_advised": False}
    assert {key: shown.attributes[key] for key in expected} == expected


async def test_it_speaks_the_language_of_the_home(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, news: list[dict[str, Any]]
) -> None:
    await hass.config.async_update(language="de")
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    house.base_w = 10_000
    await clock.live(hass, 40)
    shown = [state for state in hass.states.async_all("sensor") if "planned_mode" in state.attributes]
    assert [state.state for state in shown] == ["Home hat auf L1 keinen Platz mehr."]
    (event,) = [s for s in hass.states.async_all("event") if s.attributes.get("event_type") == "deviated"]
    assert event.attributes["text"] == "Laden mit 10 A statt 16 A: Home hat auf L1 keinen Platz mehr."


async def test_an_advisory_home_says_what_it_would_do(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, news: Any, logged: list[Event]
) -> None:
    """And nothing of it goes into the logbook: nobody was told anything."""
    entry = await begin(CHARGER, operation="advisory")
    house.foreign.enable.turn_by_hand(on=True)
    house.foreign.current._attr_native_value = 16
    await plan(entry, "charger", mode="charge", current_a=16)
    await clock.live(hass, 20)
    house.base_w = 10_000
    await clock.live(hass, 60)
    shown = found(hass, REASON)
    assert (shown.state, shown.attributes["is_advised"], shown.attributes["current_a"]) == (FULL, True, 10)
    assert all(each["is_advised"] for each in news)
    assert "limited" in types(news)
    assert "deviated" not in types(news)
    assert logged == []


async def test_a_look_without_news_writes_nothing(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard looks every two seconds, and three devices would be a database full of nothing."""
    entry = await begin(CHARGER, BATTERY)
    await charging(hass, clock, entry)
    written: list[str] = []
    monkeypatch.setattr(
        guard_entity.GuardEntity, "async_write_ha_state", lambda self: written.append(self.entity_id)
    )
    looked: list[None] = []
    entry.runtime_data.guard.async_add_listener(lambda: looked.append(None))
    for watts in range(500, 800, 10):
        house.base_w = watts
        await clock.tick(hass, 2)
    assert len(looked) > 20
    # The free current once a minute, so that a chart of a calm hour has points; the battery covers 0.3 kW more by now.
    assert set(written) <= {FREE, "sensor.cells_control_reason"}
    assert len(written) <= 4


async def test_words_are_news_at_once_and_numbers_now_and_then() -> None:
    """A battery that follows the load says another power with every look."""
    news, apart_s = guard_entity.News(), guard_entity.NUMBERS_APART_S
    assert news.is_there("covers", (1.0,), 0)
    assert not news.is_there("covers", (2.0,), 2)
    assert news.is_there("holds", (2.0,), 4)
    assert not news.is_there("holds", (2.05,), 4 + apart_s)
    assert news.is_there("holds", (3.0,), 4 + apart_s)
    assert news.is_there("holds", (None,), 4 + 2 * apart_s)
    assert not news.is_there("holds", (None,), 4 + 3 * apart_s)


async def test_a_current_is_news_at_once(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """Each was told to the charger, within the same reason."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    house.base_w = 10_000
    await clock.tick(hass, 2)
    house.base_w = 11_000
    await clock.tick(hass, 2)
    assert found(hass, REASON).attributes["current_a"] == 9


async def test_the_next_change_is_told(hass: HomeAssistant, house: House, begin: Begin) -> None:
    """Of somebody's word: when it ends."""
    entry = await begin(CHARGER)
    until = dt_util.utcnow() + timedelta(minutes=20)
    await entry.runtime_data.dispatcher.async_apply(
        subentry_id(entry, "charger"), Command(mode="off", source=Source.OVERRIDE, expires_at=until)
    )
    await settle(hass)
    shown = found(hass, REASON)
    assert shown.state == "Not charging because somebody asked for it."
    assert shown.attributes["next_change"] == until


async def test_a_circuit_says_what_it_leaves_and_whom_it_holds_back(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """10 kW and a car with 10 A: 24.5 A of 25 A on each phase, and of 17.25 kW 0.35 are left."""
    entry = await begin(CHARGER)
    await clock.live(hass, 10)
    assert found(hass, LIMITED).state == "off"
    assert float(found(hass, FREE).state) == pytest.approx(25 - 500 / 690, abs=0.1)
    await charging(hass, clock, entry)
    house.base_w = 10_000
    await clock.live(hass, 20)
    free = found(hass, FREE)
    assert float(free.state) == pytest.approx(25 - 10_000 / 690 - 10, abs=0.1)
    assert free.attributes["l2_a"] == float(free.state)
    assert (free.attributes["limit_a"], free.attributes["trust"]) == (25, "fresh")
    assert free.attributes["power_kw"] == pytest.approx(17.25 - 16.9, abs=0.01)
    shown = found(hass, LIMITED)
    assert (shown.state, shown.attributes["devices"]) == ("on", ["Wallbox"])
    assert shown.attributes["limited_by"] == ["fuse"]


async def test_a_battery_that_is_held_back_names_the_limit(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """Others' batteries have blown fuses; one that buys gets what the connection has left."""
    entry = await begin(BATTERY)
    house.base_w = 14_250
    await clock.tick(hass, 2)
    await plan(entry, "battery", mode="charge", power_w=5000)
    shown = found(hass, "sensor.cells_control_reason")
    assert (shown.attributes["limited_by"], shown.attributes["power_kw"]) == ("fuse", 3)
    assert found(hass, LIMITED).attributes["devices"] == ["Cells"]


async def test_a_circuit_of_its_own_is_a_device_of_its_own(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """13 A of the garage, 2 A kept free for the freezer: 11 A for the car. Nobody measures there."""
    wired = {**CHARGER_PARAMS, "wiring": {"circuit": "garage"}}
    car = entity_device("charger", "Wallbox", wired, **WALLBOX, current_number=CURRENT, enable_switch=ENABLE)
    entry = await begin(circuit("garage", 13, allowance_a=2), car)
    await charging(hass, clock, entry)
    shown = found(hass, REASON)
    assert shown.state == "Garage has no more room on L1."
    assert (shown.attributes["circuit"], shown.attributes["current_a"]) == ("Garage", 11)
    assert found(hass, "binary_sensor.garage_limit_reached").state == "on"
    assert found(hass, LIMITED).state == "off"
    free = found(hass, "sensor.garage_free_current")
    assert (float(free.state), free.attributes["trust"]) == (0, None)
    assert hass.states.get("sensor.garage_meter_trust") is None
    registered = er.async_get(hass).async_get("sensor.garage_free_current")
    assert registered is not None
    assert registered.config_subentry_id == "garage"
    device = dr.async_get(hass).async_get(registered.device_id or "")
    assert device is not None
    assert (device.name, device.via_device_id) == ("Garage", entry.runtime_data.site_device_id)


async def test_seconds_above_the_limit_are_counted(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """Also what no car can help."""
    await begin(CHARGER)
    await clock.live(hass, 10)
    assert float(found(hass, OVERLOAD).state) == 0
    house.base_w = 20_000
    await clock.live(hass, 10, step_s=2)
    house.base_w = 500
    await clock.live(hass, 10, step_s=2)
    shown = found(hass, OVERLOAD)
    assert float(shown.state) == pytest.approx(10, abs=2.1)
    assert shown.attributes["most_a"] == pytest.approx(20_000 / 690 - 25, abs=0.1)


@pytest.mark.parametrize(("day", "seconds"), [("2026-06-15", 42), ("2026-06-14", 0)])
async def test_todays_seconds_outlive_a_restart(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, day: str, seconds: float
) -> None:
    mock_restore_cache(hass, [State(OVERLOAD, "42", {"day": day, "most_a": 3.0})])
    await begin(CHARGER)
    await clock.live(hass, 10)
    assert float(found(hass, OVERLOAD).state) == seconds


@pytest.fixture
def curtailed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an array made of entities count as one that can be held back: none of them can."""
    monkeypatch.setattr(control_sensors, "is_steered", lambda _, device: device.role == "pv")
    monkeypatch.setattr(control_sensors, "limited_arrays", lambda entry: {subentry_id(entry, "pv")})


async def test_the_time_until_no_more_is_fed_in_than_may_be(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, curtailed: None
) -> None:
    """17.25 kW may be fed in. What goes on has not lasted yet, and what is within 50 W is no excess."""
    await begin(ROOF)
    await clock.live(hass, 10, step_s=2)
    assert found(hass, REACTION).state == "unknown"
    for watts, expected in ((-18_000, "unknown"), (-17_280, "4.0"), (-18_000, "4.0"), (-9_000, "4.0")):
        house.base_w = watts
        await clock.live(hass, 4, step_s=2)
        assert found(hass, REACTION).state == expected
    assert found(hass, REACTION).attributes["count"] == 2
    assert found(hass, REACTION).attributes["p95_s"] == 4.0


async def test_without_hands_at_work_there_is_no_reaction_to_measure(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, curtailed: None
) -> None:
    await begin(ROOF, operation="advisory")
    for watts in (-18_000, -9_000):
        house.base_w = watts
        await clock.live(hass, 4, step_s=2)
    assert found(hass, REACTION).state == "unknown"


async def test_a_home_that_steers_nothing_explains_nothing(
    hass: HomeAssistant, add_site: AddSite, foreign: Foreign
) -> None:
    """Its connection is shown all the same."""
    await add_site(home_of_entities(GRID))
    shown = {each.entity_id for each in hass.states.async_all()}
    assert FREE in shown
    assert not {each for each in shown if "control_reason" in each or "decision" in each}
