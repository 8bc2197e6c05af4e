"""A dashboard for the demo, made from Home Assistant's own cards and the entities that are really there."""

from collections.abc import Iterable, Sequence
from typing import Any

from script.lib.ha.instance import HomeAssistant

from .site import Device, Entity

URL_PATH = "ems-home"
TITLE = "EMS"
type Card = dict[str, Any]

POWERS = ("grid_power", "pv_power", "battery_power", "charger_power", "load_power")
COSTS = ("expected_cost", "baseline_cost", "expected_saving", "pv_forecast_today", "pv_forecast_tomorrow")
PRICES = ("import_price", "export_price", "marginal_value")
CONTROLS = ("operation", "strategy", "preference", "import_max_kw", "export_max_kw", "optimize")
LIMITS = (
    "operation",
    "free_current",
    "limited",
    "meter_trust",
    "power_limit",
    "operator_limit",
    "overload_time",
)
# What steers a car or battery this minute, and what it does.
NOW_KEYS = {
    "battery": ("mode", "power", "soc"),
    "charger": ("charge_mode", "current_limit", "power", "state"),
    "pv": ("power",),
}
# What people look at first; the rest of a device is one click away.
DEVICE_KEYS = {
    "meter": ("power", "power_l1", "power_l2", "power_l3", "import_energy", "export_energy"),
    "battery": ("soc", "power", "planned_mode", "power_setpoint", "mode", "stored_value", "soc_min_pct"),
    "pv": ("power", "planned_power", "inverter_status", "inverter_energy"),
    "charger": ("state", "power", "planned_mode", "current_limit", "energy_needed_kwh", "ready_by"),
}
_REASONS = """\
{{% set status = '{status}' %}}
**{{{{ state_translated(status) }}}}** {{{{ state_attr(status, 'reason') or '' }}}}
{{% for plan in {plans} %}}
- **{{{{ device_name(plan) }}}}**: {{{{ state_translated(plan) }}}}. \
{{{{ state_attr(plan, 'reason') or '' }}}}
{{% endfor %}}
{{% set next = '{next}' %}}{{% if has_value(next) %}}
Next: **{{{{ state_attr(next, 'device') }}}}** {{{{ state_attr(next, 'mode') }}}}
at {{{{ as_local(as_datetime(states(next))).strftime('%H:%M') }}}}. {{{{ state_attr(next, 'reason') or '' }}}}
{{% endif %}}
"""
_DECIDED = """\
**{{{{ states('{entity}') }}}}**
{{% set until = state_attr('{entity}', 'next_change') %}}{{% if until %}}
Until {{{{ as_local(as_datetime(until)).strftime('%H:%M') }}}}, then as planned.
{{% endif %}}
"""
_COURSE = """\
| From | Power |
|:--|--:|
{{% for row in (state_attr('{entity}', 'forecast') or [])[::4] %}}\
{{% if loop.index <= 24 %}}\
| {{{{ as_local(as_datetime(row.start)).strftime('%a %H:%M') }}}} \
| {{{{ '%+.1f' | format(row.power_kw) }}}} kW |
{{% endif %}}{{% endfor %}}
"""


class Picker:
    """Finds entities by whom they belong to and what they show."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        """Index them."""
        self._found = {(each.owner, each.key): each for each in entities}

    def one(self, key: str, owner: str | None = None) -> str | None:
        """Return an entity id, None where there is no such entity."""
        found = self._found.get((owner, key))
        return found.entity_id if found else None

    def many(self, keys: Iterable[str], owner: str | None = None) -> list[Entity]:
        """Return the entities that exist, in the order of the keys."""
        return [found for key in keys if (found := self._found.get((owner, key)))]

    def every(self, key: str) -> list[Entity]:
        """Return every entity with a key, whoever it belongs to."""
        return [each for each in self._found.values() if each.key == key]

    def all(self, key: str) -> list[str]:
        """Return the id of every entity with a key, whoever it belongs to."""
        return [each.entity_id for each in self.every(key)]


def _heading(text: str, icon: str) -> Card:
    return {"type": "heading", "heading": text, "icon": icon}


def _graph(entities: Sequence[Entity], hours: int) -> list[Card]:
    # Without the device's name, which the heading says already; graphs know no other way than to be told.
    rows = [{"entity": each.entity_id, "name": each.name} for each in entities]
    return [{"type": "history-graph", "entities": rows, "hours_to_show": hours}] if rows else []


def _tiles(entities: Sequence[Entity]) -> list[Card]:
    return [{"type": "tile", "entity": each.entity_id, "name": {"type": "entity"}} for each in entities]


def _section(heading: Card, cards: Sequence[Card]) -> Card | None:
    return {"type": "grid", "cards": [heading, *cards]} if cards else None


def _reasons(pick: Picker) -> list[Card]:
    status, following = pick.one("plan_status"), pick.one("next_action")
    if status is None or following is None:
        return []
    content = _REASONS.format(status=status, plans=pick.all("planned_mode"), next=following)
    return [{"type": "markdown", "content": content}]


def _limits(pick: Picker) -> list[Card]:
    """Return what the connection carries, and what every car draws of it."""
    cars = [each.entity_id for each in pick.every("current_limit")]
    free = pick.one("free_current")
    rows = [{"entity": entity} for entity in [*([free] if free else []), *cars]]
    graph: list[Card] = [{"type": "history-graph", "entities": rows, "hours_to_show": 0.5}] if rows else []
    return [*_tiles(pick.many(LIMITS)), *graph]


def _told(pick: Picker) -> list[Card]:
    """Return what was decided in the last hour, in sentences."""
    told = [each.entity_id for each in pick.every("decision")]
    return [{"type": "logbook", "target": {"entity_id": told}, "hours_to_show": 1}] if told else []


def _now_section(device: Device, pick: Picker) -> Card | None:
    reason = pick.one("control_reason", device.id)
    if reason is None:
        return None
    icons = {"battery": "mdi:home-battery", "pv": "mdi:solar-power"}
    heading = _heading(device.title, icons.get(device.type, "mdi:ev-station"))
    cards = _tiles(pick.many(NOW_KEYS.get(device.type, ()), device.id))
    return _section(heading, [{"type": "markdown", "content": _DECIDED.format(entity=reason)}, *cards])


def _device_section(device: Device, pick: Picker) -> Card | None:
    icons = {"meter": "mdi:meter-electric", "battery": "mdi:home-battery", "pv": "mdi:solar-power"}
    heading = _heading(device.title, icons.get(device.type, "mdi:ev-station"))
    cards = _tiles(pick.many(DEVICE_KEYS.get(device.type, ()), device.id))
    course = pick.one("planned_power", device.id)
    if course:
        cards.append({"type": "markdown", "title": "Planned", "content": _COURSE.format(entity=course)})
    return _section(heading, cards)


def make_dashboard(devices: Sequence[Device], entities: Iterable[Entity]) -> Card:
    """Return the dashboard's configuration."""
    pick = Picker(entities)
    site = [
        _section(_heading("Power", "mdi:flash"), [*_tiles(pick.many(POWERS)), *_graph(pick.many(POWERS), 1)]),
        _section(
            _heading("Plan", "mdi:chart-timeline-variant"), [*_reasons(pick), *_tiles(pick.many(COSTS))]
        ),
        _section(
            _heading("Prices", "mdi:currency-eur"),
            [*_tiles(pick.many(PRICES)), *_graph(pick.many(PRICES), 24)],
        ),
        _section(_heading("Wishes and limits", "mdi:tune"), _tiles(pick.many(CONTROLS))),
    ]
    now = [
        _section(_heading("Connection", "mdi:fuse"), _limits(pick)),
        *(_now_section(device, pick) for device in devices),
        _section(_heading("Decisions", "mdi:history"), _told(pick)),
    ]
    views = [
        {"title": "Home", "path": "home", "type": "sections", "sections": [each for each in site if each]},
        {"title": "Right now", "path": "now", "type": "sections", "sections": [each for each in now if each]},
        {
            "title": "Devices",
            "path": "devices",
            "type": "sections",
            "sections": [each for device in devices if (each := _device_section(device, pick))],
        },
    ]
    return {"title": TITLE, "views": views}


async def save_dashboard(
    home_assistant: HomeAssistant, devices: Sequence[Device], entities: Iterable[Entity]
) -> None:
    """Create the dashboard, or bring an older one up to date."""
    websocket = home_assistant.websocket
    known = await websocket.call("lovelace/dashboards/list")
    if URL_PATH not in [each["url_path"] for each in known]:
        await websocket.call(
            "lovelace/dashboards/create",
            url_path=URL_PATH,
            title=TITLE,
            icon="mdi:home-lightning-bolt",
            mode="storage",
            show_in_sidebar=True,
            require_admin=False,
        )
    await websocket.call("lovelace/config/save", url_path=URL_PATH, config=make_dashboard(devices, entities))
