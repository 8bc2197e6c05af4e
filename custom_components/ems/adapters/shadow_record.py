"""The shadow ledger and the verdicts as plain data, over restarts."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from ..engine.control.shadow_ledger import Account, Day, Ledger
from ..engine.control.shadow_verdict import Verdict


def ledger_as_dict(ledger: Ledger) -> dict[str, Any]:
    """Return a ledger as plain data."""
    return {**asdict(ledger), "days": [asdict(day) for day in ledger.days]}


def ledger_of(stored: Mapping[str, Any]) -> Ledger:
    """Read a ledger back; raises KeyError or TypeError where it is none."""
    return Ledger(
        **{
            **_known(Ledger, stored),
            "today": Day(**_known(Day, stored["today"])),
            "days": tuple(Day(**_known(Day, day)) for day in stored["days"]),
            "accounts": {key: Account(**_known(Account, each)) for key, each in stored["accounts"].items()},
        }
    )


def verdicts_of(stored: Mapping[str, Any]) -> dict[str, Verdict]:
    """Read the verdicts back, by battery."""
    return {key: Verdict(**_known(Verdict, each)) for key, each in stored.items()}


def _known(kind: Any, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what this version knows; what another one wrote beside it is left out."""
    names = {field.name for field in fields(kind)}
    return {key: value for key, value in stored.items() if key in names}
