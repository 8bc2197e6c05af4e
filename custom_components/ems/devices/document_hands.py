"""Writes values by requests, and proves them by asking again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .command import RegisterWrite
from .document_codec import Document, decode_code, decode_document, encode_value
from .errors import DeviceResponseError, DeviceWriteError
from .http_client import HttpClient
from .profile.documents import DocumentPoint, Request
from .profile.model import PointName
from .reading import Scalar
from .writer import Held, Pending, Target, Wish, pending_of, records_of

# A device may still be busy with the last change; one more try tells a hiccup from a refusal.
_ATTEMPTS = 2

type DocumentTarget = Target[DocumentPoint]


@dataclass(frozen=True, kw_only=True)
class HttpHands:
    """Writes points of one device behind a web server."""

    client: HttpClient
    requests: Mapping[str, Request]

    async def async_pending(self, targets: Sequence[DocumentTarget], wish: Wish) -> Pending[DocumentPoint]:
        """Return what has to be written. Nothing is written yet."""
        return pending_of(targets, await self._async_held(targets), holds, wish)

    async def async_carry_out(self, pending: Pending[DocumentPoint]) -> list[RegisterWrite]:
        """Write and ask again. Raises DeviceWriteError where the device keeps another value."""
        wrong: Sequence[DocumentTarget] = pending.targets
        after = dict(pending.before)
        for _ in range(_ATTEMPTS if wrong else 0):
            for target in wrong:
                await self._async_send(target)
            after |= await self._async_held(wrong)
            wrong = [target for target in wrong if not holds(after[target.point.name], target)]
            if not wrong:
                break
        if wrong:
            raise DeviceWriteError(mismatch(wrong[0], after[wrong[0].point.name]))
        return records_of(pending, after)

    async def async_value(self, point: DocumentPoint) -> Scalar | None:
        """Read one point now."""
        documents = {}
        for origin in point.origins:
            content = await self.client.async_json(self.requests[origin])
            documents[origin] = Document(content=content, at_s=0.0)
        return decode_document(point, documents).value

    async def _async_held(self, targets: Sequence[DocumentTarget]) -> dict[PointName, Held]:
        documents: dict[str, Any] = {}
        for target in targets:
            origin = target.point.origins[0]
            if origin not in documents:
                documents[origin] = await self.client.async_json(self.requests[origin])
        return {
            target.point.name: Held(amount=decode_code(target.point, documents[target.point.origins[0]]))
            for target in targets
        }

    async def _async_send(self, target: DocumentTarget) -> None:
        send = target.point.send
        if send is None:
            raise DeviceWriteError(f"{target.point.role}.{target.point.key} is read-only in this profile")
        value = encode_value(target.point, target.value)
        request = Request(
            name=target.point.key,
            method=send.method,
            path=send.target.replace("{value}", value),
            body=send.body and send.body.replace("{value}", value),
        )
        try:
            await self.client.async_send(request)
        except DeviceResponseError as err:
            raise DeviceWriteError(
                f"{target.point.role}.{target.point.key}: {value} was not taken: {err}"
            ) from err


def holds(held: Held, target: DocumentTarget) -> bool:
    """Return whether a point has the value that was wanted, as far as the device keeps digits."""
    if held.amount is None:
        return False
    point = target.point
    tolerance = point.write.tolerance if point.write else 0.0
    rounding = abs(float(point.factor)) / 2 if point.whole else 1e-5 * abs(target.value)
    return abs(held.amount - target.value) <= max(tolerance, rounding)


def mismatch(target: DocumentTarget, held: Held) -> str:
    """Return what a device did that was told something and holds something else."""
    point = target.point
    wanted = f"{target.value:g} {point.unit or ''}".strip()
    return f"{point.role}.{point.key}: was told {wanted}, the device holds {held.amount}"
