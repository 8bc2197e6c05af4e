"""A facility with many devices: what they tell at once is looked at together, and nothing is lost by it."""

from typing import Any

from homeassistant.core import HomeAssistant

from custom_components.ems.coordinators.site import APART_S, FEW
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import set_sensor
from tests.ha.sites import PV_PARAMS, entity_device, home_of_entities


def roofs(count: int) -> list[dict[str, Any]]:
    """Return roofs that other integrations measure."""
    return [
        entity_device("pv", f"Roof {n}", PV_PARAMS, power_entity=f"sensor.roof_{n}") for n in range(count)
    ]


async def pictures_of(hass: HomeAssistant, add_site: AddSite, count: int) -> tuple[Any, list[float | None]]:
    """Return a site of so many roofs with 100 W each, and a list of what its pictures say from now on."""
    for n in range(count):
        set_sensor(hass, f"sensor.roof_{n}", 100, "W")
    entry = await add_site(home_of_entities(*roofs(count)))
    seen: list[float | None] = []
    site = entry.runtime_data.site
    site.async_add_listener(lambda: seen.append(site.data.pv_w))
    return site, seen


async def test_many_devices_that_speak_at_once_are_looked_at_together(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    site, seen = await pictures_of(hass, add_site, FEW + 5)
    await clock.tick(hass, APART_S)
    seen.clear()
    for n in range(FEW + 5):
        set_sensor(hass, f"sensor.roof_{n}", 200, "W")
    await settle(hass)
    assert seen == [2600.0]  # the first word is heard at once
    await clock.tick(hass, APART_S)
    assert seen == [2600.0, 5000.0]  # and all the others a moment later
    assert site.data.pv_w == 5000.0


async def test_a_home_with_few_devices_is_looked_at_with_every_word(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    _, seen = await pictures_of(hass, add_site, 3)
    seen.clear()
    for n in range(3):
        set_sensor(hass, f"sensor.roof_{n}", 200, "W")
    await settle(hass)
    assert seen == [400.0, 500.0, 600.0]


async def test_what_is_due_when_a_site_is_unloaded_does_not_come(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    site, seen = await pictures_of(hass, add_site, FEW + 5)
    await clock.tick(hass, APART_S)
    for n in range(FEW + 5):
        set_sensor(hass, f"sensor.roof_{n}", 200, "W")
    await hass.config_entries.async_unload(site.config_entry.entry_id)
    seen.clear()
    await clock.tick(hass, APART_S)
    assert seen == []
