"""What people scheduled for a device: from the stored windows to the one that holds now, and back.

Stored under the device's setting `schedules`, the first that holds first: {start, end, weekdays, mode} and `current_a`
or `power_w`, where weekdays and amounts may be left out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from functools import lru_cache
import math
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..channel import Command, Source as Whose
from ..const import BATTERY, CHARGER, LOAD, LOGGER
from ..engine import checks
from ..engine.control import battery
from ..engine.control.battery import BatteryAsk
from ..engine.control.ev_mode import Ask, EvMode, Source
from ..engine.control.schedule import EVERY_DAY, WEEKDAYS, Running, Schedule, running
from ..engine.errors import PlanError
from ..engine.plan.result import Mode
from ..settings import SiteSettings
from ..site_device import SiteDevice
from .departure import read_time
from .override_request import AMOUNTS, span_by_setup

SCHEDULES: Final = "schedules"
# What may be scheduled, by role.
SCHEDULE_MODES: Final[Mapping[str, tuple[str, ...]]] = {
    CHARGER: tuple(mode.value for mode in EvMode),
    BATTERY: (battery.AUTOMATIC, battery.HOLD, battery.CHARGE, battery.DISCHARGE),
    LOAD: (Mode.ON.value, Mode.OFF.value),
}
_NAME: Final = "schedules[{}]"
_FIELDS: Final = ("start", "end", "mode", "weekdays", *AMOUNTS)

type _Row = tuple[str, str, tuple[str, ...], str, float | None, float | None]


def schedule_now(settings: SiteSettings, device: SiteDevice, now: datetime) -> Running | None:
    """Return the schedule of a device that holds now; None where there is none. Cheap: asked with every tick."""
    rows = settings.device(device.subentry_id, SCHEDULES, ())
    if not rows:
        return None
    schedules = _known(device.role, tuple(_row(row) for row in rows))
    return running(schedules, now, dt_util.get_default_time_zone())


def charger_ask(settings: SiteSettings, device: SiteDevice, now: datetime) -> Ask | None:
    """Return what a charger's schedule asks of it now, as the guard takes it."""
    found = schedule_now(settings, device, now)
    if found is None:
        return None
    schedule = found.schedule
    return Ask(
        source=Source.SCHEDULE,
        mode=EvMode(schedule.mode),
        current_a=schedule.current_a,
        until_s=found.until_s,
    )


def battery_ask(settings: SiteSettings, device: SiteDevice, now: datetime) -> BatteryAsk | None:
    """Return what a battery's schedule asks of it now, as the guard takes it."""
    found = schedule_now(settings, device, now)
    if found is None:
        return None
    schedule = found.schedule
    return BatteryAsk(
        mode=schedule.mode,
        power_kw=schedule.power_kw,
        source=Source.SCHEDULE.value,
        until_s=found.until_s,
    )


def load_command(settings: SiteSettings, device: SiteDevice, now: datetime) -> Command | None:
    """Return what a flexible load is scheduled to do now, as a command that ends with its window."""
    found = schedule_now(settings, device, now)
    if found is None:
        return None
    schedule = found.schedule
    span = span_by_setup(LOAD, device.params, schedule.mode)
    power_w = None if schedule.power_kw is None else 1000 * schedule.power_kw
    return Command(
        mode=schedule.mode,
        # As with an override: what is not said is the most it may.
        power_w=span.high if span and power_w is None else power_w,
        source=Whose.SCHEDULE,
        expires_at=dt_util.utc_from_timestamp(found.until_s),
    )


def read_schedules(
    role: str, params: Mapping[str, Any], given: Sequence[Mapping[str, Any]], *, name: str = _NAME
) -> list[dict[str, Any]]:
    """Return windows as they are stored, checked against what the device is and may.

    name : What errors call a window, with its number, counted from 1.

    Errors: PlanError that names the field and the window.
    """
    return [_checked(role, params, row, name.format(i)) for i, row in enumerate(given, start=1)]


def _checked(role: str, params: Mapping[str, Any], given: Mapping[str, Any], name: str) -> dict[str, Any]:
    # What a form leaves empty is not given; days that were chosen and unchosen again are no choice.
    row = {key: value for key, value in given.items() if value not in (None, "", [])}
    for key in row:
        if key not in _FIELDS:
            raise PlanError("not_one_of", field=name, found=str(key), known=", ".join(_FIELDS))
    for key in ("start", "end", "mode"):
        if key not in row:
            raise PlanError("not_given", field=key, name=name)
    _refuse_unknown("mode", name, [row["mode"]], SCHEDULE_MODES[role])
    _refuse_unknown("weekdays", name, row.get("weekdays", ()), WEEKDAYS)
    times = {key: read_time(name, key, row[key]) for key in ("start", "end")}
    stored = {**times, "mode": row["mode"], **_amounts(role, params, row, name)}
    if "weekdays" in row:
        stored["weekdays"] = [day for day in WEEKDAYS if day in row["weekdays"]]
    _schedule(_row(stored), name)
    return stored


def _refuse_unknown(field: str, name: str, found: Sequence[Any], known: Sequence[str]) -> None:
    for word in found:
        if word not in known:
            raise PlanError("not_one_of", field=f"{field} ({name})", found=str(word), known=", ".join(known))


def _amounts(role: str, params: Mapping[str, Any], row: Mapping[str, Any], name: str) -> dict[str, float]:
    """Return how strongly. Refuses an amount that the mode does not take, and one that the device must not have."""
    is_charging = role == CHARGER and row["mode"] != EvMode.OFF
    span = span_by_setup(role, params, Mode.CHARGE.value if is_charging else row["mode"])
    amounts = {}
    for field in (field for field in AMOUNTS if field in row):
        if span is None or field != span.field:
            raise PlanError("useless_field", field=field, name=name, other=row["mode"])
        try:
            amounts[field] = float(row[field])
        except TypeError, ValueError:
            amounts[field] = math.nan  # outside of every range, and refused as such
        checks.between(name, span.low, span.high, **{field: amounts[field]})
        checks.above_zero(name, **{field: amounts[field]})
    return amounts


def _row(stored: Mapping[str, Any]) -> _Row:
    """Return a stored window as something that can be looked up."""
    return (
        stored["start"],
        stored["end"],
        tuple(stored.get("weekdays", WEEKDAYS)),
        stored["mode"],
        stored.get("current_a"),
        stored.get("power_w"),
    )


def _schedule(row: _Row, name: str) -> Schedule:
    start, end, days, mode, current_a, power_w = row
    return Schedule(
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        weekdays=EVERY_DAY if days == WEEKDAYS else frozenset(WEEKDAYS.index(day) for day in days),
        mode=mode,
        current_a=current_a,
        power_kw=None if power_w is None else power_w / 1000,
        name=name,
    )


@lru_cache(maxsize=512)
def _known(role: str, rows: tuple[_Row, ...]) -> tuple[Schedule, ...]:
    """Return schedules that were checked when they were stored. What a later version wrote may be unknown here."""
    found = []
    for i, row in enumerate(rows, start=1):
        try:
            _refuse_unknown("mode", _NAME.format(i), [row[3]], SCHEDULE_MODES.get(role, ()))
            found.append(_schedule(row, _NAME.format(i)))
        except ValueError as err:
            LOGGER.warning("A stored schedule is left out: %s", err)
    return tuple(found)
