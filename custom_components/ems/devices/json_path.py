"""Where a value stands in a JSON document: `emeters.0.power`, `em:0.total_act_power`, nothing for the whole."""

import re
from typing import Any, Final

type Path = tuple[str, ...]

# A dot inside a name is written `\.`; `emeters[0].power` means the same as `emeters.0.power`.
_INDEX: Final = re.compile(r"\[(\d+)\]")
_DOT: Final = re.compile(r"(?<!\\)\.")


class PathError(LookupError):
    """The document has nothing there. The message says how far the path led."""


def parse_path(text: str) -> Path:
    """Return the steps of a path. Raises ValueError where one is empty."""
    plain = _INDEX.sub(r".\1", text.strip()).removeprefix("$").removeprefix(".")
    if not plain:
        return ()
    steps = tuple(step.replace(r"\.", ".") for step in _DOT.split(plain))
    if not all(steps):
        raise ValueError(f"{text!r} has an empty step; write names and numbers between single dots")
    return steps


def find(document: Any, path: Path) -> Any:
    """Return what stands at a path. Raises PathError where nothing does."""
    found = document
    for n, step in enumerate(path):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            raise PathError(f"{'.'.join(path[:n]) or 'the document'} has no {step!r}")
    return found


def shown(path: Path) -> str:
    """Return a path as it is written."""
    return ".".join(step.replace(".", r"\.") for step in path)
