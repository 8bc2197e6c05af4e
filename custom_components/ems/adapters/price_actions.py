"""Price integrations that carry no list in any attribute, but answer an action: asked instead of the entity.

Nord Pool, Tibber, EnergyZero and easyEnergy of Home Assistant itself are of this kind. The user still picks the
entity; which integration it belongs to says what to ask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .price_problem import PriceProblemError

# Today and tomorrow: no auction reaches further.
DAYS: Final = 2


def _by_date(entry: ConfigEntry[Any], day: date) -> dict[str, Any]:
    return {"config_entry": entry.entry_id, "date": day.isoformat()}


def _market(entry: ConfigEntry[Any], day: date) -> dict[str, Any]:
    """Ask for exchange prices: what is added to them is the tariff's business."""
    return {
        "config_entry": entry.entry_id,
        "incl_vat": False,
        "start": day.isoformat(),
        "end": day.isoformat(),
    }


def _by_instants(_: ConfigEntry[Any], day: date) -> dict[str, Any]:
    start, end = (dt_util.start_of_local_day(day + timedelta(days=n)).isoformat() for n in (0, 1))
    return {"start": start, "end": end}


def _entry_currency(entry: ConfigEntry[Any], _: State) -> str:
    return f"{entry.data.get('currency', 'EUR')}/MWh"


def _own_unit(_: ConfigEntry[Any], state: State) -> str:
    return str(state.attributes.get("unit_of_measurement", ""))


def _euro(_: ConfigEntry[Any], __: State) -> str:
    return "EUR/kWh"


@dataclass(frozen=True, kw_only=True)
class PriceAction:
    """What to ask an integration for one day, and in which unit it answers."""

    name: str
    fields: Callable[[ConfigEntry[Any], date], dict[str, Any]]
    unit: Callable[[ConfigEntry[Any], State], str]


ACTIONS: Final[Mapping[str, PriceAction]] = {
    "nordpool": PriceAction(name="get_prices_for_date", fields=_by_date, unit=_entry_currency),
    "tibber": PriceAction(name="get_prices", fields=_by_instants, unit=_own_unit),
    "energyzero": PriceAction(name="get_energy_prices", fields=_market, unit=_euro),
    "easyenergy": PriceAction(name="get_energy_usage_prices", fields=_market, unit=_euro),
}


def has_price_action(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity's integration answers for it."""
    entry = er.async_get(hass).async_get(entity_id)
    return (
        entry is not None
        and entry.config_entry_id is not None
        and entry.platform in ACTIONS
        and hass.services.has_service(entry.platform, ACTIONS[entry.platform].name)
    )


async def async_ask_action(hass: HomeAssistant, state: State) -> tuple[dict[str, Any], str]:
    """Return what an entity's integration says about today and tomorrow, and its unit; see `has_price_action`."""
    registered = er.async_get(hass).async_get(state.entity_id)
    entry = hass.config_entries.async_get_entry((registered and registered.config_entry_id) or "")
    if registered is None or entry is None:
        raise PriceProblemError("price_entity_unavailable", entity=state.entity_id)
    action = ACTIONS[registered.platform]
    today = dt_util.now().date()
    answers: dict[str, Any] = {}
    for n in range(DAYS):
        fields = action.fields(entry, today + timedelta(days=n))
        try:
            answer = await _async_call(hass, registered.platform, action.name, fields)
        except HomeAssistantError as err:
            if n == 0:
                raise PriceProblemError("prices_unreachable", detail=f"{state.entity_id}: {err}") from err
            break  # tomorrow's are not auctioned yet; some integrations call that an error
        answers[("today", "tomorrow")[n]] = _of_area(answer, registered.unique_id)
    return _days_side_by_side(answers), action.unit(entry, state)


async def _async_call(hass: HomeAssistant, domain: str, name: str, fields: dict[str, Any]) -> Any:
    return await hass.services.async_call(domain, name, fields, blocking=True, return_response=True)


def _of_area(answer: Any, unique_id: str) -> Any:
    """Return the part of an answer that is about the entity's own area (Nord Pool: "SE3-current_price")."""
    area = unique_id.partition("-")[0]
    return {area: answer[area]} if isinstance(answer, dict) and area in answer else answer


def _days_side_by_side(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return both days under names that the parser joins: `raw_today` and `raw_tomorrow` of each list."""
    lists: dict[str, Any] = {}
    for day, answer in answers.items():
        for path, rows in _leaves(answer, ""):
            lists[f"{path}_{day}"] = rows
    return lists


def _leaves(branch: Any, path: str) -> list[tuple[str, Any]]:
    if not isinstance(branch, Mapping):
        return [(path, branch)]
    return [
        found
        for name, part in branch.items()
        for found in _leaves(part, f"{path}_{name}" if path else str(name))
    ]
