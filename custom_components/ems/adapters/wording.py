"""Reasons in a person's words: the engine gives a key and numbers, `translations/` the sentence."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.plan import PlanError
from ..engine.plan.result import Reason

# What the planner refuses has sentences of its own (engine/errors.py), apart from what a plan says.
_REFUSED = "plan_error_"


def reason_of(error: PlanError) -> Reason:
    """Return why the planner refused, to be worded like any other reason."""
    return Reason(key=f"{_REFUSED}{error.key}", placeholders=error.placeholders)


def refusal(reason: Reason) -> ServiceValidationError:
    """Return a reason as the error of an action: a sentence in the caller's language, and no trace."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=_text_key(reason),
        translation_placeholders=_filled(reason),
    )


@callback
def reason_text(hass: HomeAssistant, reason: Reason) -> str:
    """Return a reason in the instance's language, its bare key where the sentence is missing.

    Reasons live under `exceptions` in the translations: the one free-text category that core loads, caches and
    lets carry placeholders.
    """
    found = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    sentence = found.get(f"component.{DOMAIN}.exceptions.{_text_key(reason)}.message")
    if sentence is None:
        return reason.key
    try:
        return sentence.format(**_filled(reason))
    except KeyError, IndexError, ValueError:
        return sentence  # a translation that names a placeholder we do not have is still better than nothing


def reasons_text(hass: HomeAssistant, reasons: Iterable[Reason]) -> str:
    """Return several reasons as one line."""
    return " ".join(reason_text(hass, reason) for reason in reasons)


def _text_key(reason: Reason) -> str:
    return reason.key if reason.key.startswith(_REFUSED) else f"reason_{reason.key}"


def _filled(reason: Reason) -> dict[str, str]:
    return {name: _shown(name, value) for name, value in reason.placeholders.items()}


# Instants leave the engine as ISO strings in UTC; people read their own clock.
_INSTANTS = ("later",)


def _shown(name: str, value: str | float) -> str:
    if name in _INSTANTS and (instant := dt_util.parse_datetime(str(value))):
        local = dt_util.as_local(instant)
        return local.strftime("%H:%M" if local.date() == dt_util.now().date() else "%a %H:%M")
    return value if isinstance(value, str) else f"{value:.3f}".rstrip("0").rstrip(".")
