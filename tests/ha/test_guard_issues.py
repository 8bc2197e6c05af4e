"""Repairs for meters of circuits that are not believed."""

from dataclasses import replace
from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.clock import Clock
from tests.ha.explained import TRUST, found
from tests.ha.foreign import set_sensor
from tests.ha.sites import (
    circuit,
    entity_device,
)
from tests.ha.test_guard import CHARGER, Begin, House, begin, charging, house

__all__ = ["begin", "house"]


def repair(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return what is told of the connection's meter."""
    issues = ir.async_get(hass).issues.values()
    return next((each for each in issues if each.issue_id.startswith("guard_meter_")), None)


@pytest.fixture
async def watched(hass: HomeAssistant, clock: Clock, begin: Begin) -> MockConfigEntry:
    """A home with a car that charges, and somebody who tells of its meters."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    return entry


async def test_the_meter_of_a_circuit_is_named_when_it_is_silent(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """The home's meter goes on; only what hangs in the garage is steered by less."""
    set_sensor(hass, "sensor.garage", 300, "W")
    below = entity_device("meter", "Garage meter", {"position": "zone"}, power_entity="sensor.garage")
    below["subentry_id"] = "below"
    await begin(below, circuit("garage", 13, meter="below"), CHARGER)
    await clock.live(hass, 130)
    assert found(hass, "sensor.garage_meter_trust").state == "stale"
    assert found(hass, TRUST).state == "fresh"
    issue = repair(hass)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["meters"] == "Garage meter"
    assert issue.translation_placeholders["circuit"] == "Garage"


async def test_a_meter_that_stays_silent_is_a_repair_until_it_is_believed(
    hass: HomeAssistant, house: House, clock: Clock, watched: MockConfigEntry
) -> None:
    """Entities may be silent for a minute; another minute later somebody should know."""
    house.meter_works = False
    await clock.live(hass, 100)
    assert found(hass, TRUST).state == "stale"
    assert repair(hass) is None
    await clock.live(hass, 30)
    issue = repair(hass)
    assert issue is not None
    assert issue.translation_key == "guard_meter_stale"
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["meters"] == "Grid"
    assert issue.translation_placeholders["circuit"] == "Home"
    assert issue.translation_placeholders["since"] == "2026-06-15 12:02"
    house.meter_works = True
    await clock.tick(hass, 2)
    assert found(hass, TRUST).state == "returning"
    assert repair(hass) is not None
    await clock.live(hass, 10)
    assert found(hass, TRUST).state == "fresh"
    assert repair(hass) is None


async def test_the_repair_goes_with_the_home(
    hass: HomeAssistant, house: House, clock: Clock, watched: MockConfigEntry
) -> None:
    house.meter_works = False
    await clock.live(hass, 130)
    assert repair(hass) is not None
    assert await hass.config_entries.async_unload(watched.entry_id)
    assert repair(hass) is None


async def test_a_meter_that_repeats_itself_is_told_as_that(
    hass: HomeAssistant, house: House, clock: Clock, watched: MockConfigEntry
) -> None:
    """Its address is right and its wire is not: the remedy is another."""
    guard = watched.runtime_data.guard
    for second in (0, 59, 60):
        at = dt_util.utcnow() + timedelta(seconds=second)
        guard.async_set_updated_data(replace(guard.data, at=at, trusts={"connection": "frozen"}))
        assert (repair(hass) is not None) == (second == 60)
    issue = repair(hass)
    assert issue is not None
    assert issue.translation_key == "guard_meter_frozen"


async def test_in_advisory_operation_nothing_hangs_on_a_meter(
    hass: HomeAssistant, house: House, clock: Clock, watched: MockConfigEntry
) -> None:
    house.meter_works = False
    await clock.live(hass, 130)
    assert repair(hass) is not None
    watched.runtime_data.settings.set("operation", "advisory")
    await clock.live(hass, 10)
    assert repair(hass) is None
