"""One phase or three, by the entities of another integration, by a script, and by a profile."""

from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
import pytest

from custom_components.ems.adapters.actuators import EntityActuator, ProfileActuator
from custom_components.ems.adapters.script_hands import ScriptActuator
from custom_components.ems.adapters.site_devices import _entity_actuator
from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.site_device import Actuator

CURRENT, ENABLE = "number.box_current", "switch.box_enable"
SELECT = {
    "phases_select": "select.box_phases",
    "option_one_phase": "1 phase",
    "option_three_phases": "3 phases",
}
SWITCH = {"phases_select": "switch.box_all_phases"}


@pytest.fixture(name="heard")
def heard_fixture(hass: HomeAssistant) -> list[tuple[str, Any]]:
    """Give Home Assistant a charger's entities that do what they are told, and note what that is."""
    heard: list[tuple[str, Any]] = []
    states = {CURRENT: "6", ENABLE: "off", "select.box_phases": "3 phases", "switch.box_all_phases": "on"}
    for entity_id, state in states.items():
        hass.states.async_set(entity_id, state)

    def do(call: ServiceCall) -> None:
        told = {"turn_on": "on", "turn_off": "off"}.get(call.service)
        value = told or call.data.get("value", call.data.get("option"))
        heard.append((call.data["entity_id"], value))
        hass.states.async_set(call.data["entity_id"], str(value))

    for domain, name in (
        ("number", "set_value"),
        ("switch", "turn_on"),
        ("switch", "turn_off"),
        ("select", "select_option"),
    ):
        hass.services.async_register(domain, name, do)
    return heard


def hands(hass: HomeAssistant, entities: dict[str, str], **params: Any) -> Actuator:
    """Return the hands that a stored charger gets."""
    found = _entity_actuator(
        hass, "charger", {"current_number": CURRENT, "enable_switch": ENABLE, **entities}, "Box", params
    )
    assert found is not None
    return found


def charge(phases: int | None, current_a: float = 8.0) -> DeviceCommand:
    return DeviceCommand(role="charger", mode="charge", current_a=current_a, phases=phases)


@pytest.mark.parametrize(
    ("entities", "one", "three"),
    [
        (SELECT, ("select.box_phases", "1 phase"), ("select.box_phases", "3 phases")),
        (SWITCH, ("switch.box_all_phases", "off"), ("switch.box_all_phases", "on")),
        # A contactor that opens when it is switched on.
        (
            {**SWITCH, "option_one_phase": "on", "option_three_phases": "off"},
            ("switch.box_all_phases", "on"),
            ("switch.box_all_phases", "off"),
        ),
    ],
)
async def test_an_entity_changes_the_phases_before_the_car_may_charge_and_after_it_stopped(
    hass: HomeAssistant,
    heard: list[tuple[str, Any]],
    entities: dict[str, str],
    one: tuple[str, str],
    three: tuple[str, str],
) -> None:
    box = hands(hass, entities)
    assert box.switches_phases
    hass.states.async_set(one[0], three[1])
    await box.async_command(charge(1))
    assert heard == [one, (CURRENT, 8.0), (ENABLE, "on")]
    heard.clear()
    await box.async_command(charge(1, 9.0))
    assert heard == [(CURRENT, 9.0)]
    heard.clear()
    await box.async_command(DeviceCommand(role="charger", mode="off", phases=3))
    assert heard == [(ENABLE, "off"), three]


async def test_letting_go_leaves_the_phases_as_they_are(
    hass: HomeAssistant, heard: list[tuple[str, Any]]
) -> None:
    box = hands(hass, SELECT, wiring={"safe_a": 10.0})
    await box.async_command(charge(1))
    heard.clear()
    await box.async_release()
    assert heard == [(CURRENT, 10.0)]


@pytest.mark.parametrize(
    ("entities", "params"),
    [
        ({}, {}),
        (SELECT, {"switches_phases": False}),
        ({**SELECT, "option_one_phase": ""}, {}),
    ],
)
async def test_a_charger_that_cannot_or_may_not_change_keeps_its_phases(
    hass: HomeAssistant, heard: list[tuple[str, Any]], entities: dict[str, str], params: dict[str, Any]
) -> None:
    box = hands(hass, entities, **params)
    assert isinstance(box, EntityActuator)
    assert not box.switches_phases
    await box.async_command(charge(1))
    assert heard == [(CURRENT, 8.0), (ENABLE, "on")]


async def test_a_phase_entity_that_is_gone_leaves_nothing_to_steer_by(
    hass: HomeAssistant, heard: list[tuple[str, Any]]
) -> None:
    box = hands(hass, SELECT)
    assert box.is_there
    hass.states.async_set("select.box_phases", "unavailable")
    assert not box.is_there
    assert heard == []


@pytest.mark.parametrize(("said", "told"), [({"switches_phases": True}, 1), ({}, None)])
async def test_a_script_hears_the_number_where_people_said_that_it_knows_it(
    hass: HomeAssistant, said: dict[str, Any], told: int | None
) -> None:
    heard: list[Any] = []
    hass.services.async_register("script", "box", lambda call: heard.append(call.data["phases"]))
    box = _entity_actuator(hass, "charger", {"command_script": "script.box"}, "Box", said)
    assert isinstance(box, ScriptActuator)
    assert box.switches_phases is bool(said)
    await box.async_command(charge(1))
    assert heard == [told]


@pytest.mark.parametrize(("can", "may", "told"), [(True, True, 1), (True, False, None), (False, True, None)])
async def test_a_profile_hears_it_where_the_charger_can_and_people_let_it(
    hass: HomeAssistant, *, can: bool, may: bool, told: int | None
) -> None:
    heard: list[int | None] = []

    async def command(command: DeviceCommand, *, renew: bool) -> list[Any]:
        heard.append(command.phases)
        return []

    device: Any = SimpleNamespace(
        profile=load_profiles()["goe_modbus"], switches_phases=lambda _: can, async_command=command
    )
    box = ProfileActuator(hass, device, "charger", "x", may_switch_phases=may)
    assert box.switches_phases is (can and may)
    await box.async_command(charge(1))
    assert heard == [told]
