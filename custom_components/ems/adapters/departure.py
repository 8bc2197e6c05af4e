"""When a car is to be ready: at one time every day, or at a time of its own on each weekday."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..engine.control.schedule import WEEKDAYS
from ..engine.errors import PlanError
from ..settings import SiteSettings
from ..site_device import SiteDevice

READY_BY: Final = "ready_by"
READY_BY_WEEKDAYS: Final = "ready_by_weekdays"


def ready_at(settings: SiteSettings, device: SiteDevice, now: datetime | None = None) -> datetime:
    """Return when a car is to be ready next: by the times of the weekdays where there are any."""
    if times := weekday_times(settings, device.subentry_id):
        return next_departure(times, now)
    ready_by = settings.device(device.subentry_id, READY_BY, device.params[READY_BY])
    return next_local(time.fromisoformat(ready_by), now)


def weekday_times(settings: SiteSettings, subentry_id: str) -> dict[int, time]:
    """Return when a car leaves, by weekday (Monday 0); empty where it is the same time every day."""
    stored: Mapping[str, str] = settings.device(subentry_id, READY_BY_WEEKDAYS, {})
    return {WEEKDAYS.index(day): time.fromisoformat(at) for day, at in stored.items()}


def read_weekday_times(given: Mapping[str, Any]) -> dict[str, str]:
    """Return times by weekday as they are stored. A day without one is a day without need.

    Errors: PlanError where a day is none, or a time.
    """
    for day in given:
        if day not in WEEKDAYS:
            raise PlanError("not_one_of", field=READY_BY_WEEKDAYS, found=str(day), known=", ".join(WEEKDAYS))
    return {
        day: read_time(READY_BY_WEEKDAYS, day, given[day])
        for day in WEEKDAYS
        if given.get(day) not in (None, "")
    }


def read_time(name: str, field: str, found: Any) -> str:
    """Return a time of day as it is stored, to the second. Raises PlanError where it is none.

    YAML of old reads 22:00 without quotes as a number.
    """
    try:
        at = found if isinstance(found, time) else time.fromisoformat(str(found))
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None or isinstance(found, int):
        raise PlanError("not_a_time", field=field, name=name, found=str(found))
    return at.isoformat("seconds")


def next_local(at: time, now: datetime | None = None) -> datetime:
    """Return the next instant at which the local clock shows a time, right over both clock changes.

    A time that comes twice counts twice; one that the clock skips counts as if it had not been skipped.
    """
    return next_departure(dict.fromkeys(range(len(WEEKDAYS)), at), now)


def next_departure(times: Mapping[int, time], now: datetime | None = None) -> datetime:
    """Return the next instant at which the local clock shows the time of its weekday (Monday 0)."""
    local = dt_util.as_local(now or dt_util.utcnow())
    days = (local.date() + timedelta(days=ahead) for ahead in range(len(WEEKDAYS) + 1))
    ahead = (
        when
        for day in days
        if (at := times.get(day.weekday())) is not None
        for fold in (0, 1)
        if (when := _on_the_clock(day, at, fold)) is not None and when.timestamp() > local.timestamp()
    )
    return next(ahead)  # they come in order; each look of the guard asks


def _on_the_clock(day: date, at: time, fold: int) -> datetime | None:
    """Return the first or the second time that a day's clock shows a time; None where there is no second."""
    zone = dt_util.get_default_time_zone()
    when = datetime.combine(day, time(at.hour, at.minute), tzinfo=zone).replace(fold=fold)
    first = when.replace(fold=0)
    if fold and when.timestamp() <= first.timestamp():
        return None
    return when
