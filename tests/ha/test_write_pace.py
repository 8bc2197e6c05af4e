"""Some devices bear few changes: what comes too early waits, the newest wins, and less of something never waits."""

from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ems.adapters.actuators import ProfileActuator
from custom_components.ems.devices import load_profiles
from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.dispatcher import Channel
from custom_components.ems.write_pace import is_gentler
from tests.ha.clock import Clock
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign
from tests.ha.test_dispatcher import CURRENT, MODE, POWER, add_charger, battery, foreign, override, plan

__all__ = ["battery", "foreign"]  # fixtures


@pytest.fixture
def patient(battery: Channel) -> Channel:
    """A battery that bears one change a minute."""
    assert battery.device.actuator is not None
    battery.device.actuator.min_write_interval_s = 60.0
    return battery


def powers(foreign: Foreign) -> list[Any]:
    """Return what was written to the number."""
    return [value for entity, value in foreign.heard if entity == POWER]


def modes(foreign: Foreign) -> list[Any]:
    """Return what was written to the select."""
    return [value for entity, value in foreign.heard if entity == MODE]


async def test_a_change_of_the_plan_waits_and_the_newest_wins(
    hass: HomeAssistant, foreign: Foreign, patient: Channel, clock: Clock
) -> None:
    await plan(patient, mode="charge", power_w=1000)
    await clock.live(hass, 30)
    await plan(patient, mode="charge", power_w=2000)
    await clock.live(hass, 20)
    await plan(patient, mode="charge", power_w=3000)
    assert powers(foreign) == [1000]
    await clock.live(hass, 15)
    assert powers(foreign) == [1000, 3000]
    assert patient.accepted is not None
    assert patient.accepted.power_w == 3000


async def test_turning_down_does_not_wait(
    hass: HomeAssistant, foreign: Foreign, patient: Channel, clock: Clock
) -> None:
    """Less power, a pause, and its own rule: each goes out with the next beat."""
    await plan(patient, mode="charge", power_w=3000)
    for mode, power_w in (("charge", 500), ("hold", None), ("automatic", None)):
        await clock.live(hass, 6)
        await plan(patient, mode=mode, power_w=power_w)
    assert powers(foreign) == [3000, 500]
    assert modes(foreign) == ["force_charge", "idle", "auto"]
    # And up again only a minute after the last of them.
    await clock.live(hass, 40)
    await plan(patient, mode="charge", power_w=3000)
    assert modes(foreign)[-1] == "auto"
    await clock.live(hass, 25)
    assert modes(foreign)[-1] == "force_charge"


async def test_letting_go_does_not_wait(
    hass: HomeAssistant, foreign: Foreign, patient: Channel, clock: Clock
) -> None:
    """The safe state is written whenever it is due; a plan that comes and goes gains no writes by it."""
    await plan(patient, mode="charge", power_w=3000)
    await patient.dispatcher.async_set_plan({})
    assert modes(foreign) == ["force_charge", "auto"]
    await clock.live(hass, 10)
    await plan(patient, mode="charge", power_w=3000)
    assert modes(foreign) == ["force_charge", "auto"]
    await clock.live(hass, 60)
    assert modes(foreign) == ["force_charge", "auto", "force_charge"]
    await patient.dispatcher.async_stop()
    assert modes(foreign)[-1] == "auto"


async def test_a_persons_word_waits_for_such_a_device_and_goes_before_the_plans(
    hass: HomeAssistant, foreign: Foreign, patient: Channel, clock: Clock
) -> None:
    """A slider that is dragged is one change, not fifty. Meanwhile the plan does not make the wait longer."""
    await override(patient, mode="charge", power_w=1000)
    for power_w in (1500, 2000, 2500):
        await override(patient, mode="charge", power_w=power_w)
    await clock.live(hass, 30)
    await plan(patient, mode="discharge", power_w=4000)
    assert powers(foreign) == [1000]
    await clock.live(hass, 35)
    assert powers(foreign) == [1000, 2500]
    assert patient.override is not None
    assert (patient.override.power_w, patient.waiting) == (2500, None)


async def test_a_person_who_turns_down_is_heard_at_once(foreign: Foreign, patient: Channel) -> None:
    await override(patient, mode="charge", power_w=3000)
    await override(patient, mode="charge", power_w=4000)
    await override(patient, mode="charge", power_w=1000)
    assert powers(foreign) == [3000, 1000]
    assert patient.waiting is None


async def test_a_persons_word_that_waited_is_tried_once(
    hass: HomeAssistant, foreign: Foreign, patient: Channel, clock: Clock
) -> None:
    """Nobody is there any more to see why it is refused: it is said in the log, and forgotten."""
    await override(patient, mode="charge", power_w=1000)
    await override(patient, mode="discharge", power_w=2000)
    foreign.mode.refuses = True
    await clock.live(hass, 65)
    assert patient.error == "The inverter is busy"
    foreign.mode.refuses = False
    foreign.heard.clear()
    await clock.live(hass, 120)
    assert "force_discharge" not in modes(foreign)
    assert patient.waiting is None


async def test_a_persons_word_that_waits_can_be_taken_back(
    hass: HomeAssistant, foreign: Foreign, patient: Channel, clock: Clock
) -> None:
    await override(patient, mode="charge", power_w=1000)
    await override(patient, mode="discharge", power_w=2000)
    await patient.dispatcher.async_clear_override(patient.device.subentry_id)
    await clock.live(hass, 90)
    assert modes(foreign) == ["force_charge", "auto"]


async def test_a_charger_is_slowed_down_at_once_and_sped_up_in_its_time(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite, clock: Clock
) -> None:
    """The fuse does not wait for a station that wants ten seconds between two currents."""
    charger = await add_charger(hass, foreign, add_site, current_number=CURRENT)
    charger.device.actuator.min_write_interval_s = 30.0
    charger.changed_at = None  # it was given back a moment ago
    for current_a in (10, 8, 12):
        await override(charger, mode="charge", current_a=current_a)
        await clock.live(hass, 6)
    assert foreign.heard == [(CURRENT, 10), (CURRENT, 8)]
    await clock.live(hass, 30)
    assert foreign.heard[-1] == (CURRENT, 12)


def test_what_a_profile_says_is_what_counts() -> None:
    """The time was in the profiles from the start; nobody kept to it."""
    profiles = load_profiles()
    for profile, role, seconds in (("victron_gx", "battery", 60), ("keba_p30", "charger", 10)):
        device: Any = SimpleNamespace(profile=profiles[profile])
        hass: Any = None
        assert ProfileActuator(hass, device, role, "x").min_write_interval_s == seconds


@pytest.mark.parametrize(
    ("role", "new", "old", "gentler"),
    [
        ("battery", ("automatic", None), ("charge", 3000), True),
        ("battery", ("hold", None), ("discharge", 3000), True),
        ("battery", ("hold", None), ("automatic", None), False),  # or the two could take turns for ever
        ("battery", ("hold", None), None, False),
        ("battery", ("discharge", 100), ("charge", 3000), False),
        ("battery", ("charge", None), ("charge", 3000), False),  # as much as it can
        ("battery", ("charge", 3000), ("charge", None), True),
        ("pv", ("limit", 500), None, True),
        ("pv", ("limit", 500), ("automatic", None), True),
        ("pv", ("limit", 500), ("limit", 400), False),
        ("pv", ("automatic", None), ("limit", 400), False),  # no limit is more
        ("load", ("off", None), ("on", 2000), True),
        ("load", ("on", 2000), ("off", None), False),
        ("charger", ("off", None), ("charge", None), True),
    ],
)
def test_less_is_told_from_more(
    role: str, new: tuple[str, float | None], old: tuple[str, float | None] | None, gentler: bool
) -> None:
    def told(said: tuple[str, float | None]) -> DeviceCommand:
        return DeviceCommand(role=role, mode=said[0], power_w=said[1])

    assert is_gentler(role, told(new), None if old is None else told(old)) is gentler
