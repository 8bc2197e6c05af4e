"""YAML with a memory: every value knows its file, line and path, so that an error can say where to look."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn, override

import yaml

from ..errors import ProfileError


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader without aliases: a profile is a table, and an alias can be a loop or a bomb."""

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise ProfileError(
                f"{self.name}:{self.line + 1}: aliases (*name) are not used in profiles; write the value out"
            )
        return super().compose_node(parent, index)


@dataclass(frozen=True, kw_only=True)
class Node:
    """One value of a profile file. Mappings hold Nodes by key, lists hold Nodes."""

    value: Any
    file: str
    line: int
    path: str = ""

    def fail(self, message: str) -> NoReturn:
        """Raise, naming file, line and path. The message ends with what to do."""
        where = f"{self.file}:{self.line}"
        raise ProfileError(f"{where}: {self.path}: {message}" if self.path else f"{where}: {message}")

    def mapping(self) -> dict[Any, Node]:
        """Return the entries of a mapping."""
        if not isinstance(self.value, dict):
            self.fail("must be a mapping of names to values; indent its entries below it or write {a: 1}")
        return self.value

    def fields(self, *, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> dict[str, Node]:
        """Return a mapping's entries after refusing missing and unknown names."""
        found, known = self.mapping(), (*required, *optional)
        for name in required:
            if name not in found:
                self.fail(f"needs `{name}`; add it")
        for name, node in found.items():
            if name not in known:
                near = get_close_matches(str(name), known, n=1)
                node.fail(
                    f"is not a known field; {f'write `{near[0]}`' if near else 'known: ' + ', '.join(known)}"
                )
        return found

    def items(self) -> list[Node]:
        """Return the elements of a list; a single value counts as a list of one."""
        return self.value if isinstance(self.value, list) else [self]

    def text(self) -> str:
        """Return a text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.fail(f"must be a text, not {self.shown}; put it in quotes")
        return self.value

    def number(self) -> float:
        """Return a finite number."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
            self.fail(f"must be a number, not {self.shown}")
        return value

    def integer(self, low: int, high: int) -> int:
        """Return a whole number between two bounds."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not low <= self.value <= high:
            self.fail(f"must be a whole number from {low} to {high}, not {self.shown}")
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.fail(f"must be true or false, not {self.shown}")
        return self.value

    def choice(self, *options: str) -> str:
        """Return one of the given words."""
        if self.value not in options:
            self.fail(f"must be one of {', '.join(options)}, not {self.shown}")
        return str(self.value)

    def pair(self) -> tuple[float, float]:
        """Return [low, high], in order."""
        items = self.items()
        if len(items) != 2:
            self.fail(f"must be [lowest, highest], not {self.shown}")
        low, high = (item.number() for item in items)
        if low > high:
            self.fail(f"lowest {low} is above highest {high}; swap them")
        return low, high

    @property
    def shown(self) -> str:
        """Return the value as an error shows it."""
        if isinstance(self.value, dict):
            return "a mapping"
        return "a list" if isinstance(self.value, list) else repr(self.value)


def parse_yaml(text: str, file: str) -> Node:
    """Parse YAML text into Nodes; whatever is wrong with it raises ProfileError."""
    loader = None
    try:
        loader = _PlainLoader(text)
        loader.name = file
        root = loader.get_single_node()
        if root is None:
            raise ProfileError(f"{file}: is empty; copy a shipped profile to start from")
        return _node(loader, root, file, "")
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else file
        raise ProfileError(
            f"{where}: is not valid YAML, mend it: {getattr(err, 'problem', None) or err}"
        ) from err
    except (ValueError, RecursionError) as err:
        # Dates out of range and the like: the YAML parses, its scalars do not.
        raise ProfileError(f"{file}: holds a value YAML cannot read: {err}") from err
    finally:
        if loader:
            loader.dispose()


def _node(loader: _PlainLoader, node: yaml.Node, file: str, path: str) -> Node:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return Node(value=_mapping(loader, node, file, path), file=file, line=line, path=path)
    if isinstance(node, yaml.SequenceNode):
        items = [_node(loader, item, file, f"{path}[{n}]") for n, item in enumerate(node.value)]
        return Node(value=items, file=file, line=line, path=path)
    return Node(value=loader.construct_object(node), file=file, line=line, path=path)


def _mapping(loader: _PlainLoader, node: yaml.MappingNode, file: str, path: str) -> dict[Any, Node]:
    entries: dict[Any, Node] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise ProfileError(f"{file}:{key_node.start_mark.line + 1}: {path}: a name must be a plain word")
        key = loader.construct_object(key_node)
        below = f"{path}.{key}" if path else str(key)
        entry = _node(loader, value_node, file, below)
        if key in entries:
            entry.fail(f"is here twice, first in line {entries[key].line}; keep one")
        entries[key] = entry
    return entries
