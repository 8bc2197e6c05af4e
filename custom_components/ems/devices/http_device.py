"""A device behind a profile and a web server."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
import time

from .command import DeviceCommand, RegisterWrite
from .document_codec import IDENTITY, READINGS, SETTINGS, Document
from .document_hands import HttpHands
from .document_identity import identity_of, wanted_origins
from .errors import DeviceAuthError, DeviceConnectionError, DeviceError
from .http_client import HttpClient
from .identity import Identity
from .ledger import Ledger
from .profile.documents import DocumentProfile, HttpLink
from .profile.model import PointName
from .reading import Reading, Scalar, Value
from .roles import readings_of, settings_of
from .steering import Steering


class HttpDevice:
    """Identify, poll and steer one device.

    channel : Which of the device's meters; 0 where there is one.
    roles : Roles in use; all of the profile by default.
    """

    def __init__(
        self,
        profile: DocumentProfile,
        client: HttpClient,
        *,
        channel: int = 0,
        roles: Collection[str] | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Borrow a client. Nothing is sent yet."""
        self.profile = profile.filled(channel=channel)
        link = self.profile.link
        assert isinstance(link, HttpLink)  # noqa: S101  # who builds devices looks at the transport first
        self._requests, self._client, self._clock = link.requests, client, clock
        self._roles = tuple(role for role in profile.roles if roles is None or role in roles)
        self._fast = Ledger(*readings_of(self.profile, self._roles))
        self._slow = Ledger(settings_of(self.profile, self._roles))
        self._latest: dict[PointName, Value] = {}
        self._raw: dict[str, Mapping[str, Document]] = {}
        hands = HttpHands(client=client, requests=self._requests)
        self._steering = Steering(self.profile, hands, self._latest, clock=clock, sleep=sleep)

    async def async_identify(self) -> Identity:
        """Return who the device is. Raises DeviceResponseError where it is another device."""
        documents = {}
        for origin in wanted_origins(self.profile):
            content = await self._client.async_json(self._requests[origin])
            documents[origin] = Document(content=content, at_s=self._clock())
        self._raw[IDENTITY] = documents
        return identity_of(self.profile, documents)

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the roles in use."""
        return self._roles

    @property
    def raw(self) -> Mapping[str, Mapping[str, Document]]:
        """Return what was answered last, by occasion and request, as it came: for diagnostics."""
        return self._raw

    def commands_of(self, role: str) -> tuple[str, ...]:
        """Return what a role can be told: what the profile says."""
        return self.profile.roles[role].commands

    def switches_phases(self, role: str) -> bool:
        """Tell whether a charger's number of phases can be chosen, as far as is known now."""
        return self._steering.switches_phases(role)

    async def async_read(self) -> Reading:
        """Poll what changes by the second. Raises only where nothing at all came back."""
        return await self._async_poll(READINGS, self._fast)

    async def async_read_settings(self) -> Reading:
        """Poll what changes by the hour."""
        return await self._async_poll(SETTINGS, self._slow)

    async def async_write_point(self, role: str, key: str, value: Scalar) -> RegisterWrite:
        """Write one setting, in our unit or as a word of its enum; refused outside its bounds."""
        return await self._steering.async_write_point(role, key, value)

    async def async_prepare(self) -> list[RegisterWrite]:
        """Write what has to stand before the first command, where it differs."""
        return await self._steering.async_prepare(self._roles)

    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[RegisterWrite]:
        """Carry out a command; return what was written, nothing where the device does it already."""
        return await self._steering.async_command(command, renew=renew)

    async def async_release(
        self, *, roles: Collection[str] | None = None, force: bool = False
    ) -> list[RegisterWrite]:
        """Leave every role that was commanded in its safe state; with `force` all, after an unclean stop."""
        chosen = [role for role in self._roles if roles is None or role in roles]
        return await self._steering.async_release(chosen, force=force)

    async def _async_poll(self, occasion: str, ledger: Ledger) -> Reading:
        documents, failures = await self._async_documents(ledger.origins)
        if failures and not documents:
            raise next(iter(failures.values()))
        self._raw[occasion] = documents
        failed = tuple(f"{origin}: {err}" for origin, err in failures.items())
        reading = ledger.reading(documents, self._clock(), failed=failed)
        for role, points in reading.roles.items():
            self._latest.update({(role, key): value for key, value in points.items()})
        return reading

    async def _async_documents(
        self, origins: Iterable[str]
    ) -> tuple[dict[str, Document], dict[str, DeviceError]]:
        """Ask for everything. One answer that fails leaves the others alone; silence and a locked door end it."""
        documents: dict[str, Document] = {}
        failures: dict[str, DeviceError] = {}
        for origin in origins:
            try:
                content = await self._client.async_json(self._requests[origin])
            except DeviceError as err:
                failures[origin] = err
                if isinstance(err, DeviceConnectionError | DeviceAuthError) and not documents:
                    break
            else:
                documents[origin] = Document(content=content, at_s=self._clock())
        return documents, failures
