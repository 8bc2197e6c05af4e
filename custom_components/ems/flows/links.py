"""The forms that ask where a device is, by what it speaks, and what a subentry keeps of the answers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_URL, CONF_USERNAME
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from ..adapters.http_link import CONF_AUTH, CONF_HEADERS, CONF_VERIFY_SSL, headers_of
from ..const import CONF_CHANNEL, CONF_PREFIX, CONF_TRANSPORT
from ..devices import AnyProfile, Profile
from ..devices.profile import HttpLink
from ..devices.profile.documents import AUTHS
from ..devices.profile.model import Link
from .fields import choice, number, whole
from .wiring import flattened, has_line, modbus_link, modbus_schema, more_fields, sectioned

PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
# A topic whose next message fills the table; it is not kept.
CONF_LISTEN = "listen_topic"
LINES = TextSelector(TextSelectorConfig(multiline=True))


def connection_schema(profile: AnyProfile) -> probatio.Schema:
    """Return the form for a device that a profile knows."""
    fields: dict[Any, Any] = {}
    if isinstance(profile, Profile):
        return modbus_schema(profile.link.port, profile.link.unit_id, choose=has_line(profile.link))
    if isinstance(profile.link, HttpLink):
        fields[probatio.Required(CONF_HOST)] = TextSelector()
        fields[probatio.Required(CONF_PORT, default=profile.link.port)] = whole(1, 65535)
        if set(profile.link.auth) - {"none", "bearer"}:
            fields[probatio.Optional(CONF_USERNAME)] = TextSelector()
        if set(profile.link.auth) - {"none"}:
            fields[probatio.Optional(CONF_PASSWORD)] = PASSWORD
    else:
        fields[probatio.Required(CONF_PREFIX, default=profile.link.prefix)] = TextSelector()
    if profile.link.channels > 1:
        fields[probatio.Required(CONF_CHANNEL, default=0)] = whole(0, profile.link.channels - 1)
    if isinstance(profile.link, HttpLink):
        fields |= more_fields()
    return probatio.Schema(fields)


def connection_link(
    profile: AnyProfile, user_input: Mapping[str, Any], old: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is kept of the form's answers."""
    if isinstance(profile, Profile):
        return modbus_link(user_input)
    link = {CONF_TRANSPORT: profile.link.transport, **flattened(user_input)}
    if CONF_HOST in link:
        link[CONF_HOST] = link[CONF_HOST].strip().lower()
    if CONF_PREFIX in link:
        link[CONF_PREFIX] = link[CONF_PREFIX].strip().strip("/")
    return _keep_password(link, old)


def floor_s(profile: AnyProfile) -> float:
    """Return how often a device may be asked at most. [s]."""
    return profile.link.poll_s if isinstance(profile.link, Link | HttpLink) else 0.0


def http_schema() -> probatio.Schema:
    """Return the form for any web server."""
    return probatio.Schema(
        {
            probatio.Required(CONF_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
            probatio.Required("method", default="get"): choice(["get", "post"], "http_method"),
            probatio.Optional("body"): LINES,
            probatio.Optional(CONF_HEADERS): LINES,
            probatio.Required(CONF_AUTH, default="none"): choice(list(AUTHS), "http_auth"),
            probatio.Optional(CONF_USERNAME): TextSelector(),
            probatio.Optional(CONF_PASSWORD): PASSWORD,
            probatio.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
            probatio.Required("poll_s", default=30): number(1, 3600, 1, "s"),
        }
    )


def http_errors(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Name what cannot be asked."""
    errors: dict[str, str] = {}
    try:
        parts = urlsplit(user_input[CONF_URL].strip())
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        fits = fits and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits:
        errors[CONF_URL] = "url_wrong"
    try:
        headers_of(user_input.get(CONF_HEADERS, ""))
    except ValueError:
        errors[CONF_HEADERS] = "headers_wrong"
    return errors


def http_link(user_input: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of the form's answers."""
    link = {CONF_TRANSPORT: "http", **user_input, CONF_URL: user_input[CONF_URL].strip()}
    return _keep_password(link, old) if link[CONF_AUTH] != "none" else link


def mqtt_schema() -> dict[Any, Any]:
    """Return what is asked of an MQTT device beside its topics."""
    return {
        probatio.Optional(CONF_LISTEN): TextSelector(),
        probatio.Optional("availability_topic"): TextSelector(),
        probatio.Optional("availability_word"): TextSelector(),
        probatio.Required("max_age_s", default=120): number(5, 86_400, 1, "s"),
    }


def without_password(link: Mapping[str, Any]) -> dict[str, Any]:
    """Return a link as a form may show it."""
    return {key: value for key, value in link.items() if key != CONF_PASSWORD}


def shown_link(link: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form of a known device is filled with."""
    return sectioned(without_password(link))


def _keep_password(link: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """A password is never shown, so a field that was left empty means the one before; a new user has a new one."""
    same = link.get(CONF_USERNAME) == old.get(CONF_USERNAME)
    if CONF_PASSWORD not in link and CONF_PASSWORD in old and same:
        link[CONF_PASSWORD] = old[CONF_PASSWORD]
    return link
