"""Set a site up and take it down again. The long reasoning lives in the modules named here."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.typing import ConfigType
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .adapters.cars import CarSessions
from .adapters.demo_home import demo_ports, make_demo_home
from .adapters.forecast_store import ForecastStore
from .adapters.inputs import InputCollector
from .adapters.limit_options import quarter_hour_options
from .adapters.limits_now import LimitsBook
from .adapters.load_book import LoadBook
from .adapters.peak_meter import PeakMeter
from .adapters.price_store import PriceStore
from .adapters.site_devices import build_devices, introduce
from .adapters.wording import reason_of
from .circuit_issues import async_tell_circuits
from .const import CHARGER, CONF_DEMO, DOMAIN, FORECAST_INTERVAL, LOAD, LOGGER, PLATFORMS
from .coordinators.forecast import ForecastCoordinator
from .coordinators.guard import GuardCoordinator
from .coordinators.plan import PlanCoordinator
from .coordinators.site import SiteCoordinator
from .coordinators.skill import SkillCoordinator
from .coordinators.unusable import UnusableCoordinator
from .cycle import async_begin, async_follow_plan, async_follow_prices
from .demo import DemoHome, PortError
from .devices import AnyProfile
from .dispatcher import Dispatcher
from .engine.plan import PlanError
from .entity import site_device_info
from .foreign_writes import async_follow_foreign_writes
from .guard_issues import async_tell_guard
from .lease_issues import async_tell_no_lease
from .limits_follower import async_follow_limits
from .load_follower import async_follow_load
from .meter_health import async_follow_health, meters_health
from .meter_issue import async_tell_lost_meters
from .override_keeper import async_keep_overrides
from .peak_follower import async_follow_peak
from .profile_issues import async_profiles, async_watch_profiles
from .push_view import async_setup_push
from .runtime import EmsConfigEntry, EmsData
from .services import async_setup_services
from .setpoint_issues import async_tell_refusals
from .settings import SiteSettings
from .site_device import SiteDevice
from .store import SiteStore

DEMO_STATE = "demo_home"


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and the address for reports, which are there whether a site is loaded or not."""
    async_setup_services(hass)
    async_setup_push(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Bring a site up: its wires, its devices, its coordinators, its entities."""
    _async_follow_changes(hass, entry)
    async_watch_profiles(hass, entry)
    store = SiteStore(hass, entry.entry_id)
    await store.async_load()
    forecasts = ForecastStore(hass, entry.entry_id)
    await forecasts.async_load()
    demo = await _async_start_demo(hass, entry, store)
    try:
        profiles = await async_profiles(hass)
        devices = _build_devices(hass, entry, profiles.every, store)
        await _async_first_contact(devices)
        entry.runtime_data = _assemble(hass, entry, store, forecasts, devices, demo)
        await entry.runtime_data.forecast.async_restore()
        await entry.runtime_data.skill.async_restore()
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
        _async_run(hass, entry)
    except BaseException:
        if demo:
            await demo.async_stop()
        raise
    return True


def _build_devices(
    hass: HomeAssistant, entry: EmsConfigEntry, profiles: Mapping[str, AnyProfile], store: SiteStore
) -> dict[str, SiteDevice]:
    """Return the site's devices; a link that somebody else uses with other settings may be free later."""
    try:
        return build_devices(hass, entry, profiles, store)
    except HomeAssistantError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="link_in_use",
            translation_placeholders={"detail": str(err)},
        ) from err


def _assemble(
    hass: HomeAssistant,
    entry: EmsConfigEntry,
    store: SiteStore,
    forecasts: ForecastStore,
    devices: dict[str, SiteDevice],
    demo: DemoHome | None,
) -> EmsData:
    """Put the parts of a site together; nothing runs yet."""
    settings = SiteSettings(hass, entry)
    site = SiteCoordinator(hass, entry, devices)
    forecast = ForecastCoordinator(hass, entry, forecasts)
    skill = SkillCoordinator(hass, entry, forecasts, forecast)
    cars = CarSessions(store, settings)
    loads = LoadBook(store, settings)
    peak = PeakMeter(store, lambda: quarter_hour_options(entry).starts_past_s)
    collector = InputCollector(
        hass, entry, settings, devices, site, forecast, cars=cars, loads=loads, peak=peak, skill=skill
    )
    skill.collect = collector.collect
    registry = dr.async_get(hass)
    device = registry.async_get_or_create(config_entry_id=entry.entry_id, **site_device_info(entry))
    plan = PlanCoordinator(hass, entry, collector.collect)
    dispatcher = Dispatcher(hass, entry, settings, devices, store)
    limits = LimitsBook(hass, entry, settings, peak, store)
    return EmsData(
        settings=settings,
        store=store,
        forecasts=forecasts,
        devices=devices,
        site=site,
        forecast=forecast,
        skill=skill,
        plan=plan,
        dispatcher=dispatcher,
        guard=_guard(
            hass, entry, settings, devices, site, dispatcher, cars=cars, plan=plan, limits=limits, store=store
        ),
        cars=cars,
        loads=loads,
        peak=peak,
        limits=limits,
        health=meters_health(entry, devices),
        site_device_id=device.id,
        demo=demo,
    )


def _guard(hass: HomeAssistant, entry: EmsConfigEntry, *parts: Any, **more: Any) -> GuardCoordinator:
    """Return the guard; circuits and devices that contradict each other stop the set-up and say so."""
    try:
        return GuardCoordinator(hass, entry, *parts, **more)
    except PlanError as err:
        reason = reason_of(err)
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key=reason.key,
            translation_placeholders=dict(err.placeholders),
        ) from err


async def _async_start_demo(hass: HomeAssistant, entry: EmsConfigEntry, store: SiteStore) -> DemoHome | None:
    """Start the simulated home where this entry has one of its own."""
    stored = entry.data.get(CONF_DEMO)
    if not stored or not stored["ports"]:
        return None
    state = store.data.get(DEMO_STATE)
    # Catching up with a night takes a moment of arithmetic, which the event loop has no time for.
    home = await hass.async_add_executor_job(lambda: make_demo_home(hass, seed=stored["seed"], state=state))
    try:
        await home.async_start(ports=demo_ports(stored["ports"]))
    except PortError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="demo_port_taken",
            translation_placeholders={"detail": str(err)},
        ) from err
    return home


async def _async_first_contact(devices: dict[str, SiteDevice]) -> None:
    """Read every device once. One that is silent does not stop the others; if all are, there is nothing to do yet."""
    coordinators = {device.coordinator for device in devices.values()}
    coordinators |= {device.settings for device in devices.values() if device.settings}
    silent = [found for found in await asyncio.gather(*map(_async_first_refresh, coordinators)) if found]
    for device in devices.values():
        introduce(device)
    asked = [d for d in devices.values() if not isinstance(d.coordinator, UnusableCoordinator)]
    if asked and not any(device.coordinator.last_update_success for device in asked):
        name = asked[0].name
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="no_device_answers",
            translation_placeholders={"device": name},
        )
    for name, reason in silent:
        LOGGER.warning("%s is silent, the site starts without it: %s", name, reason)


async def _async_first_refresh(coordinator: DataUpdateCoordinator[Any]) -> tuple[str, str] | None:
    """Read once; return who was silent and why. Set-up is tried again and again, so nothing is logged here."""
    try:
        await coordinator.async_config_entry_first_refresh()
    except ConfigEntryNotReady as err:
        return coordinator.name, str(err.__cause__ or err)
    return None


@callback
def _async_run(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Let everything that beats beat."""
    data = entry.runtime_data
    for device in data.devices.values():
        _keep_polling(entry, device)
        if device.role == CHARGER:
            _follow_car(entry, device)
        if device.role == LOAD:
            async_follow_load(hass, entry, device)
    async_tell_lost_meters(hass, entry)
    async_tell_circuits(hass, entry)
    async_tell_refusals(hass, entry)
    async_tell_no_lease(hass, entry)
    async_tell_guard(hass, entry)
    async_follow_foreign_writes(hass, entry)
    async_follow_peak(hass, entry)
    async_follow_limits(hass, entry)
    async_follow_health(hass, entry)
    async_follow_plan(entry)
    async_follow_prices(entry)
    async_keep_overrides(hass, entry)
    data.dispatcher.async_start()
    data.guard.async_start()
    data.plan.async_start()
    data.forecast.async_start()
    data.skill.async_start()
    async_begin(hass, entry)
    _remember_demo(hass, entry)

    async def on_stop(_: Event) -> None:
        await _async_wind_down(entry)

    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, on_stop))


@callback
def _async_follow_changes(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Reload what changes from here on: devices may take long to answer, and people go on adding others."""
    entry.async_on_unload(entry.add_update_listener(Reloader(entry).async_updated))
    entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, _on_core_config(hass, entry)))


def _on_core_config(hass: HomeAssistant, entry: EmsConfigEntry) -> Callable[[Event], None]:
    """Return what reloads a site that moved: units, prices, forecasts and clocks all stand on where it is."""
    loaded = _place_of(hass)

    @callback
    def changed(_: Event) -> None:
        if _place_of(hass) != loaded:
            hass.config_entries.async_schedule_reload(entry.entry_id)

    return changed


def _place_of(hass: HomeAssistant) -> tuple[Any, ...]:
    config = hass.config
    return config.currency, config.time_zone, config.latitude, config.longitude, config.elevation


@callback
def _keep_polling(entry: EmsConfigEntry, device: SiteDevice) -> None:
    """Hold a listener of our own: without one, disabled entities would silently stop the readings."""
    entry.async_on_unload(device.coordinator.async_add_listener(lambda: None))
    if device.settings:
        entry.async_on_unload(device.settings.async_add_listener(lambda: None))


@callback
def _follow_car(entry: EmsConfigEntry, device: SiteDevice) -> None:
    """Plan anew when a car comes or goes."""
    data = entry.runtime_data

    @callback
    def changed() -> None:
        if data.cars.observe(device):
            data.plan.async_replan()

    entry.async_on_unload(device.coordinator.async_add_listener(changed))
    changed()


@callback
def _remember_demo(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Keep the simulated home's state, so that its counters never run backwards."""
    data = entry.runtime_data

    @callback
    def remember(_: Any = None) -> None:
        if data.demo:
            data.store.put(DEMO_STATE, data.demo.state())

    if data.demo:
        entry.async_on_unload(async_track_time_interval(hass, remember, FORECAST_INTERVAL))


async def async_unload_entry(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Write every device's safe state, then take the site down."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await _async_wind_down(entry)
    return True


async def _async_wind_down(entry: EmsConfigEntry) -> None:
    """Leave every device safe, save what must survive, stop the simulated home."""
    data = entry.runtime_data
    try:
        await data.dispatcher.async_stop()
        data.peak.save()
        if data.demo:
            data.store.put(DEMO_STATE, data.demo.state())
        await data.store.async_flush()
        await data.forecasts.async_flush()
    finally:
        if data.demo:
            await data.demo.async_stop()


async def async_remove_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Leave nothing behind."""
    await SiteStore(hass, entry.entry_id).async_remove()
    for name in ("prices", "co2"):
        await PriceStore(hass, entry.entry_id, name).async_remove()
    await ForecastStore(hass, entry.entry_id).async_remove()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: EmsConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let people delete devices whose subentry is gone."""
    known = {entry.entry_id, *entry.subentries}
    return not any(domain == DOMAIN and key in known for domain, key in device.identifiers)


class Reloader:
    """Reloads a site when its set-up changed, and only then: options are read live."""

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Remember what is loaded."""
        self._loaded = _setup_of(entry)
        self._is_scheduled = False

    async def async_updated(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Compare, and reload where it matters."""
        if _setup_of(entry) != self._loaded and not self._is_scheduled:
            self._is_scheduled = True  # one change may come in several updates
            hass.config_entries.async_schedule_reload(entry.entry_id)


def _setup_of(entry: EmsConfigEntry) -> tuple[Any, ...]:
    subentries = {key: (subentry.title, dict(subentry.data)) for key, subentry in entry.subentries.items()}
    return entry.title, dict(entry.data), subentries
