"""Reads translation and icon files: nested dictionaries whose leaves are texts."""

from collections.abc import Iterator, Mapping
import re
from typing import Any

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def leaves(texts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf with its dotted path."""
    for key, value in texts.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}.")
        else:
            yield path, value


def has(texts: Any, path: str) -> bool:
    """Return whether a dotted path exists; `*` stands for any one key."""
    head, _, rest = path.partition(".")
    if not isinstance(texts, Mapping):
        return False
    found = list(texts.values()) if head == "*" else [texts[head]] if head in texts else []
    return any(has(each, rest) for each in found) if rest else bool(found)


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(_PLACEHOLDER.findall(text))


def forms(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every form (a step or a section of one) that has labelled fields."""
    if isinstance(texts.get("data"), Mapping):
        yield path, texts
    for key, value in texts.items():
        if isinstance(value, Mapping):
            yield from forms(value, f"{path}.{key}".lstrip("."))
