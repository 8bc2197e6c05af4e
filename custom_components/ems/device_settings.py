"""What people can turn of a device: which settings it has, how each is checked, and what holds now."""

from collections.abc import Mapping
from typing import Any, Final

from .adapters.alerts import ALERTS, read_alerts, stored_alerts
from .adapters.cars import EV_MODE, ev_mode_of
from .adapters.departure import READY_BY, READY_BY_WEEKDAYS, read_time, read_weekday_times
from .adapters.schedules import SCHEDULE_MODES, SCHEDULES, read_schedules
from .const import CHARGER, LOAD
from .engine import checks
from .engine.control.ev_mode import EvMode
from .number import WISHES, WishDescription
from .settings import SiteSettings
from .site_device import SiteDevice

ENABLED: Final = "enabled"


class DeviceSettings:
    """The settings of one device."""

    def __init__(self, device: SiteDevice, settings: SiteSettings) -> None:
        """Find out which it has: the same as it has entities and forms for."""
        self._device, self._settings = device, settings
        role = device.role
        self._wishes: dict[str, WishDescription] = {
            wish.key: wish for wish in WISHES if wish.role == role and wish.exists_fn(device)
        }
        has = {
            EV_MODE: role == CHARGER,
            SCHEDULES: role in SCHEDULE_MODES,
            READY_BY: READY_BY in device.params,
            READY_BY_WEEKDAYS: role == CHARGER,
            **dict.fromkeys(self._wishes, True),
            ENABLED: role == LOAD,
            ALERTS: True,
        }
        self.keys: Final = tuple(key for key, is_there in has.items() if is_there)

    def read(self, key: str, given: Any) -> Any:
        """Return a setting as it is stored. Raises PlanError that names the field."""
        device = self._device
        match key:
            case "ev_mode":
                return checks.one_of(EvMode, EV_MODE, given).value
            case "schedules":
                return read_schedules(device.role, device.params, given)
            case "ready_by":
                return read_time(device.name, READY_BY, given)
            case "ready_by_weekdays":
                return read_weekday_times(given)
            case "alerts":
                return read_alerts(device.role, given)
            case "enabled":
                return bool(given)
        return self._wish(self._wishes[key], given)

    def _wish(self, wish: WishDescription, given: Any) -> float:
        low, high = wish.native_min_value, wish.native_max_value
        assert low is not None and high is not None  # noqa: S101, PT018  # every wish has a range
        checks.between(self._device.name, low, high, **{wish.key: given})
        return float(given)

    def has_weekdays(self, values: Mapping[str, Any]) -> bool:
        """Tell whether each weekday has a departure of its own, once some settings are changed."""
        return bool(values.get(READY_BY_WEEKDAYS, self._stored(READY_BY_WEEKDAYS, {})))

    def now(self) -> dict[str, Any]:
        """Return what holds: as turned, else as set up."""
        return {key: self._now(key) for key in self.keys}

    def _now(self, key: str) -> Any:
        if key in self._wishes:
            return self._stored(key, self._wishes[key].default_fn(self._device))
        if key == EV_MODE:
            return ev_mode_of(self._settings, self._device.subentry_id).value
        if key == ALERTS:
            return dict(stored_alerts(self._settings, self._device.subentry_id))
        default: dict[str, Any] = {
            SCHEDULES: [],
            READY_BY: self._device.params.get(READY_BY),
            READY_BY_WEEKDAYS: {},
            ENABLED: True,
        }
        return self._stored(key, default[key])

    def _stored(self, key: str, default: Any) -> Any:
        return self._settings.device(self._device.subentry_id, key, default)
