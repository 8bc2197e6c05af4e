"""One repair per home for prices and weather that fail: there while something does, gone by itself afterwards."""

from collections.abc import Iterable
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .adapters.wording import reasons_text
from .const import DOMAIN
from .engine.plan.result import Reason

# A service that stumbles is back soon; the plan says so meanwhile, and nobody is called for it.
PATIENCE_S: Final = 600.0
# What only a person can mend is said at once.
FOR_PEOPLE: Final = frozenset(
    {
        *("prices_token_refused", "prices_other_zone", "prices_other_currency", "currency_not_eur"),
        *("price_unit_missing", "price_unit_unknown", "price_unit_currency", "price_unit_contradiction"),
        *("price_implausible", "weather_no_forecast"),
    }
)
# These tell more about what another reason says.
ASIDES: Final = ("prices_kept", "weather_kept")


class SourceIssue:
    """The repair of one home."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Name it; with the home it goes."""
        self._hass, self._entry = hass, entry
        self._id = f"sources_{entry.entry_id}"
        self._since_s: dict[str, float] = {}
        entry.async_on_unload(self._async_clear)

    @callback
    def async_tell(self, problems: Iterable[Reason]) -> None:
        """Show what fails and will not mend itself; take it back where nothing does."""
        every = tuple(problems)
        now_s = dt_util.utcnow().timestamp()
        failing = {reason.key for reason in every} - set(ASIDES)
        self._since_s = {key: self._since_s.get(key, now_s) for key in failing}
        if not any(
            key in FOR_PEOPLE or now_s - since_s >= PATIENCE_S for key, since_s in self._since_s.items()
        ):
            self._async_clear()
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._id,
            is_fixable=False,  # by us; it goes as soon as the source answers as it should
            severity=ir.IssueSeverity.WARNING,
            translation_key="sources_failing",
            translation_placeholders={
                "home": self._entry.title,
                "reasons": reasons_text(self._hass, every),
            },
        )

    @callback
    def _async_clear(self) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, self._id)
