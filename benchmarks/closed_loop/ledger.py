"""What the days cost, and whether cars got what they were promised by their hour."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

import numpy as np

from benchmarks.closed_loop.ems import NEEDED_KWH, Disk
from benchmarks.closed_loop.planning import FEED_IN_PER_KWH, import_prices
from custom_components.ems.demo.charging_point import ChargingPoint
from custom_components.ems.demo.home import Home
from custom_components.ems.engine.control.charger import ChargerSpec
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.flows.demo import _DEVICES

_PROMISES: Final = frozenset({EvMode.PLAN, EvMode.NOW})
_KWH_PER_WS: Final = 1 / 3_600_000
# What a promise is checked with: the rest of a step, and a car that nears its limit.
_SPARE_H: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Stay:
    """A car's stay up to the hour when it was to be ready. promised_kwh : What it lacked and could get by then."""

    key: str
    promised_kwh: float
    got_kwh: float

    @property
    def share(self) -> float:
        """Return how much of what was promised came."""
        return self.got_kwh / self.promised_kwh


@dataclass
class _Open:
    began_wh: float
    began_s: int
    ready_s: float
    room_kwh: float
    is_promise: bool = True


@dataclass
class Ledger:
    """Counts money and promises."""

    home: Home
    specs: Sequence[ChargerSpec]
    disk: Disk
    zone: tzinfo
    bill_eur: float = 0.0
    unsteered_eur: float = 0.0  # the same loads at the same times, without a battery
    import_kwh: float = 0.0
    cars_kwh: float = 0.0
    stays: list[Stay] = field(default_factory=list)
    _open: dict[str, _Open] = field(default_factory=dict)
    _price: float = 0.0

    def second(self) -> None:
        """Count a second."""
        home, at_s = self.home, self.home.at_s
        if at_s % 3600 == 0 or not self._price:
            self._price = float(import_prices(home.seed, np.array([float(at_s)]))[0])
        seen = home.snapshot
        total_w, cars_w = sum(seen.grid_w), sum(seen.car_w)
        self.bill_eur += self._money(total_w)
        self.unsteered_eur += self._money(sum(seen.household_w) + cars_w - 0.97 * seen.flows.pv_w)
        self.import_kwh += max(0.0, total_w) * _KWH_PER_WS
        self.cars_kwh += cars_w * _KWH_PER_WS
        if at_s % 10 == 0:
            for spec, point in zip(self.specs, home.points, strict=True):
                self._watch(spec, point, at_s)

    def excuse(self, key: str) -> None:
        """Let a person's own word end a promise."""
        if (stay := self._open.get(key)) is not None:
            stay.is_promise = False

    def _money(self, power_w: float) -> float:
        per_kwh = self._price if power_w > 0 else FEED_IN_PER_KWH
        return power_w * _KWH_PER_WS * per_kwh

    def _watch(self, spec: ChargerSpec, point: ChargingPoint, at_s: int) -> None:
        """Open a stay when a car comes, close it at its hour; a car that leaves before was promised nothing."""
        stay = self._open.get(spec.key)
        if not point.charger.connected:
            self._open.pop(spec.key, None)
            return
        counted_wh = sum(point.charger.energy_wh)
        if stay is None:
            self._open[spec.key] = self._opened(point, at_s, counted_wh)
            return
        if self.disk.modes[spec.key] not in _PROMISES:
            stay.is_promise = False
        if at_s >= stay.ready_s:
            self._close(spec, stay, counted_wh)
            self._open[spec.key] = self._opened(point, at_s, counted_wh)
            self._open[spec.key].is_promise = False  # it has had its share of this stay

    def _opened(self, point: ChargingPoint, at_s: int, counted_wh: float) -> _Open:
        params = next(each.params for each in _DEVICES if each.at == point.spec.key)
        car, now = point.car, datetime.fromtimestamp(at_s, self.zone)
        ready = datetime.combine(now.date(), time.fromisoformat(params["ready_by"]), self.zone)
        ready = ready if ready > now else ready + timedelta(days=1)
        room_kwh = (car.spec.limit * car.spec.capacity_wh - car.energy_wh) / car.spec.efficiency / 1000
        wanted_kwh = min(NEEDED_KWH[point.spec.key], max(0.0, room_kwh))
        return _Open(counted_wh, at_s, ready.timestamp(), wanted_kwh)

    def _close(self, spec: ChargerSpec, stay: _Open, counted_wh: float) -> None:
        most_kwh = spec.current_max_a * spec.phases * 0.22 * ((stay.ready_s - stay.began_s) / 3600 - _SPARE_H)
        promised = min(stay.room_kwh, most_kwh)
        if stay.is_promise and promised > 1.0:
            got = (counted_wh - stay.began_wh) / 1000
            self.stays.append(Stay(key=spec.key, promised_kwh=promised, got_kwh=got))
