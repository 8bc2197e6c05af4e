"""One device that posts: takes its reports one by one, and makes readings of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..reading import Quality, Reading, Value
from .counting import count, power_w
from .fields import COUNTERS, first_points, measured, points_of, used
from .refusal import PushRefusedError
from .report import FACILITY, Report, parse_report
from .sequence import check_order
from .setup import PushSetup
from .state import PushState

_WH_PER_KWH = 1000.0


@dataclass(frozen=True, kw_only=True)
class LastRefusal:
    """The last report that was not taken, for those who look for the fault."""

    at_s: float
    message: str
    field: str | None = None


class PushInbox:
    """Holds what reports left. Time is given: it runs the same in a test, a form and a home."""

    def __init__(self, setup: PushSetup, state: PushState | None = None, *, now_s: float) -> None:
        """Go on from what earlier reports left; a new key begins a new sequence."""
        self.setup = setup
        self.state = state or PushState(key_made_s=setup.key_made_s)
        if self.state.key_made_s != setup.key_made_s:
            self.state = replace(self.state, key_made_s=setup.key_made_s, stamp_s=None, seq=None)
        self.last_refusal: LastRefusal | None = None
        self.heard: Callable[[], None] | None = None
        self._since_s = now_s
        self._report: Report | None = None
        self._report_at_s = 0.0
        self._power_w: float | None = None

    def go_on_from(self, earlier: PushInbox, now_s: float) -> None:
        """Show what the last report measured, which an inbox of the same set-up took before this one, not long ago."""
        is_recent = now_s - (earlier.state.at_s or 0.0) <= self.setup.silent_after_s
        if is_recent and earlier.setup == self.setup:
            self._report, self._report_at_s = earlier._report, earlier._report_at_s
            self._power_w = earlier._power_w

    def take(self, body: bytes, now_s: float) -> tuple[str, ...]:
        """Take a report; return the fields that nothing became of. Raises PushRefusedError: nothing was kept then."""
        try:
            report = parse_report(body)
            names = self._used(report)
            check_order(report, self.state, now_s)
            # A report that waited is counted, but its power is as old as it is.
            at_s = now_s if report.stamp_s is None else min(report.stamp_s, now_s)
            counted = count(report, self.state, self.setup, at_s)
        except PushRefusedError as err:
            self.refuse(str(err), now_s, err.field)
            raise
        self._power_w = power_w(report, counted, self.setup)
        self._report, self._report_at_s = report, at_s
        self.state = replace(
            counted,
            fields=tuple(dict.fromkeys((*self.state.fields, *names))),
            at_s=now_s,
            stamp_s=self.state.stamp_s if report.stamp_s is None else report.stamp_s,
            seq=self.state.seq if report.seq is None else report.seq,
            accepted=self.state.accepted + 1,
        )
        if self.heard:
            self.heard()
        return (*(name for name in report.values if name not in names), *report.unknown)

    def refuse(self, message: str, now_s: float, field: str | None = None) -> None:
        """Count a report that was not taken."""
        self.last_refusal = LastRefusal(at_s=now_s, message=message, field=field)
        self.state = replace(self.state, refused=self.state.refused + 1)

    def _used(self, report: Report) -> tuple[str, ...]:
        """Return the fields to work with, from the facility that was agreed."""
        wanted = self.setup.facility_id
        if wanted is not None and report.facility_id != wanted:
            raise PushRefusedError(
                f"{FACILITY} is not the one that was set up",
                field=FACILITY,
                remedy="Send the one that was entered in Home Assistant, or change it there.",
            )
        has_capacity = self.setup.capacity_kw is not None
        if names := used(self.setup.role, report.values, has_capacity=has_capacity):
            return names
        raise PushRefusedError(
            "there is no value to use",
            remedy="Send at least an energy or a power. current_load needs the capacity, entered at set-up.",
        )

    def is_silent(self, now_s: float) -> bool:
        """Tell whether the device has said nothing for too long, counted from the start of the site at the earliest."""
        return now_s - max(self.state.at_s or 0.0, self._since_s) > self.setup.silent_after_s

    @property
    def points(self) -> tuple[str, ...]:
        """Return the points this device has, as far as it has told."""
        fields = self.state.fields
        return points_of(self.setup.role, fields) if fields else first_points(self.setup.role)

    def reading(self, now_s: float) -> Reading:
        """Return what is known. After a restart that is the counters, until the device reports again."""
        state, at_s = self.state, self.state.at_s or now_s
        values = {
            point: Value(value=None, quality=Quality.MISSING, at_s=self._report_at_s or at_s)
            for point in self.points
        }
        is_old = self._report is None and now_s - at_s > self.setup.silent_after_s
        for name, (point, _) in COUNTERS[self.setup.role].items():
            if counter := state.counters.get(name):
                quality = Quality.STALE if is_old else Quality.GOOD
                values[point] = Value(value=_WH_PER_KWH * counter.total_kwh, quality=quality, at_s=at_s)
        return Reading(at_s=at_s, roles={self.setup.role: {**values, **self._measured()}})

    def _measured(self) -> dict[str, Value]:
        """Return what the last report measured."""
        if self._report is None:
            return {}
        found = {
            point: self._report.values[name]
            for name, point in measured(self.setup.role, self._report.values).items()
        }
        if self._power_w is not None:
            found["power"] = self._power_w
        at_s = self._report_at_s
        return {point: Value(value=value, quality=Quality.GOOD, at_s=at_s) for point, value in found.items()}
