"""Which texts and icons the code asks for by a literal key.

A reference lists the places where its text may stand, as dotted paths into `translations/en.json`; `*` is any
one key. Keys made at run time are beyond a syntax tree: the end-to-end tests look at those.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PLATFORMS = ("binary_sensor", "button", "event", "number", "select", "sensor", "switch", "text", "time")
# Core translates these itself (its components/homeassistant/strings.json); `already_configured` it does not.
CORE_ABORTS = (
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
    "single_instance_allowed",
)
_FLOWS = ("config", "config_subentries.*", "options")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Something the code says only the key of."""

    where: str
    places: tuple[str, ...]
    icon: str | None = None  # the path in icons.json, where one is needed

    def __str__(self) -> str:
        """Return it as an editor can jump to it."""
        return f"{self.where}: {' or '.join(self.places)}"


def in_flows(file: Path, tail: str) -> tuple[str, ...]:
    """Return where a text of a flow may stand: files shared by several flows may say it in any of them."""
    return tuple(f"{flow}.{tail}" for flow in (_FLOWS[:1] if file.stem == "config_flow" else _FLOWS))


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _entity_places(file: Path, key: str) -> tuple[str, ...]:
    platform = file.stem if file.stem in PLATFORMS else "*"
    return (f"entity.{platform}.{key}.name",)


def _translated_call(file: Path, call: ast.Call, key: str) -> tuple[tuple[str, ...], str | None]:
    """Return where the text behind `translation_key=` stands, and its icon."""
    name, keywords = _name(call.func), {keyword.arg for keyword in call.keywords}
    if name.endswith("SelectorConfig"):
        return (f"selector.{key}.options", f"selector.{key}.fields"), None
    if name == "async_create_issue":
        return (f"issues.{key}.title",), None
    if name.endswith("Description"):
        places = _entity_places(file, key)
        # A device class brings its own icon.
        return places, None if "device_class" in keywords else places[0].removesuffix(".name")
    if name == "DeviceInfo":
        return (f"device.{key}.name",), None
    if "translation_domain" in keywords:
        return (f"exceptions.{key}.message",), None
    return (*_entity_places(file, key), f"selector.{key}.options", f"exceptions.{key}.message"), None


def _call_references(file: Path, call: ast.Call) -> Iterator[tuple[tuple[str, ...], str | None]]:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if key := _literal(given.get("translation_key")):
        yield _translated_call(file, call, key)
    name, step = _name(call.func), _literal(given.get("step_id"))
    if name.startswith("async_show_") and step:
        yield in_flows(file, f"step.{step}"), None
        for option in getattr(given.get("menu_options"), "elts", []):
            if text := _literal(option):
                yield in_flows(file, f"step.{step}.menu_options.{text}"), None
    if action := _literal(given.get("progress_action")):
        yield in_flows(file, f"progress.{action}"), None
    if name == "async_abort" and (reason := _literal(given.get("reason"))) and reason not in CORE_ABORTS:
        yield in_flows(file, f"abort.{reason}"), None


def _error_keys(node: ast.AST) -> Iterator[str]:
    """Yield `errors[field] = "key"`, `errors = {field: "key"}` and what functions named `…_errors` return."""
    match node:
        case ast.Assign(
            targets=[ast.Subscript(value=ast.Name(id="errors"))], value=ast.Constant(value=str(key))
        ):
            yield key
        case ast.Assign(targets=[ast.Name(id="errors")], value=ast.Dict(values=values)):
            yield from filter(None, map(_literal, values))
        case ast.FunctionDef(name=name) if name.endswith("_errors"):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Dict):
                    yield from filter(None, map(_literal, inner.value.values))


def _node_references(file: Path, node: ast.AST) -> Iterator[tuple[tuple[str, ...], str | None]]:
    for key in _error_keys(node):
        yield in_flows(file, f"error.{key}"), None
    match node:
        case ast.Call():
            yield from _call_references(file, node)
        case ast.Assign(
            targets=[ast.Name(id="_attr_translation_key") | ast.Attribute(attr="_attr_translation_key")],
            value=ast.Constant(value=str(key)),
        ):
            yield _entity_places(file, key), None


def python_references(component: Path) -> list[Reference]:
    """Return every literal key in the component's Python files."""
    return [
        Reference(
            where=f"{path.relative_to(component)}:{getattr(node, 'lineno', 0)}", places=places, icon=icon
        )
        for path in sorted(component.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for places, icon in _node_references(path, node)
    ]


def _selector_keys(field: Any) -> Iterator[str]:
    for config in (field.get("selector") or {}).values():
        if config and "translation_key" in config:
            yield config["translation_key"]


def _field_references(service: str, fields: dict[str, Any]) -> Iterator[Sequence[str]]:
    for name, field in fields.items():
        if "fields" in field:  # a section, whose fields are translated as if it were not there
            yield (f"services.{service}.sections.{name}.name",)
            yield from _field_references(service, field["fields"])
            continue
        yield (f"services.{service}.fields.{name}.name",)
        yield (f"services.{service}.fields.{name}.description",)
        yield from ((f"selector.{key}.options", f"selector.{key}.fields") for key in _selector_keys(field))


def service_references(services_yaml: Path) -> list[Reference]:
    """Return what the actions need: name, description and icon; name and description for each field."""
    services: dict[str, Any] = yaml.safe_load(services_yaml.read_text(encoding="utf-8"))
    found = []
    for name, service in services.items():
        icon = f"services.{name}.service"
        found.append(Reference(where=services_yaml.name, places=(f"services.{name}.name",), icon=icon))
        found.append(Reference(where=services_yaml.name, places=(f"services.{name}.description",)))
        fields = (service or {}).get("fields", {})
        found += [
            Reference(where=services_yaml.name, places=tuple(places))
            for places in _field_references(name, fields)
        ]
    return found
