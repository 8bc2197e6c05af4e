"""How clean the grid is, hour by hour: fetched, or noted from an entity that only knows now; kept over restarts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import CO2_ENERGY_CHARTS, CO2_ENTITY, CONF_COUNTRY, CONF_ENTITY
from ..engine.price_estimate import QUARTER_S
from ..engine.tariff import PublishedPrices
from ..sources.energy_charts_co2 import EnergyChartsCo2Client
from ..sources.errors import SourceError
from .price_store import KnownPrices, PriceStore
from .prices import joined

PAST: Final = timedelta(days=35)
FUTURE: Final = timedelta(days=2)
# Measured values come every quarter of an hour, forecasts once a day: hourly is enough for both.
ASK_EVERY_S: Final = 3600.0


class Co2ProblemError(Exception):
    """No (new) series. `key` names the message, `placeholders` fill it."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep the reason as data."""
        super().__init__(f"{key}: {placeholders}")
        self.key = key
        self.placeholders: Mapping[str, str] = placeholders


class Co2Feed:
    """The series of one home, in g/kWh. It is kept like a published price, and its gaps are estimated like one."""

    def __init__(self, hass: HomeAssistant, entry_id: str, stored: Mapping[str, Any] | None) -> None:
        """Remember where to look; None where nobody wants to know."""
        self._hass, self._stored = hass, stored or {"kind": "none"}
        self._store = PriceStore(hass, entry_id, "co2")
        self._source = {
            key: str(self._stored[key]) for key in ("kind", CONF_COUNTRY, CONF_ENTITY) if key in self._stored
        }
        self._is_recalled = False
        self._known: KnownPrices | None = None

    @property
    def series(self) -> PublishedPrices | None:
        """Return what is known, in g/kWh; None where nothing is."""
        return self._known.prices if self._known and len(self._known.prices.starts_s) else None

    async def async_refresh(self) -> None:
        """Bring the series up to date; raises `Co2ProblemError`, the last good one stays."""
        if self._stored["kind"] not in (CO2_ENERGY_CHARTS, CO2_ENTITY):
            return
        if not self._is_recalled:
            self._is_recalled = True
            self._known = await self._store.async_load(self._source)
        now_s = dt_util.utcnow().timestamp()
        if self._stored["kind"] == CO2_ENTITY:
            self._keep(self._noted(now_s), now_s)
        elif self._known is None or now_s - self._known.fetched_at_s >= ASK_EVERY_S:
            self._keep(await self._async_asked(now_s), now_s)

    async def async_flush(self) -> None:
        """Write down what is known."""
        await self._store.async_flush()

    def _keep(self, fresh: PublishedPrices, now_s: float) -> None:
        series = joined(self._known.prices if self._known else None, fresh, now_s - PAST.total_seconds())
        self._known = KnownPrices(prices=series, fetched_at_s=now_s)
        self._store.put(self._source, self._known)

    async def _async_asked(self, now_s: float) -> PublishedPrices:
        since_s = now_s - (PAST.total_seconds() if self._known is None else 86400.0)
        try:
            return await async_ask_intensity(
                self._hass, self._stored[CONF_COUNTRY], since_s, now_s + FUTURE.total_seconds()
            )
        except SourceError as err:
            raise Co2ProblemError("co2_unreachable", detail=str(err)) from err

    def _noted(self, now_s: float) -> PublishedPrices:
        """Return what an entity says of this quarter of an hour; over days the shape of a day comes of it."""
        value = read_intensity(self._hass, self._stored[CONF_ENTITY])
        start_s = now_s // QUARTER_S * QUARTER_S
        return PublishedPrices(
            starts_s=np.array([start_s]),
            ends_s=np.array([start_s + QUARTER_S]),
            price_per_kwh=np.array([value]),
        )


async def async_ask_intensity(
    hass: HomeAssistant, country: str, start_s: float, end_s: float
) -> PublishedPrices:
    """Return what Energy-Charts knows of a span of time, in g/kWh; raises `SourceError`."""
    client = EnergyChartsCo2Client(async_get_clientsession(hass), country=country)
    found = np.array(await client.async_get_intensity(start_s, end_s), dtype=np.float64).reshape(-1, 3)
    return PublishedPrices(starts_s=found[:, 0], ends_s=found[:, 1], price_per_kwh=found[:, 2])


def read_intensity(hass: HomeAssistant, entity_id: str) -> float:
    """Return how much CO₂ a kWh brings now, by an entity such as Electricity Maps'. [g/kWh]."""
    state = hass.states.get(entity_id)
    try:
        value = float(state.state) if state else np.nan
    except ValueError:
        value = np.nan
    if state is None or not np.isfinite(value) or value < 0:
        raise Co2ProblemError("co2_entity_unavailable", entity=entity_id)
    unit = str(state.attributes.get("unit_of_measurement", ""))
    money, _, energy = unit.casefold().replace(" ", "").partition("/")
    weight = {"g": 1.0, "kg": 1000.0}.get(
        money.removesuffix("co2eq").removesuffix("co2e").removesuffix("co2").removesuffix("co₂")
    )
    if weight is None or energy not in ("kwh", "mwh"):
        raise Co2ProblemError("co2_unit_unknown", entity=entity_id, unit=unit or "–")
    return value * weight / (1.0 if energy == "kwh" else 1000.0)
