"""What people want at fixed hours: from a list of weekly windows to the one that holds now.

A window belongs to the weekday on which it begins, goes over midnight where it ends before it begins, and round the
clock where both are the same. Its hours are those of the clock on the wall: on the two days a year that are longer or
shorter, so is a window that holds the change. A time that the clock shows twice counts when it comes first, one that
it skips as if it had not been skipped (see `DailyWindow`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Final

from .. import checks
from ..daily_window import DailyWindow, Span
from ..errors import PlanError

# Monday is 0, as in `datetime.weekday`.
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY: Final = frozenset(range(len(WEEKDAYS)))


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A mode at fixed hours.

    Attributes
    ----------
    weekdays : Those on which the window begins, Monday 0.
    mode : A charger's, a battery's or a load's own word for it.
    current_a, power_kw : How strongly; None: as much as the mode wants. At most one of them. [A], [kW]
    name : What errors call it.

    Errors: PlanError where it names no day, or an amount that is none.
    """

    start: time
    end: time
    mode: str
    weekdays: frozenset[int] = EVERY_DAY
    current_a: float | None = None
    power_kw: float | None = None
    name: str = "schedule"

    def __post_init__(self) -> None:
        """Refuse what would never hold, or would mean nothing."""
        if not self.weekdays:
            raise PlanError("no_weekday", field="weekdays", name=self.name)
        for day in self.weekdays:
            checks.one_of_numbers(self.name, "weekdays", day, sorted(EVERY_DAY))
        for field in ("start", "end"):
            if (at := getattr(self, field)).tzinfo is not None:
                raise PlanError("not_a_time", field=field, name=self.name, found=at.isoformat())
        amounts = {"current_a": self.current_a, "power_kw": self.power_kw}
        given = {field: amount for field, amount in amounts.items() if amount is not None}
        checks.above_zero(self.name, **given)
        if len(given) > 1:
            raise PlanError("useless_field", field="power_kw", name=self.name, other="current_a")

    @cached_property
    def window(self) -> DailyWindow:
        """Return its hours, whatever the day."""
        return DailyWindow(start=self.start, end=self.end)

    def span_s(self, day: date, zone: tzinfo) -> Span | None:
        """Return begin and end of the window that begins on a day; None where there is none. [s since epoch].

        A window within the hour that the clock skips lasts no time, or less.
        """
        if day.weekday() not in self.weekdays:
            return None
        begin_s, end_s = self.window.span_s(day, zone)
        return (begin_s, end_s) if begin_s < end_s else None


@dataclass(frozen=True, kw_only=True)
class Running:
    """A schedule that holds now, and until when, if nothing in the list changes. [s since epoch]."""

    schedule: Schedule
    until_s: float


def running(schedules: Sequence[Schedule], now: datetime, zone: tzinfo) -> Running | None:
    """Return the first schedule of a list that holds at an instant; None where none does.

    Those before it in the list go before it, so it also ends when one of them begins.

    Parameters
    ----------
    now : With a time zone, whichever.
    zone : Whose clock the schedules go by.
    """
    now_s, today = now.timestamp(), now.astimezone(zone).date()
    for i, schedule in enumerate(schedules):
        for begin_s, end_s in _spans(schedule, today, zone):
            if begin_s <= now_s < end_s:
                later = (span[0] for other in schedules[:i] for span in _spans(other, today, zone))
                return Running(schedule=schedule, until_s=min([end_s, *(at for at in later if at > now_s)]))
    return None


def _spans(schedule: Schedule, today: date, zone: tzinfo) -> list[Span]:
    """Return the windows that begin from yesterday to tomorrow: none lasts longer than a day."""
    days = (today + timedelta(days=ahead) for ahead in (-1, 0, 1))
    return [span for day in days if (span := schedule.span_s(day, zone)) is not None]
