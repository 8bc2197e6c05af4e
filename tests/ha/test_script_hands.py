"""Batteries and chargers that a script of the user's steers."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ems.adapters.script_hands import ScriptActuator
from custom_components.ems.adapters.site_devices import _entity_actuator
from custom_components.ems.devices.command import DeviceCommand


@pytest.fixture(name="heard")
async def heard_fixture(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Set up a script that passes its variables on, and note what arrives."""
    heard: list[dict[str, Any]] = []
    hass.services.async_register("inverter", "set", lambda call: heard.append(dict(call.data)))
    steps = [
        {
            "action": "inverter.set",
            "data": {name: f"{{{{ {name} }}}}" for name in ("mode", "power_w", "current_a", "phases")},
        }
    ]
    refuses = [{"action": "inverter.gone"}]
    config = {"script": {"steer": {"sequence": steps}, "refuses": {"sequence": refuses}}}
    assert await async_setup_component(hass, "script", config)
    return heard


def hands(hass: HomeAssistant, role: str, script: str = "script.steer") -> ScriptActuator:
    """Return the hands that a stored device gets."""
    found = _entity_actuator(hass, role, {"command_script": script}, "Shed", {"current_max_a": 16.0})
    assert isinstance(found, ScriptActuator)
    return found


async def test_a_script_is_run_with_the_command_in_its_variables(
    hass: HomeAssistant, heard: list[dict[str, Any]]
) -> None:
    battery = hands(hass, "battery")
    assert battery.modes == ("automatic", "hold", "charge", "discharge")
    assert battery.is_there
    assert not hands(hass, "battery", "script.gone").is_there
    assert battery.amounts == {"charge": "power_w", "discharge": "power_w"}
    writes = await battery.async_command(DeviceCommand(role="battery", mode="charge", power_w=2500.0))
    assert heard == [{"mode": "charge", "power_w": 2500.0, "current_a": None, "phases": None}]
    assert [(write.entity_id, write.written, write.read_back) for write in writes] == [
        ("script.steer", "mode charge, power_w 2500.0", None)
    ]


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("battery", {"mode": "automatic", "power_w": None, "current_a": None, "phases": None}),
        ("charger", {"mode": "charge", "power_w": None, "current_a": 6.0, "phases": None}),
    ],
)
async def test_letting_go_runs_it_once_more(
    hass: HomeAssistant, heard: list[dict[str, Any]], role: str, told: dict[str, Any]
) -> None:
    """The battery goes back to its own automatic, the charger keeps to a current that is safe without EMS."""
    await hands(hass, role).async_release()
    assert heard == [told]


async def test_a_script_that_fails_or_is_gone_is_a_refusal(
    hass: HomeAssistant, heard: list[dict[str, Any]]
) -> None:
    command = DeviceCommand(role="battery", mode="hold")
    for script in ("script.refuses", "script.gone"):
        with pytest.raises(HomeAssistantError):
            await hands(hass, "battery", script).async_command(command)
    assert heard == []


async def test_a_charger_feeds_back_where_people_said_how_much(
    hass: HomeAssistant, heard: list[dict[str, Any]]
) -> None:
    """A script that never heard of discharging must not be told to."""
    entities = {"command_script": "script.steer"}
    assert hands(hass, "charger").modes == ("off", "charge")
    params = {"current_max_a": 16.0, "discharge_max_w": 5000}
    charger = _entity_actuator(hass, "charger", entities, "Shed", params)
    assert isinstance(charger, ScriptActuator)
    assert charger.modes == ("off", "charge", "discharge")
    await charger.async_command(DeviceCommand(role="charger", mode="discharge", power_w=3000.0))
    assert heard == [{"mode": "discharge", "power_w": 3000.0, "current_a": None, "phases": None}]
