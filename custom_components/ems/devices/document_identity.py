"""Tells whether documents come from the device that the profile describes, and who it is."""

from collections.abc import Mapping

from .document_codec import Document, proves, text_at
from .errors import DeviceResponseError
from .identity import Identity
from .json_path import PathError, find, shown
from .profile.documents import DocumentProfile, Proof, Spot


def wanted_origins(profile: DocumentProfile) -> tuple[str, ...]:
    """Return the requests or topics that tell who a device is, each once; the proofs come first."""
    wanted = profile.identity
    spots = [proof.spot for proof in wanted.expect]
    spots += [spot for spot in (wanted.model, wanted.serial, wanted.firmware) if spot]
    return tuple(dict.fromkeys(spot.origin for spot in spots))


def identity_of(profile: DocumentProfile, documents: Mapping[str, Document]) -> Identity:
    """Return who the device is. Raises DeviceResponseError, with what was expected and what was found."""
    for proof in profile.identity.expect:
        document = documents.get(proof.spot.origin)
        if document is None or not proves(proof, document.content):
            raise DeviceResponseError(
                f"This is no {profile.manufacturer} {profile.models[0]} or a relative: expected {proof.means} "
                f"in {_place(proof)}, found {_found(proof, document)}. Check the address, and pick another "
                "profile if the device is another one"
            )
    wanted = profile.identity
    return Identity(
        manufacturer=wanted.manufacturer,
        model=_text(wanted.model, documents),
        serial=_text(wanted.serial, documents),
        firmware=_text(wanted.firmware, documents),
        roles=tuple(profile.roles),
    )


def _text(spot: Spot | None, documents: Mapping[str, Document]) -> str | None:
    document = documents.get(spot.origin) if spot else None
    return text_at(spot, document.content) if document else None


def _place(proof: Proof) -> str:
    return f"{shown(proof.spot.path) or 'the answer'} of {proof.spot.origin}"


def _found(proof: Proof, document: Document | None) -> str:
    if document is None:
        return "nothing"
    try:
        return repr(find(document.content, proof.spot.path))[:80]
    except PathError as err:
        return f"nothing ({err})"
