"""What EMS saves, or could: measured minutes against plain self-consumption and against what was decided."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..adapters.power_means import PowerMeans, Powers
from ..adapters.shadow_record import ledger_as_dict, ledger_of, verdicts_of
from ..adapters.shadow_step import (
    GRID,
    cars_of,
    decision_in,
    mean_price_of,
    offered_in,
    powers_kw,
    prices_of,
    stored_kwh,
    worth_of,
)
from ..adapters.site_model import make_site
from ..adapters.virtual_home import as_if_followed
from ..const import BATTERY, CHARGER, CONF_TARIFF, LOGGER, OPERATION_ACTIVE
from ..engine.control.shadow import account
from ..engine.control.shadow_ledger import PLAN, Ledger, Order, Step
from ..engine.control.shadow_verdict import Verdict, judged
from ..engine.plan.components.end_value import EndValue
from ..engine.plan.result import Reason
from ..engine.site import Preference, Site, Strategy
from ..runtime import EmsConfigEntry
from .virtual_plan import VirtualPlan

STORE_KEY: Final = "shadow"
# A crash costs five minutes of sixty days.
SAVED_EVERY_MIN: Final = 5
# What lies between two minutes of the clock when the loop was held up; beyond it nobody looked.
LONGEST_S: Final = 150.0
CHEAPEST: Final = (Strategy.AUTO, Strategy.ARBITRAGE)

type DecisionOf = Callable[[str], tuple[str, float | None] | None]


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """What the entities show. ledger : None before the first minute."""

    ledger: Ledger | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)  # by battery


@dataclass(frozen=True, kw_only=True)
class _Decided:
    """What was decided when a minute began: it is followed until the next one does."""

    orders: Mapping[str, Order] = field(default_factory=dict)
    offered_kw: Mapping[str, float | None] = field(default_factory=dict)


class ShadowCoordinator(DataUpdateCoordinator[Shadow]):
    """Looks at every full minute, and adds up what flows in between.

    `decision_of` says what EMS wants of a battery, by subentry id: a mode, and a power in kW where the mode needs one.
    """

    config_entry: EmsConfigEntry

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Take up where the last run stopped."""
        super().__init__(hass, LOGGER, config_entry=entry, name=f"{entry.title} shadow", update_interval=None)
        self._ems = entry.runtime_data
        self._means = PowerMeans()
        # A home of two hundred devices has few of these, and is looked at four times a second.
        self._keys = [key for key, each in self._ems.devices.items() if each.role in (BATTERY, CHARGER)]
        self._worth: Mapping[str, EndValue] = {}
        self._mean_price: float | None = None
        self._decided = _Decided()
        self._virtual = VirtualPlan(hass, entry)
        self.decision_of: DecisionOf = self._planned
        self.data = self._restored()

    def _restored(self) -> Shadow:
        stored = self._ems.store.data.get(STORE_KEY)
        if stored is None:
            return Shadow()
        try:
            return Shadow(ledger=ledger_of(stored["ledger"]), verdicts=verdicts_of(stored["verdicts"]))
        except (AttributeError, KeyError, TypeError) as err:
            LOGGER.warning("%s: what was saved so far cannot be read, it begins anew: %r", self.name, err)
            return Shadow()

    @callback
    def async_start(self) -> None:
        """Begin to look; with the site it stops, and what was counted is kept."""
        ems, entry = self._ems, self.config_entry
        entry.async_on_unload(self._async_close)
        entry.async_on_unload(
            self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, lambda _: self._keep())
        )
        entry.async_on_unload(ems.site.async_add_listener(self._observe))
        entry.async_on_unload(ems.plan.async_add_listener(self._replanned))
        entry.async_on_unload(async_track_utc_time_change(self.hass, self._on_minute, second=0))
        self._observe()

    async def _async_close(self) -> None:
        self._keep()
        await self._ems.store.async_flush()

    def _keep(self) -> None:
        shadow = self.data
        if shadow.ledger is not None:
            verdicts = {key: asdict(each) for key, each in shadow.verdicts.items()}
            self._ems.store.put(STORE_KEY, {"ledger": ledger_as_dict(shadow.ledger), "verdicts": verdicts})

    @callback
    def store_follows_rule(self, subentry_id: str) -> bool:
        """Tell whether a battery is to be left to plain self-consumption, because its plan has lost to it."""
        verdict = self.data.verdicts.get(subentry_id)
        return verdict is not None and verdict.follows_rule

    @callback
    def async_trust(self, subentry_id: str) -> None:
        """Give a battery back to the plan; what it lost so far speaks against it no more."""
        verdicts = {**self.data.verdicts, subentry_id: Verdict(since=day_of(dt_util.utcnow().timestamp()))}
        self.async_set_updated_data(replace(self.data, verdicts=verdicts))
        self._keep()
        self._ems.plan.async_replan()

    @callback
    def _observe(self) -> None:
        ems = self._ems
        powers = powers_kw(self._keys, ems.devices, ems.site.meters, ems.site.data.grid_w)
        self._means.observe(dt_util.utcnow().timestamp(), powers)

    @callback
    def _replanned(self) -> None:
        """Take what stored energy is worth now, and plan for the home that the decisions would have made."""
        outlook, ledger = self._ems.plan.data.outlook, self.data.ledger
        if outlook is None:
            return
        self._worth, self._mean_price = worth_of(outlook.problem), mean_price_of(outlook.problem)
        self._decide(outlook.problem.site)
        inputs = self._ems.skill.collect()
        if ledger is None or PLAN not in ledger.accounts or isinstance(inputs, Reason):
            self._virtual.async_forget()
            return
        virtual = frozenset(spec.id for spec in inputs.site.batteries) - self._steered(inputs.site)
        self._virtual.async_ask(as_if_followed(inputs, ledger.accounts[PLAN], virtual))

    @callback
    def _on_minute(self, now: datetime) -> None:
        """Account the minute that is over."""
        ems, now_s = self._ems, now.timestamp()
        powers = powers_kw(self._keys, ems.devices, ems.site.meters, ems.site.power_now().grid_w)
        since_s, means = self._means.take(now_s, powers)
        site = self._site()
        if site is None or not 0 < now_s - since_s <= LONGEST_S:
            return  # the time between two steps counts as missing
        ledger = account(self.data.ledger, self._step(site, since_s, now_s, means))
        self._decide(site)
        self.async_set_updated_data(Shadow(ledger=ledger, verdicts=_judged(self.data, ledger, site)))
        if now.minute % SAVED_EVERY_MIN == 0:
            self._keep()

    def _site(self) -> Site | None:
        ems = self._ems
        try:
            return make_site(self.config_entry, ems.settings, ems.devices.values(), self.hass.config.currency)
        except ValueError:  # the plan says what is wrong with the set-up
            return None

    def _step(self, site: Site, start_s: float, end_s: float, means: Powers) -> Step:
        ems, settings = self._ems, self._ems.settings
        prices = prices_of(self.config_entry.data[CONF_TARIFF], ems.forecast.data.prices, start_s, end_s)
        return Step(
            start_s=start_s,
            hours=(end_s - start_s) / 3600,
            day=day_of(start_s),
            batteries=site.batteries,
            grid_kw=means[GRID],
            battery_kw={spec.id: means[spec.id] for spec in site.batteries},
            energy_kwh=stored_kwh(site, ems.devices),
            import_price_per_kwh=prices.import_per_kwh,
            export_price_per_kwh=prices.export_per_kwh,
            worth=self._worth,
            orders=self._decided.orders,
            cars=cars_of(site, ems.devices, means, self._decided.offered_kw),
            owed_per_kwh=self._mean_price,
            steered=self._steered(site),
            is_active=settings.operation == OPERATION_ACTIVE,
            for_money=settings.strategy in CHEAPEST and settings.preference is Preference.ECONOMIC,
            demand=site.grid.demand_charge,
            peak_kw=ems.peak.now.so_far_kw or 0.0,
        )

    def _steered(self, site: Site) -> frozenset[str]:
        """Return the batteries that do what EMS decides."""
        if self._ems.settings.operation != OPERATION_ACTIVE:
            return frozenset()
        return frozenset(
            spec.id
            for spec in site.batteries
            if self._ems.devices[spec.id].actuator and not self.store_follows_rule(spec.id)
        )

    def _decide(self, site: Site) -> None:
        """Note what is decided for the minute that begins."""
        virtual, steered = self._virtual.current, self._steered(site)
        decided = {
            spec.id: self.decision_of(spec.id)
            if spec.id in steered or virtual is None
            else decision_in(virtual, spec.id)
            for spec in site.batteries
        }
        plan = virtual or self._ems.plan.current
        self._decided = _Decided(
            orders={key: Order(mode=each[0], power_kw=each[1]) for key, each in decided.items() if each},
            offered_kw={spec.id: offered_in(plan, spec.id) for spec in site.chargers},
        )

    def _planned(self, subentry_id: str) -> tuple[str, float | None] | None:
        """Return what the plan's running step says, while the plan is young enough to be followed."""
        return decision_in(self._ems.plan.current, subentry_id)


def day_of(at_s: float) -> str:
    """Return the local date of an instant."""
    return dt_util.as_local(dt_util.utc_from_timestamp(at_s)).date().isoformat()


def _judged(shadow: Shadow, ledger: Ledger, site: Site) -> dict[str, Verdict]:
    """Return the verdicts; they change when a day is over, and only then."""
    begun = {
        spec.id: shadow.verdicts.get(spec.id) or Verdict(since=ledger.today.day) for spec in site.batteries
    }
    if shadow.ledger is None or shadow.ledger.today.day == ledger.today.day:
        return begun
    return {key: judged(verdict, ledger.days, key) for key, verdict in begun.items()}
