"""Drives config and subentry flows as the frontend does, and looks up every text that it would show."""

import json
from string import Formatter
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from tests.support.tree import COMPONENT

ENGLISH = json.loads((COMPONENT / "translations" / "en.json").read_text(encoding="utf-8"))


class Flow:
    """One flow. Of every answer it is checked that each title, field, error and placeholder has its text."""

    def __init__(self, manager: Any, texts: dict[str, Any]) -> None:
        """Remember who runs it and where its texts are."""
        self._manager, self._texts = manager, texts
        self.result: dict[str, Any] = {}

    async def start(self, handler: Any, context: dict[str, Any], data: Any = None) -> Flow:
        """Begin."""
        return self._seen(await self._manager.async_init(handler, context=context, data=data))

    async def submit(self, **user_input: Any) -> Flow:
        """Fill the form in."""
        return self._seen(await self._manager.async_configure(self.result["flow_id"], user_input))

    async def choose(self, *steps: str) -> Flow:
        """Go through menus."""
        for step in steps:
            answer = {"next_step_id": step}
            self._seen(await self._manager.async_configure(self.result["flow_id"], answer))
        return self

    @property
    def step(self) -> str:
        """Return the step that is shown."""
        return str(self.result["step_id"])

    @property
    def errors(self) -> dict[str, str]:
        """Return the errors that are shown."""
        return self.result.get("errors") or {}

    @property
    def shown(self) -> dict[str, str]:
        """Return the placeholders of the text that is shown."""
        return self.result.get("description_placeholders") or {}

    @property
    def said(self) -> dict[str, str]:
        """Return the errors as people read them."""
        texts = self._texts["error"]
        return {field: texts[key].format(**self.shown) for field, key in self.errors.items()}

    @property
    def suggested(self) -> dict[str, Any]:
        """Return what the form is filled with: suggestions first, defaults where there are none.

        Of what hides in a section, only what somebody has entered before.
        """
        return _filled(self.result["data_schema"].schema)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the table, with the points that its English words stand for."""
        words = ENGLISH["selector"]["point_by_hand"]["options"]
        points = {word: point for point, word in words.items()}
        return [{**row, "point": points[row["point"]]} for row in self.suggested["points"]]

    @property
    def options(self) -> list[str]:
        """Return what the only drop-down of the form offers."""
        (selector,) = self.result["data_schema"].schema.values()
        return [option["value"] for option in selector.config["options"]]

    @property
    def aborted(self) -> str | None:
        """Return why the flow ended without anything being made."""
        return self.result["reason"] if self.result["type"] is FlowResultType.ABORT else None

    @property
    def created(self) -> bool:
        """Tell whether the flow made what it was for."""
        return self.result["type"] is FlowResultType.CREATE_ENTRY

    def _seen(self, result: dict[str, Any]) -> Flow:
        self.result = result
        kind = result["type"]
        if kind is FlowResultType.ABORT:
            self._say(self._texts["abort"][result["reason"]])
        if kind in (FlowResultType.FORM, FlowResultType.MENU):
            step = self._texts["step"][result["step_id"]]
            self._say(step["title"])
            self._say(step.get("description", ""))
        if kind is FlowResultType.MENU:
            assert set(result["menu_options"]) == set(step["menu_options"])
        if kind is FlowResultType.FORM:
            _check_fields(result["data_schema"].schema, step)
            for error in (result["errors"] or {}).values():
                self._say(self._texts["error"][error])
        return self

    def _say(self, text: str) -> None:
        """A placeholder that nobody fills makes the frontend show an error instead of the text."""
        named = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert named <= set(self.shown), (text, self.shown)


def _filled(schema: dict[Any, Any]) -> dict[str, Any]:
    found = {}
    for key, value in schema.items():
        if isinstance(value, section):
            inside = {name: each for name, each in _filled(value.schema.schema).items() if each is not None}
            found |= {str(key): inside} if inside else {}
            continue
        hint = (key.description or {}).get("suggested_value")
        default = key.default() if callable(getattr(key, "default", None)) else None
        found[str(key)] = default if hint is None else hint
    return found


def _check_fields(schema: dict[Any, Any], texts: dict[str, Any]) -> None:
    for key, value in schema.items():
        if isinstance(value, section):
            _check_fields(value.schema.schema, texts["sections"][str(key)])
        else:
            assert texts["data"][str(key)]
            assert texts["data_description"][str(key)]


async def add_home(hass: HomeAssistant) -> Flow:
    """Begin to add a home."""
    flow = Flow(hass.config_entries.flow, ENGLISH["config"])
    return await flow.start(DOMAIN, {"source": SOURCE_USER})


async def change_home(hass: HomeAssistant, entry: MockConfigEntry) -> Flow:
    """Begin to change a home."""
    flow = Flow(hass.config_entries.flow, ENGLISH["config"])
    return await flow.start(DOMAIN, {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id})


async def add_device(hass: HomeAssistant, entry: MockConfigEntry, role: str) -> Flow:
    """Begin to add a device."""
    flow = Flow(hass.config_entries.subentries, ENGLISH["config_subentries"][role])
    return await flow.start((entry.entry_id, role), {"source": SOURCE_USER})


async def change_device(hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str) -> Flow:
    """Begin to change a device."""
    role = entry.subentries[subentry_id].subentry_type
    flow = Flow(hass.config_entries.subentries, ENGLISH["config_subentries"][role])
    context = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    return await flow.start((entry.entry_id, role), context)


async def set_times(hass: HomeAssistant, entry: MockConfigEntry) -> Flow:
    """Begin to set what devices do at which hours."""
    flow = Flow(hass.config_entries.options, ENGLISH["options"])
    return await (await flow.start(entry.entry_id, {"source": SOURCE_USER})).choose("device")
