"""Config flow: one entry per site. Devices follow as subentries."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import TextSelector
from homeassistant.util import slugify
import probatio

from .const import (
    BATTERY,
    CHARGER,
    CIRCUIT,
    CONF_ADDRESS,
    CONF_BASE_URL,
    CONF_CO2,
    CONF_EXPORT_MAX_KW,
    CONF_GRID,
    CONF_IMPORT_MAX_KW,
    CONF_TARIFF,
    CONF_WEATHER,
    DOMAIN,
    LOAD,
    METER,
    PV,
)
from .flows.circuit import CircuitFlow
from .flows.demo import DemoUnreachableError, async_demo_entry
from .flows.device import BatteryFlow, ChargerFlow, PvFlow
from .flows.energy import EnergyFlow
from .flows.found import FoundFlow
from .flows.load import LoadFlow
from .flows.meter import MeterFlow
from .flows.options import SiteOptionsFlow
from .flows.site import (
    async_co2_check,
    co2_schema,
    grid_data,
    grid_errors,
    grid_schema,
    weather_errors,
    weather_schema,
)
from .flows.tariff import KINDS, TARIFF_MENU, WITH_PREVIEW, async_tariff_check, tariff_data

MORE = "more"
# Limits that number entities turn; turned ones are kept in the options.
LIMITS = (CONF_IMPORT_MAX_KW, CONF_EXPORT_MAX_KW)


class EmsConfigFlow(EnergyFlow, FoundFlow, domain=DOMAIN):
    """Add or change a site."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._name = ""
        self._data: dict[str, Any] = {}
        self._prices: dict[str, str] = {}

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to a site."""
        devices = {METER: MeterFlow, BATTERY: BatteryFlow, PV: PvFlow, CHARGER: ChargerFlow, LOAD: LoadFlow}
        return {**devices, CIRCUIT: CircuitFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return what can be set about a home while it runs."""
        return SiteOptionsFlow()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where to begin."""
        return self.async_show_menu(step_id="user", menu_options=["demo", "energy", "scratch"])

    async def async_step_demo(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Add the simulated home: inside Home Assistant, or one that already runs somewhere."""
        errors: dict[str, str] = {}
        placeholders = {"detail": ""}
        if user_input is not None:
            try:
                demo = await async_demo_entry(self.hass, user_input[MORE].get(CONF_ADDRESS))
            except DemoUnreachableError as err:
                errors["base"] = "demo_unreachable"
                placeholders["detail"] = str(err)
            else:
                await self.async_set_unique_id(demo.unique_id)
                self._abort_if_unique_id_configured()
                if all(entry.title != user_input["name"] for entry in self._async_current_entries()):
                    return self.async_create_entry(
                        title=user_input["name"],
                        data=demo.data,
                        options=demo.options,
                        subentries=demo.subentries,
                    )
                errors[CONF_NAME] = "name_taken"
        form = probatio.Schema(
            {
                probatio.Required("name", default="Demo home"): TextSelector(),
                probatio.Required(MORE): section(
                    probatio.Schema({probatio.Optional(CONF_ADDRESS): TextSelector()}), {"collapsed": True}
                ),
            }
        )
        return self.async_show_form(
            step_id="demo",
            data_schema=self.add_suggested_values_to_schema(form, user_input),
            errors=errors,
            description_placeholders=placeholders,
        )

    @override
    async def async_step_scratch(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the name and the grid connection."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._name = user_input["name"]
            # A dialog that somebody left open elsewhere must not lock this one out.
            await self.async_set_unique_id(f"site:{slugify(self._name)}", raise_on_progress=False)
            errors = grid_errors(user_input, self.hass.config.currency)
            if any(entry.unique_id == self.unique_id for entry in self._async_current_entries()):
                # No reason to lose what the pages before have asked.
                errors[CONF_NAME] = "name_taken"
            if not errors:
                self._data[CONF_GRID] = grid_data(user_input)
                return await self.async_step_tariff()
        form = self.add_suggested_values_to_schema(
            grid_schema(self.hass.config.currency, with_name=True), user_input
        )
        return self.async_show_form(step_id="scratch", data_schema=form, errors=errors)

    async def async_step_tariff(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what kind of tariff it is."""
        return self.async_show_menu(step_id="tariff", menu_options=TARIFF_MENU)

    async def async_step_tariff_fixed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for two prices."""
        return await self._async_tariff_step("tariff_fixed", user_input)

    async def async_step_tariff_time_of_use(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for prices by the clock."""
        return await self._async_tariff_step("tariff_time_of_use", user_input)

    async def async_step_tariff_awattar(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the country and what is added to the day-ahead price."""
        return await self._async_tariff_step("tariff_awattar", user_input)

    async def async_step_tariff_energy_charts(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the bidding zone, and the service for its prices."""
        return await self._async_tariff_step("tariff_energy_charts", user_input)

    async def async_step_tariff_entsoe(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the bidding zone and the token, and the service for its prices."""
        return await self._async_tariff_step("tariff_entsoe", user_input)

    async def async_step_tariff_entity(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the price entity, and read it before believing it."""
        return await self._async_tariff_step("tariff_entity", user_input)

    async def _async_tariff_step(self, step: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show one tariff form, check it, go on."""
        kind, make_schema = KINDS[step]
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            errors, placeholders = await async_tariff_check(self.hass, step, user_input)
            if not errors:
                self._data[CONF_TARIFF] = tariff_data(kind, user_input)
                if step in WITH_PREVIEW:
                    self._prices = placeholders
                    return await self.async_step_tariff_preview()
                return await self._async_tariff_done()
        form = make_schema(f"{self.hass.config.currency}/kWh")
        if user_input is None and self.source == SOURCE_RECONFIGURE:
            user_input = self._get_reconfigure_entry().data[CONF_TARIFF]
        elif user_input is None:
            user_input = self._tariff_hints.get(step)
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(form, user_input),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_tariff_preview(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the prices that were read."""
        if user_input is not None:
            return await self._async_tariff_done()
        return self.async_show_form(
            step_id="tariff_preview", data_schema=probatio.Schema({}), description_placeholders=self._prices
        )

    async def _async_tariff_done(self) -> ConfigFlowResult:
        """Go on to the weather, or save a changed tariff."""
        if self.source == SOURCE_RECONFIGURE:
            return self._save_changes()
        return await self.async_step_weather()

    async def async_step_weather(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the weather comes from, and create the site."""
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := weather_errors(user_input)):
            self._data[CONF_WEATHER] = user_input
            if self.source == SOURCE_RECONFIGURE:
                return self._save_changes()
            return self.async_create_entry(
                title=self._name, data={"kind": "home", **self._data}, subentries=self._described
            )
        if user_input is None and self.source == SOURCE_RECONFIGURE:
            user_input = self._get_reconfigure_entry().data[CONF_WEATHER]
        form = self.add_suggested_values_to_schema(weather_schema(), user_input)
        return self.async_show_form(step_id="weather", data_schema=form, errors=errors)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go straight on to the grid meter: a site without one can plan nothing."""
        entry = result["result"]
        if self.source == SOURCE_USER and not entry.get_subentries_of_type(METER):
            meter = await self.hass.config_entries.subentries.async_init(
                (entry.entry_id, METER), context={"source": SOURCE_USER}
            )
            result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, meter["flow_id"])
        return result

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which part of the site is to change."""
        return self.async_show_menu(step_id="reconfigure", menu_options=["grid", "tariff", "weather", "co2"])

    async def async_step_grid(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the grid connection."""
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := grid_errors(user_input, self.hass.config.currency)):
            self._data[CONF_GRID] = grid_data(user_input)
            return self._save_changes()
        entry = self._get_reconfigure_entry()
        turned = {key: entry.options[key] for key in LIMITS if key in entry.options}
        current = {**entry.data[CONF_GRID], **turned}
        shown = user_input or {**current, "phases": str(current["phases"])}
        form = self.add_suggested_values_to_schema(
            grid_schema(self.hass.config.currency, with_name=False), shown
        )
        return self.async_show_form(step_id="grid", data_schema=form, errors=errors)

    async def async_step_co2(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change where it is known from how clean the grid is."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            errors, placeholders = await async_co2_check(self.hass, user_input)
            if not errors:
                self._data[CONF_CO2] = user_input
                return self._save_changes()
        shown = user_input or self._get_reconfigure_entry().data.get(CONF_CO2)
        return self.async_show_form(
            step_id="co2",
            data_schema=self.add_suggested_values_to_schema(co2_schema(), shown),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _save_changes(self) -> ConfigFlowResult:
        """Store what changed; the update listener reloads the site."""
        entry = self._get_reconfigure_entry()
        # The form showed the limits in force, so what it says now counts, not what a slider said before.
        options = {
            key: value
            for key, value in entry.options.items()
            if CONF_GRID not in self._data or key not in LIMITS
        }
        updates = {part: _at_same_address(entry.data.get(part, {}), new) for part, new in self._data.items()}
        return self.async_update_and_abort(entry, data_updates=updates, options=options)


def _at_same_address(old: Mapping[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return a changed tariff or weather; a demo home keeps asking its own market and sky, which no form shows."""
    if CONF_BASE_URL in old and old["kind"] == new["kind"]:
        return {**new, CONF_BASE_URL: old[CONF_BASE_URL]}
    return new
