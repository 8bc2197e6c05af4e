"""The strategy and preference selects: what is chosen is what is planned."""

from typing import Any

from homeassistant.core import HomeAssistant
import numpy as np
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.engine.plan.result import Plan
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.sites import Site


async def choose(hass: HomeAssistant, entry: MockConfigEntry, key: str, option: str) -> Plan:
    """Turn a select as a person would, and return the plan that comes of it."""
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": f"select.demo_home_{key}", "option": option},
        blocking=True,
    )
    await settle(hass)
    plan: Plan = entry.runtime_data.plan.data.outlook.plan
    return plan


async def shown_plan(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the action answers."""
    answer: Any = await hass.services.async_call(DOMAIN, "get_plan", {}, blocking=True, return_response=True)
    return dict(answer)


def ramps_kw(plan: Plan) -> float:
    """Return the sum of all changes of grid power."""
    return float(np.abs(np.diff(plan.import_kw - plan.export_kw)).sum())


async def test_choosing_a_strategy_plans_anew_and_changes_the_plan(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite
) -> None:
    """A switch that does nothing would be a lie. Without sun in June there is something to balance."""
    entry = await add_site(demo_site.only("meter", "battery"))
    cheapest: Plan = entry.runtime_data.plan.data.outlook.plan
    shaved = await choose(hass, entry, "strategy", "peak_shaving")
    assert shaved is not cheapest
    assert shaved.import_kw.max() < cheapest.import_kw.max() - 1
    assert (await shown_plan(hass))["strategy"] == "peak_shaving"
    balanced = await choose(hass, entry, "strategy", "load_balancing")
    assert ramps_kw(balanced) < ramps_kw(cheapest) / 2
    again = await choose(hass, entry, "strategy", "auto")
    np.testing.assert_allclose(again.import_kw, cheapest.import_kw, atol=1e-6)
    assert (await shown_plan(hass))["strategy"] == "arbitrage"


async def test_choosing_comfort_keeps_more_in_the_battery(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    def kept_kwh(plan: Plan) -> float:
        (battery,) = (device for device in plan.devices.values() if device.kind == "battery")
        assert battery.energy_kwh is not None
        reserve = 0.25 * 10
        return float(np.minimum(battery.energy_kwh[1:], reserve) @ plan.steps.hours)

    before: Plan = entry.runtime_data.plan.data.outlook.plan
    comfortable = await choose(hass, entry, "preference", "comfort")
    assert kept_kwh(comfortable) > kept_kwh(before)
    assert (await shown_plan(hass))["preference"] == "comfort"
