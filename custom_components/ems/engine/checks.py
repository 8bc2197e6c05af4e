"""Refusals that name the field, the device and the remedy."""

from collections.abc import Sequence
from enum import StrEnum
import itertools
import math

from .errors import PlanError

PHASES = (1, 2, 3)


def at_least_zero(name: str, **fields: float) -> None:
    """Refuse a negative number."""
    for field, value in fields.items():
        _finite(name, field, value)
        if value < 0:
            raise PlanError("below_zero", field=field, name=name, found=_shown(value))


def above_zero(name: str, **fields: float) -> None:
    """Refuse zero and what is below it."""
    for field, value in fields.items():
        _finite(name, field, value)
        if value <= 0:
            raise PlanError("not_above_zero", field=field, name=name, found=_shown(value))


def between(name: str, low: float, high: float, **fields: float) -> None:
    """Refuse what lies outside a range; its ends belong to it."""
    for field, value in fields.items():
        if not low <= value <= high:  # NaN is outside of everything
            raise PlanError(
                "out_of_range",
                field=field,
                name=name,
                found=_shown(value),
                low=_shown(low),
                high=_shown(high),
            )


def in_order(name: str, **fields: float) -> None:
    """Refuse numbers that fall from one field to the next."""
    named = list(fields.items())
    for (field, low), (other, high) in itertools.pairwise(named):
        _finite(name, field, low)
        _finite(name, other, high)
        if low > high:
            raise PlanError(
                "min_above_max", field=field, other=other, name=name, low=_shown(low), high=_shown(high)
            )


def one_of[T: StrEnum](kind: type[T], field: str, found: str) -> T:
    """Return a word as a member of its enumeration; refuse one that is none."""
    try:
        return kind(found)
    except ValueError:
        known = ", ".join(str(member) for member in kind)
        raise PlanError("not_one_of", field=field, found=str(found), known=known) from None


def one_of_numbers(name: str, field: str, found: float, known: Sequence[float]) -> None:
    """Refuse a number that is none of those named."""
    if found not in known:
        listed = ", ".join(_shown(value) for value in known)
        raise PlanError("not_one_of", field=f"{field} ({name})", found=_shown(found), known=listed)


def phases(name: str, found: Sequence[int]) -> None:
    """Refuse a phase that no connection has."""
    for phase in found:
        one_of_numbers(name, "phases", phase, PHASES)


def _finite(name: str, field: str, value: float) -> None:
    if not math.isfinite(value):
        raise PlanError("out_of_range", field=field, name=name, found=_shown(value), low="-1e6", high="1e6")


def _shown(value: float) -> str:
    return f"{value:g}"
