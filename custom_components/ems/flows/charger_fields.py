"""What is asked of a charger that can more than charge: whether its phases may change, and what it may feed back."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import BooleanSelector
import probatio

from ..adapters.phase_entity import CONF_PHASES_SELECT, OPTIONS, is_switch, phase_words
from ..adapters.script_hands import CONF_SCRIPT
from ..const import (
    CHARGER,
    CONF_DISCHARGE_MAX_W,
    CONF_ENTITIES,
    CONF_KIND,
    CONF_SWITCHES_PHASES,
    SOURCE_PROFILE,
)
from ..devices import AnyProfile
from .fields import number


def charger_fields(role: str, source: Mapping[str, Any], profile: AnyProfile | None) -> dict[Any, Any]:
    """Return the fields of the last form for what a charger's set-up makes possible.

    A script may know nothing of phases or of feeding back: both are off until its author says so.
    """
    if role != CHARGER:
        return {}
    entities = source.get(CONF_ENTITIES, {})
    by_script = bool(entities.get(CONF_SCRIPT))
    is_known = source[CONF_KIND] == SOURCE_PROFILE and profile is not None
    control = profile.roles[role].control if is_known and profile else None
    switches = by_script or len(phase_words(entities)) > 1 or bool(control and control.phases)
    feeds = by_script or bool(control and "discharge" in control.commands)
    fields: dict[Any, Any] = {}
    if switches:
        fields[probatio.Required(CONF_SWITCHES_PHASES, default=not by_script)] = BooleanSelector()
    if feeds:
        fields[probatio.Optional(CONF_DISCHARGE_MAX_W)] = number(0, 1_000_000, 1, "W")
    return fields


def check_phases(
    hass: HomeAssistant, user_input: Mapping[str, Any], errors: dict[str, str], details: list[str]
) -> None:
    """Both options must be some that the entity has, and differ."""
    entity_id = user_input.get(CONF_PHASES_SELECT)
    if not entity_id or CONF_PHASES_SELECT in errors or (state := hass.states.get(entity_id)) is None:
        return
    options = ["on", "off"] if is_switch(entity_id) else state.attributes.get("options", [])
    words = phase_words(user_input)
    for phases, field in OPTIONS.items():
        if phases not in words:
            errors[field] = "value_missing"
        elif words[phases] not in options:
            errors[field] = "phase_option_unknown"
            details.append(f"{entity_id}: {', '.join(options)}")
    if len(words) > 1 and len(set(words.values())) == 1:
        errors[OPTIONS[3]] = "phase_options_alike"
