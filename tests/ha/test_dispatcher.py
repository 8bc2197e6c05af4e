"""The one way to a device: what is sent, when, and what is not. Another integration's entities note every call."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.dispatcher import Channel, Command, Dispatcher, Source
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign, read_home
from tests.ha.sites import BATTERY_PARAMS, CHARGER_PARAMS, Site, entity_device, home_of_entities, subentry_id

MODE, POWER = "select.inverter_mode", "number.inverter_power"
CURRENT, ENABLE = "number.wallbox_current", "switch.wallbox_enable"
STEERED = {
    "power_entity": "sensor.cells",
    "soc_entity": "sensor.soc",
    "mode_entity": MODE,
    "option_automatic": "auto",
    "option_hold": "idle",
    "option_charge": "force_charge",
    "option_discharge": "force_discharge",
    "power_number": POWER,
}
GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
WALLBOX = {"power_entity": "sensor.wallbox", "connected_entity": "binary_sensor.plug"}


@pytest.fixture
async def foreign(hass: HomeAssistant) -> Foreign:
    """What another integration brought."""
    found = Foreign()
    await found.async_add(hass)
    read_home(hass)
    return found


def active(*subentries: dict[str, Any]) -> Site:
    """Return a home that may be steered; its weather and prices are none of this file's business."""
    site = home_of_entities(GRID, *subentries)
    site.data["kind"] = "demo"
    site.options = {"operation": "active"}
    return site


@pytest.fixture
async def battery(hass: HomeAssistant, foreign: Foreign, add_site: AddSite) -> Channel:
    """A battery behind entities, its plan silenced so that the test alone commands."""
    entry = await add_site(active(entity_device("battery", "Cells", BATTERY_PARAMS, **STEERED)))
    return await alone(hass, entry, foreign, "battery")


async def add_charger(hass: HomeAssistant, foreign: Foreign, add_site: AddSite, **outputs: str) -> Channel:
    """Add a charger behind entities."""
    entry = await add_site(active(entity_device("charger", "Wallbox", CHARGER_PARAMS, **WALLBOX, **outputs)))
    return await alone(hass, entry, foreign, "charger")


def unguarded(entry: MockConfigEntry) -> None:
    """Send the guard away: what is tested is the way to the device, not what comes along it."""
    dispatcher = entry.runtime_data.dispatcher
    dispatcher.async_guard = lambda _: None
    for channel in dispatcher.channels.values():
        channel.guarded = None


async def alone(hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, role: str) -> Channel:
    """Stop the plan from commanding, and forget what it did."""
    entry.runtime_data.plan.async_replan = lambda: None
    unguarded(entry)
    await entry.runtime_data.dispatcher.async_set_plan({})
    await settle(hass)
    foreign.heard.clear()
    channel = entry.runtime_data.dispatcher.channels[subentry_id(entry, role)]
    assert channel.accepted is None
    channel.writes.clear()
    channel.dispatcher = entry.runtime_data.dispatcher
    return channel


async def plan(channel: Channel, **command: Any) -> None:
    """Let the plan want something."""
    dispatcher: Dispatcher = channel.dispatcher
    await dispatcher.async_apply(channel.device.subentry_id, Command(**command))


async def override(channel: Channel, **command: Any) -> None:
    """Let a person want something."""
    await plan(channel, **command, source=Source.OVERRIDE)


async def test_power_is_written_before_the_mode(foreign: Foreign, battery: Channel) -> None:
    """A mode must never start with the power of an hour ago."""
    await plan(battery, mode="charge", power_w=3000)
    assert foreign.heard == [(POWER, 3000), (MODE, "force_charge")]
    power, mode = battery.writes
    assert (power.entity_id, power.unit) == (POWER, "W")
    assert (power.before, power.written, power.read_back) == ("5000", 3000, "3000.0")
    assert (mode.before, mode.written, mode.read_back) == ("auto", "force_charge", "force_charge")


async def test_what_stands_there_already_is_not_written_again(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """Many inverters keep such values in memory that wears."""
    await plan(battery, mode="charge", power_w=3000)
    foreign.heard.clear()
    await clock.tick(hass, 6)
    await plan(battery, mode="discharge", power_w=3000)
    assert foreign.heard == [(MODE, "force_discharge")]


async def test_small_changes_are_not_sent_but_they_add_up(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """The deadband is measured from what the device was told, not from what was wanted last."""
    await plan(battery, mode="charge", power_w=3000)
    foreign.heard.clear()
    for power_w in (3060, 3099):
        await clock.tick(hass, 6)
        await plan(battery, mode="charge", power_w=power_w)
        assert foreign.heard == []
        assert battery.accepted.power_w == 3000
    await clock.tick(hass, 6)
    await plan(battery, mode="charge", power_w=3120)
    assert foreign.heard == [(POWER, 3120)]


async def test_nothing_and_something_are_never_the_same(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """50 W is within the deadband of 0 W, and still another thing."""
    await plan(battery, mode="charge", power_w=50)
    foreign.heard.clear()
    await clock.tick(hass, 6)
    await plan(battery, mode="charge", power_w=0)
    assert foreign.heard == [(POWER, 0)]


async def test_another_reason_for_the_same_setpoint_sends_nothing(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """But it is shown, and how long it holds."""
    soon, later = (dt_util.utcnow() + timedelta(minutes=minutes) for minutes in (10, 15))
    await plan(battery, mode="hold", expires_at=soon)
    foreign.heard.clear()
    await clock.tick(hass, 6)
    await plan(battery, mode="hold", expires_at=later)
    assert foreign.heard == []
    assert battery.accepted.expires_at == later


async def test_the_plan_sends_at_most_every_five_seconds(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """What comes too early goes out with the next beat; the newest counts."""
    await plan(battery, mode="charge", power_w=1000)
    await plan(battery, mode="charge", power_w=2000)
    await plan(battery, mode="charge", power_w=4000)
    assert [value for entity, value in foreign.heard if entity == POWER] == [1000]
    await clock.tick(hass, 5.1)
    assert [value for entity, value in foreign.heard if entity == POWER] == [1000, 4000]


async def test_a_person_is_heard_at_once(foreign: Foreign, battery: Channel) -> None:
    """Nobody understands a slider that waits for a beat."""
    await plan(battery, mode="charge", power_w=1000)
    await override(battery, mode="discharge", power_w=2000)
    assert foreign.heard[-2:] == [(POWER, 2000), (MODE, "force_discharge")]
    await plan(battery, mode="charge", power_w=1500)
    assert foreign.heard[-1] == (MODE, "force_discharge")


async def test_an_override_may_say_how_long_it_holds(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """Sixty minutes are only what counts where nothing else was said."""
    await override(battery, mode="hold", expires_at=dt_util.utcnow() + timedelta(seconds=30))
    await clock.live(hass, 25)
    assert foreign.heard == [(MODE, "idle")]
    await clock.live(hass, 10)
    assert foreign.heard == [(MODE, "idle"), (MODE, "auto")]
    assert battery.override is None


async def test_a_planned_command_runs_out(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """A plan that nobody renews ends in the battery's own automatic."""
    await plan(battery, mode="charge", power_w=3000, expires_at=dt_util.utcnow() + timedelta(seconds=20))
    await clock.live(hass, 30)
    assert foreign.heard[-1] == (MODE, "auto")
    assert battery.accepted is None


async def test_what_stays_without_us_needs_no_renewal(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """Entities know no lease."""
    await plan(battery, mode="charge", power_w=3000)
    foreign.heard.clear()
    await clock.live(hass, 120)
    assert foreign.heard == []


async def test_a_number_in_kilowatts_gets_kilowatts(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """3000 would be refused, or worse."""
    fields = {**STEERED, "power_number": "number.inverter_power_kw"}
    entry = await add_site(active(entity_device("battery", "Cells", BATTERY_PARAMS, **fields)))
    channel = await alone(hass, entry, foreign, "battery")
    await plan(channel, mode="charge", power_w=3000)
    assert foreign.heard == [("number.inverter_power_kw", 3), (MODE, "force_charge")]
    assert (channel.writes[0].unit, channel.writes[0].written) == ("kW", 3)


async def test_more_than_a_number_takes_becomes_the_most_it_takes(foreign: Foreign, battery: Channel) -> None:
    """The inverter's own limit wins over what was typed into the set-up."""
    await plan(battery, mode="charge", power_w=7000)
    assert foreign.heard == [(MODE, "force_charge")]
    assert battery.writes[0].written == 5000


async def test_a_mode_without_an_option_is_refused_by_name(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """A battery that can only be told "auto" and "charge" cannot be held."""
    fields = {key: value for key, value in STEERED.items() if key not in ("option_hold", "option_discharge")}
    entry = await add_site(active(entity_device("battery", "Cells", BATTERY_PARAMS, **fields)))
    assert hass.states.get("select.cells_mode").attributes["options"] == ["automatic", "charge"]
    channel = await alone(hass, entry, foreign, "battery")
    with pytest.raises(HomeAssistantError) as refused:
        await override(channel, mode="hold")
    assert refused.value.translation_key == "mode_not_offered"
    assert foreign.heard == []
    await plan(channel, mode="hold")
    assert channel.error is not None


async def test_an_entity_that_is_gone_is_not_written(
    hass: HomeAssistant, foreign: Foreign, battery: Channel
) -> None:
    """The mode must not change where the power could not be set."""
    hass.states.async_set(POWER, "unavailable")
    with pytest.raises(HomeAssistantError) as refused:
        await override(battery, mode="charge", power_w=1000)
    assert refused.value.translation_key == "entity_unavailable"
    assert foreign.heard == []
    assert battery.override is None


async def test_a_foreign_entity_that_refuses_is_quoted(foreign: Foreign, battery: Channel) -> None:
    """What the other integration says is what helps."""
    foreign.power.refuses = True
    with pytest.raises(HomeAssistantError, match="The inverter is busy"):
        await override(battery, mode="charge", power_w=1000)
    assert (MODE, "force_charge") not in foreign.heard


async def test_a_charger_gets_its_current_before_its_release(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite, clock: Clock
) -> None:
    """And its release is taken back for a pause."""
    channel = await add_charger(hass, foreign, add_site, current_number=CURRENT, enable_switch=ENABLE)
    await plan(channel, mode="off")
    assert foreign.heard == [(ENABLE, "off")]
    await clock.tick(hass, 6)
    await plan(channel, mode="charge", current_a=10)
    assert foreign.heard[1:] == [(CURRENT, 10), (ENABLE, "on")]


async def test_a_charger_without_a_switch_pauses_at_zero_and_is_given_back(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """Released, it charges with what any fuse carries, not with our 0 A."""
    channel = await add_charger(hass, foreign, add_site, current_number=CURRENT)
    await override(channel, mode="off")
    assert foreign.heard == [(CURRENT, 0)]
    await channel.dispatcher.async_release_all()
    assert foreign.heard[1:] == [(CURRENT, 6)]


async def test_a_charger_with_a_switch_only_is_switched(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """Any smart plug will do."""
    channel = await add_charger(hass, foreign, add_site, enable_switch=ENABLE)
    await override(channel, mode="charge", current_a=16)
    await override(channel, mode="off")
    assert foreign.heard == [(ENABLE, "on"), (ENABLE, "off")]


async def test_a_charger_without_hands_has_no_setpoints(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """It is read, and planned with, and that is all."""
    entry = await add_site(active(entity_device("charger", "Wallbox", CHARGER_PARAMS, **WALLBOX)))
    assert entry.runtime_data.dispatcher.channels == {}
    assert hass.states.get("number.wallbox_current_limit") is None
    assert hass.states.get("switch.wallbox_charging") is None
    assert hass.states.get("sensor.wallbox_planned_mode") is not None
    assert foreign.heard == []


async def test_one_devices_failure_does_not_hold_up_the_next(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """The battery's inverter is busy; the car charges all the same."""
    entry = await add_site(
        active(
            entity_device("battery", "Cells", BATTERY_PARAMS, **STEERED),
            entity_device("charger", "Wallbox", CHARGER_PARAMS, **WALLBOX, current_number=CURRENT),
        )
    )
    channel = await alone(hass, entry, foreign, "battery")
    charger = subentry_id(entry, "charger")
    foreign.mode.refuses = True
    commands = {
        channel.device.subentry_id: Command(mode="hold"),
        charger: Command(mode="charge", current_a=9),
    }
    await channel.dispatcher.async_set_plan(commands)
    assert (CURRENT, 9) in foreign.heard
    assert channel.error == "The inverter is busy"
    assert channel.dispatcher.channels[charger].error is None


async def test_the_last_twenty_writes_are_kept(foreign: Foreign, battery: Channel) -> None:
    """As proof, for diagnostics; not for ever."""
    for power_w in range(500, 3500, 100):
        await override(battery, mode="charge", power_w=power_w)
    assert len(battery.writes) == 20
    assert battery.writes[-1].written == 3400
    assert foreign.heard


async def test_a_number_out_of_its_range_is_refused_by_home_assistant(
    hass: HomeAssistant, foreign: Foreign, battery: Channel
) -> None:
    """Our own setpoint entity knows the limits of the set-up."""
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            "number", "set_value", {"entity_id": "number.cells_power_setpoint", "value": 6000}, blocking=True
        )
    assert foreign.heard == []
    assert battery.accepted is None
