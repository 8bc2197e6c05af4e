"""What is remembered of one flexible load, over restarts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(kw_only=True)
class LoadRecord:
    """Plain data, so that it can be stored.

    Attributes
    ----------
    day : ISO date of the load's day that `delivered_kwh` belongs to.
    delivered_kwh : Since that day began. [kWh]
    run_kwh : Since the run that was asked for was armed. [kWh]
    counter_wh, counter_id : Last word of the energy counter, and which one it was. [Wh]
    is_on, since_s : What it does, and since when. None where nobody knows. [s since epoch]
    programme_since_s : When the programme that runs now began. [s since epoch]
    has_run : Whether this day's programme is through.
    ready_at_s : Armed: one run is asked for, and this is when it is to be done. [s since epoch]
    """

    day: str | None = None
    delivered_kwh: float = 0.0
    run_kwh: float = 0.0
    counter_wh: float | None = None
    counter_id: str | None = None
    is_on: bool | None = None
    since_s: float | None = None
    programme_since_s: float | None = None
    has_run: bool = False
    ready_at_s: float | None = None

    @property
    def is_armed(self) -> bool:
        """Tell whether a run is asked for."""
        return self.ready_at_s is not None

    def without_counters(self) -> LoadRecord:
        """Return what a plan would notice at once."""
        return replace(self, delivered_kwh=0.0, run_kwh=0.0, counter_wh=None)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def load_record(stored: Mapping[str, Any]) -> LoadRecord:
    """Read a record back; what another version wrote and this one does not know is left out."""
    known = {field.name for field in fields(LoadRecord)}
    return LoadRecord(**{key: value for key, value in stored.items() if key in known})
