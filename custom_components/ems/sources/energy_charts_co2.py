"""How much CO₂ a kWh from the grid brings, measured and forecast, from Energy-Charts: free, without a key.

The API's page: https://api.energy-charts.info (`/co2eq`). Two columns beside the instants: what was measured and
what is forecast, in g of CO₂ equivalents per kWh; where the one has a gap the other may speak. How far the
forecast reaches is the service's business: mostly to the end of the day.
"""

import asyncio
from itertools import pairwise
from typing import Any

from aiohttp import ClientSession

from . import energy_charts
from .errors import SourceResponseError
from .http import Patience, Sleep, async_get_json
from .market import HOUR_S, number_of

PATH = "/co2eq"
# A lignite plant has 1150 g/kWh; beyond that a unit was mixed up.
MOST_G_PER_KWH = 2000.0
COUNTRIES = (
    *("AT", "BE", "BG", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IT", "LT", "LV"),
    *("NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK"),
)

type Intensity = tuple[tuple[float, float, float], ...]


class EnergyChartsCo2Client:
    """Asks Energy-Charts, or a server that answers in its shape."""

    def __init__(
        self,
        session: ClientSession,
        *,
        country: str,
        patience: Patience | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare to ask."""
        self._session, self._country = session, country
        self._patience, self._sleep = patience, sleep

    async def async_get_intensity(self, start_s: float, end_s: float) -> Intensity:
        """Return (start, end, g/kWh) of what is known of a span of time, in order. [s since epoch, UTC]."""
        url = energy_charts.BASE_URL.rstrip("/") + PATH
        params = {"country": self._country.casefold(), "start": str(round(start_s)), "end": str(round(end_s))}
        return parse_intensity(await async_get_json(self._session, url, params, self._patience, self._sleep))


def parse_intensity(answer: Any) -> Intensity:
    """Return the intervals of an answer that say something; raise `SourceResponseError` if it is none."""
    if not isinstance(answer, dict) or not isinstance(starts := answer.get("unix_seconds"), list):
        raise SourceResponseError("CO₂: no column unix_seconds")
    instants = [number_of(start) for start in starts]
    columns = [_column(answer, name, len(starts)) for name in ("co2eq", "co2eq_forecast")]
    known = [at for at in instants if at is not None]
    if len(known) != len(instants) or any(after <= before for before, after in pairwise(known)):
        raise SourceResponseError("CO₂: instants are not in order")
    widths = [min(after - before, HOUR_S) for before, after in pairwise(known)]
    widths += widths[-1:] or [HOUR_S]
    rows = zip(known, widths, *columns, strict=False)
    return tuple(
        (start, start + width, value)
        for start, width, measured, forecast in rows
        if (value := forecast if measured is None else measured) is not None
    )


def _column(answer: dict[str, Any], name: str, count: int) -> list[float | None]:
    values = answer.get(name)
    if values is None:
        return [None] * count
    if not isinstance(values, list) or len(values) != count:
        raise SourceResponseError(f"CO₂: {name} is of another length than its instants")
    found = [number_of(value) for value in values]
    if any(value is not None and not 0 <= value <= MOST_G_PER_KWH for value in found):
        raise SourceResponseError(f"CO₂: {name} holds what no grid emits")
    return found
