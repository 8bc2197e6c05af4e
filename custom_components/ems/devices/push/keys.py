"""Keys of devices: made once, shown once, kept only as a hash."""

from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from secrets import token_hex, token_urlsafe
from typing import Final

_ID_BYTES: Final = 8
_KEY_BYTES: Final = 32
# Compared with where there is no key, so that an unknown device takes as long as a wrong key.
_NOBODY: Final = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Key:
    """A new key. Only its hash is for keeping; 256 random bits need no salt and no slow hash."""

    secret: str = field(repr=False)
    hash: str = field(repr=False)


def new_key_id() -> str:
    """Return a name for a device that is part of its address."""
    return token_hex(_ID_BYTES)


def new_key() -> Key:
    """Return a key that nobody can guess."""
    secret = token_urlsafe(_KEY_BYTES)
    return Key(secret=secret, hash=hash_of(secret))


def hash_of(secret: str) -> str:
    """Return what is kept of a key. Headers may hold bytes that are no text; they are hashed as they came."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def is_key(secret: str, kept_hash: str | None) -> bool:
    """Tell whether a key is the one; it takes as long where it is not, or where there is none."""
    return compare_digest(hash_of(secret), kept_hash or _NOBODY) and kept_hash is not None
