"""What a person may ask of a device: checked by its set-up and by what its profile leaves to be filled in."""

from types import SimpleNamespace
from typing import Any

from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ems.adapters.actuators import ProfileActuator
from custom_components.ems.adapters.override_request import OverrideRequest, make_override, offered_modes
from custom_components.ems.devices import load_profiles
from custom_components.ems.dispatcher import Command

HASS: Any = SimpleNamespace(config=SimpleNamespace(language="en"))


def array(inverter_max_kw: float | None = None, **amounts: str) -> Any:
    """Return modules that can be held back."""
    actuator = SimpleNamespace(modes=("automatic", "limit"), amounts=amounts)
    params = {"peak_kw": 8.0, "inverter_max_kw": inverter_max_kw}
    return SimpleNamespace(role="pv", name="Roof", params=params, actuator=actuator)


def asked(device: Any, mode: str, power_w: float | None = None) -> Command:
    """Return the command for a wish."""
    request = OverrideRequest(mode=mode, power_w=power_w, expires_at=dt_util.utcnow())
    return make_override(HASS, device, request)


def test_modules_are_held_back_to_a_power_that_is_said() -> None:
    """Up to what the inverter gives; without a number there is nothing to hold them to."""
    roof = array(inverter_max_kw=6.0, limit="power_w")
    assert asked(roof, "limit", 0).power_w == 0
    assert asked(roof, "limit", 6000).power_w == 6000
    assert asked(roof, "automatic").power_w is None
    with pytest.raises(ServiceValidationError) as missing:
        asked(roof, "limit")
    assert missing.value.translation_key == "override_field_missing"
    assert missing.value.translation_placeholders == {"device": "Roof", "mode": "limit", "field": "power_w"}
    for device, power_w in ((roof, 6001), (array(limit="power_w"), 8001)):
        with pytest.raises(ServiceValidationError) as beyond:
            asked(device, "limit", power_w)
        assert beyond.value.translation_key == "override_out_of_range"


@pytest.mark.parametrize(
    ("profile", "role", "amounts"),
    [
        ("solaredge_storedge", "battery", {"charge": "power_w", "discharge": "power_w"}),
        ("alfen_eve", "charger", {"charge": "current_a"}),
        ("shelly_relay_http", "load", {}),
    ],
)
def test_a_profile_says_which_modes_take_a_number(profile: str, role: str, amounts: dict[str, str]) -> None:
    """What its commands leave to be filled in, and nothing else."""
    device: Any = SimpleNamespace(profile=load_profiles()[profile])
    hands = ProfileActuator(HASS, device, role, "x")
    assert hands.amounts == amounts
    assert hands.is_there


def test_a_car_feeds_back_no_more_than_its_set_up_says() -> None:
    """Without a word on how strongly it is that."""
    actuator = SimpleNamespace(
        modes=("off", "charge", "discharge"), amounts={"charge": "current_a", "discharge": "power_w"}
    )
    params = {"current_min_a": 6, "current_max_a": 16, "discharge_max_w": 5000}
    car: Any = SimpleNamespace(role="charger", name="Car", params=params, actuator=actuator)
    assert asked(car, "discharge").power_w == 5000
    assert asked(car, "discharge", 3000).power_w == 3000
    with pytest.raises(ServiceValidationError) as beyond:
        asked(car, "discharge", 5001)
    assert beyond.value.translation_key == "override_out_of_range"


def test_how_a_load_stays_on_is_no_mode_for_people() -> None:
    """They say on; whether that needs a lease is the load's own matter."""
    actuator = SimpleNamespace(modes=("off", "on", "stay_on"))
    load: Any = SimpleNamespace(actuator=actuator)
    assert offered_modes(load) == ("off", "on")
    reader: Any = SimpleNamespace(actuator=None)
    assert offered_modes(reader) == ()
