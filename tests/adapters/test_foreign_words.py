"""What somebody told a device, in the words of our commands: for every profile, what we write reads as what it was."""

from collections.abc import Iterator
from typing import Any

import pytest

from custom_components.ems.adapters.foreign_words import (
    Said,
    Settings,
    differs,
    said_by_settings,
    shown,
    watched_points,
)
from custom_components.ems.devices import load_profiles
from custom_components.ems.devices.profile import Placeholder
from custom_components.ems.devices.profile.model import RoleProfile

AMOUNTS = {
    Placeholder.POWER_W: 2000.0,
    Placeholder.MINUS_POWER_W: -2000.0,
    Placeholder.CURRENT_A: 10.0,
    Placeholder.LEASE_S: 60.0,
    Placeholder.MAX: 50_000.0,
}


def steered() -> Iterator[Any]:
    """Yield every mode of every battery and charger."""
    for name, profile in load_profiles().items():
        for role in ("battery", "charger"):
            declared = profile.roles.get(role)
            for mode in declared.commands if declared else ():
                yield pytest.param(declared, mode, id=f"{name}-{role}-{mode}")


def held(declared: RoleProfile[Any], mode: str) -> Settings:
    """Return what a device shows that was told a mode with 2 kW or 10 A."""
    assert declared.control is not None
    found = {}
    for key, amount in declared.control.commands[mode].items():
        point = declared.point(key)
        assert point is not None
        found[key] = AMOUNTS[amount] if isinstance(amount, Placeholder) else shown(point, amount)
    return found


@pytest.mark.parametrize(("declared", "mode"), steered())
def test_what_was_written_reads_as_the_command_it_was(declared: RoleProfile[Any], mode: str) -> None:
    said = said_by_settings(declared, held(declared, mode), mode)
    assert said.mode == mode
    assert said.power_w in (None, 2000)
    assert said.current_a in (None, 10)


@pytest.mark.parametrize(("declared", "mode"), steered())
def test_another_command_than_the_one_that_was_told_is_found(declared: RoleProfile[Any], mode: str) -> None:
    """Where two commands write the same, either will do."""
    assert declared.control is not None
    settings = held(declared, mode)
    for told in declared.control.commands:
        found = said_by_settings(declared, settings, told).mode
        assert found is not None
        assert found == mode or held(declared, found).items() <= _as_any(declared, found, settings).items()


def _as_any(declared: RoleProfile[Any], mode: str, settings: Settings) -> Settings:
    """Return settings with what a mode leaves open filled in as that mode would."""
    assert declared.control is not None
    assigned = declared.control.commands[mode]
    open_keys = [key for key, amount in assigned.items() if isinstance(amount, Placeholder)]
    return {**settings, **{key: held(declared, mode)[key] for key in open_keys}}


def test_settings_that_are_no_command_of_ours_are_none() -> None:
    declared = load_profiles()["solaredge_storedge"].roles["battery"]
    settings: Settings = {"charge_limit": 100.0, "discharge_limit": 100.0, "command_mode": "clipped_pv_only"}
    assert said_by_settings(declared, settings, "charge") == Said(mode=None)
    assert said_by_settings(declared, {}, "charge") == Said(mode=None)


def test_a_hold_is_told_from_an_automatic_that_looks_alike() -> None:
    declared = load_profiles()["solaredge_storedge"].roles["battery"]
    settings: Settings = {"charge_limit": 5000.0, "discharge_limit": 0.0, "command_mode": "self_consumption"}
    assert said_by_settings(declared, settings, "charge").mode == "hold"


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (3000.0, 2900.0, False),
        (3000.0, 2899.0, True),
        (None, 3000.0, False),
        (3000.0, None, False),
        ("on", "off", True),
    ],
)
def test_rounding_and_silence_are_no_difference(one: Any, other: Any, found: bool) -> None:
    declared = load_profiles()["solaredge_storedge"].roles["battery"]
    assert differs(declared, "charge_limit", one, other) is found


def test_what_moves_by_itself_is_not_watched() -> None:
    """A KEBA's setpoints cannot be read back, and a lease counts down."""
    profiles = load_profiles()
    assert watched_points(profiles["keba_p30"].roles["charger"], "charge") == ()
    assert watched_points(profiles["alfen_eve"].roles["charger"], "charge") == ("current_setpoint",)
