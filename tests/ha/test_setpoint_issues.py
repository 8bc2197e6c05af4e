"""A device that does not take what it is told: a repair after the third try, gone with the first success."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome
from custom_components.ems.dispatcher import Channel, Command
from tests.ha.clock import Clock
from tests.ha.flows import ENGLISH
from tests.ha.foreign import Foreign
from tests.ha.test_dispatcher import battery, foreign, override, plan
from tests.ha.test_setpoints import channel, set_power

__all__ = ["battery", "foreign"]  # fixtures


def repair(hass: HomeAssistant, told: Channel) -> ir.IssueEntry | None:
    """Return the repair of a device, where there is one."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"setpoint_{told.device.subentry_id}")


def sentence(issue: ir.IssueEntry | None) -> str:
    """Return title and text as an English reader sees them."""
    assert issue is not None
    texts = ENGLISH["issues"][str(issue.translation_key)]
    return f"{texts['title']}\n{texts['description']}".format(**(issue.translation_placeholders or {}))


async def test_the_third_refusal_in_a_row_is_a_repair(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """It names the device, what was asked and what came back; the first success takes it away."""
    foreign.mode.refuses = True
    await plan(battery, mode="charge", power_w=3000)
    await clock.live(hass, 70)
    assert repair(hass, battery) is None
    await clock.live(hass, 60)
    said = sentence(repair(hass, battery))
    for part in ("Cells", "Charge, 3000 W", "Since 2026-06-15 12:00", "The inverter is busy"):
        assert part in said
    foreign.mode.refuses = False
    await clock.live(hass, 60)
    assert battery.error is None
    assert repair(hass, battery) is None


async def test_a_success_in_between_begins_the_count_anew(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """Two collisions a day are no broken device."""
    for power_w in (1000, 2000):
        foreign.power.refuses = True
        await plan(battery, mode="charge", power_w=power_w)
        await clock.live(hass, 70)
        foreign.power.refuses = False
        await clock.live(hass, 70)
        assert battery.error is None
    assert repair(hass, battery) is None


async def test_a_device_that_cannot_be_given_back_is_told_as_that(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """The plan wants nothing more, but the battery goes on charging: that is the worse of the two."""
    await plan(battery, mode="charge", power_w=3000)
    foreign.mode.refuses = True
    await battery.dispatcher.async_set_plan({})
    await clock.live(hass, 130)
    issue = repair(hass, battery)
    assert issue is not None
    assert issue.translation_key == "release_refused"
    assert "The inverter is busy" in sentence(issue)
    foreign.mode.refuses = False
    await clock.live(hass, 60)
    assert repair(hass, battery) is None


async def test_it_goes_when_nothing_is_asked_any_more(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """The power is refused, the battery's own automatic is not."""
    foreign.power.refuses = True
    await plan(battery, mode="charge", power_w=3000)
    await clock.live(hass, 130)
    assert repair(hass, battery) is not None
    await battery.dispatcher.async_set_plan({})
    await clock.live(hass, 60)
    assert repair(hass, battery) is None


async def test_it_goes_with_the_home(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """Also where the device refuses its safe state until the end."""
    await plan(battery, mode="charge", power_w=3000)
    foreign.mode.refuses = True
    await battery.dispatcher.async_set_plan({})
    await clock.live(hass, 130)
    assert repair(hass, battery) is not None
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert battery.error == "The inverter is busy"
    assert repair(hass, battery) is None


async def test_a_persons_refused_word_is_no_repair(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """They got an error at once, and nothing is tried behind their back."""
    foreign.mode.refuses = True
    for _ in range(4):
        with pytest.raises(HomeAssistantError):
            await override(battery, mode="charge", power_w=3000)
    foreign.mode.refuses = False
    await clock.live(hass, 130)
    assert repair(hass, battery) is None


async def test_it_speaks_the_language_of_home_assistant(
    hass: HomeAssistant, foreign: Foreign, battery: Channel, clock: Clock
) -> None:
    """The mode as the entities of that language call it, the power as that language writes numbers."""
    hass.config.language = "de"
    await async_get_translations(hass, "de", "entity", [DOMAIN])
    foreign.mode.refuses = True
    await plan(battery, mode="charge", power_w=3000.5)
    await clock.live(hass, 130)
    issue = repair(hass, battery)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["asked"] == "Laden, 3000,5 W"


def deaf(home: DemoHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the inverter say yes to every charge limit and keep its own."""
    settings = type(home.home.inverter.settings)

    def keep(self: Any, name: str, value: Any) -> None:
        if name != "charge_limit_w":
            object.__setattr__(self, name, value)

    monkeypatch.setattr(settings, "__setattr__", keep)


async def test_a_value_that_does_not_read_back_is_a_repair_with_both_values(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    home: DemoHome,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The inverter says yes and keeps what it had, as some do with control from outside switched off."""
    entry.runtime_data.plan.async_replan = lambda: None
    await clock.live(hass, 65)  # a mode is kept for a minute
    told = channel(entry, "battery")
    deaf(home, monkeypatch)
    planned = Command(mode="charge", power_w=3000)
    await entry.runtime_data.dispatcher.async_apply(told.device.subentry_id, planned)
    assert told.error is not None
    await clock.live(hass, 130)
    said = sentence(repair(hass, told))
    assert "Charge, 3000 W" in said
    assert "charge_limit" in said
    monkeypatch.undo()
    await clock.live(hass, 65)
    assert repair(hass, told) is None
    assert home.truth()["inverter"]["mode"] == "pv_and_ac"


async def test_renewals_that_fail_count_once_a_minute(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """They are tried with every beat: three of them are fifteen seconds, and no broken device."""
    await set_power(hass, -1500)
    told = channel(entry, "battery")
    actuator, asked = told.device.actuator, list[bool]()

    async def busy(command: Any, *, renew: bool = False) -> Any:
        asked.append(renew)
        raise HomeAssistantError("busy")

    actuator.async_command = busy
    await clock.live(hass, 60)
    assert asked.count(True) > 3
    assert repair(hass, told) is None
    await clock.live(hass, 140)
    assert "busy" in sentence(repair(hass, told))
