"""The walls of the house: who imports what, read from the syntax tree and held against an allowlist.

Reading the source finds an import inside a function or under TYPE_CHECKING as well; running it would not.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
import sys

type Contract = Mapping[str, Sequence[str]]

# Functions that import by name; a literal argument is an import like any other.
_IMPORTERS = ("import_module", "__import__")


@dataclass(frozen=True, kw_only=True)
class Import:
    """One import: how many dots, and what follows them."""

    line: int
    module: str
    level: int = 0

    @property
    def package(self) -> str:
        """Return the top-level package."""
        return self.module.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """An import that the contract does not know."""

    file: str
    line: int
    imported: str
    reason: str

    def __str__(self) -> str:
        """Return it as an editor can jump to it."""
        return f"{self.file}:{self.line}: {self.imported}: {self.reason}"


def _imports_of_node(node: ast.AST) -> Iterator[Import]:
    match node:
        case ast.Import(names=names, lineno=line):
            yield from (Import(line=line, module=alias.name) for alias in names)
        case ast.ImportFrom(module=module, level=level, names=names, lineno=line):
            # `from .. import devices` names the room in the list, not before it.
            tails = [module] if module else [alias.name for alias in names]
            yield from (Import(line=line, module=tail, level=level) for tail in tails)
        case ast.Call(
            func=ast.Name(id=name) | ast.Attribute(attr=name),
            args=[ast.Constant(value=str(module)), *_],
            lineno=line,
        ) if name in _IMPORTERS:
            level = len(module) - len(module.lstrip("."))
            yield Import(line=line, module=module.lstrip("."), level=level)


def imports_of(source: str) -> list[Import]:
    """Return every import in a module, wherever it stands."""
    return [found for node in ast.walk(ast.parse(source)) for found in _imports_of_node(node)]


def room_of(file: PurePosixPath, contract: Contract) -> str | None:
    """Return the room a file is in, None on the Home Assistant side, which may import all of them."""
    return file.parts[0] if file.parts[0] in contract else None


def allowed_in(file: PurePosixPath, contract: Contract) -> Sequence[str]:
    """Return the allowlist of the most specific entry that covers a file."""
    covering = [key for key in contract if file == PurePosixPath(key) or PurePosixPath(key) in file.parents]
    return contract[max(covering, key=len)]


def exclusive_packages(contract: Contract) -> dict[str, str]:
    """Return the packages that a single file may import and its room may not: nobody else may either."""
    files = [PurePosixPath(key) for key in contract if key.endswith(".py")]
    return {
        package: str(file)
        for file in files
        for package in contract[str(file)]
        if package not in contract[file.parts[0]]
    }


def _leaves_room(file: PurePosixPath, found: Import, room: str) -> bool:
    ups = found.level - 1
    base = file.parent.parts
    return len(base) - ups < 1 or base[: len(base) - ups][0] != room


def _objection(file: PurePosixPath, found: Import, contract: Contract) -> str | None:
    room = room_of(file, contract)
    if found.level:
        return (
            f"a relative import leaves the room {room}" if room and _leaves_room(file, found, room) else None
        )
    owner = exclusive_packages(contract).get(found.package)
    if owner is not None and str(file) != owner:
        return f"only {owner} may import it"
    if (
        room is None
        or found.package in sys.stdlib_module_names
        or found.package in allowed_in(file, contract)
    ):
        return None
    return f"{room} may import only the standard library and {', '.join(allowed_in(file, contract))}"


def violations(component: Path, contract: Contract) -> list[Violation]:
    """Return every import in the component that breaks the contract."""
    found = []
    for path in sorted(component.rglob("*.py")):
        file = PurePosixPath(path.relative_to(component).as_posix())
        for each in imports_of(path.read_text(encoding="utf-8")):
            reason = _objection(file, each, contract)
            if reason is not None:
                name = "." * each.level + each.module
                found.append(Violation(file=str(file), line=each.line, imported=name, reason=reason))
    return found
