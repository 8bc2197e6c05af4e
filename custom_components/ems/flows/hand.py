"""Describe a device by hand: over HTTP, MQTT or Modbus. What is entered is tried before it is kept."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_URL
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import probatio

from ..adapters.http_link import access_of
from ..adapters.modbus_link import is_serial, place_of
from ..const import (
    CONF_KIND,
    CONF_LINK,
    CONF_POINTS,
    CONF_SERIAL,
    CONF_SOURCE,
    CONF_TRANSPORT,
    CONF_UNIT_ID,
    SOURCE_HTTP,
    SOURCE_MODBUS,
    SOURCE_MQTT,
)
from ..devices import DeviceAuthError, DeviceError, HttpClient
from ..devices.by_hand import first_row, profile_by_hand
from ..devices.profile import HttpLink
from ..devices.profile.documents import Request
from ..devices.reading import Reading
from ..devices.recognise import fields_text, recognise, recognise_message
from ..devices.row_checks import RowError
from .hear import async_hear
from .links import (
    CONF_LISTEN,
    http_errors,
    http_link,
    http_schema,
    mqtt_schema,
    shown_link,
    without_password,
)
from .probe import ProbeError, async_probe
from .row_names import RowNames, async_row_names
from .row_words import async_row_words
from .rows import row_without_value, rows_fields, rows_of
from .serial import SerialStep
from .wiring import link_errors, modbus_link, modbus_schema


class HandFlow(SerialStep):
    """The steps of the three forms. Who inherits says what is stored so far, and goes on."""

    role: ClassVar[str]

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._source: dict[str, Any] = {}
        self._title = ""
        self._reading = Reading(at_s=0)
        self._answer: Any = None
        self._names = RowNames()

    @abstractmethod
    def _current(self) -> Mapping[str, Any]:
        """Return the stored subentry when reconfiguring, else nothing."""

    @abstractmethod
    def _known_serial(self) -> str | None:
        """Return what a known device is known by."""

    @abstractmethod
    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the values that were read."""

    async def _async_described(self) -> SubentryFlowResult:
        """Go on once the table is read; a load is asked how it is switched first."""
        return await self.async_step_confirm()

    async def async_step_http(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where the answer is, and get it."""
        errors: dict[str, str] = {}
        detail = ""
        if user_input is not None and not (errors := http_errors(user_input)):
            link = http_link(user_input, self._old_link())
            try:
                self._answer = await self._async_answer(link)
            except DeviceAuthError as err:
                errors["base"], detail = "wrong_credentials", str(err)
            except DeviceError as err:
                errors["base"], detail = "no_answer", str(err)
            else:
                self._source = {CONF_KIND: SOURCE_HTTP, CONF_LINK: link}
                return await self.async_step_http_points()
        shown = user_input or without_password(self._old_link())
        return self.async_show_form(
            step_id="http",
            data_schema=self.add_suggested_values_to_schema(http_schema(), shown),
            errors=errors,
            description_placeholders={"detail": detail},
        )

    async def async_step_http_points(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which field is what; the usual names are filled in already."""
        found = {CONF_POINTS: recognise(self.role, self._answer)}
        return await self._async_rows(
            "http_points", SOURCE_HTTP, {}, self._source[CONF_LINK], self._meant(user_input), found
        )

    async def async_step_mqtt(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the topics, and wait for their messages."""
        user_input = self._meant(user_input)
        if user_input is not None and (topic := user_input.get(CONF_LISTEN, "").strip()):
            return await self._async_listen(topic, user_input)
        link = {CONF_TRANSPORT: "mqtt", **_without_rows(user_input)}
        return await self._async_rows("mqtt", SOURCE_MQTT, mqtt_schema(), link, user_input, {})

    async def _async_listen(self, topic: str, user_input: dict[str, Any]) -> SubentryFlowResult:
        """Add to the table what the next message on a topic says, and show the form again."""
        rows, said = rows_of(user_input), ""
        errors: dict[str, str] = {}
        try:
            message = await async_hear(self.hass, topic)
        except ProbeError as err:
            errors, said = {CONF_LISTEN: err.key}, err.detail
        else:
            known = {row["point"] for row in rows}
            rows += [row for row in recognise_message(self.role, topic, message) if row["point"] not in known]
            said = fields_text(message)
        left = {key: value for key, value in user_input.items() if errors or key != CONF_LISTEN}
        words = {**await async_row_words(self.hass), "detail": said}
        shown = {**left, CONF_POINTS: rows}
        return await self._async_show_rows("mqtt", SOURCE_MQTT, mqtt_schema(), shown, errors, words)

    async def async_step_modbus(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the registers, and read them."""
        user_input, fields = self._meant(user_input), modbus_schema().schema
        if user_input is None:
            return await self._async_rows("modbus", SOURCE_MODBUS, fields, {}, None, {})
        link = modbus_link(_without_rows(user_input))
        errors, detail = link_errors(link, 1)
        if errors:
            words = {**await async_row_words(self.hass), "detail": detail}
            return await self._async_show_rows("modbus", SOURCE_MODBUS, fields, user_input, errors, words)
        if is_serial(link):
            return await self._async_ask_port(
                link, self._old_link(), None, partial(self._on_port, user_input)
            )
        return await self._async_rows("modbus", SOURCE_MODBUS, fields, link, user_input, {})

    async def _on_port(self, user_input: dict[str, Any], link: dict[str, Any]) -> SubentryFlowResult:
        """Read the rows over a serial port. Where somebody answers, a row is to blame: back to the form with them."""
        try:
            await self._async_try(_source_of(SOURCE_MODBUS, link, user_input))
        except RowError as err:
            errors, words = {CONF_POINTS: err.key}, await async_row_words(self.hass, err)
        except ProbeError as err:
            if err.key in PORT_ERRORS:
                raise
            errors, words = {"base": err.key}, {**await async_row_words(self.hass), "detail": err.detail}
        else:
            return await self._async_described()
        shown = {**user_input, CONF_UNIT_ID: link[CONF_UNIT_ID]}
        return await self._async_show_rows(
            "modbus", SOURCE_MODBUS, modbus_schema().schema, shown, errors, words
        )

    async def _async_rows(
        self,
        step: str,
        kind: str,
        fields: dict[Any, Any],
        link: dict[str, Any],
        user_input: dict[str, Any] | None,
        found: Mapping[str, Any],
    ) -> SubentryFlowResult:
        """Show a table, make a profile of it, read once, go on."""
        errors: dict[str, str] = {}
        words = await async_row_words(self.hass)
        if user_input is not None:
            try:
                await self._async_try(_source_of(kind, link, user_input))
            except RowError as err:
                errors[CONF_POINTS], words = err.key, await async_row_words(self.hass, err)
            except ProbeError as err:
                errors["base"], words["detail"] = err.key, err.detail
            else:
                return await self._async_described()
        shown = user_input or self._old(kind) or found
        return await self._async_show_rows(step, kind, fields, shown, errors, words)

    async def _async_show_rows(
        self,
        step: str,
        kind: str,
        fields: dict[Any, Any],
        shown: Mapping[str, Any],
        errors: dict[str, str],
        words: Mapping[str, str],
    ) -> SubentryFlowResult:
        self._names = await async_row_names(self.hass, self.role)
        form = probatio.Schema({**fields, **rows_fields(self.role, kind, self._names)})
        if rows := shown.get(CONF_POINTS):
            shown = {**shown, CONF_POINTS: self._names.shown(rows)}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(form, shown),
            errors=errors,
            description_placeholders=words,
        )

    def _meant(self, user_input: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return an answer with points instead of the words of the form that asked for it."""
        if user_input is None or CONF_POINTS not in user_input:
            return user_input
        return {**user_input, CONF_POINTS: self._names.meant(user_input[CONF_POINTS])}

    async def _async_try(self, source: dict[str, Any]) -> None:
        """Read by what was entered; keep it where every needed value came."""
        profile = profile_by_hand(self.role, source)
        async with self._line_freed(source[CONF_LINK]):
            probe = await async_probe(self.hass, profile, source[CONF_LINK], by_hand=True)
        if lacking := row_without_value(self.role, source[CONF_POINTS], probe.reading):
            raise lacking
        # What a device is stays what it was, wherever its values are read from later.
        source[CONF_SERIAL] = self._known_serial() or _place(source)
        # It has not told its name: what it speaks is none that anybody would call it by.
        self._source, self._title, self._reading = source, "", probe.reading

    async def _async_answer(self, link: Mapping[str, Any]) -> Any:
        """Return what the address answers. A form would wait for nothing longer than this."""
        url = urlsplit(link[CONF_URL])
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        client = HttpClient(async_get_clientsession(self.hass), access_of(link, HttpLink(requests={})))
        return await client.async_json(
            Request(name="answer", path=path, method=link["method"].upper(), body=link.get("body"))
        )

    def _old(self, kind: str) -> dict[str, Any]:
        """Return what the form was filled with before."""
        source = self._current().get(CONF_SOURCE, {})
        if source.get(CONF_KIND) != kind:
            return {}
        kept = {key: source[key] for key in (CONF_POINTS, "power_positive") if key in source}
        link = source[CONF_LINK]
        return {**(shown_link(link) if kind == SOURCE_MODBUS else without_password(link)), **kept}

    def _old_link(self) -> Mapping[str, Any]:
        link: Mapping[str, Any] = self._current().get(CONF_SOURCE, {}).get(CONF_LINK, {})
        return link


# Errors that the port or its settings are to blame for.
PORT_ERRORS = {"cannot_connect", "link_in_use"}


def _source_of(kind: str, link: dict[str, Any], user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a subentry keeps of a device that was described by hand."""
    sign = {key: user_input[key] for key in ("power_positive",) if key in user_input}
    return {CONF_KIND: kind, CONF_LINK: link, CONF_POINTS: rows_of(user_input), **sign}


def _without_rows(user_input: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what was entered beside the table."""
    rows = (CONF_POINTS, CONF_LISTEN, "power_positive")
    return {key: value for key, value in (user_input or {}).items() if key not in rows}


def _place(source: Mapping[str, Any]) -> str:
    """Return what a device without a serial number is known by: where its power is read.

    The query of an address stays out: it may hold a token.
    """
    link = source[CONF_LINK]
    power = first_row(source[CONF_POINTS])
    if source[CONF_KIND] == SOURCE_MODBUS:
        return f"{place_of(link)}-{power['register']:g}"
    where = power.get("topic")
    if where is None:
        url = urlsplit(link[CONF_URL])
        where = f"{url.hostname}:{url.port or ''}{url.path}"
    return f"{where}#{power.get('path', '')}"
