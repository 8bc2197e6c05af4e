"""Walks through a flow as the dialog in the browser does: menus, forms, progress."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .rest import Rest

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


def _needs_no_answer(step: Mapping[str, Any]) -> bool:
    fields = step.get("data_schema") or []
    return not any(each.get("required") and "default" not in each for each in fields)


def _answer(step: Mapping[str, Any], answers: Answers) -> object:
    step_id = step["step_id"]
    if step.get("errors"):
        raise FlowError(
            f"step {step_id} refused its answer: {step['errors']} {step['description_placeholders']}"
        )
    if step_id in answers:
        answer = answers[step_id]
        return {"next_step_id": answer} if step["type"] == "menu" else answer
    if step["type"] == "form" and _needs_no_answer(step):
        return {}
    offered = step.get("menu_options") or [each["name"] for each in step.get("data_schema") or []]
    raise FlowError(f"no answer given for the {step['type']} {step_id}, which offers {offered}")


async def walk(rest: Rest, kind: Kind, start: Mapping[str, object], answers: Answers) -> Outcome:
    """Start a flow and answer its steps by their ids until it creates something or aborts.

    A form that asks for nothing it has no default for is confirmed as it is.
    """
    step = await rest.post(kind, start)
    steps: list[Mapping[str, Any]] = []
    for _ in range(_MAX_STEPS):
        steps.append(step)
        match step["type"]:
            case "form" | "menu":
                step = await rest.post(f"{kind}/{step['flow_id']}", _answer(step, answers))
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
