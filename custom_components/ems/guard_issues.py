"""Repairs for meters of circuits that are not believed: what EMS does meanwhile should surprise nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .adapters.circuits import CONNECTION
from .adapters.manner import manner_of
from .const import CONF_PARAMS, DOMAIN, OPERATION_ACTIVE
from .engine.control.circuit import Circuit
from .engine.control.freshness import Trust
from .runtime import EmsConfigEntry

# A restart of a router or of the meter is over by then.
PATIENCE: Final = timedelta(seconds=60)
# By what is wrong; a meter that is returning has not ended its trouble, and begins no other.
_REPAIRS: Final = {
    Trust.STALE: "guard_meter_stale",
    Trust.FROZEN: "guard_meter_frozen",
    Trust.NEVER: "guard_meter_never",
}


@callback
def async_tell_guard(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Follow the guard."""
    issues = GuardIssues(hass, entry)
    entry.async_on_unload(entry.runtime_data.guard.async_add_listener(issues.async_look))
    entry.async_on_unload(issues.async_clear)


@dataclass(kw_only=True)
class _Trouble:
    """Since when a meter has not been believed, and what people were told of it."""

    trust: Trust
    since: datetime
    told: str = ""


class GuardIssues:
    """The repairs of one home, one per circuit at most."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """All is well so far."""
        self._hass, self._entry = hass, entry
        self._troubles: dict[str, _Trouble] = {}

    @callback
    def async_look(self) -> None:
        """Tell what lasts, take back what is over. In advisory operation nothing hangs on it."""
        state = self._entry.runtime_data.guard.data
        if self._entry.runtime_data.settings.operation != OPERATION_ACTIVE:
            self.async_clear()
            return
        for circuit in state.setup.tree.circuits:
            trust = state.trusts.get(circuit.key)
            if trust is None or trust == Trust.FRESH or not list(self._meters(circuit)):
                self._async_forget(circuit.key)
            else:
                self._async_note(circuit, Trust(trust), state.at)

    @callback
    def _async_note(self, circuit: Circuit, trust: Trust, now: datetime) -> None:
        found = self._troubles.setdefault(circuit.key, _Trouble(trust=trust, since=now))
        if trust in _REPAIRS:
            found.trust = trust
        key = _REPAIRS.get(found.trust)
        if key and key != found.told and now - found.since >= PATIENCE:
            found.told = key
            self._async_show(circuit, key, found.since)

    @callback
    def _async_show(self, circuit: Circuit, key: str, since: datetime) -> None:
        manner = manner_of(self._hass.config.language)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._id(circuit.key),
            is_fixable=False,  # by us; it goes as soon as the meter is believed again
            severity=ir.IssueSeverity.ERROR,
            translation_key=key,
            translation_placeholders={
                "circuit": circuit.name,
                "meters": ", ".join(self._meters(circuit)),
                "since": manner.date_and_time(dt_util.as_local(since)),
            },
        )

    def _meters(self, circuit: Circuit) -> Iterator[str]:
        """Yield the names of the meters that measure a circuit."""
        data, subentry = self._entry.runtime_data, self._entry.subentries.get(circuit.key)
        if circuit.key == CONNECTION:
            keys = data.site.meters.tree.connection_meters
        else:
            keys = (subentry.data[CONF_PARAMS].get("meter"),) if subentry else ()
        yield from (data.devices[key].name for key in keys if key in data.devices)

    @callback
    def _async_forget(self, circuit: str) -> None:
        found = self._troubles.pop(circuit, None)
        if found and found.told:
            ir.async_delete_issue(self._hass, DOMAIN, self._id(circuit))

    @callback
    def async_clear(self) -> None:
        """Take all of them back: nobody watches any more."""
        for circuit in list(self._troubles):
            self._async_forget(circuit)

    def _id(self, circuit: str) -> str:
        return f"guard_meter_{self._entry.entry_id}_{circuit}"
