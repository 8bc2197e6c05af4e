"""EMS' site in Home Assistant: added through its flow, read through its actions, registry and diagnostics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from script.lib.ha.flows import Answers, create_entry
from script.lib.ha.instance import HomeAssistant

DOMAIN = "ems"
NAME = "Demo home"


@dataclass(frozen=True, kw_only=True)
class Entity:
    """One of EMS' entities. `owner` is its subentry, or None for the site; `key` says what it shows."""

    entity_id: str
    key: str
    owner: str | None
    name: str

    @property
    def platform(self) -> str:
        """Return the entity's platform."""
        return self.entity_id.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Device:
    """One subentry."""

    id: str
    type: str
    title: str


async def add_site(home_assistant: HomeAssistant, address: str) -> str:
    """Add a running demo home by its address; return the entry's id."""
    answers: Answers = {"user": "demo", "demo": {"name": NAME, "more": {"address": address}}}
    outcome = await create_entry(home_assistant.rest, DOMAIN, answers)
    entry_id: str = outcome.result["result"]["entry_id"]
    return entry_id


async def find_site(home_assistant: HomeAssistant) -> str | None:
    """Return the entry's id, None where no site was added yet."""
    entries = await home_assistant.websocket.call("config_entries/get", domain=DOMAIN)
    return next((entry["entry_id"] for entry in entries), None)


async def devices_of(home_assistant: HomeAssistant, entry_id: str) -> list[Device]:
    """Return the site's subentries."""
    found = await home_assistant.websocket.call("config_entries/subentries/list", entry_id=entry_id)
    return [Device(id=each["subentry_id"], type=each["subentry_type"], title=each["title"]) for each in found]


async def entities_of(home_assistant: HomeAssistant, entry_id: str) -> list[Entity]:
    """Return the site's enabled entities. Unique ids are the owner's id and a key."""
    registry = await home_assistant.websocket.call("config/entity_registry/list")
    found = []
    for each in registry:
        if each["config_entry_id"] != entry_id or each["disabled_by"]:
            continue
        owner = each.get("config_subentry_id")
        key = each["unique_id"].removeprefix(f"{owner or entry_id}_")
        name = each["name"] or each["original_name"] or key
        found.append(Entity(entity_id=each["entity_id"], key=key, owner=owner, name=name))
    return found


async def diagnostics_of(home_assistant: HomeAssistant, entry_id: str) -> Mapping[str, Any]:
    """Return the site's diagnostics, as a user would attach them to an issue."""
    answer = await home_assistant.rest.get(f"/api/diagnostics/config_entry/{entry_id}")
    data: Mapping[str, Any] = answer["data"]
    return data
