"""The documentation says what the code does: links, fields with their limits, entities, actions, messages, times."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
import re
from typing import Any

from homeassistant.helpers.selector import NumberSelector, SelectSelector
import probatio
import pytest
import yaml

from custom_components.ems import const, push_view
from custom_components.ems.adapters.loads import DEMANDS
from custom_components.ems.devices.points import POINTS
from custom_components.ems.devices.push import fields as push, sequence, setup
from custom_components.ems.engine.flexible_load import LoadKind
from custom_components.ems.flows.circuit import circuit_schema
from custom_components.ems.flows.device_wiring import House, wiring_schema
from custom_components.ems.flows.entities import entities_schema
from custom_components.ems.flows.health import HEALTH
from custom_components.ems.flows.limit_pages import caps_schema, operator_schema, quarter_hour_schema
from custom_components.ems.flows.load import details_schema
from custom_components.ems.flows.params import confirm_schema
from custom_components.ems.flows.push import push_schema
from custom_components.ems.flows.site import co2_schema, grid_schema, weather_schema
from custom_components.ems.flows.tariff import KINDS
from custom_components.ems.point_descriptions import describe_point
from tests.support.texts import forms, leaves
from tests.support.tree import COMPONENT, ROOT, read_json

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
TEXTS: dict[str, Any] = read_json(COMPONENT / "translations" / "en.json")
ROLES = {"meter": "Meter", "battery": "Battery", "pv": "Solar array", "charger": "Car charger"} | {
    "load": "Flexible load"
}
_NOT_TEXT = re.compile(r"<!--.*?-->|^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)


def read(page: str | Path) -> str:
    """Return a page without what is not shown or is code."""
    return _NOT_TEXT.sub("", (DOCS / page).read_text(encoding="utf-8"))


def rows(text: str, key: str) -> list[str]:
    """Return the table rows that are about a key."""
    return [line for line in text.splitlines() if line.startswith("|") and f"`{key}`" in line]


def section(text: str, title: str) -> str:
    """Return what stands under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"no heading {title!r}"
    return found[1]


def part(text: str, label: str) -> str:
    """Return what stands behind a line like `Battery:`, up to the next such line."""
    found = re.search(rf"^{label}:$(.*?)(?=^[A-Z][\w ]*:$|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"no table {label!r}"
    return found[1]


def anchors(page: Path) -> set[str]:
    """Return what a page's headings are linked by, as GitHub makes it."""
    titles = (title for _, title in _HEADING.findall(read(page)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path) -> Iterator[str]:
    """Yield the relative links of a page that lead nowhere."""
    for link in _LINK.findall(read(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """A file that moved or a heading that was reworded breaks the links to it in silence."""
    assert list(broken(page)) == []


def test_the_map_shows_every_page() -> None:
    """A page that nothing leads to is not read. The list of devices is part of the map."""
    linked = {
        (DOCS / Path(page).parent / link.partition("#")[0]).resolve()
        for page in ("index.md", "devices/README.md")
        for link in _LINK.findall(read(page))
    }
    assert [str(page) for page in PAGES if page not in linked and page.name != "index.md"] == []


def test_every_field_and_choice_is_explained() -> None:
    """By the label that people see and the key that bug reports show."""
    text = read("configuration.md")
    missing = [
        f"{path}.{key}"
        for part_of_flows in ("config", "config_subentries", "options")
        for path, form in forms(TEXTS[part_of_flows])
        for key, label in form["data"].items()
        if not any(label in row for row in rows(text, key))
    ]
    choices = {path: label for path, label in leaves(TEXTS) if ".menu_options." in path}
    missing += [
        path for path, label in choices.items() if label not in text or f"`{path.split('.')[-1]}`" not in text
    ]
    assert missing == []


TARIFFS = {"tariff_fixed": "One price", "tariff_time_of_use": "Prices by the clock"} | {
    "tariff_entity": "Price entity",
    "tariff_awattar": "aWATTar",
    "tariff_energy_charts": "Energy-Charts",
    "tariff_entsoe": "ENTSO-E",
}


def every_detail() -> probatio.Schema:
    """Return all fields that a flexible load of any kind is asked."""
    found = [details_schema(kind, demand).schema for kind in LoadKind for demand in DEMANDS]
    return probatio.Schema({marker: field for fields in found for marker, field in fields.items()})


# What a drop-down lists by the names of a home, as its row says it.
OF_A_HOME = ({"a circuit of the home": "Garage"}, {"a meter of the home": "Cellar"})
FORMS = [
    ("Grid connection `grid`", None, grid_schema("EUR", with_name=True)),
    ("Weather `weather`", None, weather_schema()),
    ("CO₂ of the grid `co2`", None, co2_schema()),
    *((f"{title} `{step}`", None, KINDS[step][1]("EUR/kWh")) for step, title in TARIFFS.items()),
    *(("This was read `confirm`", label, confirm_schema(role)) for role, label in ROLES.items()),
    ("This was read `confirm`", "Electrical health of a meter", probatio.Schema(HEALTH)),
    ("This was read `confirm`", "Wiring of a battery", wiring_schema("battery", House())),
    ("This was read `confirm`", "Wiring of a car charger", wiring_schema("charger", House())),
    ("A fuse in the home `circuit`", None, circuit_schema(3, *OF_A_HOME)),
    *(("Which entities are it? `entities`", label, entities_schema(role)) for role, label in ROLES.items()),
    ("What shall it do? `details`", None, every_detail()),
    ("How does it report? `push`", None, push_schema("meter", is_known=True)),
    ("Limits by the network operator `operator`", None, operator_schema()),
    ("Limits by the clock `caps`", None, caps_schema()),
    ("Quarter-hours of the network `quarter_hour`", None, quarter_hour_schema()),
]


def plain(value: Any) -> str:
    """Return a number as people write it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def labels(selector: SelectSelector) -> Mapping[str, str]:
    """Return what a drop-down shows, by what it stores; names that are the same in every language are both."""
    offered = [each if isinstance(each, str) else each["value"] for each in selector.config["options"]]
    if "translation_key" not in selector.config:
        return {option: option for option in offered}
    options: Mapping[str, str] = TEXTS["selector"][selector.config["translation_key"]]["options"]
    return {option: options.get(option, option) for option in offered}


def facts(marker: Any, validator: Any) -> Iterator[str]:
    """Yield what a field's row has to say: limits, unit, options, default."""
    selector = validator.validators[0] if isinstance(validator, probatio.All) else validator
    shown = labels(selector) if isinstance(selector, SelectSelector) else {}
    yield from shown.values()
    if isinstance(selector, NumberSelector) and "min" in selector.config:
        yield f"| {plain(selector.config['min'])} to {plain(selector.config['max'])} |"
        yield f"| {selector.config.get('unit_of_measurement', '')}"
    if callable(marker.default):
        default = marker.default()
        yield shown.get(str(default), plain(default))


@pytest.mark.parametrize(
    ("title", "label", "schema"),
    FORMS,
    ids=[f"{title}, {label}" if label else title for title, label, _ in FORMS],
)
def test_limits_units_and_defaults_are_those_of_the_form(
    title: str, label: str | None, schema: probatio.Schema
) -> None:
    """A table that is one version behind sends people to a form that refuses them."""
    text = section(read("configuration.md"), title)
    text = part(text, label) if label else text
    wrong = [
        f"{marker.schema}: {fact}"
        for marker, validator in schema.schema.items()
        for fact in facts(marker, validator)
        if not any(fact in row for row in rows(text, marker.schema))
    ]
    assert wrong == []


def test_every_entity_is_explained() -> None:
    """By its name and its key, and every word it can say."""
    text = read("entities.md")
    named = [
        (f"{platform}.{key}", key, entity["name"], entity.get("state", {}))
        for platform, entities in TEXTS["entity"].items()
        for key, entity in entities.items()
    ]
    assert [path for path, key, name, _ in named if not any(name in row for row in rows(text, key))] == []
    said = {f"{path}: {word}" for path, _, _, state in named for word in state.values() if word not in text}
    assert said == set()


@pytest.mark.parametrize("role", ["meter", "charger"])
def test_what_is_disabled_at_first_is_said_to_be(role: str) -> None:
    """Otherwise people look for an entity that is there."""
    text = section(read("entities.md"), ROLES[role])
    described = {key: found for key in POINTS[role] if (found := describe_point(role, key))}
    said = {key for key in described if any(" Off." in row for row in rows(text, key))}
    assert said == {key for key, found in described.items() if not found.entity_registry_enabled_default}


def fields_of(service: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of an action; a section only groups some of them in the editor."""
    for key, field in service["fields"].items():
        yield from field.get("fields", [key])


def test_every_action_is_explained() -> None:
    """A section per action, a row per field."""
    text = read("actions.md")
    services = yaml.safe_load((COMPONENT / "services.yaml").read_text(encoding="utf-8"))
    for name, service in services.items():
        assert section(text, f"`ems.{name}`")
        for key in fields_of(service):
            field = TEXTS["services"][name]["fields"][key]["name"]
            assert any(field in row for row in rows(text, key)), f"{name}.{key}"


def messages() -> dict[str, set[str]]:
    """Return every message that EMS can give, by its key; one key may be worded per role."""
    flows = [TEXTS["config"], *TEXTS["config_subentries"].values()]
    found: dict[str, set[str]] = {}
    for flow in flows:
        for key, text in {**flow["error"], **flow["abort"]}.items():
            found.setdefault(key, set()).add(text)
    for key, exception in TEXTS["exceptions"].items():
        found.setdefault(key, set()).add(exception["message"])
    return found


def test_every_message_has_its_remedy() -> None:
    """Word by word, so that a search for what the screen says finds it."""
    text = read("troubleshooting.md")
    assert [
        key
        for key, worded in messages().items()
        if not any(f"| {message} |" in row for row in rows(text, key) for message in worded)
    ] == []


def minutes(span: timedelta) -> str:
    """Return a span as the pages say it."""
    return f"{span.total_seconds() / 60:g} minutes"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("entities.md", f"It holds for {minutes(const.OVERRIDE)}"),
        ("entities.md", f"no plan younger than {const.PLAN_MAX_AGE_S / 60:g} minutes"),
        ("how-it-works.md", f"a meter alone every {const.METER_INTERVAL.total_seconds():g} seconds"),
        ("how-it-works.md", f"anything else every {const.DEVICE_INTERVAL.total_seconds():g}"),
        ("how-it-works.md", f"Every {minutes(const.FORECAST_INTERVAL)}: history"),
        ("how-it-works.md", f"older than {const.READING_MAX_AGE_S:g} seconds counts as no value"),
        ("how-it-works.md", f"longer than {const.SOLVE_TIME_LIMIT_S:g} s"),
        ("getting-started.md", read_json(ROOT / "hacs.json")["homeassistant"].removesuffix(".0")),
    ],
)
def test_times_are_those_of_the_code(page: str, said: str) -> None:
    """Numbers in prose are forgotten first."""
    assert said in read(page)


def bounds(text: str) -> tuple[float, float]:
    """Return what `±5` and `−1 to 1` mean."""
    if text.startswith("±"):
        return -float(text[1:]), float(text[1:])
    low, high = text.replace("−", "-").split(" to ")
    return float(low), float(high)


def test_what_a_report_may_hold_is_that_of_the_code() -> None:
    """Every field with its unit and its bounds; a device's maker has nothing else to go by."""
    table = section(read("devices/push.md"), "A report")
    for name, field in push.NUMBERS.items():
        (row,) = rows(table, re.sub(r"[123]$", "1", name))[-1:]
        _, _, unit, limits, *_ = (cell.strip() for cell in row.split("|"))
        assert unit.startswith(field.unit)
        assert bounds(limits) == (field.low, field.high), name


def test_the_limits_of_reports_are_those_of_the_code() -> None:
    text = read("devices/push.md")
    assert f"More than {push_view.BODY_MAX_BYTES / 1024:g} KiB." in text
    assert f"within {push_view.BODY_WITHIN_S:g} s" in text
    assert f"may be {sequence.AHEAD_MAX_S:g} s ahead and an hour behind" in text
    assert sequence.BEHIND_MAX_S == 3600
    assert setup.SILENT_AFTER == 3
    for status in (200, 400, 403, 408, 409, 413, 415, 429, 503):
        assert f"| {status} |" in text
