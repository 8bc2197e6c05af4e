"""What a device answered or published last, written down so that a test can say the same: without its names.

Numbers and flags stay, since a bug hides in what the profile does not read. Texts stay where the profile reads them;
all others keep their shape only, and so do numbers that say where or whose it is.
"""

from collections.abc import Collection, Mapping
import json
import re
from typing import Any, Final

from .document_codec import Document, proves
from .http_device import HttpDevice
from .json_path import Path, PathError, find
from .mqtt_device import MqttDevice
from .profile.documents import DocumentProfile, Spot
from .pseudonym import MASKS, Mask, masked_number

# A document that is larger is cut down to what the profile reads.
BYTES_MAX: Final = 32 * 1024
_DEPTH_MAX: Final = 20
_TEXT_MAX: Final = 255
# Numbers with these names say where or whose a device is.
_PRIVATE: Final = re.compile(
    r"^(lat|lon|lng|latitude|longitude|alt|mac|serial.*|sn|imei|iccid|imsi|ssid|pin|pass.*|key|token|user.*)$",
    re.IGNORECASE,
)
# Names of parts that are somebody's address: 3494547EA1A2, 34:94:54:70:E1:A2.
_ADDRESS: Final = re.compile(r"^(?=.*\d)[0-9A-Fa-f:]{8,}$")


def capture_documents(device: HttpDevice | MqttDevice, channel: int) -> dict[str, Any]:
    """Return the last documents by occasion and request or topic name."""
    hide = _Hider(device.profile, device.raw)
    documents = {
        occasion: {origin: hide.document(origin, document.content) for origin, document in found.items()}
        for occasion, found in device.raw.items()
    }
    return {
        "transport": device.profile.link.transport,
        "roles": list(device.roles),
        "channel": channel,
        "documents": documents,
        **hide.told,
    }


class _Hider:
    """Leaves what a profile reads, and the shape of everything else."""

    def __init__(self, profile: DocumentProfile, raw: Mapping[str, Mapping[str, Document]]) -> None:
        """Find out what is read, and choose the pseudonym."""
        identity = profile.identity
        self._serial = identity.serial
        named = [identity.model, identity.firmware, *(proof.spot for proof in identity.expect)]
        points = [point for role in profile.roles.values() for point in role.points]
        spots = [*filter(None, named), *(spot for point in points for spot in point.spots)]
        self._read = {(spot.origin, spot.path) for spot in spots if spot != self._serial}
        self._cut: list[str] = []
        self._mask, self._is_proof_hidden = self._choose(profile, raw)

    @property
    def told(self) -> dict[str, Any]:
        """Return what was hidden and what was left out."""
        told: dict[str, Any] = {"redacted": ["texts that the profile does not read"]}
        if self._serial:
            told["redacted"].append(f"serial number: {self._serial}")
        if self._cut:
            told["cut"] = sorted(set(self._cut))
        return told | ({"proof_hidden": True} if self._is_proof_hidden else {})

    def document(self, origin: str, content: Any) -> Any:
        """Return one document."""
        wanted = [path for name, path in self._read | self._serials() if name == origin]
        if len(json.dumps(content, default=str)) > BYTES_MAX:
            self._cut.append(origin)
            content = _only(content, wanted)
        return self._hidden(origin, (), content, {step for path in wanted for step in path})

    def _serials(self) -> set[tuple[str, Path]]:
        return {(self._serial.origin, self._serial.path)} if self._serial else set()

    def _hidden(self, origin: str, path: Path, value: Any, steps: Collection[str]) -> Any:
        if len(path) > _DEPTH_MAX:
            return None
        if isinstance(value, dict):
            return {
                self._name(key, steps): self._hidden(origin, (*path, key), each, steps)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self._hidden(origin, (*path, str(n)), each, steps) for n, each in enumerate(value)]
        return self._scalar(origin, path, value)

    def _name(self, key: str, steps: Collection[str]) -> str:
        return self._mask(key) if _ADDRESS.match(key) and key not in steps else key

    def _scalar(self, origin: str, path: Path, value: Any) -> Any:
        if value is None or isinstance(value, bool) or (origin, path) in self._read:
            return value[:_TEXT_MAX] if isinstance(value, str) else value
        is_serial = self._serial is not None and (origin, path) == (self._serial.origin, self._serial.path)
        if isinstance(value, str):
            return self._mask(value[:_TEXT_MAX])
        if is_serial or (path and _PRIVATE.match(path[-1])):
            return masked_number(int(value))
        return value

    def _choose(
        self, profile: DocumentProfile, raw: Mapping[str, Mapping[str, Document]]
    ) -> tuple[Mask, bool]:
        """Return the first mask under which the device still proves to be what it is, and whether none does."""
        documents = {origin: document for found in raw.values() for origin, document in found.items()}
        proofs = [proof for proof in profile.identity.expect if proof.spot == self._serial]
        for mask in MASKS:
            self._mask = mask
            if all(
                proves(proof, _put(proof.spot, self._hidden_at(proof.spot, documents)))
                for proof in proofs
                if proof.spot.origin in documents
            ):
                return mask, False
        return MASKS[0], True

    def _hidden_at(self, spot: Spot, documents: Mapping[str, Document]) -> Any:
        try:
            found = find(documents[spot.origin].content, spot.path)
        except PathError:
            return None
        return self._scalar(spot.origin, spot.path, found)


def _put(spot: Spot, value: Any) -> Any:
    """Return a document that holds a value at a place, and nothing else."""
    for step in reversed(spot.path):
        value = {step: value}
    return value


def _only(content: Any, paths: Collection[Path]) -> Any:
    """Return what stands at some paths, with nothing where something else stood."""
    if () in paths:
        return content if not isinstance(content, dict | list) else None
    below: dict[str, list[Path]] = {}
    for path in paths:
        below.setdefault(path[0], []).append(path[1:])
    if isinstance(content, dict):
        return {key: _at_end(content[key], rest) for key, rest in below.items() if key in content}
    if isinstance(content, list):
        return [_at_end(each, below.get(str(n), [])) for n, each in enumerate(content[: _end(below)])]
    return None


def _at_end(value: Any, rest: list[Path]) -> Any:
    if not rest:
        return None
    return (
        value if all(not path for path in rest) and not isinstance(value, dict | list) else _only(value, rest)
    )


def _end(steps: Collection[str]) -> int:
    """Return how much of a list is needed."""
    return max((int(step) + 1 for step in steps if step.isdecimal()), default=0)
