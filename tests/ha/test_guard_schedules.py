"""What people set for a device reaches it: charge modes and time windows, through the guard, to the wire."""

# ruff: noqa: F811  # fixtures of another file are named twice

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ems.dispatcher import Source
from tests.ha.clock import Clock
from tests.ha.foreign import Foreign
from tests.ha.sites import PUMP_PARAMS, load_device, subentry_id
from tests.ha.test_guard import (
    BATTERY,
    CHARGER,
    Begin,
    House,
    begin,  # noqa: F401  # a fixture
    charging,
    decision,
    house,  # noqa: F401  # a fixture
    plan,
)

# The tests begin at noon.
SOON = {"start": "12:05:00", "end": "12:15:00"}


@pytest.mark.parametrize(
    ("mode", "current_a", "key"),
    [("off", 0, "ev_off"), ("now", 16, "ev_now"), ("min_surplus", 6, "held_surplus")],
)
async def test_a_charge_mode_goes_before_the_plan(
    hass: HomeAssistant,
    clock: Clock,
    begin: Begin,
    mode: str,
    current_a: float,
    key: str,
) -> None:
    """A plan that waits, and one that charges: neither counts where people said otherwise."""
    entry = await begin(CHARGER)
    channel = await charging(hass, clock, entry, 10)
    data = {"entity_id": "select.wallbox_charge_mode", "option": mode}
    await hass.services.async_call("select", "select_option", data, blocking=True)
    await clock.live(hass, 150)
    assert decision(entry, "charger").reason.key == key
    accepted = channel.accepted
    assert (0 if accepted.mode == "off" else accepted.current_a) == current_a


async def test_a_window_begins_and_ends_by_the_clock(
    hass: HomeAssistant,
    foreign: Foreign,
    clock: Clock,
    begin: Begin,
) -> None:
    """From five past to a quarter past with 10 A; before and after it the plan's own word counts."""
    entry = await begin(CHARGER)
    channel = await plan(entry, "charger", mode="off")
    settings, id_ = entry.runtime_data.settings, subentry_id(entry, "charger")
    settings.set_device(id_, "schedules", [{**SOON, "mode": "now", "current_a": 10.0}])
    await clock.live(hass, 200)
    assert channel.accepted.mode == "off"
    await clock.live(hass, 150)
    assert (channel.accepted.mode, channel.accepted.current_a) == ("charge", 10)
    assert channel.accepted.source is Source.SCHEDULE
    await clock.live(hass, 600)
    assert channel.accepted.mode == "off"
    assert channel.accepted.source is not Source.SCHEDULE


async def test_a_batterys_window_is_narrowed_like_everything_else(
    hass: HomeAssistant,
    clock: Clock,
    begin: Begin,
    house: House,
) -> None:
    """2.5 kW are wanted; where the home leaves less, less is charged."""
    entry = await begin(BATTERY)
    channel = await plan(entry, "battery", mode="hold")
    rows: list[dict[str, Any]] = [{**SOON, "mode": "charge", "power_w": 2500.0}]
    entry.runtime_data.settings.set_device(subentry_id(entry, "battery"), "schedules", rows)
    await clock.live(hass, 360)
    assert (channel.accepted.mode, channel.accepted.power_w) == ("charge", 2500)
    assert channel.accepted.source is Source.SCHEDULE
    house.base_w = 16_000  # of 17.25 kW
    await clock.live(hass, 30)
    assert channel.accepted.power_w == pytest.approx(1250, abs=60)


async def test_a_loads_window_runs_it_and_the_end_gives_it_back(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin
) -> None:
    """A pump that shall run from five past to a quarter past does, whatever the plan makes of it."""
    pump = load_device("Pump", PUMP_PARAMS, switch_entity="switch.pump")
    entry = await begin(pump)
    id_ = subentry_id(entry, "load")
    channel = entry.runtime_data.dispatcher.channels[id_]
    entry.runtime_data.settings.set_device(id_, "schedules", [{**SOON, "mode": "on"}])
    await clock.live(hass, 350)
    assert ("switch.pump", "on") in foreign.heard
    assert channel.accepted.source is Source.SCHEDULE
    await clock.live(hass, 600)
    assert foreign.heard[-1] == ("switch.pump", "off")
