"""What a loaded site holds. Everything else is derived from it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

from .site_device import SiteDevice

if TYPE_CHECKING:
    from .adapters.cars import CarSessions
    from .adapters.forecast_store import ForecastStore
    from .adapters.limits_now import LimitsBook
    from .adapters.load_book import LoadBook
    from .adapters.peak_meter import PeakMeter
    from .coordinators.forecast import ForecastCoordinator
    from .coordinators.guard import GuardCoordinator
    from .coordinators.plan import PlanCoordinator
    from .coordinators.site import SiteCoordinator
    from .coordinators.skill import SkillCoordinator
    from .demo import DemoHome
    from .dispatcher import Dispatcher
    from .meter_health import MeterHealth
    from .settings import SiteSettings
    from .store import SiteStore


@dataclass(kw_only=True)
class EmsData:
    """The parts of a running site."""

    settings: SiteSettings
    store: SiteStore
    forecasts: ForecastStore
    devices: dict[str, SiteDevice]  # by subentry id
    site: SiteCoordinator
    forecast: ForecastCoordinator
    skill: SkillCoordinator
    plan: PlanCoordinator
    dispatcher: Dispatcher
    guard: GuardCoordinator
    cars: CarSessions
    loads: LoadBook
    peak: PeakMeter
    limits: LimitsBook
    health: dict[str, MeterHealth]  # of the meters, by subentry id
    site_device_id: str  # of the device registry; every other device hangs below it
    demo: DemoHome | None = field(default=None)


type EmsConfigEntry = ConfigEntry[EmsData]
