"""What can be wrong with a question to the planner: a translation key, what goes into the sentence, the sentence.

Every sentence names the field and what to do about it. The words in the UI's languages are in translations/,
under the same keys; these are for notebooks, logs and bug reports.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Wording(NamedTuple):
    """What goes into a sentence, and the sentence."""

    placeholders: frozenset[str]
    english: str


def worded(english: str, *placeholders: str) -> Wording:
    """Return a sentence with the names of what goes into it."""
    return Wording(frozenset(placeholders), english)


ERRORS: Final[Mapping[str, Wording]] = {
    # Series.
    "wrong_length": worded(
        "{field} has {found} values where the plan has {expected} steps: give one value per step.",
        *("field", "expected", "found"),
    ),
    "not_a_number": worded(
        "{field} has no usable number in step {step}: give a finite number for every step.", "field", "step"
    ),
    "absurd_value": worded(
        "{field} is beyond anything a home can have in step {step}: check its unit (kW, kWh, currency per kWh).",
        *("field", "step"),
    ),
    "unsorted_times": worded(
        "{field} does not run forward at {at}: give at least two finite instants, each later than the one before.",
        *("field", "at"),
    ),
    # Devices and wishes.
    "below_zero": worded("{field} of {name} is {found}: it must be 0 or more.", "field", "name", "found"),
    "not_above_zero": worded(
        "{field} of {name} is {found}: it must be more than 0.", "field", "name", "found"
    ),
    "out_of_range": worded(
        "{field} of {name} is {found}: it must be between {low} and {high}.",
        *("field", "name", "found", "low", "high"),
    ),
    "min_above_max": worded(
        "{field} of {name} is {low}, more than {other}, which is {high}: lower the first or raise the second.",
        *("field", "other", "name", "low", "high"),
    ),
    "not_one_of": worded(
        "{field} is {found}, which EMS does not know: use one of {known}.", "field", "found", "known"
    ),
    "duplicate_id": worded(
        "The {field} {id} is used by more than one device: give each its own.", "field", "id"
    ),
    "unknown_id": worded(
        "{field} names {id}, which is no device of this site: use the id of one that is.", "field", "id"
    ),
    "circuit_feeds_itself": worded(
        "The circuit {name} is fed by itself, by way of others: let one of them be fed by another.", "name"
    ),
    "nothing_to_change": worded(
        "There is nothing in this home whose {field} could be different: give {other} as well.",
        *("field", "other"),
    ),
    # What people set for certain hours.
    "not_a_time": worded(
        '{field} of {name} is {found}, which is no time of day: write it as "07:30", in quotes.',
        "field",
        "name",
        "found",
    ),
    "no_weekday": worded(
        "{field} of {name} names no day: name at least one, or leave it out for every day.", "field", "name"
    ),
    "useless_field": worded(
        "{field} of {name} says nothing beside {other}: leave one of them out.", "field", "name", "other"
    ),
    "not_a_threshold": worded("{field} is {found}: give a number.", "field", "found"),
    "not_given": worded("{field} of {name} is missing: name it.", "field", "name"),
    # Solvers and files.
    "unknown_solver": worded("There is no solver called {solver}: use highs, cvxpy or cvxpy:NAME.", "solver"),
    "solver_unavailable": worded(
        "The solver {solver} is not installed: install CVXPY, or use highs.", "solver"
    ),
    "unknown_schema": worded(
        "This file has schema {found}; EMS reads schema {expected}: export it again with this version.",
        *("found", "expected"),
    ),
    "missing_field": worded("{field} is missing: add it to the file.", "field"),
}


class PlanError(ValueError):
    """The problem cannot be planned as put: names the field and the remedy."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep key and placeholders for whoever words the message in another language."""
        super().__init__(ERRORS[key].english.format(**placeholders))
        self.key = key
        self.placeholders = placeholders
