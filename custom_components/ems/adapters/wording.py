"""Reasons in a person's words: the engine gives a key and numbers, `translations/` the sentence."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.plan import Plan, PlanError, Slack
from ..engine.plan.result import Reason
from .manner import Manner, manner_of

# What the planner refuses has sentences of its own (engine/errors.py), apart from what a plan says.
_REFUSED = "plan_error_"


def reason_of(error: PlanError) -> Reason:
    """Return why the planner refused, to be worded like any other reason."""
    return Reason(key=f"{_REFUSED}{error.key}", placeholders=error.placeholders)


def refusal(hass: HomeAssistant, reason: Reason) -> ServiceValidationError:
    """Return a reason as the error of an action: a sentence in the caller's language, and no trace."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=_text_key(reason),
        translation_placeholders=_filled(reason, manner_of(hass.config.language)),
    )


@callback
def reason_text(hass: HomeAssistant, reason: Reason) -> str:
    """Return a reason in the instance's language, its bare key where the sentence is missing.

    Reasons live under `exceptions` in the translations: the one free-text category that core loads, caches and
    lets carry placeholders.
    """
    # A language chosen just now is only cached once it is asked for.
    for language in (hass.config.language, "en"):
        found = async_get_cached_translations(hass, language, "exceptions", DOMAIN)
        sentence = found.get(f"component.{DOMAIN}.exceptions.{_text_key(reason)}.message")
        if sentence is not None:
            return _worded(sentence, reason, manner_of(language))
    return reason.key


@callback
def unmet_text(hass: HomeAssistant, plan: Plan, slack: Slack) -> str:
    """Return a wish that a plan cannot keep as a sentence with the device's name."""
    device = plan.devices.get(slack.component)
    name = slack.component if device is None else device.name
    amount = round(slack.amount, 2)
    return reason_text(hass, Reason(key=f"unmet_{slack.name}", placeholders={"name": name, "amount": amount}))


def _worded(sentence: str, reason: Reason, manner: Manner) -> str:
    try:
        return sentence.format(**_filled(reason, manner))
    except KeyError, IndexError, ValueError:
        return sentence  # a translation that names a placeholder we do not have is still better than nothing


def reasons_text(hass: HomeAssistant, reasons: Iterable[Reason]) -> str:
    """Return several reasons as one line."""
    return " ".join(reason_text(hass, reason) for reason in reasons)


def _text_key(reason: Reason) -> str:
    return reason.key if reason.key.startswith(_REFUSED) else f"reason_{reason.key}"


def _filled(reason: Reason, manner: Manner) -> dict[str, str]:
    return {name: _shown(manner, name, value) for name, value in reason.placeholders.items()}


# Instants leave the engine as ISO strings in UTC; people read their own clock.
_INSTANTS = ("later", "until")


def _shown(manner: Manner, name: str, value: str | float) -> str:
    if name in _INSTANTS and (instant := dt_util.parse_datetime(str(value))):
        return manner.instant(dt_util.as_local(instant), dt_util.now())
    return value if isinstance(value, str) else manner.number(value)
