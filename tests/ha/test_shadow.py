"""What is saved, and what could have been: counted by the minute in a running Home Assistant."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.coordinators.shadow import Shadow, ShadowCoordinator, day_of
from custom_components.ems.engine.control.shadow_ledger import PLAN, REAL, RULE, Day, Ledger
from custom_components.ems.engine.control.shadow_verdict import Verdict
from custom_components.ems.shadow_keeper import shadow_of, store_follows_rule
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import ENGLISH
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    Site,
    entity_device,
    home_of_entities,
    subentry_id,
)
from tests.ha.test_dispatcher import STEERED, foreign

__all__ = ["foreign"]  # a fixture

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
CELLS = entity_device(
    "battery", "Cells", BATTERY_PARAMS, power_entity="sensor.cells", soc_entity="sensor.soc"
)
SAVED, COULD = "sensor.home_saved", "sensor.home_could_have_been_saved"
FOLLOWS, TRUST = "sensor.cells_follows", "button.cells_trust_the_plan_again"


def say(hass: HomeAssistant, *, grid_w: Any = 1000, cells_w: Any = 0, soc_pct: Any = 50) -> None:
    """Let the devices say something."""
    set_sensor(hass, "sensor.grid", grid_w, "W")
    set_sensor(hass, "sensor.cells", cells_w, "W")
    set_sensor(hass, "sensor.soc", soc_pct, "%")


async def live(hass: HomeAssistant, clock: Clock, minutes: float, step_s: float = 30) -> None:
    """Let time pass; a meter that says nothing new for a quarter of an hour would count as dead."""
    for _ in range(round(minutes)):
        for entity_id in ("sensor.grid", "sensor.cells", "sensor.soc", "sensor.wallbox"):
            if said := hass.states.get(entity_id):
                hass.states.async_set(entity_id, said.state, said.attributes, force_update=True)
        await clock.live(hass, 60, step_s=step_s)


def shown(hass: HomeAssistant, entity_id: str) -> State:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found


def shadow(hass: HomeAssistant, entry: MockConfigEntry) -> ShadowCoordinator:
    found = shadow_of(hass, entry)
    assert found is not None
    return found


def ledger(hass: HomeAssistant, entry: MockConfigEntry) -> Ledger:
    found = shadow(hass, entry).data.ledger
    assert found is not None
    return found


def decide(hass: HomeAssistant, entry: MockConfigEntry, mode: str, power_kw: float | None = None) -> None:
    """Decide in the plan's place, and let it stay as it is: so does what stored energy is worth."""
    entry.runtime_data.plan.async_replan = lambda: None
    shadow(hass, entry).decision_of = lambda _: (mode, power_kw)


def active() -> Site:
    """Return a home that EMS steers."""
    site = home_of_entities(GRID, CELLS)
    site.options = {"operation": "active"}
    return site


def worth_kwh(hass: HomeAssistant, entry: MockConfigEntry, low: float, high: float) -> float:
    """Return what the energy between two levels is worth to the plan."""
    (value,) = shadow(hass, entry)._worth.values()
    return value.of(high) - value.of(low)


async def test_what_an_advisory_home_could_have_saved_accrues(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """2 kW for half an hour: half a kWh is not bought at 0.30, half is sold at 0.08, one wears 0.02."""
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    decide(hass, entry, "discharge", 2.0)
    assert (shown(hass, COULD).state, shown(hass, FOLLOWS).state) == ("unknown", "plan")
    await live(hass, clock, 31)  # the first minute only opens the books
    taken = 1.0 / 0.9**0.5
    expected = 0.5 * 0.30 + 0.5 * 0.08 - 0.02 - worth_kwh(hass, entry, 5 - taken, 5.0)
    assert ledger(hass, entry).could_have_saved == pytest.approx(expected)
    assert float(shown(hass, COULD).state) == pytest.approx(round(expected, 2))
    assert float(shown(hass, SAVED).state) == 0
    assert ledger(hass, entry).accounts[PLAN].energy_kwh == pytest.approx(
        {subentry_id(entry, "battery"): 5 - taken}
    )
    attributes = shown(hass, COULD).attributes
    assert (attributes["state_class"], attributes["unit_of_measurement"]) == ("total", "EUR")
    assert (attributes["device_class"], attributes["days"], attributes["missing_pct"]) == ("monetary", 0, 0)
    assert list(attributes["by_day"]) == ["2026-06-15"]


async def test_what_an_active_home_saved_is_measured_against_the_rule(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """The battery covers nothing although the rule would: an hour of that costs what the rule did not pay."""
    say(hass)
    entry = await add_site(active())
    decide(hass, entry, "hold")
    await live(hass, clock, 31)
    taken = 0.5 / 0.9**0.5
    lost = 0.5 * 0.30 - 0.5 * 0.02 - worth_kwh(hass, entry, 5 - taken, 5.0)
    assert ledger(hass, entry).saved == pytest.approx(-lost)
    assert ledger(hass, entry).could_have_saved == 0
    costs = ledger(hass, entry).today.cost
    assert costs[REAL] == pytest.approx(costs[PLAN])
    assert float(shown(hass, SAVED).state) == pytest.approx(round(-lost, 2))


async def test_a_mean_minute_is_accounted_and_not_its_last_word(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """A kettle at 3 kW for a third of a minute is 1 kW more for that minute."""
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    decide(hass, entry, "hold")
    await clock.live(hass, 31, step_s=1)  # 12:01:01
    say(hass, grid_w=4000)
    await clock.live(hass, 20, step_s=1)
    say(hass, grid_w=1000)
    await clock.live(hass, 40, step_s=1)
    assert ledger(hass, entry).today.cost[REAL] == pytest.approx(2 / 60 * 0.30)


async def test_a_restart_goes_on_where_it_was(hass: HomeAssistant, add_site: AddSite, clock: Clock) -> None:
    """Sums, days, the virtual battery and the verdict; the two minutes in between are missing."""
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    decide(hass, entry, "discharge", 2.0)
    battery = subentry_id(entry, "battery")
    verdict = Verdict(since="2026-06-01", follows_rule=True, lost=1.5, days=27)
    running = shadow(hass, entry)
    await clock.live(hass, 601, step_s=30)
    running.data = replace(running.data, verdicts={battery: verdict})
    before = ledger(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    await clock.tick(hass, 119)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert shadow(hass, entry) is not running
    assert shadow(hass, entry).data == Shadow(ledger=before, verdicts={battery: verdict})
    assert float(shown(hass, COULD).state) == pytest.approx(round(before.could_have_saved, 2))
    assert shown(hass, FOLLOWS).state == "rule"
    assert issue(hass, entry) is not None
    decide(hass, entry, "discharge", 2.0)
    await clock.live(hass, 120, step_s=30)
    after = ledger(hass, entry)
    assert after.hours == pytest.approx(before.hours + 2 / 60, abs=1e-3)
    assert after.missing_h == pytest.approx(before.missing_h + 120 / 3600, abs=1e-3)
    assert after.accounts[PLAN].energy_kwh[battery] < before.accounts[PLAN].energy_kwh[battery]


async def test_what_is_silent_is_missing(hass: HomeAssistant, add_site: AddSite, clock: Clock) -> None:
    """Ten minutes without a meter, of twenty: nothing is guessed, and the share is told."""
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    decide(hass, entry, "hold")
    await live(hass, clock, 11)
    before = ledger(hass, entry)
    say(hass, grid_w=STATE_UNAVAILABLE)
    await live(hass, clock, 10)
    assert ledger(hass, entry).today.cost == before.today.cost
    assert shown(hass, COULD).attributes["missing_pct"] == 50
    say(hass)
    await live(hass, clock, 5)
    after = ledger(hass, entry)
    # Ten minutes are too long to go on from: the minute that hears again only sets the books.
    assert (after.hours - before.hours) * 60 == pytest.approx(4)
    assert after.missing_h * 60 == pytest.approx(11)


async def test_an_unreadable_record_begins_anew(
    hass: HomeAssistant, add_site: AddSite, clock: Clock, hass_storage: dict[str, Any], caplog: Any
) -> None:
    """One line in the log, and a home that runs."""
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["shadow"] = {"ledger": {"days": 3}, "verdicts": {}}
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert "cannot be read, it begins anew" in caplog.text
    assert shown(hass, COULD).state == "unknown"
    await clock.live(hass, 60, step_s=30)
    assert shown(hass, COULD).state != "unknown"


async def test_the_virtual_battery_is_planned_for_as_it_stands(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """The real one stays half full; the plan that is followed on paper is of the one that was emptied."""
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    battery, running = subentry_id(entry, "battery"), shadow(hass, entry)
    await clock.live(hass, 60, step_s=30)
    assert running._virtual.current is None  # they are one and the same
    drained = replace(ledger(hass, entry).accounts[PLAN], energy_kwh={battery: 2.0})
    accounts = {**ledger(hass, entry).accounts, PLAN: drained}
    running.data = replace(running.data, ledger=replace(ledger(hass, entry), accounts=accounts))
    await clock.live(hass, 5 * 60, step_s=30)
    virtual, real = running._virtual.current, entry.runtime_data.plan.current
    assert virtual is not None
    assert float(virtual.devices[battery].energy_kwh[0]) < 2.1
    assert float(real.devices[battery].energy_kwh[0]) == pytest.approx(5.0)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_virtual_plan_that_fails_is_told_once_and_the_real_one_serves(
    hass: HomeAssistant, add_site: AddSite, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    await clock.live(hass, 60, step_s=30)

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("custom_components.ems.coordinators.virtual_plan.make_outlook", broken)
    drained = replace(ledger(hass, entry).accounts[PLAN], energy_kwh={subentry_id(entry, "battery"): 2.0})
    running = shadow(hass, entry)
    accounts = {**ledger(hass, entry).accounts, PLAN: drained}
    running.data = replace(running.data, ledger=replace(ledger(hass, entry), accounts=accounts))
    await live(hass, clock, 11)
    assert caplog.text.count("as if it had been followed") == 1
    assert running._virtual.current is None
    assert ledger(hass, entry).missing_h < 0.01


def lost_weeks() -> tuple[Day, ...]:
    """Return 27 days on which the plan was 10 cents dearer than the rule."""
    return tuple(
        Day(
            day=(date(2026, 5, 19) + timedelta(days=k)).isoformat(),
            hours=24.0,
            turnover=2.0,
            cost={REAL: 2.0, RULE: 2.0, PLAN: 2.1},
        )
        for k in range(27)
    )


def issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"plan_lost_{subentry_id(entry, 'battery')}")


async def test_a_plan_that_has_lost_for_four_weeks_gives_way_and_says_so(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """Only when the day is over; a button gives the battery back."""
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    decide(hass, entry, "automatic")
    battery, running = subentry_id(entry, "battery"), shadow(hass, entry)
    await clock.live(hass, 60, step_s=30)
    running.data = Shadow(
        ledger=replace(ledger(hass, entry), days=lost_weeks()),
        verdicts={battery: Verdict(since="2026-05-19")},
    )
    await clock.live(hass, 60, step_s=30)
    assert not store_follows_rule(hass, entry, battery)
    await clock.move_to(hass, "2026-06-15T23:59:30+02:00")
    await clock.live(hass, 120, step_s=30)
    assert store_follows_rule(hass, entry, battery)
    told = shown(hass, FOLLOWS)
    assert told.state == "rule"
    assert (told.attributes["since"], told.attributes["days"]) == ("2026-06-16", 27)
    assert (told.attributes["cost_by_plan"], told.attributes["cost_by_rule"]) == (56.7, 54)
    found = issue(hass, entry)
    assert found is not None
    text = ENGLISH["issues"]["plan_lost"]["description"].format(**found.translation_placeholders)
    assert "In 27 days the plan for Cells would have cost 2.7 EUR more" in text
    await hass.services.async_call("button", "press", {"entity_id": TRUST}, blocking=True)
    assert not store_follows_rule(hass, entry, battery)
    assert shown(hass, FOLLOWS).state == "plan"
    assert issue(hass, entry) is None


async def test_a_battery_that_follows_the_rule_is_told_nothing_by_the_plan(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite, clock: Clock
) -> None:
    """It is left to itself; with the button its plan counts again, at once."""
    say(hass)
    site = home_of_entities(GRID, entity_device("battery", "Cells", BATTERY_PARAMS, **STEERED))
    site.options = {"operation": "active"}
    entry = await add_site(site)
    key, running = subentry_id(entry, "battery"), shadow(hass, entry)
    channel = entry.runtime_data.dispatcher.channels[key]
    assert channel.planned is not None
    assert running._steered(running._site()) == {key}
    running.data = replace(running.data, verdicts={key: Verdict(since="2026-06-01", follows_rule=True)})
    await live(hass, clock, 5)
    assert channel.planned is None
    assert running._steered(running._site()) == frozenset()  # its plan goes on on paper
    await hass.services.async_call("button", "press", {"entity_id": TRUST}, blocking=True)
    await settle(hass)
    assert channel.planned is not None


async def test_a_home_without_battery_and_car_has_no_shadow(hass: HomeAssistant, add_site: AddSite) -> None:
    set_sensor(hass, "sensor.grid", 1000, "W")
    entry = await add_site(home_of_entities(GRID))
    assert shadow_of(hass, entry) is None
    assert not store_follows_rule(hass, entry, "any")
    assert hass.states.get(COULD) is None


async def test_an_unloaded_home_starts_no_shadow(hass: HomeAssistant, add_site: AddSite) -> None:
    """A guard that beats once more must not bring it back."""
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    assert shadow_of(hass, entry) is not None
    await hass.config_entries.async_unload(entry.entry_id)
    assert shadow_of(hass, entry) is None


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-03-29T00:00:00+01:00", "2026-03-29"),
        ("2026-03-29T23:59:00+02:00", "2026-03-29"),  # 23 hours later
        ("2026-10-25T00:00:00+02:00", "2026-10-25"),
        ("2026-10-25T23:59:00+01:00", "2026-10-25"),  # 25 hours later
        ("2026-10-26T00:00:00+01:00", "2026-10-26"),
    ],
)
async def test_a_day_is_the_home_s(hass: HomeAssistant, at: str, day: str) -> None:
    """The two days on which clocks change are one day each."""
    assert day_of(datetime.fromisoformat(at).timestamp()) == day


async def test_what_was_decided_when_a_minute_began_is_followed_through_it(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """The last minute of a step would else already follow the next one."""
    say(hass)
    entry = await add_site(home_of_entities(GRID, CELLS))
    decide(hass, entry, "discharge", 2.0)
    battery = subentry_id(entry, "battery")
    await live(hass, clock, 2)
    before = ledger(hass, entry).accounts[PLAN].energy_kwh[battery]
    decide(hass, entry, "hold")
    await live(hass, clock, 1)
    after = ledger(hass, entry).accounts[PLAN].energy_kwh[battery]
    assert before - after == pytest.approx(2.0 / 60 / 0.9**0.5)
    await live(hass, clock, 1)
    assert ledger(hass, entry).accounts[PLAN].energy_kwh[battery] == pytest.approx(after)


NIGHT = {
    "kind": "time_of_use",
    "import_price": 0.40,
    "export_price": 0.08,
    "windows": [{"start": "22:00:00", "end": "06:00:00", "price": 0.10}],
}


async def test_a_car_that_charged_on_plug_in_could_have_waited(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """6 kW for an hour at 0.40 from nine in the evening; planned, the same 6 kWh come after ten at 0.10."""
    await clock.move_to(hass, "2026-06-15T20:58:30+02:00")
    wallbox = entity_device(
        "charger",
        "Wallbox",
        {**CHARGER_PARAMS, "energy_needed_kwh": 6, "ready_by": "00:30:00"},
        power_entity="sensor.wallbox",
        energy_entity="sensor.counter",
        connected_entity="binary_sensor.plug",
    )
    set_sensor(hass, "sensor.grid", 500, "W")
    set_sensor(hass, "sensor.wallbox", 0, "W")
    set_sensor(hass, "sensor.counter", 100, "kWh")
    hass.states.async_set("binary_sensor.plug", "off")
    entry = await add_site(home_of_entities(GRID, wallbox, tariff=NIGHT))
    assert hass.states.get(SAVED) is None  # nothing of what EMS has done to a car is measured against a rule
    await clock.live(hass, 90, step_s=30)
    hass.states.async_set("binary_sensor.plug", "on")
    for k in range(12):
        set_sensor(hass, "sensor.grid", 6500, "W")
        set_sensor(hass, "sensor.wallbox", 6000, "W")
        set_sensor(hass, "sensor.counter", 100 + k / 2, "kWh")
        await live(hass, clock, 5, step_s=60)
    set_sensor(hass, "sensor.grid", 500, "W")
    set_sensor(hass, "sensor.wallbox", 0, "W")
    set_sensor(hass, "sensor.counter", 106, "kWh")
    assert ledger(hass, entry).accounts[PLAN].owed_kwh[subentry_id(entry, "charger")] > 5.8
    # Six kWh have yet to come, at what one costs on the mean of two days: 0.30.
    assert float(shown(hass, COULD).state) == pytest.approx(6 * 0.10, abs=0.05)
    await live(hass, clock, 150, step_s=60)
    assert ledger(hass, entry).accounts[PLAN].owed_kwh[subentry_id(entry, "charger")] < 0.1
    assert ledger(hass, entry).could_have_saved == pytest.approx(6 * 0.30, abs=0.05)
