"""The guard in a home: what meters say narrows what people and plans want, and what is not known is safe."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.dispatcher import Channel, Command, Source
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    Site,
    entity_device,
    home_of_entities,
    subentry_id,
)
from tests.ha.test_dispatcher import CURRENT, ENABLE, GRID, MODE, STEERED, WALLBOX

CHARGER = entity_device(
    "charger", "Wallbox", CHARGER_PARAMS, **WALLBOX, current_number=CURRENT, enable_switch=ENABLE
)
BATTERY = entity_device("battery", "Cells", BATTERY_PARAMS, **STEERED)


class House:
    """A house behind entities: its car draws what its wallbox allows, and the meter sees all of it."""

    def __init__(self, hass: HomeAssistant, foreign: Foreign) -> None:
        """Draw little at first."""
        self.hass, self.foreign = hass, foreign
        self.base_w = 500.0
        self.battery_w = 0.0
        self.meter_works = True

    def car_w(self) -> float:
        """Return what the car draws on three phases; it is used to nothing below 6 A."""
        amps = self.foreign.current.native_value or 0.0
        return amps * 690 if self.foreign.enable.is_on and amps >= 6 else 0.0

    def live(self) -> None:
        """Let the sensors say what is."""
        set_sensor(self.hass, "sensor.wallbox", self.car_w(), "W")
        set_sensor(self.hass, "sensor.cells", self.battery_w, "W")
        set_sensor(self.hass, "sensor.soc", 50, "%")
        if self.meter_works:
            set_sensor(self.hass, "sensor.grid", self.base_w + self.car_w() - self.battery_w, "W")


@pytest.fixture
async def house(hass: HomeAssistant, foreign: Foreign, clock: Clock) -> House:
    """A house that lives along with the clock; its car is not charging yet."""
    found = House(hass, foreign)
    foreign.enable._attr_is_on = False
    foreign.enable.async_write_ha_state()
    clock.followers[:] = [found.live]
    found.live()
    await settle(hass)
    return found


type Begin = Callable[..., Any]


@pytest.fixture
def begin(hass: HomeAssistant, foreign: Foreign, house: House, add_site: AddSite) -> Begin:
    """Set an active home up whose plan says what a test wants it to say."""

    async def start(
        *devices: dict[str, Any], operation: str = "active", meter: bool = True
    ) -> MockConfigEntry:
        site: Site = home_of_entities(*([GRID] if meter else []), *devices)
        site.options = {"operation": operation}
        entry = await add_site(site)
        entry.runtime_data.plan.async_replan = lambda: None
        await entry.runtime_data.dispatcher.async_set_plan({})
        foreign.current._attr_native_value = 32
        foreign.current.async_write_ha_state()
        await settle(hass)
        foreign.heard.clear()
        return entry

    return start


async def plan(entry: MockConfigEntry, role: str, **command: Any) -> Channel:
    """Let the plan want something for half an hour."""
    dispatcher, device_id = entry.runtime_data.dispatcher, subentry_id(entry, role)
    until = dt_util.utcnow() + timedelta(minutes=30)
    await dispatcher.async_set_plan({device_id: Command(expires_at=until, **command)})
    return dispatcher.channels[device_id]


async def charging(hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, amps: float = 16) -> Channel:
    """Let a car charge by plan until it has all it may."""
    channel = await plan(entry, "charger", mode="charge", current_a=amps)
    await clock.live(hass, 60)
    return channel


def decision(entry: MockConfigEntry, role: str) -> Any:
    """Return what the guard decided for a device."""
    return entry.runtime_data.guard.data.decisions[subentry_id(entry, role)]


async def test_a_real_home_charges_by_plan_and_starts_small(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin
) -> None:
    """Six ampere first, then step by step what the plan wants."""
    channel = await charging(hass, clock, await begin(CHARGER))
    currents = [value for entity, value in foreign.heard if entity == CURRENT]
    assert currents == [6, 11, 16]
    assert channel.accepted.source is Source.PLAN


async def test_a_load_that_comes_slows_the_car_with_the_next_word_of_the_meter(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """25 A a phase: 10 kW for the house leave 10 A, and the reason names the fuse."""
    entry = await begin(CHARGER)
    channel = await charging(hass, clock, entry)
    house.base_w = 10_000
    await clock.tick(hass, 2)
    assert foreign.heard[-1] == (CURRENT, 10)
    assert channel.accepted.source is Source.PROTECTION
    assert channel.accepted.reason.key in ("held_fuse", "held_power")


async def test_less_than_the_smallest_current_is_a_pause(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """No car charges with 4 A, and a fuse is not asked to bear 6."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    house.base_w = 14_500
    await clock.tick(hass, 2)
    assert foreign.heard[-1] == (ENABLE, "off")
    house.base_w = 500
    await clock.live(hass, 50)
    assert foreign.heard[-1] == (ENABLE, "off"), "contactors wear: a minute between stop and start"
    await clock.live(hass, 60)
    assert (ENABLE, "on") in foreign.heard[-4:]


async def test_a_person_gets_no_more_than_the_fuse_carries(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """And it is their override all the same: when the load has gone, they have all they asked for."""
    entry = await begin(CHARGER)
    house.base_w = 11_000
    await clock.tick(hass, 2)
    device_id, dispatcher = subentry_id(entry, "charger"), entry.runtime_data.dispatcher
    await dispatcher.async_apply(device_id, Command(mode="charge", current_a=16, source=Source.OVERRIDE))
    await clock.live(hass, 40)
    channel = dispatcher.channels[device_id]
    assert channel.accepted.current_a == pytest.approx(9)
    assert channel.override.current_a == 16
    house.base_w = 500
    await clock.live(hass, 90)
    assert channel.accepted.current_a == 16
    assert channel.accepted.source is Source.OVERRIDE


async def test_a_silent_meter_leaves_cars_their_safe_current_and_batteries_to_themselves(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """Nobody knows what the house draws: 6 A fit under any fuse. Three words in a row, and all is as before."""
    entry = await begin(CHARGER, BATTERY)
    await charging(hass, clock, entry)
    house.meter_works = False
    await clock.live(hass, 70)
    assert (CURRENT, 6) in foreign.heard
    assert decision(entry, "charger").reason.key == "held_untrusted"
    assert (decision(entry, "battery").mode, decision(entry, "battery").renews) == ("automatic", False)
    house.meter_works = True
    await clock.live(hass, 60)
    assert foreign.heard[-1] == (CURRENT, 16)


async def test_a_battery_buys_no_more_than_the_connection_has_left(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """Others' batteries have blown fuses by charging beside a car. 17.25 kW may be drawn."""
    entry = await begin(BATTERY)
    house.base_w = 14_250
    await clock.tick(hass, 2)
    channel = await plan(entry, "battery", mode="charge", power_w=5000)
    assert channel.accepted.power_w == pytest.approx(3000)


async def test_without_a_young_plan_a_car_waits_for_the_sun(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """And charges from it when it comes."""
    entry = await begin(CHARGER)
    await clock.live(hass, 30)
    assert decision(entry, "charger").reason.key == "ev_surplus_waits"
    assert foreign.heard == []
    house.base_w = -8_000
    await clock.live(hass, 70)
    assert foreign.heard[-2:] == [(CURRENT, 6), (ENABLE, "on")]
    await clock.live(hass, 60)
    assert foreign.heard[-1] == (CURRENT, 11)
    assert decision(entry, "charger").source == "surplus"


async def test_an_advisory_home_decides_and_writes_nothing(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """It says what it would do, with a car that charges as it likes."""
    entry = await begin(CHARGER, operation="advisory")
    foreign.enable.turn_by_hand(on=True)
    foreign.current._attr_native_value = 16
    await plan(entry, "charger", mode="charge", current_a=16)
    house.base_w = 10_000
    await clock.live(hass, 20)
    assert foreign.heard == []
    found = decision(entry, "charger")
    assert (found.current_a, found.source) == (10, "protection")


async def test_a_guard_that_stops_leaves_devices_safe(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its word lives for fifteen seconds; nobody goes on by an old one."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    guard = entry.runtime_data.guard
    monkeypatch.setattr(guard._dispatcher, "async_guard", lambda _: None)
    await clock.live(hass, 30)
    assert (CURRENT, 6) in foreign.heard[-2:]


async def test_unloading_leaves_a_car_its_safe_current(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin
) -> None:
    """Nobody watches the fuse any more."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (CURRENT, 6) in foreign.heard[-2:]


async def test_active_takes_a_meter_at_the_connection(hass: HomeAssistant, begin: Begin) -> None:
    """Without one nobody watches the fuse."""
    entry = await begin(CHARGER, operation="advisory", meter=False)
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call("ems", "set_operation", {"operation": "active"}, blocking=True)
    assert refused.value.translation_key == "active_needs_meter"
    assert entry.options["operation"] == "advisory"


async def test_how_calmly_it_steers_can_be_turned_while_it_runs(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """What is turned holds with the next look, and nothing is loaded anew."""
    entry = await begin(CHARGER)
    entry.runtime_data.settings.set("surplus_enable_s", 10)
    house.base_w = -8_000
    await clock.live(hass, 20)
    assert entry.runtime_data.guard.data.setup.sun.enable_after_s == 10
    assert decision(entry, "charger").mode == "charge"


async def test_the_lock_of_the_house_battery_can_be_turned(hass: HomeAssistant, begin: Begin) -> None:
    """It is on at first; off, the battery charges cars, too, from the next look on."""
    entry = await begin(BATTERY)
    guard = entry.runtime_data.guard
    assert guard.data.setup.battery.holds_for_cars
    name = "switch.home_battery_keeps_its_energy_while_a_car_charges_fast"
    for service, holds in (("turn_off", False), ("turn_on", True)):
        await hass.services.async_call("switch", service, {"entity_id": name}, blocking=True)
        assert guard.data.setup.battery.holds_for_cars is holds
        assert hass.states.get(name).state == ("on" if holds else "off")


async def test_a_mode_that_a_battery_lacks_is_never_told(
    hass: HomeAssistant, begin: Begin, foreign: Foreign
) -> None:
    """One that can only be left alone or charged is left alone where the plan wants it held."""
    fields = {key: value for key, value in STEERED.items() if key not in ("option_hold", "option_discharge")}
    entry = await begin(entity_device("battery", "Cells", BATTERY_PARAMS, **fields))
    channel = await plan(entry, "battery", mode="hold")
    assert channel.accepted.mode == "automatic"
    assert foreign.heard == []
    assert MODE


async def test_phase_changes_of_the_day_are_counted_over_a_restart(
    hass: HomeAssistant, begin: Begin, clock: Clock
) -> None:
    """Else a home that restarts often would wear its contactors out."""
    entry = await begin(CHARGER)
    guard, key = entry.runtime_data.guard, subentry_id(entry, "charger")
    before = guard._state.chargers[key]
    changed = replace(before.phases, changes=4, phases=1, changed_at_s=dt_util.utcnow().timestamp())
    guard._state = replace(guard._state, chargers={key: replace(before, phases=changed)})
    await clock.tick(hass, 6)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    found = entry.runtime_data.guard._state.chargers[key].phases
    assert (found.changes, found.phases, found.changed_at_s) == (4, 1, changed.changed_at_s)


async def test_the_answer_of_an_override_says_what_limits_left_of_it(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """16 A were asked for; nothing is left, and the reason names the fuse."""
    entry = await begin(CHARGER)
    house.base_w = 16_000
    await clock.tick(hass, 2)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    found = next(each for each in devices if each.name == "Wallbox")
    answer = await hass.services.async_call(
        "ems",
        "override",
        {"device_id": found.id, "mode": "charge", "current_a": 16},
        blocking=True,
        return_response=True,
    )
    assert answer["devices"][found.id]["mode"] == "charge"
    told = answer["devices"][found.id]["told"]
    assert (told["mode"], told["source"]) == ("off", "protection")
