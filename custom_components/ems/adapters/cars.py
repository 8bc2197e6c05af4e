"""Cars: how much of the wished energy this stay has already brought, and when it is to be there."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..settings import SiteSettings
from ..site_device import SiteDevice
from ..store import SiteStore

STORE_KEY = "sessions"


@dataclass(frozen=True, kw_only=True)
class CarNow:
    """A car as it stands at its charger. `connected` is None where the charger does not say."""

    connected: bool | None
    energy_needed_kwh: float
    ready_at_s: float


class CarSessions:
    """Remembers the energy counter at the moment a car was plugged in, over restarts."""

    def __init__(self, store: SiteStore, settings: SiteSettings) -> None:
        """Take up where the last run stopped."""
        self._store, self._settings = store, settings
        self._connected: dict[str, bool] = {}
        # The last word of each counter: one that is silent has not gone back to zero.
        self._counted: dict[str, float] = {}

    @callback
    def observe(self, device: SiteDevice) -> bool:
        """Note a car that came or went; return whether one did since the last look."""
        connected = device.value("car_connected")
        if not isinstance(connected, bool):
            return False
        self._count(device, connected=connected)
        before = self._connected.get(device.subentry_id, connected)
        self._connected[device.subentry_id] = connected
        return before is not connected

    def _count(self, device: SiteDevice, *, connected: bool) -> None:
        """Remember where the counter stood when the car came; a charger without one is asked for all, every time."""
        sessions = dict(self._store.data.get(STORE_KEY, {}))
        energy_wh, known = device.fresh_number("energy"), device.subentry_id in sessions
        if energy_wh is not None:
            self._counted[device.subentry_id] = energy_wh
        if connected and not known and energy_wh is not None:
            sessions[device.subentry_id] = energy_wh
        elif not connected and known:
            del sessions[device.subentry_id]
        else:
            return
        self._store.put(STORE_KEY, sessions)

    def now(self, device: SiteDevice) -> CarNow:
        """Return what the car at a charger still needs, and by when."""
        wish = self._settings.device(
            device.subentry_id, "energy_needed_kwh", device.params["energy_needed_kwh"]
        )
        began_wh = self._store.data.get(STORE_KEY, {}).get(device.subentry_id)
        energy_wh = self._counted.get(device.subentry_id)
        charged = 0.0 if began_wh is None or energy_wh is None else max(0.0, (energy_wh - began_wh) / 1000)
        ready_by = self._settings.device(device.subentry_id, "ready_by", device.params["ready_by"])
        connected = device.value("car_connected")
        return CarNow(
            connected=connected if isinstance(connected, bool) else None,
            energy_needed_kwh=max(0.0, wish - charged),
            ready_at_s=next_local(time.fromisoformat(ready_by)).timestamp(),
        )


def next_local(at: time, now: datetime | None = None) -> datetime:
    """Return the next instant at which the local clock shows a time, right over both clock changes.

    A time that comes twice counts twice; one that the clock skips counts as if it had not been skipped.
    """
    local = dt_util.as_local(now or dt_util.utcnow())
    ahead = (
        when
        for day in (0, 1)
        for fold in (0, 1)
        if (when := _on_the_clock(local.date() + timedelta(days=day), at, fold)) is not None
        and when.timestamp() > local.timestamp()
    )
    return min(ahead, key=datetime.timestamp)


def _on_the_clock(day: date, at: time, fold: int) -> datetime | None:
    """Return the first or the second time that a day's clock shows a time; None where there is no second."""
    zone = dt_util.get_default_time_zone()
    when = datetime.combine(day, time(at.hour, at.minute), tzinfo=zone).replace(fold=fold)
    first = when.replace(fold=0)
    if fold and when.timestamp() <= first.timestamp():
        return None
    return when
