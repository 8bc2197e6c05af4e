"""Finds the usual fields in a document nobody has described: power, energy, voltage, with a guess at their units."""

from collections.abc import Iterator, Mapping
from itertools import islice
import json
import re
from typing import Any, Final

from .by_hand import POINTS_BY_HAND
from .json_path import Path, shown
from .points import POINTS, Kind

# Deeper or longer documents are no measurement.
_DEPTH_MAX: Final = 6
_LEAVES_MAX: Final = 2000
# A form shows no more.
_FIELDS_MAX: Final = 40
_SHOWN_MAX: Final = 200

# How a field's last unit-like word names its unit.
_SUFFIXES: Final[Mapping[str, str]] = {
    "w": "W",
    "kw": "kW",
    "mw": "mW",
    "wh": "Wh",
    "kwh": "kWh",
    "mwh": "MWh",
    "v": "V",
    "mv": "mV",
    "a": "A",
    "ma": "mA",
    "hz": "Hz",
    "percent": "%",
    "pct": "%",
    "c": "°C",
}
# Where a name says nothing: what most devices mean.
_USUAL: Final[Mapping[Kind, str]] = {
    Kind.POWER: "W",
    Kind.ENERGY: "kWh",
    Kind.VOLTAGE: "V",
    Kind.CURRENT: "A",
    Kind.FREQUENCY: "Hz",
    Kind.SHARE: "%",
    Kind.TEMPERATURE: "°C",
}
_ACTIVE: Final = "(?:total_)?(?:current_|instant_|momentary_)?(?:active_|act_|real_|grid_|ac_|charging_)?"
_POWER: Final = f"{_ACTIVE}(?:power|watts?)(?:_total|_now)?"
_TOTAL: Final = (
    "(?:total_|lifetime_|cumulative_|charged_)?(?:act_|active_)?energy(?:_total)?|total(?:_energy)?|eto"
)
_COUNTED: Final = (
    "(?:total_)?(?:act_|active_)?(?:power_|energy_)?(?:%s)(?:_energy|_total)?|(?:energy|power)_(?:%s)"
)
_IMPORT: Final = _COUNTED % ("imported|import|consumed|consumption|delivered", "in|from_grid")
_EXPORT: Final = _COUNTED % ("exported|export|returned|ret|act_ret|produced|injected", "out|to_grid")
# point → what a field is called that means it, the unit and the phase aside. The first of a point wins.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "power": (_POWER, "apower", "p"),
    "import_energy": (_IMPORT, _TOTAL),
    "export_energy": (_EXPORT,),
    "energy": (_TOTAL, _EXPORT),
    "charge_energy": ("(?:total_)?(?:energy_)?charged?(?:_energy)?(?:_total)?",),
    "discharge_energy": ("(?:total_)?(?:energy_)?discharged?(?:_energy)?(?:_total)?",),
    "frequency": ("(?:active_|ac_|grid_)?(?:frequency|freq|f)",),
    "power_factor": ("(?:total_)?(?:power_factor|pf|cos_?phi)",),
    "soc": ("(?:battery_)?(?:soc|state_of_charge|battery_level|charge_level)",),
    "temperature": ("(?:battery_)?temp(?:erature)?",),
    "voltage": ("(?:active_|ac_|grid_)?(?:voltage|volts?|u)",),
    "current": ("(?:active_|ac_|grid_)?(?:current|amps?|i)",),
    "running": ("(?:relay_|switch_)?(?:output|ison|is_on|on|state|running|relay|switch|power)(?:_?[1-8])?",),
    "car_connected": ("(?:car_|vehicle_|ev_)?(?:connected|plugged|plugged_in)",),
}
_PHASES: Final = {"l1": 1, "l2": 2, "l3": 3, "phase1": 1, "phase2": 2, "phase3": 3, "a": 1, "b": 2, "c": 3}
# Makers whose counters are in Wh although no name says so.
_WATT_HOURS: Final = re.compile(r"(?:^|_)(?:act|eto|returned|ret)(?:_|$)|^total$")


def recognise(role: str, document: Any) -> list[dict[str, str]]:
    """Return rows of `point`, `path` and `unit` for what looks like it, in the order of the form."""
    leaves = sorted(_leaves(document, ()), key=lambda leaf: len(leaf[0]))
    found: dict[str, dict[str, str]] = {}
    for point in POINTS_BY_HAND[role]:
        base, _, phase = point.partition("_l")
        wanted = int(phase) if phase in {"1", "2", "3"} else None
        if (row := _row(role, point, base if wanted else point, wanted, leaves)) is not None:
            found[point] = row
    return list(found.values())


def recognise_message(role: str, topic: str, payload: str) -> list[dict[str, str]]:
    """Return rows for what a message says: the fields of JSON, or a plain value under the last word of its topic."""
    try:
        document = json.loads(payload)
    except ValueError, RecursionError:
        document = payload.strip()
    if isinstance(document, dict | list):
        return [{**row, "topic": topic} for row in recognise(role, document)]
    plain = {topic.rstrip("/").rpartition("/")[2]: payload.strip()}
    return [{**row, "topic": topic, "path": ""} for row in recognise(role, plain)]


def fields_text(payload: str) -> str:
    """Return the fields of a message as people can look them up, one per line; the message itself where it is plain."""
    try:
        document = json.loads(payload)
    except ValueError, RecursionError:
        return payload[:_SHOWN_MAX]
    leaves = islice(_leaves(document, ()), _FIELDS_MAX)
    return "\n".join(f"- `{shown(path)}`: {value}" for path, value in leaves) or payload[:_SHOWN_MAX]


def _row(
    role: str, point: str, base: str, phase: int | None, leaves: list[tuple[Path, Any]]
) -> dict[str, str] | None:
    kind = POINTS[role][point].kind
    for pattern in _NAMES.get(base, ()):
        for path, raw in leaves:
            name, unit, seen = _name(path[-1] if path else "")
            fits = _is_flag(raw) == (kind is Kind.FLAG)
            # A voltage without a phase is that of the only one.
            same = seen == phase or (seen is None and phase == 1 and base in {"voltage", "current"})
            if fits and same and re.fullmatch(pattern, name) and (unit is None or _measures(unit, kind)):
                row = {"point": point, "path": shown(path)}
                if (guess := unit or _guess(kind, name)) is not None:
                    row["unit"] = guess
                return row
    return None


def _guess(kind: Kind, name: str) -> str | None:
    return "Wh" if kind is Kind.ENERGY and _WATT_HOURS.search(name) else _USUAL.get(kind)


def _measures(unit: str, kind: Kind) -> bool:
    usual = _USUAL.get(kind)
    return usual is not None and unit.removeprefix("k").removeprefix("m").removeprefix(
        "M"
    ) == usual.removeprefix("k")


def _name(field: str) -> tuple[str, str | None, int | None]:
    """Return a field's plain name, the unit and the phase in it: activePowerL1W → active_power, W, 1."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field).lower().replace("-", "_").replace(" ", "_")
    words = [word for word in snake.split("_") if word]
    unit = phase = None
    if len(words) > 1 and words[-1] in _SUFFIXES:
        unit = _SUFFIXES[words.pop()]
    for place in (-1, 0):
        if phase is None and len(words) > 1 and words[place] in _PHASES:
            phase = _PHASES[words.pop(place)]
    return "_".join(words), unit, phase


def _leaves(document: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield numbers, flags and texts that are numbers."""
    count = 0
    stack = [(path, document)]
    while stack and count < _LEAVES_MAX:
        here, value = stack.pop()
        count += 1
        if isinstance(value, dict | list) and len(here) < _DEPTH_MAX:
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            stack.extend(reversed([((*here, str(key)), below) for key, below in inner if key != ""]))
        elif (
            isinstance(value, int | float)
            or _is_flag(value)
            or (isinstance(value, str) and _is_number(value))
        ):
            yield here, value


def _is_flag(raw: Any) -> bool:
    return isinstance(raw, bool) or (isinstance(raw, str) and raw.strip().lower() in {"on", "off"})


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,15}(\.\d{1,9})?", text) is not None
