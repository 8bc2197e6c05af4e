"""Keeps the books of flexible loads: what each has used today, whether it runs, and what people asked of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import time, timedelta

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util

from ..engine.flexible_load import LoadKind
from ..engine.plan.result import Mode
from ..settings import SiteSettings
from ..site_device import SiteDevice
from ..store import SiteStore
from .departure import next_local
from .load_asks import asks_of, full_h, left_kwh, runs
from .load_meter import LoadMeter
from .load_record import LoadRecord, load_record
from .loads import DAILY, LoadNow, kind_of, make_load, window_of

STORE_KEY = "loads"
# Below this share of its power a load that only a power sensor tells of counts as off.
ON_SHARE = 0.05
# A programme that was switched off after this share of its time had only its last idle minutes left.
PROGRAMME_DONE = 0.9


class LoadBook:
    """One record per load. `observe` is called whenever something may have changed, and at least twice a minute."""

    def __init__(self, store: SiteStore, settings: SiteSettings) -> None:
        """Take up where the last run stopped."""
        self._store, self._settings = store, settings
        self._records = {key: load_record(each) for key, each in store.data.get(STORE_KEY, {}).items()}
        self._meters: dict[str, LoadMeter] = {}
        self._listeners: list[CALLBACK_TYPE] = []

    def record(self, device: SiteDevice) -> LoadRecord:
        """Return what is known of a load."""
        return self._records.setdefault(device.subentry_id, LoadRecord())

    def now(self, device: SiteDevice) -> LoadNow:
        """Return a load as it stands, and what is asked of it."""
        record, now_s = self.record(device), dt_util.utcnow().timestamp()
        is_programme = kind_of(device) is LoadKind.PROGRAMME
        since_s = record.programme_since_s if is_programme else record.since_s
        zone = dt_util.get_default_time_zone()
        is_asked = self.is_asked(device)
        return LoadNow(
            is_on=runs(device, record),
            since_h=None if since_s is None else max(0.0, (now_s - since_s) / 3600),
            asks=asks_of(device, record, self.energy_kwh(device), now_s, zone) if is_asked else (),
            # In winter the pump's plug lies in a drawer: no plan is worse for it.
            available=device.is_fresh or not is_asked,
        )

    def is_enabled(self, device: SiteDevice) -> bool:
        """Tell whether people want the load planned at all."""
        return bool(self._settings.device(device.subentry_id, "enabled", True))

    def is_asked(self, device: SiteDevice) -> bool:
        """Tell whether EMS has a say in it: what nobody asked for is left to people's own hands."""
        return self.is_enabled(device) and (device.params["demand"] == DAILY or self.record(device).is_armed)

    def energy_kwh(self, device: SiteDevice) -> float:
        """Return what the load is to use each day, or in one run. [kWh]."""
        if kind_of(device) is LoadKind.PROGRAMME:
            return make_load(device).run_kwh
        wish = self._settings.device(device.subentry_id, "energy_kwh", device.params["energy_kwh"])
        return float(wish)

    @callback
    def arm(self, device: SiteDevice) -> None:
        """Ask for one run, to be done by the next ready-by time that leaves enough time for it."""
        with self._changing(device) as record:
            record.run_kwh, record.has_run = 0.0, False
            record.ready_at_s = self._ready_at_s(device)

    @callback
    def disarm(self, device: SiteDevice) -> None:
        """Ask for no run any more; one that has begun is none of ours from now on."""
        with self._changing(device) as record:
            record.ready_at_s = record.programme_since_s = None

    @callback
    def reschedule(self, device: SiteDevice) -> None:
        """Take another ready-by time for a run that is asked for already."""
        with self._changing(device) as record:
            record.ready_at_s = self._ready_at_s(device) if record.is_armed else None

    def _ready_at_s(self, device: SiteDevice) -> float:
        ready_by = self._settings.device(device.subentry_id, "ready_by", device.params["ready_by"])
        left = left_kwh(device, self.record(device), self.energy_kwh(device))
        earliest = dt_util.utcnow() + timedelta(hours=full_h(device, left))
        return next_local(time.fromisoformat(ready_by), earliest).timestamp()

    @callback
    def observe(self, device: SiteDevice, *, told: str | None = None, planned: Mode | None = None) -> bool:
        """Note what happened since the last look; return whether a new plan is worth it.

        told : The mode that the device was last told and took, None where nobody commands it.
        planned : What the plan wants now. Where nothing shows whether the load runs, it is believed to follow.
        """
        now_s, before = dt_util.utcnow().timestamp(), replace(self.record(device))
        with self._changing(device) as record:
            meter = self._meters.setdefault(device.subentry_id, LoadMeter(device))
            _count(device, record, meter.used_kwh(record, now_s), now_s)
            _switch(device, record, now_s, planned)
            if kind_of(device) is LoadKind.PROGRAMME:
                if before.is_on is False or told == Mode.ON:
                    self._begin(device, record, now_s)
                _end(device, record, now_s)
            self._close(device, record, now_s)
            meter.look(record, now_s)
        # Energy alone is no reason to plan anew.
        return record.without_counters() != before.without_counters()

    def _begin(self, device: SiteDevice, record: LoadRecord, now_s: float) -> None:
        """A programme begins with being switched on while a run is asked for."""
        is_wanted = self.is_asked(device) and not record.has_run
        if record.is_on and is_wanted and record.programme_since_s is None:
            record.programme_since_s = now_s

    def _close(self, device: SiteDevice, record: LoadRecord, now_s: float) -> None:
        """Disarm a run that is done, or one that may be left out and was not worth it until its time was over."""
        if record.ready_at_s is None:
            return
        is_done = left_kwh(device, record, self.energy_kwh(device)) <= 0
        is_optional = device.params.get("reward") is not None
        if is_done or (is_optional and now_s >= record.ready_at_s and not runs(device, record)):
            record.ready_at_s = None

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back whenever a record changed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def _changing(self, device: SiteDevice) -> Iterator[LoadRecord]:
        """Store what changed, and tell."""
        record = self.record(device)
        before = replace(record)
        yield record
        if record != before:
            self._store.put(STORE_KEY, {key: each.as_dict() for key, each in self._records.items()})
            for listener in list(self._listeners):
                listener()


def _count(device: SiteDevice, record: LoadRecord, used_kwh: float, now_s: float) -> None:
    """Turn the page where a new day has begun, and add what was used."""
    day = _day_of(device, now_s)
    if day != record.day:
        record.day, record.delivered_kwh, record.has_run = day, 0.0, False
    record.delivered_kwh += used_kwh
    if record.is_armed:
        record.run_kwh += used_kwh


def _day_of(device: SiteDevice, at_s: float) -> str:
    return window_of(device.params).day_of(at_s, dt_util.get_default_time_zone()).isoformat()


def _switch(device: SiteDevice, record: LoadRecord, now_s: float, planned: Mode | None) -> None:
    """Note whether it runs. A switch that is silent has not been switched."""
    is_on = _shown_on(device)
    if is_on is None and not {"running", "power"} & set(device.points):
        is_on = planned is Mode.ON
    if is_on is None or is_on is record.is_on:
        return
    # At first sight nobody knows since when; afterwards it was seen to change.
    record.since_s = None if record.is_on is None else now_s
    record.is_on = is_on


def _shown_on(device: SiteDevice) -> bool | None:
    if "running" in device.points:
        running = device.value("running")
        return running if isinstance(running, bool) else None
    power_w = device.fresh_number("power")
    return None if power_w is None else power_w > ON_SHARE * 1000 * make_load(device).power_max_kw


def _end(device: SiteDevice, record: LoadRecord, now_s: float) -> None:
    """Note that a programme is through, or was stopped."""
    if record.programme_since_s is None:
        return
    elapsed, run_s = now_s - record.programme_since_s, make_load(device).run_h * 3600
    # Only a switch says that it was stopped: between heating and spinning a machine draws next to nothing.
    is_off = device.value("running") is False
    if elapsed >= run_s or (is_off and elapsed >= PROGRAMME_DONE * run_s):
        # One that began before midnight was yesterday's.
        record.has_run = record.is_armed or _day_of(device, record.programme_since_s) == record.day
        record.programme_since_s = None
    elif is_off:
        record.programme_since_s = None
