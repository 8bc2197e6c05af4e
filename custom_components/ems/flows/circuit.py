"""Add or change a circuit: a fuse that chargers and batteries hang below, what feeds it, and its meter."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import slugify
import probatio

from ..adapters.circuits import (
    ALL,
    CONNECTION,
    ToldCircuit,
    connection,
    make_circuits,
    mended,
    told_circuit,
    told_circuits,
    usable_meters,
)
from ..adapters.manner import manner_of
from ..adapters.meter_tree import SiteMeters, meters_of
from ..const import CIRCUIT, CONF_PARAMS, METER
from ..engine.metering import MeterError
from .device_wiring import circuit_choice, phase_choice
from .fields import number

STEP: Final = "circuit"
LIMIT_MAX_A: Final = 2000
LIMIT_MAX_KW: Final = 5000


def circuit_schema(phases: int, circuits: Mapping[str, str], meters: Mapping[str, str]) -> probatio.Schema:
    """Return the form; what a home leaves no choice of is not asked.

    circuits, meters : Names by key of what may feed it besides the connection, and of what may measure it.
    """
    fields: dict[Any, Any] = {
        probatio.Required(CONF_NAME): TextSelector(),
        # Optional in the form and asked for here: the frontend fills a required box with its lower limit.
        probatio.Optional("limit_a"): _limit(LIMIT_MAX_A, "A"),
    }
    if circuits:
        fields[probatio.Required("above", default=CONNECTION)] = circuit_choice(circuits)
    if meters:
        options = [SelectOptionDict(value=key, label=name) for key, name in meters.items()]
        fields[probatio.Optional("meter")] = SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
        )
    if phases > 1:
        fields[probatio.Required("phases", default=ALL)] = phase_choice(phases)
    fields[probatio.Optional("limit_kw")] = _limit(LIMIT_MAX_KW, "kW")
    fields[probatio.Required("allowance_a", default=0)] = number(0, LIMIT_MAX_A, 0.1, "A")
    return probatio.Schema(fields)


def _limit(high: float, unit: str) -> NumberSelector:
    """Return a number box that takes 0 and less: it is refused in words that say why."""
    return NumberSelector(
        NumberSelectorConfig(max=high, step=0.1, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    )


class CircuitFlow(ConfigSubentryFlow):
    """Add a circuit. It is no device: nothing is read, and nothing is steered but what hangs below it."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._detail = ""
        # What feeds it, and the limit above that fuse that was pointed out and may be meant.
        self._pointed_out: tuple[str, float] | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what it is."""
        return await self.async_step_circuit()

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what changed."""
        return await self.async_step_circuit()

    async def async_step_circuit(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for fuse, feeder, meter and phases; save."""
        try:
            meters = meters_of(self._entry.subentries.values())
        except MeterError:
            return self.async_abort(reason="meters_contradict")
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = self._form_errors(user_input) or self._place_errors(user_input, meters)
            if not errors:
                return self._save(dict(user_input))
        form = circuit_schema(self._phases, self._circuits, self._meters)
        return self.async_show_form(
            step_id=STEP,
            data_schema=self.add_suggested_values_to_schema(form, user_input or self._known()),
            errors=errors,
            description_placeholders={"detail": self._detail},
        )

    def _save(self, user_input: dict[str, Any]) -> SubentryFlowResult:
        """Create or update the subentry."""
        name = user_input.pop(CONF_NAME).strip()
        data = {CONF_NAME: name, CONF_PARAMS: user_input}
        unique_id = _unique_id(name)
        if self.source == SOURCE_RECONFIGURE:
            subentry = self._get_reconfigure_subentry()
            return self.async_update_and_abort(
                self._entry, subentry, unique_id=unique_id, title=name, data=data
            )
        return self.async_create_entry(title=name, data=data, unique_id=unique_id)

    # What can be wrong.

    def _form_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Name what is missing, and what no circuit can be."""
        name = user_input[CONF_NAME].strip()
        others = (each for each in self._entry.subentries.values() if each.subentry_id != self._key)
        if not name:
            return {CONF_NAME: "name_missing"}
        if any(each.unique_id == _unique_id(name) for each in others):
            return {CONF_NAME: "circuit_name_taken"}
        if "limit_a" not in user_input:
            return {"limit_a": "value_missing"}
        limits = [key for key in ("limit_a", "limit_kw") if user_input.get(key, 1) <= 0]
        if limits:
            return dict.fromkeys(limits, "limit_not_above_zero")
        if user_input["allowance_a"] >= user_input["limit_a"]:
            return {"allowance_a": "allowance_fills_limit"}
        return {}

    def _place_errors(self, user_input: Mapping[str, Any], meters: SiteMeters) -> dict[str, str]:
        """Name what contradicts the other circuits, by what their tree would make of it."""
        home, stored = connection(self._entry, meters), told_circuits(self._entry.subentries.values())
        ours = told_circuit(self._key, user_input[CONF_NAME], user_input)
        # Ours comes last: of two that name one meter, the other one was there first.
        told = [*(each for each in stored if each.key != ours.key), ours]
        *others, found = mended(home, told, meters)
        if found.above != ours.above:
            self._detail = self._circuits[ours.above]
            return {"above": "circuit_feeds_itself"}
        if found.phases != ours.phases:
            return {"phases": "phase_not_above"}
        if found.meter != ours.meter:
            return {"meter": self._meter_problem(ours, others, meters)}
        by_key = {each.key: each for each in mended(home, stored, meters)}
        if left := [each.name for each in others if each.phases != by_key[each.key].phases]:
            self._detail = ", ".join(left)
            return {"phases": "phase_needed_below"}
        feeder = make_circuits(home, told, meters).at(ours.above)
        if ours.limit_a > feeder.limit_a and self._pointed_out != (ours.above, ours.limit_a):
            self._pointed_out = (ours.above, ours.limit_a)
            self._detail = f"{feeder.name}, {self._shown(feeder.limit_a)} A"
            return {"limit_a": "limit_above_feeder"}
        return {}

    def _meter_problem(self, ours: ToldCircuit, others: list[ToldCircuit], meters: SiteMeters) -> str:
        """Return why a meter cannot measure this circuit."""
        if ours.meter in usable_meters(meters):
            self._detail = next(each.name for each in others if each.meter == ours.meter)
            return "circuit_meter_taken"
        is_connection = ours.meter in meters.tree.connection_meters
        return "circuit_meter_of_home" if is_connection else "circuit_meter_of_source"

    # What is there.

    @property
    def _entry(self) -> ConfigEntry[Any]:
        return self._get_entry()

    @property
    def _key(self) -> str:
        """Return the key of the circuit that is changed; a new one has none yet."""
        is_known = self.source == SOURCE_RECONFIGURE
        return self._get_reconfigure_subentry().subentry_id if is_known else ""

    @property
    def _phases(self) -> int:
        return len(connection(self._entry).phases)

    @property
    def _circuits(self) -> dict[str, str]:
        every = self._entry.get_subentries_of_type(CIRCUIT)
        return {each.subentry_id: each.title for each in every if each.subentry_id != self._key}

    @property
    def _meters(self) -> dict[str, str]:
        return {each.subentry_id: each.title for each in self._entry.get_subentries_of_type(METER)}

    def _known(self) -> dict[str, Any]:
        """Return what is stored, without what was removed since: that is asked for anew."""
        if self.source != SOURCE_RECONFIGURE:
            return {}
        data = self._get_reconfigure_subentry().data
        there = {"above": {CONNECTION, *self._circuits}, "meter": {*self._meters}}
        params = {key: each for key, each in data[CONF_PARAMS].items() if each in there.get(key, {each})}
        return {CONF_NAME: data[CONF_NAME], **params}

    def _shown(self, amps: float) -> str:
        return manner_of(self.hass.config.language).decimal(f"{amps:g}")


def _unique_id(name: str) -> str:
    return f"{CIRCUIT}:{slugify(name)}"
