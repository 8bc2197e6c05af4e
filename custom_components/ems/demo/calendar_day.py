"""Local days, whose length is 23, 24 or 25 hours, and wall times on them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, kw_only=True)
class LocalDay:
    """One calendar day in one time zone."""

    day: date
    zone: tzinfo

    @classmethod
    def holding(cls, at_s: float, zone: tzinfo) -> LocalDay:
        """Return the day an instant falls on."""
        return cls(day=datetime.fromtimestamp(at_s, zone).date(), zone=zone)

    @property
    def start_s(self) -> float:
        """Midnight. [s since the epoch]."""
        return datetime.combine(self.day, time(), self.zone).timestamp()

    @property
    def end_s(self) -> float:
        """The next midnight. [s since the epoch]."""
        return self.next.start_s

    @property
    def next(self) -> LocalDay:
        """Tomorrow."""
        return LocalDay(day=self.day + timedelta(days=1), zone=self.zone)

    @property
    def previous(self) -> LocalDay:
        """Yesterday."""
        return LocalDay(day=self.day - timedelta(days=1), zone=self.zone)

    @property
    def is_weekend(self) -> bool:
        """Saturday or Sunday."""
        return self.day.weekday() >= 5

    def at(self, hour: float) -> float:
        """Return the instant when a clock on the wall shows `hour` (may pass 24). [s since the epoch]."""
        wall = datetime.combine(self.day, time(), self.zone) + timedelta(hours=hour)
        return wall.astimezone(UTC).timestamp()
