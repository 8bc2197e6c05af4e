"""Add or change a flexible load: how it is reached, what kind it is, and what it shall do."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import TextSelector, TimeSelector
import probatio

from ..adapters.load_hands import takes_power
from ..adapters.loads import DAILY, PROFILE_STEP_H, window_of
from ..const import CONF_ENTITIES, CONF_KIND, CONF_PARAMS, LOAD, SOURCE_PROFILE
from ..devices.by_hand import profile_by_hand
from ..engine.flexible_load import LoadKind
from .fields import number
from .hand_commands import HandCommandsFlow
from .load_profile import ProfileError, profile_text, read_profile

POWER_MAX_W = 5_000_000
DAY_H = 24


def details_schema(kind: LoadKind, demand: str) -> probatio.Schema:
    """Return the form that asks what a load of this kind shall do."""
    return probatio.Schema({**_power(kind), **_energy(kind), **_pauses(kind), **_when(demand)})


def _power(kind: LoadKind) -> dict[Any, Any]:
    if kind is LoadKind.PROGRAMME:
        return {probatio.Required("profile_w"): TextSelector()}
    # Optional in the form and asked for here: the frontend fills a required box with its lower limit.
    power: dict[Any, Any] = {probatio.Optional("power_w"): number(1, POWER_MAX_W, 1, "W")}
    if kind is LoadKind.CONTINUOUS:
        power[probatio.Required("power_min_w", default=0)] = number(0, POWER_MAX_W, 1, "W")
    return power


def _energy(kind: LoadKind) -> dict[Any, Any]:
    if kind is LoadKind.PROGRAMME:
        return {}
    energy = {probatio.Optional("energy_kwh"): number(0, 1000, 0.01, "kWh")}
    if kind is not LoadKind.CONTINUOUS:
        energy[probatio.Optional("run_h")] = number(0, DAY_H, 0.01, "h")
    return energy


def _pauses(kind: LoadKind) -> dict[Any, Any]:
    if kind is not LoadKind.INTERRUPTIBLE:
        return {}
    return {
        probatio.Required("min_on_min", default=10): number(0, 1440, 1, "min"),
        probatio.Required("min_off_min", default=10): number(0, 1440, 1, "min"),
    }


def _when(demand: str) -> dict[Any, Any]:
    ready_by = {} if demand == DAILY else {probatio.Required("ready_by", default="07:00:00"): TimeSelector()}
    return {
        probatio.Required("window_from", default="00:00:00"): TimeSelector(),
        probatio.Required("window_until", default="00:00:00"): TimeSelector(),
        **ready_by,
        probatio.Optional("reward"): number(0, 100_000, 0.001),
    }


class LoadFlow(HandCommandsFlow):
    """Add a flexible load. Entities are all optional: without any, EMS only says when it should run."""

    role = LOAD

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._basics: dict[str, Any] = {}

    @override
    def _confirm_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Refuse a continuous load whose power nothing can set."""
        is_continuous = user_input["kind"] == LoadKind.CONTINUOUS
        return {"kind": "power_number_missing"} if is_continuous and self._only_switches else {}

    @property
    def _only_switches(self) -> bool:
        """Tell whether the load can be switched but not be given a power."""
        if (entities := self._source.get(CONF_ENTITIES)) is not None:
            return "switch_entity" in entities and not entities.get("power_number")
        is_known = self._source[CONF_KIND] == SOURCE_PROFILE
        profile = self._profile if is_known else profile_by_hand(LOAD, self._source)
        return profile is not None and bool(profile.roles[LOAD].commands) and not takes_power(profile)

    @override
    async def _async_confirmed(self, user_input: dict[str, Any]) -> SubentryFlowResult:
        """Ask the rest, which depends on the kind."""
        self._basics = user_input
        return await self.async_step_details()

    async def async_step_details(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask how much, when, and how badly it is needed; save."""
        kind, demand = LoadKind(self._basics["kind"]), self._basics["demand"]
        errors: dict[str, str] = {}
        placeholders = {"detail": ""}
        if user_input is not None:
            params, errors, placeholders["detail"] = load_params(kind, user_input)
            if not errors:
                return self._save({**self._basics, **params})
        form = details_schema(kind, demand)
        return self.async_show_form(
            step_id="details",
            data_schema=self.add_suggested_values_to_schema(form, user_input or self._known()),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _known(self) -> dict[str, Any]:
        """Return what was saved or turned before, as the form asks for it."""
        params = dict(self._current().get(CONF_PARAMS, {}))
        known = {**params, **self._turned(params)}
        if "profile_w" in known:
            known["profile_w"] = profile_text(known["profile_w"])
        return known


def load_params(kind: LoadKind, user_input: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], str]:
    """Return what is stored, the errors per field, and what was seen."""
    if kind is LoadKind.PROGRAMME:
        return _programme(user_input)
    errors = _errors(kind, user_input)
    params = {key: value for key, value in user_input.items() if key != "run_h"}
    if errors:
        return params, errors, ""
    run_h = user_input.get("run_h")
    if run_h is not None:
        params["energy_kwh"] = round(run_h * params["power_w"] / 1000, 3)
    needed_h = params["energy_kwh"] * 1000 / params["power_w"]
    return params, *_window_errors(params, needed_h)


def _errors(kind: LoadKind, user_input: Mapping[str, Any]) -> dict[str, str]:
    errors: dict[str, str] = {}
    if "power_w" not in user_input:
        errors["power_w"] = "value_missing"
    elif kind is LoadKind.CONTINUOUS and user_input["power_min_w"] > user_input["power_w"]:
        errors["power_min_w"] = "minimum_above_maximum"
    given = [key for key in ("energy_kwh", "run_h") if key in user_input]
    if not given:
        errors["energy_kwh"] = "value_missing" if kind is LoadKind.CONTINUOUS else "energy_or_time"
    if len(given) > 1:
        errors["run_h"] = "energy_and_time"
    return errors


def _window_errors(params: Mapping[str, Any], needed_h: float) -> tuple[dict[str, str], str]:
    """Refuse hours that are too few for what is to be done in them."""
    window_h = window_of(params).usual_h
    if needed_h <= window_h:
        return {}, ""
    return {"window_until": "window_too_short"}, f"{needed_h:.1f} h > {window_h:.1f} h"


def _programme(user_input: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], str]:
    try:
        profile_w = read_profile(user_input["profile_w"])
    except ProfileError as err:
        return {}, {"profile_w": err.key}, err.detail
    params = {**user_input, "profile_w": profile_w}
    return params, *_window_errors(params, len(profile_w) * PROFILE_STEP_H)
