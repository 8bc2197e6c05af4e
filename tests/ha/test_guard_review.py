"""What an electrician asks of the guard: that nothing odd stops it, delays it or makes it trust what it must not."""

# ruff: noqa: F811  # fixtures of another file are named twice

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ems.coordinators import guard as guard_module
from tests.ha.clock import Clock
from tests.ha.foreign import Foreign
from tests.ha.sites import subentry_id
from tests.ha.test_dispatcher import CURRENT
from tests.ha.test_guard import (
    BATTERY,
    CHARGER,
    Begin,
    House,
    begin,  # noqa: F401  # a fixture
    charging,
    decision,
    house,  # noqa: F401  # a fixture
)


def broken(*_: Any, **__: Any) -> Any:
    raise KeyError("a part of a device that nobody foresaw")


async def test_a_device_that_cannot_be_looked_at_is_released_and_the_rest_is_guarded(
    hass: HomeAssistant,
    foreign: Foreign,
    house: House,
    clock: Clock,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One battery's oddity is said once, and slows no car down less."""
    entry = await begin(CHARGER, BATTERY)
    channel = await charging(hass, clock, entry)
    monkeypatch.setattr(guard_module, "battery_seen", broken)
    house.base_w = 10_000
    await clock.live(hass, 40)
    assert channel.accepted.current_a == 10
    assert caplog.text.count("Cells failed, all else goes on") == 1
    monkeypatch.undo()
    await clock.live(hass, 70)
    assert decision(entry, "battery").reason.key != "battery_blind"


async def test_a_charger_that_cannot_be_looked_at_goes_to_its_safe_current(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last word lives for 15 seconds."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    monkeypatch.setattr(guard_module, "charger_seen", broken)
    await clock.live(hass, 25)
    assert foreign.heard[-1] == (CURRENT, 6)
    assert not entry.runtime_data.dispatcher.channels[subentry_id(entry, "charger")].is_touched


async def test_a_look_that_fails_as_a_whole_releases_devices_and_breaks_nobody_else(
    hass: HomeAssistant,
    foreign: Foreign,
    house: House,
    clock: Clock,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who tells the guard of a meter tells its sensors, too: they must not go without."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    entry.runtime_data.guard.async_look()
    monkeypatch.setattr(guard_module, "decide", broken)
    entry.runtime_data.guard.async_look()
    house.base_w = 700
    await clock.live(hass, 30)
    assert foreign.heard[-1] == (CURRENT, 6)
    assert caplog.text.count("a look failed, all else goes on") == 1
    assert hass.states.get("sensor.grid_power").state not in ("unavailable", "unknown")


async def test_a_sensor_that_cannot_show_a_decision_does_not_keep_it_from_the_device(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """The fuse comes before the screen."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    stop = entry.runtime_data.guard.async_add_listener(broken)
    house.base_w = 10_000
    await clock.tick(hass, 2)
    assert foreign.heard[-1] == (CURRENT, 10)
    stop()
