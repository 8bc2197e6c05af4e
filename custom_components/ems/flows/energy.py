"""Set up a home from the Energy dashboard: what it shows becomes devices behind entities."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, CONF_NAME, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations
import probatio

from ..adapters.energy_prefs import Dashboard, Lacking, Proposal, async_read_dashboard
from ..adapters.entity_reading import read_role
from ..adapters.manner import manner_of
from ..const import (
    CONF_ENTITIES,
    CONF_ENTITY,
    CONF_EXPORT_PRICE,
    CONF_IMPORT_PRICE,
    CONF_KIND,
    CONF_SERIAL,
    DOMAIN,
    METER,
    SOURCE_ENTITIES,
)
from .entities import entity_identity
from .new_devices import NewDevice, NewDevicesFlow

CONF_DEVICES = "devices"


class EnergyFlow(NewDevicesFlow):
    """From the dashboard to the devices of a new home, and to suggestions for its tariff."""

    def __init__(self) -> None:
        """Start with nothing read."""
        super().__init__()
        self._dashboard: Dashboard | None = None
        # Step of the tariff → what its form is filled with.
        self._tariff_hints: dict[str, dict[str, Any]] = {}

    @abstractmethod
    async def async_step_scratch(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the name and the grid connection."""

    async def async_step_energy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the dashboard is made of, and ask what to take."""
        dashboard = self._dashboard = self._dashboard or await async_read_dashboard(self.hass)
        if dashboard is None:
            return self.async_abort(reason="no_dashboard")
        offered, lacking = _sorted_out(self.hass, dashboard)
        words = await _async_words(self.hass)
        placeholders = {"lacking": _listed(lacking, words)}
        if not offered:
            return self.async_abort(reason="dashboard_empty", description_placeholders=placeholders)
        errors: dict[str, str] = {}
        if user_input is not None:
            if chosen := [offered[key] for key in user_input[CONF_DEVICES]]:
                self._tariff_hints = _hints(dashboard)
                return await self._async_take(chosen)
            errors[CONF_DEVICES] = "nothing_chosen"
        return self.async_show_form(
            step_id="energy",
            data_schema=_schema(self.hass, offered, words),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_take(self, chosen: list[Proposal]) -> ConfigFlowResult:
        """Ask what only people know of what was ticked; a meter whose sign is told leaves nothing to ask."""
        asked = []
        for proposal in chosen:
            device = _new_device(self.hass, proposal)
            if proposal.role == METER and proposal.is_sign_known:
                self._described.append(device.described({CONF_NAME: device.title, **device.known}))
            else:
                asked.append(device)
        return await self._async_describe_all(asked, then=self.async_step_scratch)


def _sorted_out(hass: HomeAssistant, dashboard: Dashboard) -> tuple[dict[str, Proposal], tuple[Lacking, ...]]:
    """Return what is offered, by its power sensor, and what is not: two homes would fight over one battery."""
    sites = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    used = {subentry.unique_id for site in sites for subentry in site.subentries.values()}
    offered: dict[str, Proposal] = {}
    lacking = list(dashboard.lacking)
    for each in dashboard.proposals:
        _, identity = entity_identity(hass, each.role, each.entities)
        if each.role != METER and f"{each.role}:{identity}" in used:
            lacking.append(Lacking(kind=each.kind, name=each.name, reason="in_another_home"))
        else:
            offered[each.entities["power_entity"]] = each
    return offered, tuple(lacking)


def _schema(
    hass: HomeAssistant, offered: Mapping[str, Proposal], words: Mapping[str, str]
) -> probatio.Schema:
    """Return the list to tick. Single devices are not ticked: the home plans without them, too."""
    options = [
        SelectOptionDict(value=key, label=_label(hass, each, words[f"energy_kind.options.{each.kind}"]))
        for key, each in offered.items()
    ]
    picker = SelectSelector(
        SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST)
    )
    wanted = [key for key, each in offered.items() if each.kind != "device"]
    return probatio.Schema({probatio.Required(CONF_DEVICES, default=wanted): picker})


def _label(hass: HomeAssistant, proposal: Proposal, kind: str) -> str:
    """Return a line with the power as it is now, so that people see which sensor is meant."""
    entity_id = proposal.entities["power_entity"]
    state = hass.states.get(entity_id)
    known = state is not None and state.state not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
    now = f"{state.state} {state.attributes[ATTR_UNIT_OF_MEASUREMENT]}" if state and known else "–"
    return f"{kind}: {proposal.name} ({entity_id}: {manner_of(hass.config.language).decimal(now)})"


async def _async_words(hass: HomeAssistant) -> dict[str, str]:
    """Return the words of the lists in the user's language."""
    words = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    return {key.removeprefix(f"component.{DOMAIN}.selector."): text for key, text in words.items()}


def _listed(lacking: tuple[Lacking, ...], words: Mapping[str, str]) -> str:
    """Return what is not offered as a Markdown list, each with its reason."""
    lines = [
        f"- {words[f'energy_kind.options.{each.kind}']} · {each.name}: "
        f"{words[f'energy_lacking.options.{each.reason}']}{f' ({each.detail})' if each.detail else ''}"
        for each in lacking
    ]
    # A list is one only behind an empty line.
    return "\n\n" + "\n".join(lines) if lines else words["energy_lacking.options.nothing"]


def _new_device(hass: HomeAssistant, proposal: Proposal) -> NewDevice:
    """Return a part of the dashboard as a device that waits for its form."""
    _, identity = entity_identity(hass, proposal.role, proposal.entities)
    return NewDevice(
        role=proposal.role,
        title=proposal.name,
        source={
            CONF_KIND: SOURCE_ENTITIES,
            CONF_ENTITIES: dict(proposal.entities),
            CONF_SERIAL: identity,
        },
        reading=read_role(hass, proposal.role, proposal.entities),
        known=proposal.params,
        asks_sign=not proposal.is_sign_known,
    )


def _hints(dashboard: Dashboard) -> dict[str, dict[str, Any]]:
    """Return what the dashboard says of prices, by the form that asks for it."""
    hints: dict[str, dict[str, Any]] = {}
    prices = {CONF_IMPORT_PRICE: dashboard.import_price, CONF_EXPORT_PRICE: dashboard.export_price}
    if told := {key: price for key, price in prices.items() if price is not None}:
        hints["tariff_fixed"] = told
    if dashboard.price_entity and dashboard.price_entity.startswith("sensor."):
        hints["tariff_entity"] = {CONF_ENTITY: dashboard.price_entity}
    return hints
