"""The forms of a device that posts its readings: how it reports, its address and key, its first report."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowResult
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import BooleanSelector, TextSelector
from homeassistant.util import dt as dt_util
import probatio

from ..adapters.push_hub import KEY, PushHub
from ..adapters.push_source import setup_of
from ..const import (
    CONF_CAPACITY_KW,
    CONF_ENERGY,
    CONF_FACILITY_ID,
    CONF_INTERVAL_S,
    CONF_KEY_HASH,
    CONF_KEY_MADE_S,
    CONF_KIND,
    CONF_SERIAL,
    CONF_SOURCE,
    METER,
    SOURCE_PUSH,
)
from ..devices.push import EnergyKind, PushInbox, new_key, new_key_id
from ..devices.reading import Reading
from ..push_view import HEADER, URL
from .fields import choice, number
from .hand import HandFlow

KEEP, RENEW, REVOKE = "keep", "renew", "revoke"
_KEY_ACTION = "key_action"
_SKIP = "skip"


def push_schema(role: str, *, is_known: bool) -> probatio.Schema:
    """Return the form that asks how a device reports; a known one may get another key."""
    fields: dict[Any, Any] = {
        probatio.Required(CONF_ENERGY, default=EnergyKind.INTERVAL.value): choice(
            [kind.value for kind in EnergyKind], "push_energy"
        ),
        probatio.Required(CONF_INTERVAL_S, default=60): number(1, 3600, 1, "s"),
    }
    if role == METER:
        fields[probatio.Optional(CONF_CAPACITY_KW)] = number(0.1, 10_000, 0.1, "kW")
    fields[probatio.Optional(CONF_FACILITY_ID)] = TextSelector()
    if is_known:
        fields[probatio.Required(_KEY_ACTION, default=KEEP)] = choice([KEEP, RENEW, REVOKE], "push_key")
    return probatio.Schema(fields)


class PushFlow(HandFlow):
    """The steps. The key is held here while the form is open, and nowhere afterwards."""

    def __init__(self) -> None:
        """Start with no key."""
        super().__init__()
        self._secret = ""

    @abstractmethod
    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the values that were read."""

    async def async_step_push(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask how the device reports."""
        is_known = self.source == SOURCE_RECONFIGURE
        if user_input is not None:
            given = dict(user_input)
            return await self._async_keyed(given.pop(_KEY_ACTION, RENEW), given)
        form = self.add_suggested_values_to_schema(
            push_schema(self.role, is_known=is_known), self._current().get(CONF_SOURCE)
        )
        return self.async_show_form(step_id="push", data_schema=form)

    async def _async_keyed(self, action: str, given: Mapping[str, Any]) -> SubentryFlowResult:
        """Make, keep or revoke the key; what happens to a key happens at once, not when the form is saved."""
        old = self._current().get(CONF_SOURCE, {})
        key_id = old.get(CONF_SERIAL) or new_key_id()
        facility = str(given.get(CONF_FACILITY_ID, "")).strip()
        source = {**given, CONF_KIND: SOURCE_PUSH, CONF_SERIAL: key_id, CONF_FACILITY_ID: facility or None}
        if action == KEEP:
            self._source = {**source, **{key: old[key] for key in (CONF_KEY_HASH, CONF_KEY_MADE_S)}}
            return await self._async_received(self._hub.inbox(key_id))
        key = new_key() if action == RENEW else None
        self._secret = key.secret if key else ""
        self._source = {
            **source,
            CONF_KEY_HASH: key.hash if key else None,
            CONF_KEY_MADE_S: dt_util.utcnow().timestamp(),
        }
        self._switch_key()
        if key is None:
            return await self._async_received(self._hub.inbox(key_id))
        return await self.async_step_push_key()

    def _switch_key(self) -> None:
        """Let the new key open, and the old one no longer."""
        if self.source != SOURCE_RECONFIGURE:
            self._hub.open_trial(
                self._source[CONF_SERIAL], setup_of(self.role, self._source), self._source[CONF_KEY_HASH]
            )
            return
        subentry = self._get_reconfigure_subentry()
        keys = {key: self._source[key] for key in (CONF_KEY_HASH, CONF_KEY_MADE_S)}
        source = {**subentry.data[CONF_SOURCE], **keys}
        self.hass.config_entries.async_update_subentry(
            self._get_entry(), subentry, data={**subentry.data, CONF_SOURCE: source}
        )

    async def async_step_push_key(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show address and key, and wait for the first report."""
        errors: dict[str, str] = {}
        inbox = self._hub.inbox(self._source[CONF_SERIAL])
        if user_input is not None:
            if user_input[_SKIP] or self._has_come(inbox):
                return await self._async_received(inbox)
            errors["base"] = "push_nothing_came"
        refusal = inbox.last_refusal if inbox else None
        return self.async_show_form(
            step_id="push_key",
            data_schema=probatio.Schema({probatio.Required(_SKIP, default=False): BooleanSelector()}),
            errors=errors,
            description_placeholders={
                "url": self._url(),
                "header": HEADER,
                "key_id": self._source[CONF_SERIAL],
                "key": self._secret,
                "detail": refusal.message if refusal else "–",
            },
        )

    def _has_come(self, inbox: PushInbox | None) -> bool:
        """Tell whether a report came with this very key."""
        at_s = inbox.state.at_s if inbox else None
        return at_s is not None and at_s >= self._source[CONF_KEY_MADE_S]

    async def _async_received(self, inbox: PushInbox | None) -> SubentryFlowResult:
        """Go on to the last form, with what came so far."""
        now_s = dt_util.utcnow().timestamp()
        self._reading = inbox.reading(now_s) if inbox else Reading(at_s=now_s)
        self._title = self._source[CONF_FACILITY_ID] or ""
        return await self.async_step_confirm()

    def _url(self) -> str:
        """Return the address as a device in the home's network reaches it, as far as Home Assistant knows."""
        path = URL.format(key_id=self._source[CONF_SERIAL])
        try:
            return get_url(self.hass, prefer_external=False) + path
        except NoURLAvailableError:
            return path

    @property
    def _hub(self) -> PushHub:
        return self.hass.data[KEY]

    @override
    def async_remove(self) -> None:
        """Close the address of a device that was not saved."""
        if self._source.get(CONF_KIND) == SOURCE_PUSH:
            self._hub.close_trial(self._source[CONF_SERIAL])
