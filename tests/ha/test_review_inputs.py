"""What a plan stands on: prices that change often, a database in trouble, a counter that is silent, a dead meter."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy.exc import OperationalError

from custom_components.ems.coordinators import forecast
from custom_components.ems.demo import DemoHome, Fault
from custom_components.ems.engine.plan.result import PlanStatus
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import CHARGER_PARAMS, entity_device, home_of_entities, subentry_id

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
PRICES = {
    "kind": "entity",
    "entity_id": "sensor.prices",
    "markup": 0.1,
    "vat_pct": 20,
    "export_kind": "fixed",
    "export_price": 0.08,
    "export_deduction": 0,
}


def publish(hass: HomeAssistant, price: float) -> None:
    """Let a price entity carry a day."""
    start = dt_util.start_of_local_day()
    rows = [{"start": (start + timedelta(hours=h)).isoformat(), "value": price + h / 1000} for h in range(24)]
    set_sensor(hass, "sensor.prices", price, "EUR/kWh", raw_today=rows)


async def test_a_price_that_changes_fetches_prices_and_nothing_else(
    hass: HomeAssistant, add_site: AddSite, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some price entities change every minute; weather services and the database need not notice."""
    read_home(hass)
    publish(hass, 0.2)
    entry = await add_site(home_of_entities(GRID, tariff=PRICES))
    asked: list[str] = []
    original = forecast.async_learn_more

    async def counted(*args: Any) -> Any:
        asked.append("history")
        return await original(*args)

    monkeypatch.setattr(forecast, "async_learn_more", counted)
    coordinator = entry.runtime_data.forecast
    for minute in range(1, 20):
        publish(hass, 0.2 + minute / 1000)
        set_sensor(hass, "sensor.grid", 500 + minute, "W")
        await clock.tick(hass, 60)
        assert coordinator.data.prices.price_per_kwh[-1] == pytest.approx(0.223 + minute / 1000)
    # The rhythm of the rest is neither driven nor put off by it.
    assert asked == ["history"]


async def test_euro_are_not_taken_for_another_currency(hass: HomeAssistant, add_site: AddSite) -> None:
    """The form refuses that, but the currency can be changed afterwards."""
    await hass.config.async_update(currency="SEK")
    read_home(hass)
    tariff = {key: value for key, value in PRICES.items() if key != "entity_id"}
    entry = await add_site(home_of_entities(GRID, tariff={**tariff, "kind": "awattar", "country": "at"}))
    outside = entry.runtime_data.forecast.data
    assert outside.prices is None
    assert [problem.key for problem in outside.problems] == ["currency_not_eur"]
    assert entry.runtime_data.plan.data.status is PlanStatus.FAILED


async def test_a_database_in_trouble_costs_the_history_only(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Prices and weather come all the same, the household learned so far stays, and the plan says so."""
    coordinator = entry.runtime_data.forecast
    load = coordinator.data.load

    async def locked(*_: Any) -> Any:
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    monkeypatch.setattr(forecast, "async_learn_more", locked)
    for _ in range(2):
        await coordinator.async_refresh()
    assert coordinator.last_update_success
    assert coordinator.data.load is load
    assert caplog.text.count("history_unreadable") == 1
    state = await entry.runtime_data.plan.async_plan()
    assert state.status is PlanStatus.DEGRADED
    assert "history_unreadable" in {reason.key for reason in state.reasons}
    await settle(hass)
    assert "database is locked" in hass.states.get("sensor.demo_home_plan_status").attributes["reason"]


async def test_a_silent_counter_does_not_ask_for_the_whole_charge_again(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """Unknown is not zero: what the car got before the counter fell silent, it has."""
    read_home(hass)
    set_sensor(hass, "sensor.counter", 100, "kWh")
    wallbox = entity_device(
        "charger",
        "Wallbox",
        CHARGER_PARAMS,
        power_entity="sensor.wallbox",
        connected_entity="binary_sensor.plug",
        energy_entity="sensor.counter",
    )
    entry = await add_site(home_of_entities(GRID, wallbox))
    data = entry.runtime_data
    device = data.devices[subentry_id(entry, "charger")]
    set_sensor(hass, "sensor.counter", 110, "kWh")
    await clock.live(hass, 60)
    assert data.cars.now(device).energy_needed_kwh == 5
    hass.states.async_set("sensor.counter", "unavailable")
    await clock.live(hass, 60)
    assert data.cars.now(device).energy_needed_kwh == 5


async def test_a_stale_counter_of_a_station_still_counts(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """The same over Modbus: the last poll failed, the energy is in the car."""
    device = entry.runtime_data.devices[subentry_id(entry, "charger")]
    before = entry.runtime_data.cars.now(device)
    home.faults.set("charger", Fault.REFUSE)
    await clock.live(hass, 60)
    assert device.fresh_number("energy") is None
    assert entry.runtime_data.cars.now(device).energy_needed_kwh == before.energy_needed_kwh


async def test_a_meter_without_a_word_is_dead(hass: HomeAssistant, add_site: AddSite, clock: Clock) -> None:
    """MQTT without a last will never says unavailable: the last power would steer for ever."""
    read_home(hass)
    entry = await add_site(home_of_entities(GRID))
    meter = entry.runtime_data.devices[subentry_id(entry, "meter")]
    await clock.live(hass, 840, 30)
    assert meter.is_fresh
    await clock.live(hass, 150, 30)  # the states are looked at every half minute, give or take
    assert not meter.is_fresh
    assert entry.runtime_data.site.data.grid_w is None
    assert hass.states.get("binary_sensor.grid_answers").state == "off"
    set_sensor(hass, "sensor.grid", 500, "W")  # the same word again is a word
    await clock.live(hass, 60, 30)
    assert meter.is_fresh
    assert hass.states.get("binary_sensor.grid_answers").state == "on"


async def test_a_dead_entity_does_not_answer(hass: HomeAssistant, add_site: AddSite) -> None:
    """A coordinator that reads states always succeeds; the device behind them may be gone."""
    read_home(hass)
    await add_site(home_of_entities(GRID))
    assert hass.states.get("binary_sensor.grid_answers").state == "on"
    hass.states.async_set("sensor.grid", "unavailable")
    await settle(hass)
    assert hass.states.get("binary_sensor.grid_answers").state == "off"


async def test_no_real_device_joins_the_demo_home(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The demo home is active from its first minute: a real inverter in it would be steered without a guard."""
    flow: Flow = await add_device(hass, entry, "battery")
    assert flow.aborted == "demo_home_only"
