"""Reasons in a person's words: the engine gives a key and numbers, `translations/` the sentence."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.plan.result import Reason
from .manner import Manner, manner_of


@callback
def reason_text(hass: HomeAssistant, reason: Reason) -> str:
    """Return a reason in the instance's language, its bare key where the sentence is missing.

    Reasons live under `exceptions` in the translations: the one free-text category that core loads, caches and
    lets carry placeholders.
    """
    for language in (
        hass.config.language,
        "en",
    ):  # a language chosen just now is only cached once it is asked for
        found = async_get_cached_translations(hass, language, "exceptions", DOMAIN)
        sentence = found.get(f"component.{DOMAIN}.exceptions.reason_{reason.key}.message")
        if sentence is not None:
            return _filled(sentence, reason, manner_of(language))
    return reason.key


def _filled(sentence: str, reason: Reason, manner: Manner) -> str:
    try:
        return sentence.format(
            **{name: _shown(manner, name, value) for name, value in reason.placeholders.items()}
        )
    except KeyError, IndexError, ValueError:
        return sentence  # a translation that names a placeholder we do not have is still better than nothing


def reasons_text(hass: HomeAssistant, reasons: Iterable[Reason]) -> str:
    """Return several reasons as one line."""
    return " ".join(reason_text(hass, reason) for reason in reasons)


# Instants leave the engine as ISO strings in UTC; people read their own clock.
_INSTANTS = ("later",)


def _shown(manner: Manner, name: str, value: str | float) -> str:
    if name in _INSTANTS and (instant := dt_util.parse_datetime(str(value))):
        return manner.instant(dt_util.as_local(instant), dt_util.now())
    return value if isinstance(value, str) else manner.number(value)
