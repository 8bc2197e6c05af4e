"""Cars: what they still need, from their state of charge or from what this stay has brought, and by when."""

from dataclasses import dataclass

from homeassistant.core import callback

from ..engine.control.ev_mode import EvMode
from ..engine.site import Charger
from ..settings import SiteSettings
from ..site_device import SiteDevice
from ..store import SiteStore
from .departure import ready_at

STORE_KEY = "sessions"
TARGET_SOC_PCT = 80.0
EV_MODE = "ev_mode"
# What was asked before there were modes, and the answer that meant the sun alone.
_CHARGE_FROM, _SURPLUS_ONLY = "charge_from", "surplus_only"
# From the socket into the car: nobody measures it, so it is what the engine takes for any charger.
EFFICIENCY = Charger.charge_efficiency


@dataclass(frozen=True, kw_only=True)
class CarNow:
    """A car as it stands at its charger. `connected` is None where the charger does not say.

    connected : Also False where people want nothing to be charged: then there is nothing to plan.
    energy_needed_kwh, energy_max_kwh : At the socket: to what it is to have, and to what it can take at all; the
        latter None where the car does not tell its state of charge.
    """

    connected: bool | None
    energy_needed_kwh: float
    ready_at_s: float
    energy_max_kwh: float | None = None
    surplus_only: bool = False
    is_wanted: bool = True


@dataclass(frozen=True, kw_only=True)
class _Told:
    """A state of charge, and where the charger's counter stood when it was first heard."""

    soc: float
    energy_wh: float | None


class CarSessions:
    """Remembers the energy counter at the moment a car was plugged in, over restarts."""

    def __init__(self, store: SiteStore, settings: SiteSettings) -> None:
        """Take up where the last run stopped."""
        self._store, self._settings = store, settings
        self._connected: dict[str, bool] = {}
        # The last word of each counter: one that is silent has not gone back to zero.
        self._counted: dict[str, float] = {}
        self._told: dict[str, _Told] = {}

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
        if not connected:
            self._told.pop(device.subentry_id, None)
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

    def now(self, device: SiteDevice, soc: float | None = None) -> CarNow:
        """Return what the car at a charger still needs, and by when.

        soc : What the car says of itself, 0 to 1; None where it says nothing.
        """
        connected, capacity_kwh = device.value("car_connected"), device.params.get("car_capacity_kwh")
        missing, room = self._missing(device), None
        if soc is not None and capacity_kwh is not None:
            missing, room = self._missing_by_soc(device, soc, float(capacity_kwh))
        mode = ev_mode_of(self._settings, device.subentry_id)
        return CarNow(
            connected=connected and mode is not EvMode.OFF if isinstance(connected, bool) else None,
            energy_needed_kwh=missing,
            energy_max_kwh=room,
            ready_at_s=ready_at(self._settings, device).timestamp(),
            # The smallest current of `min_surplus` comes from the grid too, so the sun alone would be too little.
            surplus_only=mode is EvMode.SURPLUS,
            is_wanted=mode is not EvMode.OFF,
        )

    def _missing(self, device: SiteDevice) -> float:
        """Return what is missing of the energy that people asked for, at the socket. [kWh]."""
        wish = self._settings.device(
            device.subentry_id, "energy_needed_kwh", device.params["energy_needed_kwh"]
        )
        began_wh = self._store.data.get(STORE_KEY, {}).get(device.subentry_id)
        energy_wh = self._counted.get(device.subentry_id)
        charged = 0.0 if began_wh is None or energy_wh is None else max(0.0, (energy_wh - began_wh) / 1000)
        return float(max(0.0, wish - charged))

    def _missing_by_soc(self, device: SiteDevice, soc: float, capacity_kwh: float) -> tuple[float, float]:
        """Return what is missing to the wished state of charge and to a full battery, at the socket. [kWh]."""
        target_pct = self._settings.device(device.subentry_id, "target_soc_pct", TARGET_SOC_PCT)
        inside = soc * capacity_kwh + self._charged_since_told(device.subentry_id, soc) * EFFICIENCY
        missing = (
            max(0.0, full - inside) / EFFICIENCY for full in (target_pct / 100 * capacity_kwh, capacity_kwh)
        )
        return next(missing), next(missing)

    def _charged_since_told(self, subentry_id: str, soc: float) -> float:
        """Return what a car got since it last told another state of charge. [kWh].

        Many tell it once an hour; without this, each plan until then would ask for the same energy again.
        """
        energy_wh, told = self._counted.get(subentry_id), self._told.get(subentry_id)
        if told is None or told.soc != soc or told.energy_wh is None:
            self._told[subentry_id] = told = _Told(soc=soc, energy_wh=energy_wh)
        if told.energy_wh is None or energy_wh is None:
            return 0.0
        return max(0.0, (energy_wh - told.energy_wh) / 1000)


def ev_mode_of(settings: SiteSettings, subentry_id: str) -> EvMode:
    """Return how people want a charger's car to be charged. What they chose before there were modes goes on."""
    is_sun_only = settings.device(subentry_id, _CHARGE_FROM, None) == _SURPLUS_ONLY
    return EvMode(settings.device(subentry_id, EV_MODE, EvMode.SURPLUS if is_sun_only else EvMode.PLAN))
