"""The month's highest mean import of a quarter of an hour, as networks measure it. Kept over restarts."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util

from ..engine.problem import PeakState
from ..store import SiteStore

STORE_KEY: Final = "peak"
QUARTER_S: Final = 900.0
# Plans begin with steps of five minutes: what was drawn before one of them must be known to the kWh.
PART_S: Final = 300.0
# Across a longer silence nobody knows what flowed: it is left out rather than guessed.
MAX_GAP_S: Final = 300.0
# A quarter of an hour that was seen for less than this share is no measurement: a restart takes its minutes.
ENOUGH: Final = 0.8


@dataclass(kw_only=True)
class PeakRecord:
    """Plain data, so that it can be stored. Instants are those of the network meter's clock.

    Attributes
    ----------
    month : Local month of the running quarter-hour, as "2026-06".
    highest_kw, highest_at_s : Highest mean of a quarter-hour of this month, and when that one began; None before
        the first that counts. [kW], [s since epoch]
    last_kw : Mean of the quarter-hour that ended last; None where it was not seen long enough. [kW]
    quarter_s : When the running one began. [s since epoch]
    parts_kwh : Imported in each five minutes of it. [kWh]
    measured_s : For how long it was seen. [s]
    """

    month: str | None = None
    highest_kw: float | None = None
    highest_at_s: float | None = None
    last_kw: float | None = None
    quarter_s: float | None = None
    parts_kwh: list[float] = field(default_factory=lambda: [0.0] * int(QUARTER_S / PART_S))
    measured_s: float = 0.0

    def mean_kw(self) -> float | None:
        """Return E / t over what was seen of the quarter-hour; None where that is too little. [kW]."""
        if self.measured_s < ENOUGH * QUARTER_S:
            return None
        return sum(self.parts_kwh) / (self.measured_s / 3600)


@dataclass(frozen=True, kw_only=True)
class PeakNow:
    """Where the peak stands, frozen for a plan."""

    so_far_kw: float | None
    quarter_s: float | None
    parts_kwh: tuple[float, ...]

    def state(self, first_step_s: float) -> PeakState:
        """Return it as a plan sees it whose first step begins then: what that step draws is not counted twice."""
        running_kwh, start_s = 0.0, self.quarter_s
        if start_s is not None and start_s <= first_step_s < start_s + QUARTER_S:
            running_kwh = sum(self.parts_kwh[: int((first_step_s - start_s) // PART_S)])
        # The engine knows no "unknown": a month without a quarter-hour yet has no peak to be under.
        return PeakState(so_far_kw=self.so_far_kw or 0.0, running_kwh=running_kwh)


@dataclass(frozen=True, kw_only=True)
class Running:
    """The running quarter-hour as far as it was seen. start_s : By our clock. [s since epoch]."""

    start_s: float
    imported_kwh: float
    unseen_s: float


class PeakMeter:
    """Sums up what is drawn from the grid, quarter-hour by quarter-hour of the network meter's clock."""

    def __init__(self, store: SiteStore, starts_past_s: Callable[[], float] = lambda: 0.0) -> None:
        """Take up where the last run stopped. starts_past_s : By how much its quarter-hours start after ours. [s]."""
        self._store, self._starts_past_s = store, starts_past_s
        self.record = _load(store.data.get(STORE_KEY, {}))
        self._last: tuple[float, float] | None = None  # when, and what was drawn from then on [kW]
        self._listeners: list[CALLBACK_TYPE] = []

    @property
    def now(self) -> PeakNow:
        """Return where the peak stands."""
        record = self.record
        return PeakNow(
            so_far_kw=record.highest_kw, quarter_s=record.quarter_s, parts_kwh=tuple(record.parts_kwh)
        )

    @callback
    def observe(self, grid_w: float | None) -> None:
        """Note what is drawn from here on; what flows out does not count against it. None is silence."""
        now_s = dt_util.utcnow().timestamp() - self._starts_past_s()
        part, quarter_s = self._part, self.record.quarter_s
        if self._last and 0 < now_s - self._last[0] <= MAX_GAP_S:
            self._add(*self._last, now_s)
        self._turn_to(now_s)
        self._last = None if grid_w is None else (now_s, max(0.0, grid_w) / 1000)
        if self._part != part:
            self.save()
        if self.record.quarter_s != quarter_s:
            for listener in list(self._listeners):
                listener()

    def running(self, now_s: float) -> Running:
        """Return the running quarter-hour; what was drawn when it was looked at last goes on until now."""
        past_s = self._starts_past_s()
        at_s = now_s - past_s
        start_s, record = at_s // QUARTER_S * QUARTER_S, self.record
        is_same = record.quarter_s == start_s
        kwh, seen_s = (sum(record.parts_kwh), record.measured_s) if is_same else (0.0, 0.0)
        if self._last and 0 < at_s - self._last[0] <= MAX_GAP_S:
            rest_s = at_s - max(self._last[0], start_s)
            kwh, seen_s = kwh + self._last[1] * rest_s / 3600, seen_s + rest_s
        unseen_s = max(0.0, at_s - start_s - seen_s)
        return Running(start_s=start_s + past_s, imported_kwh=kwh, unseen_s=unseen_s)

    @property
    def _part(self) -> float | None:
        return None if self._last is None else self._last[0] // PART_S

    def _add(self, from_s: float, power_kw: float, until_s: float) -> None:
        """Add P·Δt, five minutes of the clock by five minutes."""
        while from_s < until_s:
            end_s = min(until_s, (from_s // PART_S + 1) * PART_S)
            self._turn_to(from_s)
            self.record.parts_kwh[int(from_s % QUARTER_S // PART_S)] += power_kw * (end_s - from_s) / 3600
            self.record.measured_s += end_s - from_s
            from_s = end_s

    def _turn_to(self, at_s: float) -> None:
        """Begin another quarter-hour where one has begun, and another month."""
        start_s, ended = at_s // QUARTER_S * QUARTER_S, self.record
        if start_s == ended.quarter_s:
            return
        mean_kw, month = ended.mean_kw(), _month_of(start_s)
        highest = _higher(ended, mean_kw) if month == ended.month else (None, None)
        self.record = PeakRecord(
            month=month,
            highest_kw=highest[0],
            highest_at_s=highest[1],
            last_kw=mean_kw if ended.quarter_s == start_s - QUARTER_S else None,
            quarter_s=start_s,
        )

    @callback
    def save(self) -> None:
        """Store it. Every five minutes is enough: a crash costs a part of one quarter-hour."""
        self._store.put(STORE_KEY, asdict(self.record))

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back whenever a quarter-hour has ended."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


def _higher(ended: PeakRecord, mean_kw: float | None) -> tuple[float | None, float | None]:
    """Return the month's highest mean and its quarter-hour, the one that ended included."""
    if mean_kw is None or (ended.highest_kw is not None and mean_kw <= ended.highest_kw):
        return ended.highest_kw, ended.highest_at_s
    return mean_kw, ended.quarter_s


def _month_of(at_s: float) -> str:
    return f"{dt_util.as_local(dt_util.utc_from_timestamp(at_s)):%Y-%m}"


def _load(stored: Mapping[str, Any]) -> PeakRecord:
    """Read a record back; what another version wrote and this one does not know is left out."""
    known = {each.name for each in fields(PeakRecord)}
    return PeakRecord(**{key: value for key, value in stored.items() if key in known})
