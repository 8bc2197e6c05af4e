"""What is asked of a load: of one that runs every day, and of one that runs when somebody says so."""

from dataclasses import replace
from datetime import timedelta, tzinfo

from ..engine.daily_window import Span
from ..engine.flexible_load import LoadKind
from ..site_device import SiteDevice
from .load_record import LoadRecord
from .loads import DAILY, RUNS, LoadAsk, kind_of, make_load, window_of

# What is left of a task when it counts as done: nobody switches a load on for the last half percent.
DONE_SHARE = 0.005
# How far ahead hours are looked up: further than any plan reaches. What the plan cuts off waits for a later one.
AHEAD_DAYS = 8
AHEAD_S = AHEAD_DAYS * 86400.0


def left_kwh(device: SiteDevice, record: LoadRecord, wish_kwh: float) -> float:
    """Return what is left of this day's energy, or of the run that was asked for; 0 where it is done. [kWh]."""
    if kind_of(device) is LoadKind.PROGRAMME:
        return 0.0 if record.has_run else wish_kwh
    done = record.delivered_kwh if device.params["demand"] == DAILY else record.run_kwh
    left = wish_kwh - done
    return left if left > DONE_SHARE * wish_kwh else 0.0


def full_h(device: SiteDevice, energy_kwh: float) -> float:
    """Return how long an energy takes at full power; a programme takes its time. [h]."""
    load = make_load(device)
    return load.run_h if load.kind is LoadKind.PROGRAMME else energy_kwh / load.power_kw


def runs(device: SiteDevice, record: LoadRecord) -> bool:
    """Tell whether a programme is in progress, or a load of another kind is on."""
    if kind_of(device) is LoadKind.PROGRAMME:
        return record.programme_since_s is not None
    return bool(record.is_on)


def asks_of(
    device: SiteDevice, record: LoadRecord, wish_kwh: float, now_s: float, zone: tzinfo
) -> tuple[LoadAsk, ...]:
    """Return what a load is to do, in the order of the windows."""
    asks = (
        _each_day(device, record, wish_kwh, now_s, zone)
        if device.params["demand"] == DAILY
        else _this_run(device, record, wish_kwh, now_s, zone)
    )
    return tuple(ask for ask in asks if ask.energy_kwh > 0 and (ask.spans_s or ask.goes_on))


def _each_day(
    device: SiteDevice, record: LoadRecord, wish_kwh: float, now_s: float, zone: tzinfo
) -> tuple[LoadAsk, ...]:
    """Return what remains of today, and all of the days after it."""
    window = window_of(device.params)
    day = window.day_of(now_s, zone)
    begin_s, end_s = window.span_s(day, zone)
    spans = ((max(begin_s, now_s), end_s),) if end_s > now_s else ()
    left = left_kwh(device, record, wish_kwh)
    later = (
        replace(
            _ask(device, (window.span_s(day + timedelta(days=n), zone),), wish_kwh, wish_kwh), can_wait=True
        )
        for n in range(1, AHEAD_DAYS)
    )
    return _begun(_ask(device, spans, left, wish_kwh), device, record, now_s), *later


def _this_run(
    device: SiteDevice, record: LoadRecord, wish_kwh: float, now_s: float, zone: tzinfo
) -> tuple[LoadAsk, ...]:
    """Return the one run that somebody asked for."""
    spans = window_of(device.params).spans_until(now_s, now_s + AHEAD_S, zone)
    ask = _ask(device, spans, left_kwh(device, record, wish_kwh), wish_kwh)
    return (replace(_begun(ask, device, record, now_s), ready_at_s=record.ready_at_s),)


def _ask(device: SiteDevice, spans: tuple[Span, ...], energy_kwh: float, wish_kwh: float) -> LoadAsk:
    reward = device.params.get("reward")
    return LoadAsk(
        spans_s=spans,
        energy_kwh=energy_kwh,
        power_kw=make_load(device).power_max_kw,
        # Half of the work is worth half of it.
        reward=reward * energy_kwh / wish_kwh if reward is not None and wish_kwh else None,
        run_h=full_h(device, energy_kwh) if kind_of(device) in RUNS else 0.0,
    )


def _begun(ask: LoadAsk, device: SiteDevice, record: LoadRecord, now_s: float) -> LoadAsk:
    """Return an ask for what is still to come of a run that has begun."""
    if not ask.run_h or not runs(device, record):
        return ask
    since_s = record.programme_since_s
    run_h = ask.run_h if since_s is None else max(0.0, ask.run_h - (now_s - since_s) / 3600)
    # What runs is through with asking whether it is worth it.
    return replace(ask, goes_on=True, run_h=run_h, reward=None)
