"""Every text and icon the code asks for exists, and no language says what English does not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from custom_components.ems.engine.control.reasons import CONTROL_REASONS, DECISION_WORDS
from custom_components.ems.engine.errors import Wording
from custom_components.ems.engine.plan.reasons import PLAN_REASONS, STEP_REASONS, UNMET_REASONS
from tests.support.references import Reference, python_references, service_references
from tests.support.texts import forms, has, leaves, placeholders
from tests.support.tree import COMPONENT, read_json

ENGLISH = COMPONENT / "translations" / "en.json"
# What helpers/translation.py of Home Assistant reads, plus what the frontend does.
SECTIONS = {
    *("title", "config", "options", "config_subentries", "device", "entity", "entity_component", "selector"),
    *("services", "exceptions", "issues", "triggers", "conditions", "system_health", "device_automation"),
}


def english() -> dict[str, Any]:
    """Return the English texts; none as long as there is nothing that needs any."""
    texts: dict[str, Any] = read_json(ENGLISH) if ENGLISH.exists() else {}
    return texts


def references() -> list[Reference]:
    """Return everything the component refers to."""
    services = COMPONENT / "services.yaml"
    return python_references(COMPONENT) + (service_references(services) if services.exists() else [])


def missing(found: list[Reference], texts: dict[str, Any], icons: dict[str, Any]) -> list[str]:
    """Return what is referred to and not there."""
    no_text = [str(each) for each in found if not any(has(texts, place) for place in each.places)]
    no_icon = [f"{each.where}: icon {each.icon}" for each in found if each.icon and not has(icons, each.icon)]
    return no_text + no_icon


def test_everything_referred_to_exists() -> None:
    """Home Assistant shows the bare key where a text is missing, and logs nothing."""
    icons = COMPONENT / "icons.json"
    assert missing(references(), english(), read_json(icons) if icons.exists() else {}) == []


def test_english_is_complete_once_there_is_a_flow() -> None:
    """Without this file the checks above would be content with nothing."""
    assert ENGLISH.exists() or not (COMPONENT / "config_flow.py").exists()


def test_english_is_flat() -> None:
    """`[%key:…%]` is resolved when core is built, never for a custom integration."""
    texts = english()
    assert set(texts) <= SECTIONS
    assert [
        path for path, text in leaves(texts) if not isinstance(text, str) or "[%key" in text or not text
    ] == []
    assert [path for path, text in leaves(texts) if "<" in text or "://" in text] == []


def test_every_field_is_described() -> None:
    """A label alone rarely says what to enter (quality scale, config-flow)."""
    undescribed = [
        f"{path}.data_description.{field}"
        for section in ("config", "config_subentries", "options")
        for path, form in forms(english().get(section, {}), section)
        for field in form["data"]
        if field not in form.get("data_description", {})
    ]
    assert undescribed == []


def test_other_languages_say_the_same() -> None:
    """A key that English lost is dead, and a placeholder that differs breaks the sentence."""
    texts = dict(leaves(english()))
    for path in sorted((COMPONENT / "translations").glob("*.json")):
        other = dict(leaves(read_json(path)))
        assert sorted(set(other) - set(texts)) == [], path.name
        assert [key for key in other if placeholders(other[key]) != placeholders(texts[key])] == [], path.name


TABLES = [STEP_REASONS, PLAN_REASONS, UNMET_REASONS, CONTROL_REASONS, DECISION_WORDS]


@pytest.mark.parametrize("table", TABLES)
def test_every_reason_of_the_engine_is_worded(table: Mapping[str, Wording]) -> None:
    """The engine's English is what translations are made from; keys made at run time are in no syntax tree."""
    texts = english()["exceptions"]
    said = {key: texts.get(f"reason_{key}", {}).get("message") for key in table}
    assert said == {key: wording.english for key, wording in table.items()}


@pytest.mark.parametrize("table", TABLES)
def test_every_reason_has_exactly_its_placeholders(table: Mapping[str, Wording]) -> None:
    assert {key: placeholders(wording.english) for key, wording in table.items()} == {
        key: wording.placeholders for key, wording in table.items()
    }


def test_icons_belong_to_texts() -> None:
    """An icon for an entity or action that does not exist is a typing error."""
    path = COMPONENT / "icons.json"
    icons = read_json(path) if path.exists() else {}
    keys = [f"entity.{platform}.{key}" for platform, rows in icons.get("entity", {}).items() for key in rows]
    keys += [
        f"{section}.{key}"
        for section in ("services", "triggers", "conditions")
        for key in icons.get(section, {})
    ]
    assert [key for key in keys if not has(english(), key)] == []
    assert [key for key, icon in leaves(icons) if not str(icon).startswith("mdi:")] == []


CODE = {
    "sensor.py": """
ROWS = [SensorEntityDescription(key="a", translation_key="grid_power", device_class=POWER),
        SensorEntityDescription(key="b", translation_key="next_action")]
class S:
    _attr_translation_key = "surplus"
""",
    "flows/site.py": """
async def step(self):
    errors["base"] = "cannot_connect"
    self.async_show_menu(step_id="user", menu_options=["demo", "scratch"])
    return self.async_abort(reason="no_meter")
def limit_errors(x):
    return {"fuse": "above_fuse"}
SelectSelectorConfig(options=[], translation_key="phases")
""",
    "dispatcher.py": """
raise HomeAssistantError(translation_domain=DOMAIN, translation_key="write_failed")
ir.async_create_issue(hass, DOMAIN, "x", translation_key="stale_price")
""",
}
NEEDED = {
    "entity.sensor.grid_power.name",
    "entity.sensor.next_action.name",
    "entity.sensor.surplus.name",
    "config.error.cannot_connect",
    "config.step.user",
    "config.step.user.menu_options.demo",
    "config.step.user.menu_options.scratch",
    "config.abort.no_meter",
    "config.error.above_fuse",
    "selector.phases.options",
    "exceptions.write_failed.message",
    "issues.stale_price.title",
}


@pytest.fixture
def small_component(tmp_path: Path) -> Path:
    """Return a component that refers to one text of each kind."""
    for name, source in CODE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    return tmp_path


def test_checker_finds_every_kind_of_reference(small_component: Path) -> None:
    """A checker that overlooks a kind would pass for ever."""
    assert {each.places[0] for each in python_references(small_component)} == NEEDED
    assert {each.icon for each in python_references(small_component)} == {None, "entity.sensor.next_action"}


def test_checker_reports_what_is_missing(small_component: Path) -> None:
    """Without texts and icons all of them are missing; any flow's texts will do for a shared step."""
    found = python_references(small_component)
    assert len(missing(found, {}, {})) == len(NEEDED) + 1
    flow = {"step": {"user": {"menu_options": {"demo": "x", "scratch": "x"}}}, "error": {"above_fuse": "x"}}
    left = missing(found, {"config_subentries": {"battery": flow}}, {})
    assert len(left) == len(NEEDED) + 1 - 4


def test_checker_reads_actions(tmp_path: Path) -> None:
    """An action needs a name, a description and an icon; its fields and their selectors too."""
    path = tmp_path / "services.yaml"
    path.write_text("""
optimize:
  fields:
    more:
      fields:
        what: {selector: {select: {options: [a], translation_key: kind}}}
get_plan:
""")
    places = [each.places[0] for each in service_references(path)]
    assert places == [
        "services.optimize.name",
        "services.optimize.description",
        "services.optimize.sections.more.name",
        "services.optimize.fields.what.name",
        "services.optimize.fields.what.description",
        "selector.kind.options",
        "services.get_plan.name",
        "services.get_plan.description",
    ]
