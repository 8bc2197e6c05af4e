"""Devices that keep their last command when EMS is gone: said at set-up, and set right by the next run."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.device_wiring import SAFE_A
from custom_components.ems.const import DOMAIN
from tests.ha.clock import Clock
from tests.ha.conftest import AddSite
from tests.ha.flows import ENGLISH
from tests.ha.foreign import Foreign
from tests.ha.sites import BATTERY_PARAMS, CHARGER_PARAMS, entity_device, subentry_id
from tests.ha.test_dispatcher import CURRENT, ENABLE, STEERED, WALLBOX, active, foreign

__all__ = ["foreign"]  # a fixture


def notice(hass: HomeAssistant, entry: MockConfigEntry, role: str) -> ir.IssueEntry | None:
    """Return what is said of a device."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"no_lease_{subentry_id(entry, role)}")


@pytest.fixture
async def home_without_leases(hass: HomeAssistant, foreign: Foreign, add_site: AddSite) -> MockConfigEntry:
    """A battery and a charger behind entities, and nothing that would end what they were told."""
    return await add_site(
        active(
            entity_device("battery", "Cells", BATTERY_PARAMS, **STEERED),
            entity_device(
                "charger", "Wallbox", CHARGER_PARAMS, **WALLBOX, current_number=CURRENT, enable_switch=ENABLE
            ),
        )
    )


@pytest.mark.parametrize(("role", "name"), [("battery", "Cells"), ("charger", "Wallbox")])
async def test_who_keeps_its_last_command_is_named_at_set_up(
    hass: HomeAssistant, home_without_leases: MockConfigEntry, role: str, name: str
) -> None:
    issue = notice(hass, home_without_leases, role)
    assert issue is not None
    assert issue.severity is ir.IssueSeverity.WARNING
    texts = ENGLISH["issues"][str(issue.translation_key)]
    said = (texts["title"] + texts["description"]).format(**(issue.translation_placeholders or {}))
    assert f"{name} of Home has no timer of its own" in said


async def test_it_goes_with_the_home_unless_somebody_ignores_it(
    hass: HomeAssistant, home_without_leases: MockConfigEntry
) -> None:
    """Who ignores it does not want it back with every start."""
    entry = home_without_leases
    ignored = notice(hass, entry, "charger")
    assert ignored is not None
    ir.async_ignore_issue(hass, DOMAIN, ignored.issue_id, True)
    await hass.config_entries.async_unload(entry.entry_id)
    assert notice(hass, entry, "battery") is None
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    again, battery = notice(hass, entry, "charger"), notice(hass, entry, "battery")
    assert again is not None
    assert again.dismissed_version is not None
    assert battery is not None
    assert battery.dismissed_version is None


async def test_leases_and_what_is_only_read_are_no_trouble(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The demo home's inverter and charger fall back by themselves."""
    assert [issue for _, issue in ir.async_get(hass).issues if issue.startswith("no_lease_")] == []


async def test_who_can_only_be_read_is_not_named(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    entry = await add_site(active(entity_device("charger", "Wallbox", CHARGER_PARAMS, **WALLBOX)))
    assert notice(hass, entry, "charger") is None


async def test_a_charger_that_a_crash_left_paused_is_set_right_by_the_next_run(
    hass: HomeAssistant, foreign: Foreign, hass_storage: dict[str, Any], clock: Clock
) -> None:
    """No stop event, no unload: it would have stayed paused, with the current of then, for ever."""
    wires = {"current_number": CURRENT, "enable_switch": ENABLE}
    site = active(entity_device("charger", "Wallbox", CHARGER_PARAMS, **WALLBOX, **wires))
    site.options = {"operation": "advisory"}
    entry = site.entry(DOMAIN)
    hass_storage[f"ems.{entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"ems.{entry.entry_id}",
        "data": {"commanded": list(entry.subentries)},
    }
    foreign.enable.turn_by_hand(on=False)
    foreign.current._attr_native_value = 32
    foreign.current.async_write_ha_state()
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await clock.live(hass, 10)
    assert foreign.heard == [(CURRENT, SAFE_A), (ENABLE, "on")]
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[f"ems.{entry.entry_id}"]["data"]["commanded"] == []
