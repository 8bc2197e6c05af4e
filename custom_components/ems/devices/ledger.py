"""Turns documents into readings, and remembers the last good value of each point."""

from collections.abc import Iterable, Mapping

from .document_codec import Document, decode_document
from .profile.documents import DocumentPoint
from .profile.model import DerivedPoint, PointName
from .reader import derive
from .reading import Quality, Reading, Value


class Ledger:
    """Keeps the points of one rhythm."""

    def __init__(self, points: Iterable[DocumentPoint], derived: Iterable[DerivedPoint] = ()) -> None:
        """Remember what is wanted. `derived` points are computed after each round."""
        self._points = tuple(points)
        self._derived = tuple(derived)
        self._last: dict[PointName, Value] = {}

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the requests or topics that the points need, each once."""
        return tuple(dict.fromkeys(origin for point in self._points for origin in point.origins))

    def reading(
        self,
        documents: Mapping[str, Document],
        at_s: float,
        *,
        failed: tuple[str, ...] = (),
        old_s: float = 0.0,
    ) -> Reading:
        """Return what the documents say. What none brought keeps its last value, marked as stale.

        old_s : Values from before this are stale, too. [s since the epoch]
        """
        values = {point.name: self._value(point, documents, at_s, old_s) for point in self._points}
        for point in self._derived:
            values[point.name] = derive(point, values, at_s)
        self._last.update((name, value) for name, value in values.items() if value.quality is Quality.GOOD)
        roles: dict[str, dict[str, Value]] = {}
        for (role, key), value in values.items():
            roles.setdefault(role, {})[key] = value
        return Reading(at_s=at_s, roles=roles, failed=failed)

    def _value(
        self, point: DocumentPoint, documents: Mapping[str, Document], at_s: float, old_s: float
    ) -> Value:
        if any(origin not in documents for origin in point.origins):
            last = self._last.get(point.name)
            if last is None:
                return Value(value=None, quality=Quality.MISSING, at_s=at_s)
            return Value(value=last.value, quality=Quality.STALE, at_s=last.at_s)
        value = decode_document(point, documents)
        if value.quality is Quality.GOOD and value.at_s < old_s:
            return Value(value=value.value, quality=Quality.STALE, at_s=value.at_s)
        return value
