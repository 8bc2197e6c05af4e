"""What the points of a table are called. The frontend shows a row's point as it is stored, not the word for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from ..devices.by_hand import POINTS_BY_HAND

_WORDS = f"component.{DOMAIN}.selector.point_by_hand.options"


@dataclass(frozen=True, kw_only=True)
class RowNames:
    """The words for the points of a role, by point: in forms a row carries the word, everywhere else the point."""

    words: Mapping[str, str] = field(default_factory=dict)

    def shown(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return rows for a form."""
        return [{**row, "point": self.words.get(row["point"], row["point"])} for row in rows]

    def meant(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows of a form; who sends points instead of words may."""
        points = {word: point for point, word in self.words.items()}
        return [{**row, "point": points.get(row["point"], row["point"])} for row in rows]

    @property
    def selector(self) -> SelectSelector:
        """Return the list to choose a point from."""
        return _PointSelector(self.words)


class _PointSelector(SelectSelector):
    """Offers words, takes points as well."""

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__(SelectSelectorConfig(options=list(words.values()), mode=SelectSelectorMode.DROPDOWN))
        self._points = frozenset(words)

    @override
    def __call__(self, data: Any) -> Any:
        return data if data in self._points else super().__call__(data)


async def async_row_names(hass: HomeAssistant, role: str) -> RowNames:
    """Return the words of a role's points in the language of the instance."""
    words = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    return RowNames(words={point: words.get(f"{_WORDS}.{point}", point) for point in POINTS_BY_HAND[role]})
