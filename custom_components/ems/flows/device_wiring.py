"""The part of a charger's and a battery's form about where they hang: collapsed, and silent on what a home has not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from ..adapters.circuits import ALL, CONNECTION, SiteCircuits, connection, make_circuits, told_circuits
from ..adapters.device_wiring import PRIORITY, ROTATIONS, SAFE_A, SECTION, UNKNOWN
from ..adapters.meter_tree import SiteMeters
from ..const import BATTERY, CHARGER
from ..engine.control.circuit import ALL_PHASES
from ..engine.metering import MeterTree
from .fields import choice, number, whole

_NO_METERS: Final = SiteMeters(tree=MeterTree(()))


@dataclass(frozen=True, kw_only=True)
class House:
    """What of a home decides what is asked. A home that is still being added has no circuits.

    circuits : None where nothing is known of the home yet.
    """

    circuits: SiteCircuits | None = None

    @property
    def phases(self) -> int:
        """Return how many phases the connection has."""
        return len(ALL_PHASES if self.circuits is None else self.circuits.at(CONNECTION).phases)

    @property
    def names(self) -> dict[str, str]:
        """Return the circuits below the connection, by key."""
        every = () if self.circuits is None else self.circuits.tree.circuits
        return {each.key: each.name for each in every if each.above is not None}


def house_of(entry: ConfigEntry[Any]) -> House:
    """Return what is known of a home; who measures what makes no difference here."""
    told = told_circuits(entry.subentries.values())
    return House(circuits=make_circuits(connection(entry), told, _NO_METERS))


def circuit_choice(names: Mapping[str, str]) -> SelectSelector:
    """Return a drop-down of the connection and the circuits below it."""
    options = [SelectOptionDict(value=CONNECTION, label=CONNECTION)]
    options += [SelectOptionDict(value=key, label=name) for key, name in names.items()]
    config = SelectSelectorConfig(
        options=options, translation_key="circuit", mode=SelectSelectorMode.DROPDOWN
    )
    return SelectSelector(config)


def phase_choice(phases: int) -> SelectSelector:
    """Return a drop-down of all phases together, and each alone."""
    return choice([ALL, *(str(phase) for phase in range(1, phases + 1))], "house_phases")


def wiring_schema(role: str, house: House) -> probatio.Schema:
    """Return what a device of a role is asked; nothing where the home leaves no choice."""
    fields: dict[Any, Any] = {}
    if house.names and role in (BATTERY, CHARGER):
        fields[probatio.Required("circuit", default=CONNECTION)] = circuit_choice(house.names)
    if role == BATTERY and house.phases > 1:
        fields[probatio.Required("on", default=ALL)] = phase_choice(house.phases)
    if role == CHARGER:
        if house.phases > 1:
            fields[probatio.Required("rotation", default=UNKNOWN)] = choice(list(ROTATIONS), "rotation")
        fields[probatio.Required("safe_a", default=SAFE_A)] = number(0, 80, 0.1, "A")
        fields[probatio.Required("priority", default=PRIORITY)] = whole(0, 10)
    return probatio.Schema(fields)


def wiring_fields(role: str, house: House) -> dict[Any, Any]:
    """Return the section as a part of a form."""
    schema = wiring_schema(role, house)
    return {probatio.Optional(SECTION): section(schema, {"collapsed": True})} if schema.schema else {}


def wiring_errors(role: str, user_input: Mapping[str, Any], house: House) -> dict[str, str]:
    """Name what cannot be wired so. The frontend shows no error inside a section, so it stands above it."""
    said = user_input.get(SECTION, {})
    if not said:
        return {}
    there = set(ALL_PHASES if house.circuits is None else house.circuits.at(said.get("circuit")).phases)
    if role == BATTERY:
        on = said.get("on", ALL)
        return {SECTION: "phase_not_there"} if on != ALL and int(on) not in there else {}
    rotation = ROTATIONS[said.get("rotation", UNKNOWN)]
    if rotation and len(rotation) < int(user_input["phases"]):
        return {SECTION: "rotation_incomplete"}
    if not set(rotation[: int(user_input["phases"])]) <= there:
        return {SECTION: "phase_not_there"}
    if said["safe_a"] > user_input["current_max_a"]:
        return {SECTION: "safe_above_maximum"}
    return {}


def still_there(role: str, params: Mapping[str, Any], house: House) -> dict[str, Any]:
    """Return stored parameters without answers that can no longer be chosen: a circuit that was removed."""
    if SECTION not in params:
        return dict(params)
    fields = {str(key): field for key, field in wiring_schema(role, house).schema.items()}
    said = {key: value for key, value in params[SECTION].items() if _is_offered(fields.get(key), value)}
    return {**params, SECTION: said}


def _is_offered(field: Any, value: Any) -> bool:
    if not isinstance(field, SelectSelector):
        return field is not None
    offered = [each if isinstance(each, str) else each["value"] for each in field.config["options"]]
    return value in offered
