"""Collect what a plan needs, in one go on the event loop: one snapshot per cycle."""

from collections.abc import Mapping
from dataclasses import replace

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import BATTERY, CHARGER, CONF_TARIFF, CONF_WEATHER, LOAD, WEATHER_NONE
from ..coordinators.forecast import WEATHER_MAX_AGE, ForecastCoordinator
from ..coordinators.site import SiteCoordinator
from ..coordinators.skill import SkillCoordinator
from ..engine.forecast.sky import Place
from ..engine.plan import PlanError
from ..engine.plan.result import Reason
from ..runtime import EmsConfigEntry
from ..settings import SiteSettings
from ..site_device import SiteDevice
from .car_soc import car_soc
from .cars import CarNow, CarSessions
from .limit_options import cap_windows, quarter_hour_options
from .load_book import LoadBook
from .peak_meter import PeakMeter, PeakNow
from .problem import PlanInputs
from .site_model import make_site
from .wording import reason_of, reason_text


class InputCollector:
    """Knows where everything that a plan needs is to be found."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: EmsConfigEntry,
        settings: SiteSettings,
        devices: Mapping[str, SiteDevice],
        site: SiteCoordinator,
        forecast: ForecastCoordinator,
        *,
        cars: CarSessions,
        loads: LoadBook,
        peak: PeakMeter,
        skill: SkillCoordinator,
    ) -> None:
        """Remember the places."""
        self._hass, self._entry, self._settings = hass, entry, settings
        self._devices, self._site, self._forecast = devices, site, forecast
        self._cars, self._loads, self._peak, self._skill = cars, loads, peak, skill

    @callback
    def collect(self) -> PlanInputs | Reason:
        """Return the frozen picture, or why there is none."""
        config, outside = self._hass.config, self._forecast.data
        try:
            site = make_site(self._entry, self._settings, self._devices.values(), config.currency)
        except ValueError as err:
            refused = reason_of(err) if isinstance(err, PlanError) else None
            detail = reason_text(self._hass, refused) if refused else str(err)
            return Reason(key="setup_invalid", placeholders={"detail": detail.rstrip(".")})
        now_s = dt_util.utcnow().timestamp()
        load_w = self._site.steady_load_w
        weather_is_young = now_s - outside.weather_at_s < WEATHER_MAX_AGE.total_seconds()
        return PlanInputs(
            now_s=now_s,
            site=site,
            zone=dt_util.get_default_time_zone(),
            place=Place(
                latitude_deg=config.latitude, longitude_deg=config.longitude, altitude_m=config.elevation
            ),
            tariff=self._entry.data[CONF_TARIFF],
            published=outside.prices,
            load=outside.load,
            production_kwh=outside.production_kwh,
            solar=outside.solar,
            pv_given=outside.pv_given,
            co2=outside.co2,
            instead=self._skill.data.instead,
            places=self._skill.data.places,
            load_now_kw=None if load_w is None else load_w / 1000,
            weather=outside.weather if weather_is_young else None,
            weather_wanted=self._entry.data[CONF_WEATHER]["kind"] != WEATHER_NONE,
            soc={key: _soc(device) for key, device in self._of(BATTERY).items()},
            cars={key: self._car(device) for key, device in self._of(CHARGER).items()},
            loads={key: self._loads.now(device) for key, device in self._of(LOAD).items()},
            # Where a peak costs nothing, one that is reached already is no reason to reach it again.
            peak=self._peak_now() if site.grid.demand_charge else None,
            caps=cap_windows(self._entry),
            problems=(*outside.problems, *self._skill.data.reasons),
        )

    def _peak_now(self) -> PeakNow:
        """Return where the peak stands, for a plan: at least at what is paid for in any case."""
        now, floor_kw = self._peak.now, quarter_hour_options(self._entry).floor_kw
        return replace(now, so_far_kw=max(now.so_far_kw or 0.0, floor_kw))

    def _of(self, role: str) -> dict[str, SiteDevice]:
        return {key: device for key, device in self._devices.items() if device.role == role}

    def _car(self, device: SiteDevice) -> CarNow | None:
        return self._cars.now(device, car_soc(self._hass, device.params)) if device.is_fresh else None


def _soc(device: SiteDevice) -> float | None:
    soc_pct = device.fresh_number("soc")
    return None if soc_pct is None else soc_pct / 100
