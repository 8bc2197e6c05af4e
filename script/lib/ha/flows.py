"""Walks through a flow as the dialog in the browser does: menus, forms, progress."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .rest import Rest, RestError

# A menu is answered with the option's name, a form with its fields.
type Answer = str | Mapping[str, object]
type Answers = Mapping[str, Answer]

_PROGRESS_POLL_S = 0.3
_MAX_STEPS = 60


class Kind(StrEnum):
    """Where Home Assistant keeps the three kinds of flow."""

    CONFIG = "/api/config/config_entries/flow"
    OPTIONS = "/api/config/config_entries/options/flow"
    SUBENTRY = "/api/config/config_entries/subentries/flow"


class FlowError(Exception):
    """A flow did not go the way the answers meant it to."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a flow ended, and every step it showed on the way."""

    result: Mapping[str, Any]
    steps: list[Mapping[str, Any]] = field(default_factory=list)

    def step(self, step_id: str) -> Mapping[str, Any]:
        """Return the last time a step was shown."""
        return next(step for step in reversed(self.steps) if step.get("step_id") == step_id)


def _prefilled(step: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the dialog would send if one only pressed the button; None where a field is still empty."""
    answer = {}
    for each in step.get("data_schema") or []:
        value = (each.get("description") or {}).get("suggested_value", each.get("default"))
        if value is None and each.get("required"):
            return None
        if value is not None:
            answer[each["name"]] = value
    return answer


def _answer(step: Mapping[str, Any], answers: Answers) -> object:
    step_id = step["step_id"]
    if step.get("errors"):
        raise FlowError(
            f"step {step_id} refused its answer: {step['errors']} {step['description_placeholders']}"
        )
    if step_id in answers:
        answer = answers[step_id]
        return {"next_step_id": answer} if step["type"] == "menu" else answer
    if step["type"] == "form" and (prefilled := _prefilled(step)) is not None:
        return prefilled
    offered = step.get("menu_options") or [each["name"] for each in step.get("data_schema") or []]
    raise FlowError(f"no answer given for the {step['type']} {step_id}, which offers {offered}")


async def _submit(rest: Rest, kind: Kind, step: Mapping[str, Any], answer: object) -> Any:
    try:
        return await rest.post(f"{kind}/{step['flow_id']}", answer)
    except RestError as err:
        raise FlowError(f"step {step['step_id']} could not take {answer}: {err.text}") from err


async def walk(rest: Rest, kind: Kind, start: Mapping[str, object], answers: Answers) -> Outcome:
    """Start a flow and answer its steps by their ids until it creates something or aborts.

    A form without an answer is sent with what it suggests, if that fills it.
    """
    step = await rest.post(kind, start)
    steps: list[Mapping[str, Any]] = []
    for _ in range(_MAX_STEPS):
        steps.append(step)
        match step["type"]:
            case "form" | "menu":
                step = await _submit(rest, kind, step, _answer(step, answers))
            case "progress":
                await asyncio.sleep(_PROGRESS_POLL_S)
                step = await rest.get(f"{kind}/{step['flow_id']}")
            case "create_entry" | "abort":
                return Outcome(result=step, steps=steps)
            case other:
                raise FlowError(f"this driver does not know steps of type {other}")
    raise FlowError(f"no end after {_MAX_STEPS} steps, the last one was {step}")


async def create_entry(rest: Rest, domain: str, answers: Answers) -> Outcome:
    """Add an integration; FlowError when the flow aborts."""
    return _created(await walk(rest, Kind.CONFIG, {"handler": domain}, answers))


async def create_subentry(rest: Rest, entry_id: str, subentry_type: str, answers: Answers) -> Outcome:
    """Add a subentry; FlowError when the flow aborts."""
    return _created(await walk(rest, Kind.SUBENTRY, {"handler": [entry_id, subentry_type]}, answers))


def _created(outcome: Outcome) -> Outcome:
    if outcome.result["type"] != "create_entry":
        raise FlowError(f"the flow aborted: {outcome.result.get('reason')}")
    return outcome
