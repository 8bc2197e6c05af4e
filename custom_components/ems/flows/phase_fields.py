"""What is asked about a charger's phases: the options of the entity that sets them, and whether EMS may."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import BooleanSelector
import probatio

from ..adapters.phase_entity import CONF_PHASES_SELECT, OPTIONS, is_switch, phase_words
from ..adapters.script_hands import CONF_SCRIPT
from ..const import CHARGER, CONF_ENTITIES, CONF_KIND, CONF_SWITCHES_PHASES, SOURCE_PROFILE
from ..devices import AnyProfile


def phase_fields(role: str, source: Mapping[str, Any], profile: AnyProfile | None) -> dict[Any, Any]:
    """Return the field of the last form where a charger's phases can be changed. A script may not know how: off."""
    if role != CHARGER:
        return {}
    entities = source.get(CONF_ENTITIES, {})
    if source[CONF_KIND] == SOURCE_PROFILE:
        control = profile.roles[role].control if profile else None
        can = bool(control and control.phases)
    else:
        can = len(phase_words(entities)) > 1 or bool(entities.get(CONF_SCRIPT))
    usually = not entities.get(CONF_SCRIPT)
    return {probatio.Required(CONF_SWITCHES_PHASES, default=usually): BooleanSelector()} if can else {}


def check_phases(
    hass: HomeAssistant, user_input: Mapping[str, Any], errors: dict[str, str], details: list[str]
) -> None:
    """Both options must be some that the entity has, and differ."""
    entity_id = user_input.get(CONF_PHASES_SELECT)
    if not entity_id or CONF_PHASES_SELECT in errors or (state := hass.states.get(entity_id)) is None:
        return
    options = ["on", "off"] if is_switch(entity_id) else state.attributes.get("options", [])
    words = phase_words(user_input)
    for number, field in OPTIONS.items():
        if number not in words:
            errors[field] = "value_missing"
        elif words[number] not in options:
            errors[field] = "phase_option_unknown"
            details.append(f"{entity_id}: {', '.join(options)}")
    if len(words) > 1 and len(set(words.values())) == 1:
        errors[OPTIONS[3]] = "phase_options_alike"
