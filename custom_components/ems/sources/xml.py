"""XML from strangers, read into a tree without any of XML's own traps.

A document type is refused where it begins, and with it every entity: neither a billion laughs nor a file of
ours can be asked for. How large a document may be is `http.BYTES_MAX`; how deep, is here.
"""

from typing import Final, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from .errors import SourceResponseError

DEPTH_MAX: Final = 32  # price documents have six levels


class _Reader:
    """Builds a tree from the parser's events; names lose their namespace."""

    def __init__(self) -> None:
        self._builder = TreeBuilder()
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise SourceResponseError(f"XML deeper than {DEPTH_MAX} levels")
        self._builder.start(name.rpartition("}")[2], attributes)

    def end(self, name: str) -> None:
        self._depth -= 1
        self._builder.end(name.rpartition("}")[2])

    def text(self, text: str) -> None:
        self._builder.data(text)

    def root(self) -> Element:
        return self._builder.close()


def _refuse_doctype(*_: object) -> NoReturn:
    raise SourceResponseError("XML with a document type is not read")


def parse_xml(body: bytes) -> Element:
    """Return the root element; raises `SourceResponseError` for what is no XML or wants more than to be read."""
    reader, parser = _Reader(), expat.ParserCreate(namespace_separator="}")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)  # expat takes no keyword here
    except expat.ExpatError as err:
        raise SourceResponseError(f"not XML ({err}): {body[:120].decode(errors='replace')!r}") from err
    return reader.root()
