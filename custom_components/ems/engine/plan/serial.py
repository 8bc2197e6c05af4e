"""Problem and Plan as JSON: one versioned form for diagnostics, scenario tests, benchmarks and bug reports.

Times are instants in UTC with each step's hours beside them, numbers are plain, a gap in a series (NaN) is
null and never 0, infinities are words. Reading back gives the same problem or plan, to the last bit of every
number and the microsecond of every instant.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
import math
from types import MappingProxyType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..problem import Problem
from ..steps import Steps
from .result import Plan

SCHEMA: Final = 1


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as plain data."""
    return {"schema": SCHEMA, **_encode(problem)}


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data, with its total cost spelt out for whoever reads it elsewhere."""
    totals = {"expected_cost": plan.expected_cost, "baseline_cost": plan.baseline_cost}
    return {"schema": SCHEMA, **_encode(plan), **_encode(totals), "objective": _encode(plan.stats.objective)}


def problem_from_json(data: Mapping[str, Any]) -> Problem:
    """Read a problem back."""
    return _read(Problem, data)


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """Read a plan back."""
    return _read(Plan, data)


def _read[T](kind: type[T], data: Mapping[str, Any]) -> T:
    if data.get("schema") != SCHEMA:
        raise PlanError("unknown_schema", found=str(data.get("schema")), expected=str(SCHEMA))
    decoded: T = _decode(kind, data)
    return decoded


def _encode(value: Any) -> Any:
    match value:
        case Steps():
            return _encode_steps(value)
        case np.ndarray():
            return [None if item != item else _encode(item) for item in value.tolist()]  # noqa: PLR0124 - NaN
        case StrEnum():
            return str(value)
        case Mapping():
            return {key: _encode(item) for key, item in value.items()}
        case tuple() | list():
            return [_encode(item) for item in value]
        case np.generic():
            return _encode(value.item())
        case float() if not math.isfinite(value):
            return str(value)
    if is_dataclass(value):
        return {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
    return value


def _encode_steps(steps: Steps) -> dict[str, Any]:
    starts = [start.isoformat() for start in steps.starts]
    return {"starts": starts, "hours": steps.hours.tolist(), "end": steps.end.isoformat()}


def _decode(kind: Any, data: Any) -> Any:
    """Read a value as what its annotation says it is, so that a new field needs no line here."""
    kind = getattr(kind, "__value__", kind)  # a `type` alias stands for what it names
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, UnionType):
        return data if data is None or str in inner else _decode(inner[0], data)
    if kind is Steps:
        return _decode_steps(data)
    if origin is np.ndarray:
        return _decode_array(data, get_args(inner[1])[0])
    if origin is tuple:
        return tuple(_decode(inner[0], item) for item in data)
    if origin is Mapping:
        return MappingProxyType({key: _decode(inner[1], item) for key, item in data.items()})
    if kind is float:
        return float(data)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(data)
    return _decode_dataclass(kind, data) if is_dataclass(kind) else data


def _decode_steps(data: Mapping[str, Any]) -> Steps:
    instants = [*data["starts"], data["end"]]
    return Steps(edges_s=np.array([datetime.fromisoformat(text).timestamp() for text in instants]))


def _decode_array(data: list[Any], kind: type[np.generic]) -> NDArray[Any]:
    if kind in (np.bool_, np.int32):
        return np.array(data, dtype=kind)
    return np.array([math.nan if item is None else float(item) for item in data], dtype=np.float64)


def _decode_dataclass(kind: Any, data: Mapping[str, Any]) -> Any:
    """Fill a dataclass; a field that is not there takes its default, and one without is named."""
    hints, given = get_type_hints(kind), {}
    for field in fields(kind):
        if field.name in data:
            given[field.name] = _decode(hints[field.name], data[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise PlanError("missing_field", field=f"{kind.__name__}.{field.name}")
    return kind(**given)
