"""What is left behind in a device when something goes wrong half way, and who cleans it up."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.dispatcher import Channel, Command, Source
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.sites import BATTERY_PARAMS, entity_device, subentry_id
from tests.ha.test_dispatcher import MODE, POWER, STEERED, active, alone, battery, foreign, override, plan
from tests.ha.wires import MAXIMISE_EXPORT, SELF_CONSUMPTION, Wires

__all__ = ["battery", "foreign"]  # fixtures


async def test_a_command_that_failed_half_way_is_taken_back(
    hass: HomeAssistant, foreign: Foreign, battery: Channel
) -> None:
    """The select took the mode and then failed: not accepted, but not untouched either."""
    foreign.mode.refuses = True
    await plan(battery, mode="charge", power_w=3000)
    assert battery.accepted is None
    foreign.mode.refuses = False
    foreign.mode._attr_current_option = "force_charge"
    foreign.mode.async_write_ha_state()
    await battery.dispatcher.async_stop()
    assert hass.states.get(MODE).state == "auto"


async def test_a_refused_override_does_not_pass_for_the_plans_command(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """The override's power was written before its mode was refused: the plan's setpoint has to be sent anew."""
    await plan(battery, mode="charge", power_w=3000)
    foreign.mode.refuses = True
    with pytest.raises(HomeAssistantError):
        await override(battery, mode="discharge", power_w=500)
    assert hass.states.get(POWER).state == "500.0"
    foreign.mode.refuses = False
    await clock.live(hass, 10)
    assert (hass.states.get(POWER).state, hass.states.get(MODE).state) == ("3000.0", "force_charge")
    assert battery.accepted.power_w == 3000


async def test_a_cancelled_command_is_taken_back(foreign: Foreign, battery: Channel) -> None:
    """Home Assistant cancels background tasks before it says that it stops."""
    begun, never = asyncio.Event(), asyncio.Event()
    original = battery.device.actuator.async_command

    async def slow(command: Any, *, renew: bool = False) -> Any:
        await original(command, renew=renew)
        begun.set()
        await never.wait()

    battery.device.actuator.async_command = slow
    task = asyncio.create_task(plan(battery, mode="charge", power_w=3000))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    battery.device.actuator.async_command = original
    foreign.heard.clear()
    await battery.dispatcher.async_stop()
    assert foreign.heard == [(MODE, "auto")]


async def test_a_release_that_failed_is_tried_again(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """An inverter behind entities has no lease: charging would go on for ever."""
    await plan(battery, mode="charge", power_w=3000)
    foreign.mode.refuses = True
    await battery.dispatcher.async_set_plan({})
    assert battery.error == "The inverter is busy"
    foreign.heard.clear()
    await clock.live(hass, 50)
    assert foreign.heard == []
    foreign.mode.refuses = False
    await clock.live(hass, 20)
    assert foreign.heard == [(MODE, "auto")]
    assert battery.error is None
    await clock.live(hass, 70)
    assert foreign.heard == [(MODE, "auto")]


async def test_a_device_without_a_lease_is_not_steered_blind(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """The grid meter is gone: what a Modbus device would end by its lease has to be ended by us."""
    await plan(battery, mode="charge", power_w=3000)
    foreign.heard.clear()
    hass.states.async_set("sensor.grid", "unavailable")
    await clock.live(hass, 50)
    assert foreign.heard == []
    await clock.live(hass, 20)
    assert foreign.heard == [(MODE, "auto")]
    set_sensor(hass, "sensor.grid", 500, "W")
    await clock.live(hass, 10)
    assert foreign.heard[-1] == (MODE, "force_charge")


@pytest.mark.parametrize(("keeps", "heard"), [({"charge"}, [(MODE, "auto")]), ({"hold"}, [])])
async def test_a_mode_that_outlives_the_lease_is_ended_by_us(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock, keeps: set[str], heard: list[Any]
) -> None:
    """A Huawei's forced charge ends by itself, its hold does not: only the latter is taken back on silence."""
    battery.device.actuator.renew_s, battery.device.actuator.keeps = 3600, keeps
    await plan(battery, mode="charge", power_w=3000)
    foreign.heard.clear()
    hass.states.async_set("sensor.grid", "unavailable")
    await clock.live(hass, 70)
    assert foreign.heard == heard


async def test_a_persons_word_holds_without_a_meter(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """Who turns a knob by hand looks at the device, not at the meter."""
    await override(battery, mode="charge", power_w=3000)
    foreign.heard.clear()
    hass.states.async_set("sensor.grid", "unavailable")
    await clock.live(hass, 120)
    assert foreign.heard == []


async def test_what_a_crash_left_behind_is_released_by_the_next_run(
    hass: HomeAssistant, foreign: Foreign, hass_storage: dict[str, Any], clock: Clock
) -> None:
    """No stop event, no unload: the battery goes on charging until somebody remembers that it was told to."""
    site = active(entity_device("battery", "Cells", BATTERY_PARAMS, **STEERED))
    site.options = {"operation": "advisory"}
    entry = site.entry("ems")
    hass_storage[f"ems.{entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"ems.{entry.entry_id}",
        "data": {"commanded": list(entry.subentries)},
    }
    foreign.mode._attr_current_option = "force_charge"
    foreign.mode.async_write_ha_state()
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await clock.live(hass, 10)
    assert hass.states.get(MODE).state == "auto"
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[f"ems.{entry.entry_id}"]["data"]["commanded"] == []


async def test_a_modbus_device_is_released_after_a_crash_too(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease would end it a minute later; a device without one would go on."""
    battery_id = subentry_id(entry, "battery")
    dispatcher = entry.runtime_data.dispatcher
    soon = dt_util.utcnow() + timedelta(seconds=5)
    command = Command(mode="discharge", power_w=700, source=Source.OVERRIDE, expires_at=soon)
    await dispatcher.async_apply(battery_id, command)
    assert await wires.battery_mode() == MAXIMISE_EXPORT

    async def crash() -> None:
        dispatcher._stopped = True

    monkeypatch.setattr(dispatcher, "async_stop", crash)
    await hass.config_entries.async_unload(entry.entry_id)
    await clock.tick(hass, 6)  # what a person asked for ended meanwhile; else it would go on
    assert await wires.battery_mode() == MAXIMISE_EXPORT
    hass.config_entries.async_update_entry(entry, options={"operation": "advisory"})
    await hass.config_entries.async_setup(entry.entry_id)
    await clock.live(hass, 10)
    assert await wires.battery_mode() == SELF_CONSUMPTION


async def test_an_exception_of_a_foreign_library_is_that_devices_refusal(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """It must neither end the tick for the others nor unload half a site, and it is logged once."""

    async def broken(option: str) -> None:
        raise ConnectionResetError(f"{option}: gone")

    foreign.mode.async_select_option = broken
    await plan(battery, mode="charge", power_w=3000)
    assert "gone" in battery.error
    await clock.live(hass, 60)
    assert caplog.text.count("did not take its setpoint") == 1
    await battery.dispatcher.async_stop()


async def test_a_foreign_integration_that_hangs_does_not_hold_up_unloading(
    foreign: Foreign, battery: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its silence is a refusal too."""
    monkeypatch.setattr("custom_components.ems.adapters.actuators.FOREIGN_TIMEOUT_S", 0.01)

    async def hanging(option: str) -> None:
        foreign.mode._attr_current_option = option
        foreign.mode.async_write_ha_state()
        await asyncio.Event().wait()

    foreign.mode.async_select_option = hanging
    await plan(battery, mode="charge", power_w=3000)
    await battery.dispatcher.async_stop()
    assert "TimeoutError" in battery.error


async def test_nothing_is_commanded_after_the_release(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """An automation that runs at shutdown comes too late."""
    entry = await add_site(active(entity_device("battery", "Cells", BATTERY_PARAMS, **STEERED)))
    channel = await alone(hass, entry, foreign, "battery")
    await channel.dispatcher.async_stop()
    foreign.heard.clear()
    command = Command(mode="charge", power_w=1000, source=Source.OVERRIDE)
    with pytest.raises(HomeAssistantError) as refused:
        await channel.dispatcher.async_apply(subentry_id(entry, "battery"), command)
    assert refused.value.translation_key == "site_stopped"
    await plan(channel, mode="charge", power_w=1000)
    await settle(hass)
    assert foreign.heard == []
