"""The table of a device that is described by hand: one row per point, and where its value is."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    ObjectSelectorField,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio

from ..adapters.entity_points import SIGNS
from ..const import CONF_POINTS
from ..devices.by_hand import NEEDED_BY_HAND, first_row
from ..devices.points import UNITS
from ..devices.profile.registers import WIDTHS
from ..devices.reading import Quality, Reading
from ..devices.row_checks import Row, RowError, why_no_value
from .fields import choice
from .row_names import RowNames

_TEXT: ObjectSelectorField = {"selector": TextSelector()}
_NUMBER_TYPES = [kind for kind in WIDTHS if kind not in {"enum", "bit"}]


def _select(options: list[str], key: str | None = None, *, required: bool = False) -> ObjectSelectorField:
    config = SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
    if key:
        config["translation_key"] = key
    return {"selector": SelectSelector(config), "required": required}


def _number(low: float, high: float, step: Any = 1, *, required: bool = False) -> ObjectSelectorField:
    config = NumberSelectorConfig(min=low, max=high, step=step, mode=NumberSelectorMode.BOX)
    return {"selector": NumberSelector(config), "required": required}


_PLACES: dict[str, dict[str, ObjectSelectorField]] = {
    "http": {"path": {**_TEXT, "required": False}},
    "mqtt": {"topic": {**_TEXT, "required": True}, "path": {**_TEXT, "required": False}},
    "modbus": {
        "register": _number(0, 65535, required=True),
        "type": _select(_NUMBER_TYPES, required=True),
        "word_order": _select(["big", "little"], "word_order"),
        "function": _select(["holding", "input", "coil"], "register_function"),
    },
}


def rows_fields(role: str, kind: str, names: RowNames) -> dict[Any, Any]:
    """Return the table and, where the role's power has a direction, how the device counts it."""
    table = ObjectSelector(
        ObjectSelectorConfig(
            multiple=True,
            label_field="point",
            description_field="register" if kind == "modbus" else "path" if kind == "http" else "topic",
            translation_key=f"rows_{kind}",
            fields={
                "point": {"selector": names.selector, "required": True},
                **_PLACES[kind],
                "unit": _select(list(UNITS)),
                "scale": _number(0.000001, 1_000_000, "any"),
            },
        )
    )
    # A load only ever consumes: nobody is asked how its meter counts.
    signs = list(SIGNS.get(role, ()))
    positive = probatio.Required("power_positive", default=signs[0]) if signs else None
    return {
        # Over MQTT the table may be left to what a topic says.
        (probatio.Optional if kind == "mqtt" else probatio.Required)(CONF_POINTS): table,
        **({positive: choice(signs, "power_positive")} if positive else {}),
    }


def row_without_value(role: str, rows: Sequence[Row], reading: Reading) -> RowError | None:
    """Return which row brought no value, and why; None where all is well.

    What is not needed may be missing for now, but an impossible value (swapped words, a wrong unit) is a wrong row.
    """
    found = reading.roles.get(role, {})
    needed = NEEDED_BY_HAND[role] or (first_row(rows)["point"],)
    for row in rows:
        if (value := found.get(row["point"])) is None:
            continue
        lacking = value.quality is not Quality.GOOD and row["point"] in needed
        if lacking or value.quality is Quality.INVALID:
            return why_no_value(row, value)
    return None


def rows_of(user_input: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows without the fields that were left empty."""
    found = user_input.get(CONF_POINTS, [])
    return [{key: value for key, value in row.items() if value not in (None, "")} for row in found]
