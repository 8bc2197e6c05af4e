"""Where the shadow of each running home is to be found, and the repairs that it asks for."""

from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .adapters.manner import manner_of
from .const import BATTERY, CHARGER, DOMAIN
from .coordinators.shadow import ShadowCoordinator
from .engine.control.shadow_verdict import TRIAL_DAYS, Verdict
from .runtime import EmsConfigEntry

_SHADOWS: Final[HassKey[dict[str, ShadowCoordinator]]] = HassKey(f"{DOMAIN}_shadows")


@callback
def shadow_of(hass: HomeAssistant, entry: EmsConfigEntry) -> ShadowCoordinator | None:
    """Return the shadow of a home; the first who asks starts it. None where there is nothing to save with."""
    found = hass.data.setdefault(_SHADOWS, {})
    shadow = found.get(entry.entry_id)
    if shadow is not None or entry.state not in (
        ConfigEntryState.SETUP_IN_PROGRESS,
        ConfigEntryState.LOADED,
    ):
        return shadow
    if any(each.role in (BATTERY, CHARGER) for each in entry.runtime_data.devices.values()):
        shadow = found[entry.entry_id] = ShadowCoordinator(hass, entry)
        # Before the coordinator's own clean-up is added, for what is added last is called first.
        entry.async_on_unload(lambda: _forget(hass, entry))
        shadow.async_start()
        _tell_losses(hass, entry, shadow)
    return shadow


@callback
def store_follows_rule(hass: HomeAssistant, entry: EmsConfigEntry, subentry_id: str) -> bool:
    """Tell whether a battery is to be left to plain self-consumption, because its plan has lost to it."""
    shadow = shadow_of(hass, entry)
    return shadow is not None and shadow.store_follows_rule(subentry_id)


def _forget(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    hass.data[_SHADOWS].pop(entry.entry_id, None)


@callback
def _tell_losses(hass: HomeAssistant, entry: EmsConfigEntry, shadow: ShadowCoordinator) -> None:
    """Keep a repair for each battery that follows the rule; it goes when the plan comes back."""
    shown: set[str] = set()

    @callback
    def look() -> None:
        for key, verdict in shadow.data.verdicts.items():
            if verdict.follows_rule and key not in shown and key in entry.runtime_data.devices:
                shown.add(key)
                _show(hass, entry, key, verdict)
            elif not verdict.follows_rule and key in shown:
                shown.discard(key)
                ir.async_delete_issue(hass, DOMAIN, _id(key))

    @callback
    def clear() -> None:
        for key in shown:
            ir.async_delete_issue(hass, DOMAIN, _id(key))

    look()
    entry.async_on_unload(shadow.async_add_listener(look))
    entry.async_on_unload(clear)


@callback
def _show(hass: HomeAssistant, entry: EmsConfigEntry, key: str, verdict: Verdict) -> None:
    manner = manner_of(hass.config.language)
    since = dt_util.parse_date(verdict.since)
    ir.async_create_issue(
        hass,
        DOMAIN,
        _id(key),
        is_fixable=False,  # the plan comes back by itself, or by a button
        severity=ir.IssueSeverity.WARNING,
        translation_key="plan_lost",
        translation_placeholders={
            "home": entry.title,
            "battery": entry.runtime_data.devices[key].name,
            "lost": f"{manner.number(round(verdict.lost, 2))} {hass.config.currency}",
            "days": str(verdict.days),
            "since": since.strftime(manner.date) if since else verdict.since,
            "trial": str(TRIAL_DAYS),
        },
    )


def _id(key: str) -> str:
    return f"plan_lost_{key}"
