"""The entity by which a charger of another integration goes to one phase and back: a select, or a switch."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import split_entity_id

CONF_PHASES_SELECT: Final = "phases_select"
# The options by which it says each number. A switch needs none: off is one phase and on is three, unless they say
# otherwise.
OPTIONS: Final = {1: "option_one_phase", 3: "option_three_phases"}
_SWITCHED: Final = {1: "off", 3: "on"}


def is_switch(entity_id: str) -> bool:
    """Tell whether it is switched on and off instead of being given an option."""
    return split_entity_id(entity_id)[0] == "switch"


def phase_words(entities: Mapping[str, Any]) -> Mapping[int, str]:
    """Return what the entity is set to for each number of phases; nothing where there is none."""
    entity_id = entities.get(CONF_PHASES_SELECT)
    if not entity_id:
        return {}
    usual = _SWITCHED if is_switch(entity_id) else {}
    words = {number: entities.get(field) or usual.get(number) for number, field in OPTIONS.items()}
    return {number: word for number, word in words.items() if word}


def phase_steps(entities: Mapping[str, Any], phases: int | None) -> list[tuple[str, str, float | str]]:
    """Return the entity, the action and the word that set a number of phases; nothing where none is asked for."""
    word = phase_words(entities).get(phases or 0)
    if word is None:
        return []
    entity_id = entities[CONF_PHASES_SELECT]
    return [(entity_id, f"switch.turn_{word}" if is_switch(entity_id) else "select.select_option", word)]
