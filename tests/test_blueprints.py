"""The blueprints can be imported, filled in, and do what their names say."""

from pathlib import Path

from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.components.blueprint.models import Blueprint, BlueprintInputs
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml
import pytest

from tests.support.tree import COMPONENT, ROOT

FOLDER = ROOT / "blueprints" / "automation" / "ems"
NEW_PRICES = FOLDER / "optimize_on_new_prices.yaml"
INPUTS = {"site": "0123456789abcdef", "price_entity": "sensor.price", "settle_time": {"seconds": 0}}


def filled_in(path: Path, inputs: dict[str, object]) -> dict[str, object]:
    """Return the automation a user gets."""
    blueprint = Blueprint(
        load_yaml(path), path=path.name, expected_domain="automation", schema=BLUEPRINT_SCHEMA
    )
    used = BlueprintInputs(
        blueprint, {"alias": "Test", "use_blueprint": {"path": path.name, "input": inputs}}
    )
    used.validate()
    return dict(used.async_substitute())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
async def test_blueprint_is_valid(hass: HomeAssistant, path: Path) -> None:
    """Home Assistant accepts the automation that comes out of it."""
    config = filled_in(path, INPUTS)
    validated = await async_validate_config_item(hass, "automation.test", config)
    assert validated is not None
    assert validated.validation_status == "ok", validated.validation_error


def test_blueprints_call_actions_as_they_are() -> None:
    """Home Assistant notices an unknown field only when the automation runs."""
    services = load_yaml(COMPONENT / "services.yaml")
    for path in FOLDER.glob("*.yaml"):
        for step in load_yaml(path)["actions"]:
            domain, _, name = step.get("action", "").partition(".")
            if domain == "ems":
                assert set(step["data"]) <= set(services[name]["fields"]), path.name


async def test_new_prices_make_a_new_plan(hass: HomeAssistant) -> None:
    """The hourly change of the state alone does not; neither does an entity that goes away."""
    calls: list[ServiceCall] = []
    hass.services.async_register("ems", "optimize", calls.append)
    hass.states.async_set("sensor.price", "0.10", {"prices": [0.10, 0.12]})
    assert await async_setup_component(hass, "automation", {"automation": filled_in(NEW_PRICES, INPUTS)})
    await hass.async_block_till_done()

    hass.states.async_set("sensor.price", "0.12", {"prices": [0.10, 0.12]})
    await hass.async_block_till_done()
    hass.states.async_set("sensor.price", "unavailable")
    await hass.async_block_till_done()
    assert calls == []

    hass.states.async_set("sensor.price", "0.12", {"prices": [0.12, 0.30]})
    await hass.async_block_till_done()
    assert [call.data for call in calls] == [{"config_entry_id": INPUTS["site"]}]
