"""The network operator's word, read from an entity: a contact that says "limited", or a number that says how much."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, State

from ..engine.control.dimming import Contact, Word, hear, operator_kw
from ..store import SiteStore
from .entity_points import EntityValueError, Kind, entity_value
from .limit_options import OperatorOptions, operator_options

STORE_KEY: Final = "operator"
CONTACTS: Final = ("binary_sensor", "input_boolean", "switch")
NUMBERS: Final = ("input_number", "number", "sensor")


@dataclass(frozen=True, kw_only=True)
class OperatorNow:
    """What the operator leaves now, and who says so.

    limit_kw : None: not limited. [kW]
    silent_at_s : Since when nothing has been heard; None: it speaks. [s since epoch]
    is_lost : Whether that is longer than a reload takes.
    """

    entity_id: str | None = None
    limit_kw: float | None = None
    silent_at_s: float | None = None
    is_lost: bool = False


class OperatorContact:
    """Listens to the operator and remembers its last word, over restarts too."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], store: SiteStore) -> None:
        """Take up what the last run heard."""
        self._hass, self._entry, self._store = hass, entry, store
        self._entity_id, self._contact = _load(store.data.get(STORE_KEY))

    def now(self, now_s: float, connection_kw: float) -> OperatorNow:
        """Listen once more. connection_kw : What the connection carries: no limit is above it. [kW]."""
        options = operator_options(self._entry)
        if options.entity_id is None:
            self._remember(None, Contact())
            return OperatorNow()
        before = self._contact if options.entity_id == self._entity_id else Contact()
        word = operator_word(self._hass.states.get(options.entity_id), options, connection_kw)
        self._remember(options.entity_id, hear(before, word, now_s))
        return OperatorNow(
            entity_id=options.entity_id,
            limit_kw=operator_kw(self._contact, now_s),
            silent_at_s=self._contact.silent_at_s,
            is_lost=self._contact.is_lost(now_s),
        )

    def _remember(self, entity_id: str | None, contact: Contact) -> None:
        if (entity_id, contact) != (self._entity_id, self._contact):
            self._entity_id, self._contact = entity_id, contact
            self._store.put(STORE_KEY, {"entity_id": entity_id, **asdict(contact)})


def operator_word(state: State | None, options: OperatorOptions, connection_kw: float) -> Word | None:
    """Return what an entity says; None where it says nothing that can be understood."""
    if state is None:
        return None
    try:
        if state.domain in NUMBERS:
            value_w = entity_value(state, Kind.POWER)
            return None if value_w is None or value_w < 0 else _most(value_w / 1000, connection_kw)
        is_on = entity_value(state, Kind.SWITCH)
    except EntityValueError:
        return None
    if is_on is None:
        return None
    is_limited = state.state == options.limited_when
    return _most(options.limit_kw, connection_kw) if is_limited else Word(limit_kw=None)


def _most(limit_kw: float, connection_kw: float) -> Word:
    """Return a limit; one that the connection has anyway is none."""
    return Word(limit_kw=limit_kw if limit_kw < connection_kw else None)


def _load(stored: dict[str, Any] | None) -> tuple[str | None, Contact]:
    """Read back what was heard."""
    if stored is None:
        return None, Contact()
    word = stored["word"]
    contact = Contact(word=None if word is None else Word(**word), silent_at_s=stored["silent_at_s"])
    return stored["entity_id"], contact
