"""What was chosen for a device when it was set up."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# So many reporting intervals without a report, and a device counts as silent.
SILENT_AFTER: Final = 3


class EnergyKind(StrEnum):
    """What the energies of a report are."""

    INTERVAL = "interval"  # since the report before
    CUMULATIVE = "cumulative"  # a counter's reading


@dataclass(frozen=True, kw_only=True)
class PushSetup:
    """How a device reports.

    capacity_kw : What 100 % of `current_load` is; None where that is unknown.
    facility_id : What every report has to name; None where any will do.
    key_made_s : When its key was made: reports count anew from there.
    """

    role: str
    energy: EnergyKind
    interval_s: float
    capacity_kw: float | None = None
    facility_id: str | None = None
    key_made_s: float = 0.0

    @property
    def silent_after_s(self) -> float:
        """Return how long a device may say nothing. [s]."""
        return SILENT_AFTER * self.interval_s
