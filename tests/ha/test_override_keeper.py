"""An override outlives a reload and a restart, as long as it holds, and nothing that was refused or given back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.dispatcher import Channel, Command, Source
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign
from tests.ha.loads import state
from tests.ha.sites import Site, subentry_id
from tests.ha.test_actions import act
from tests.ha.test_dispatcher import MODE, POWER, active
from tests.ha.test_override_action import CELLS, PUMP, device, override, quiet
from tests.ha.wires import CHARGE_LIMIT, PV_AND_GRID, SELF_CONSUMPTION, Wires


@pytest.fixture
async def entry(hass: HomeAssistant, foreign: Foreign, add_site: AddSite) -> MockConfigEntry:
    """A home that only shows what it would do: what is told here, people said."""
    site = active(CELLS, PUMP)
    site.options = {"operation": "advisory"}
    return await quiet(hass, await add_site(site), foreign)


def channel(entry: MockConfigEntry, role: str = "battery") -> Channel:
    """Return what the dispatcher knows of a device."""
    return entry.runtime_data.dispatcher.channels[subentry_id(entry, role)]


def kept(hass_storage: dict[str, Any], entry: MockConfigEntry) -> dict[str, Any]:
    """Return the overrides in the file."""
    return hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"].setdefault("overrides", {})


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Take the home down and bring it up again, without a beat of the dispatcher."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)


async def test_an_override_is_back_after_a_reload_until_its_own_end(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, clock: Clock
) -> None:
    """Safe in between; then as it was, and its end does not move."""
    until = dt_util.utcnow() + timedelta(minutes=10)
    await override(hass, entry, "Cells", mode="charge", power_w=3000, duration={"minutes": 10})
    await clock.live(hass, 60)
    foreign.heard.clear()
    await hass.config_entries.async_unload(entry.entry_id)
    assert foreign.heard == [(MODE, "auto")]
    await clock.live(hass, 60)
    await hass.config_entries.async_setup(entry.entry_id)
    await clock.live(hass, 10)
    assert foreign.heard == [(MODE, "auto"), (MODE, "force_charge")]
    assert (channel(entry).accepted.power_w, channel(entry).override.expires_at) == (3000, until)
    assert hass.states.get("select.cells_mode").attributes["until"] == until
    await clock.live(hass, 460)
    assert len(foreign.heard) == 2
    await clock.live(hass, 20)
    assert foreign.heard[2:] == [(MODE, "auto")]


async def test_an_override_is_back_in_the_inverter_after_a_restart(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite, wires: Wires, clock: Clock
) -> None:
    """Read from the registers by an independent client; the plan does not come between."""
    entry = await add_site(demo_site)
    await act(hass, "override", device_id=device(hass, entry, "Battery"), mode="charge", power_w=1234)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await settle(hass)
    assert await wires.battery_mode() == SELF_CONSUMPTION
    await reload(hass, entry)
    await clock.live(hass, 10)
    assert (await wires.battery_mode(), await wires.battery_limit_w(CHARGE_LIMIT)) == (PV_AND_GRID, 1234)
    assert channel(entry).accepted.source is Source.OVERRIDE


async def test_after_a_crash_an_override_goes_on_where_it_was(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    foreign: Foreign,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was released, and the device still does it: it is not let go for a moment in between."""
    await override(hass, entry, "Cells", mode="charge", power_w=3000)
    dispatcher = entry.runtime_data.dispatcher

    async def crash() -> None:
        dispatcher._stopped = True

    monkeypatch.setattr(dispatcher, "async_stop", crash)
    await reload(hass, entry)
    await clock.live(hass, 10)
    assert foreign.heard == [(POWER, 3000), (MODE, "force_charge")]
    assert channel(entry).accepted.source is Source.OVERRIDE


async def test_what_ran_out_meanwhile_stays_away(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, clock: Clock
) -> None:
    """Home Assistant was down for longer than it held."""
    await override(hass, entry, "Cells", mode="hold", duration={"minutes": 1})
    await hass.config_entries.async_unload(entry.entry_id)
    foreign.heard.clear()
    await clock.live(hass, 70)
    await hass.config_entries.async_setup(entry.entry_id)
    await clock.live(hass, 10)
    assert foreign.heard == []
    assert channel(entry).waiting is None


async def test_what_was_given_back_is_forgotten_at_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    foreign: Foreign,
    clock: Clock,
    hass_storage: dict[str, Any],
) -> None:
    """A crash right after it would otherwise bring it back."""
    await override(hass, entry, "Cells", mode="hold")
    await clock.live(hass, 70)
    assert kept(hass_storage, entry)[subentry_id(entry, "battery")]["mode"] == "hold"
    await override(hass, entry, "Cells", mode="plan")
    assert kept(hass_storage, entry) == {}
    foreign.heard.clear()
    await reload(hass, entry)
    await clock.live(hass, 10)
    assert foreign.heard == []


async def test_what_a_device_refused_is_not_kept(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, clock: Clock
) -> None:
    """Nobody is told that it is tried again after the next start."""
    foreign.mode.refuses = True
    with pytest.raises(HomeAssistantError, match="busy"):
        await override(hass, entry, "Cells", mode="hold")
    foreign.mode.refuses = False
    await reload(hass, entry)
    foreign.heard.clear()
    await clock.live(hass, 70)
    assert foreign.heard == []


async def test_an_override_that_is_refused_when_it_is_back_is_over(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    foreign: Foreign,
    clock: Clock,
    hass_storage: dict[str, Any],
) -> None:
    """It is sent once, said, and left; the next start knows nothing of it either."""
    await override(hass, entry, "Cells", mode="hold")
    await hass.config_entries.async_unload(entry.entry_id)
    foreign.mode.refuses = True
    foreign.heard.clear()
    await hass.config_entries.async_setup(entry.entry_id)
    await clock.live(hass, 10)
    assert foreign.heard == [(MODE, "idle")]
    assert "busy" in channel(entry).error
    foreign.mode.refuses = False
    await clock.live(hass, 130)
    assert (MODE, "idle") not in foreign.heard[1:]
    assert kept(hass_storage, entry) == {}


async def test_it_waits_for_the_entities_that_it_writes_to(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, clock: Clock
) -> None:
    """The other integration may be up later than EMS: that is no refusal."""
    await override(hass, entry, "Cells", mode="charge", power_w=2000)
    await hass.config_entries.async_unload(entry.entry_id)
    foreign.heard.clear()
    hass.states.async_set(POWER, "unavailable")
    await hass.config_entries.async_setup(entry.entry_id)
    await clock.live(hass, 30)
    assert (foreign.heard, channel(entry).error) == ([], None)
    hass.states.async_set(POWER, "500", {"unit_of_measurement": "W"})
    await clock.live(hass, 10)
    assert foreign.heard == [(POWER, 2000), (MODE, "force_charge")]


@pytest.fixture
async def blind(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, clock: Clock
) -> AsyncIterator[None]:
    """A home that is up again with an override of before, and whose meter says nothing yet."""
    await override(hass, entry, "Cells", mode="hold")
    await hass.config_entries.async_unload(entry.entry_id)
    foreign.heard.clear()
    follower = clock.followers.pop()
    hass.states.async_set("sensor.grid", "unavailable")
    await hass.config_entries.async_setup(entry.entry_id)
    await clock.live(hass, 30)
    assert foreign.heard == []
    yield
    hass.states.async_set("sensor.grid", "100", {"unit_of_measurement": "W"})
    clock.followers.append(follower)


async def test_it_waits_for_the_meter_of_the_home(
    hass: HomeAssistant, blind: None, foreign: Foreign, clock: Clock
) -> None:
    """Nobody stands by when it is sent again: it goes by what is measured, like the plan."""
    hass.states.async_set("sensor.grid", "100", {"unit_of_measurement": "W"})
    await clock.live(hass, 10)
    assert foreign.heard == [(MODE, "idle")]


async def test_a_newer_word_takes_the_place_of_one_that_waits(
    hass: HomeAssistant, entry: MockConfigEntry, blind: None, foreign: Foreign, clock: Clock
) -> None:
    """Whoever speaks after the start stands by, and is not held up."""
    await override(hass, entry, "Cells", mode="charge", power_w=1000)
    hass.states.async_set("sensor.grid", "100", {"unit_of_measurement": "W"})
    await clock.live(hass, 30)
    assert foreign.heard == [(POWER, 1000), (MODE, "force_charge")]


async def test_a_newer_word_that_waits_for_its_device_does_not_wait_for_the_meter(
    hass: HomeAssistant, entry: MockConfigEntry, blind: None, foreign: Foreign, clock: Clock
) -> None:
    """Only what nobody stands by is held back until the home is measured."""
    channel(entry).device.actuator.min_write_interval_s = 60.0
    await override(hass, entry, "Cells", mode="charge", power_w=1000)
    await override(hass, entry, "Cells", mode="charge", power_w=2000)
    await clock.live(hass, 70)
    assert (POWER, 2000) in foreign.heard


async def test_one_that_waits_can_be_given_back(
    hass: HomeAssistant, entry: MockConfigEntry, blind: None, foreign: Foreign, clock: Clock
) -> None:
    """Before it was ever sent again."""
    await override(hass, entry, "Cells", mode="plan")
    hass.states.async_set("sensor.grid", "100", {"unit_of_measurement": "W"})
    await clock.live(hass, 30)
    assert foreign.heard == []


@pytest.mark.parametrize(
    "row",
    [
        {"mode": "limit", "power_w": None},  # the option for it is gone
        {"mode": "charge", "power_w": 5001.0},  # the battery was entered with less
        {"mode": "hold", "power_w": 1.0},
    ],
)
async def test_what_the_set_up_no_longer_allows_is_dropped_and_said(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    foreign: Foreign,
    clock: Clock,
    row: dict[str, Any],
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Reconfiguring a device reloads the home; the old wish may not fit any more. Nor may the device be there."""
    until = (dt_util.utcnow() + timedelta(minutes=30)).isoformat()
    row = {**row, "current_a": None, "expires_at": until}
    await hass.config_entries.async_unload(entry.entry_id)
    kept(hass_storage, entry).update({subentry_id(entry, "battery"): row, "gone": row})
    foreign.heard.clear()
    await hass.config_entries.async_setup(entry.entry_id)
    await clock.live(hass, 10)
    assert foreign.heard == []
    assert f"Cells can no longer do what was asked of it: {row['mode']}" in caplog.text
    assert entry.runtime_data.store.data["overrides"] == {}


async def test_a_hand_on_a_plug_is_kept_too(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite, clock: Clock
) -> None:
    """Whoever went there means it, also over a reload."""
    entry = await quiet(hass, await add_site(active(CELLS, PUMP)), foreign)
    await override(hass, entry, "Pump", mode="off")
    await clock.live(hass, 40)
    foreign.pump.turn_by_hand(on=True)
    await settle(hass)
    assert channel(entry, "load").override.mode == "on"
    await reload(hass, entry)
    await clock.live(hass, 10)
    assert channel(entry, "load").accepted.mode == "on"
    assert state(hass, "switch.pump") == "on"


async def test_giving_back_waits_its_turn_behind_an_override_that_is_being_written(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow device must not let the older word stand."""
    actuator, gate = channel(entry).device.actuator, asyncio.Event()
    swift = actuator.async_command

    async def slow(*args: Any, **kwargs: Any) -> Any:
        await gate.wait()
        return await swift(*args, **kwargs)

    monkeypatch.setattr(actuator, "async_command", slow)
    dispatcher, key = entry.runtime_data.dispatcher, subentry_id(entry, "battery")
    writing = asyncio.create_task(dispatcher.async_apply(key, Command(mode="hold", source=Source.OVERRIDE)))
    await asyncio.sleep(0)
    clearing = asyncio.create_task(dispatcher.async_clear_override(key))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(writing, clearing)
    assert (channel(entry).override, channel(entry).accepted) == (None, None)
    assert foreign.heard == [(MODE, "idle"), (MODE, "auto")]
