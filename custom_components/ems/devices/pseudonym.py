"""Other letters for letters and other digits for digits: what a name looks like, without the name."""

from collections.abc import Callable, Sequence

from .profile.model import Register

# How a text is changed. The second keeps its letters, for proofs that look at them.
type Mask = Callable[[str], str]


def all_masked(text: str) -> str:
    """Return a text of the same shape: `7E1234AB` becomes `0A0000AA`."""
    return "".join(_masked(c, letters=True) for c in text)


def digits_masked(text: str) -> str:
    """Return a text with its letters and other digits: `9010KETU` becomes `0000KETU`."""
    return "".join(_masked(c, letters=False) for c in text)


MASKS: tuple[Mask, ...] = (all_masked, digits_masked)


def masked_number(number: int) -> int:
    """Return a number with as many digits: 815 becomes 111. It fits wherever the first one did, or it is 1."""
    return int("1" * len(str(abs(number)))) if number else 0


def masked_words(register: Register, words: Sequence[int], mask: Mask) -> list[int]:
    """Return registers that hold a pseudonym in the same way as they held a name."""
    if register.type == "string":
        return [int.from_bytes(_masked_bytes(word.to_bytes(2), mask)) for word in words]
    if register.type[0] not in "us":
        return [0] * len(words)
    ordered = words if register.word_order == "big" else words[::-1]
    bits = int.from_bytes(b"".join(word.to_bytes(2) for word in ordered))
    if bits in register.absent:
        return list(words)
    hidden = masked_number(bits)
    if hidden >> (16 * len(words)):
        hidden = 1
    raw = hidden.to_bytes(2 * len(words))
    big = [int.from_bytes(raw[n : n + 2]) for n in range(0, len(raw), 2)]
    return big if register.word_order == "big" else big[::-1]


def _masked(character: str, *, letters: bool) -> str:
    if character.isdigit():
        return "0"
    if letters and character.isalpha():
        return "A" if character.isupper() else "a"
    return character


def _masked_bytes(pair: bytes, mask: Mask) -> bytes:
    return mask(pair.decode("latin-1")).encode("latin-1", "replace")
